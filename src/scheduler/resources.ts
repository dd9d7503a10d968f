import { quantityMilli } from '../kinds/quantity.ts'
import type { Container, PodSpec, Quantity } from '../kinds/types.ts'

/** An amount of every resource: cpu in thousandths, memory and storage in bytes, others in units. */
export interface Amounts {
  milliCpu: number
  memoryBytes: number
  storageBytes: number
  /** Extended resources and huge pages by name; undefined when there is none. */
  extended: Map<string, number> | undefined
}

/** What the scorers assume for a container that asks for nothing (pkg/scheduler/util/pod_resources.go). */
const defaultMilliCpu = 100
const defaultMemoryBytes = 200 * 1024 * 1024

export function noAmounts(): Amounts {
  return { milliCpu: 0, memoryBytes: 0, storageBytes: 0, extended: undefined }
}

/** Decodes a list of Kubernetes quantities. `pods` is left out: it counts pods, not requests. */
export function amountsOf(list: Readonly<Record<string, Quantity>> | undefined): Amounts {
  const amounts = noAmounts()
  if (!list) return amounts
  for (const [name, quantity] of Object.entries(list)) {
    const milli = quantityMilli(quantity)
    if (name === 'cpu') amounts.milliCpu = milli
    else if (name === 'memory') amounts.memoryBytes = milli / 1000
    else if (name === 'ephemeral-storage') amounts.storageBytes = milli / 1000
    else if (name !== 'pods') {
      amounts.extended ??= new Map()
      amounts.extended.set(name, milli / 1000)
    }
  }
  return amounts
}

/** Adds `sign` times `other` to `target`. */
export function addAmounts(target: Amounts, other: Amounts, sign: 1 | -1 = 1): void {
  target.milliCpu += sign * other.milliCpu
  target.memoryBytes += sign * other.memoryBytes
  target.storageBytes += sign * other.storageBytes
  if (!other.extended) return
  target.extended ??= new Map()
  for (const [name, amount] of other.extended)
    target.extended.set(name, (target.extended.get(name) ?? 0) + sign * amount)
}

function raiseTo(target: Amounts, floor: Amounts): void {
  target.milliCpu = Math.max(target.milliCpu, floor.milliCpu)
  target.memoryBytes = Math.max(target.memoryBytes, floor.memoryBytes)
  target.storageBytes = Math.max(target.storageBytes, floor.storageBytes)
  if (!floor.extended) return
  target.extended ??= new Map()
  for (const [name, amount] of floor.extended)
    target.extended.set(name, Math.max(target.extended.get(name) ?? 0, amount))
}

/**
 * What a pod asks of its node: containers and sidecars together, or the largest init container with
 * the sidecars before it, plus overhead (component-helpers resource/helpers.go). `floor` stands in for
 * cpu and memory that a container does not name.
 */
export function podRequests(
  spec: PodSpec,
  floor?: { milliCpu: number; memoryBytes: number },
): Amounts {
  const total = noAmounts()
  for (const container of spec.containers) addAmounts(total, containerRequests(container, floor))
  const sidecars = noAmounts()
  const peak = noAmounts()
  for (const container of spec.initContainers ?? []) {
    const own = containerRequests(container, floor)
    addAmounts(own, sidecars)
    if (container.restartPolicy === 'Always') {
      const requests = containerRequests(container, floor)
      addAmounts(total, requests)
      addAmounts(sidecars, requests)
    }
    raiseTo(peak, own)
  }
  raiseTo(total, peak)
  const podLevel = spec.resources?.requests
  if (podLevel) {
    const amounts = amountsOf(podLevel)
    if (podLevel['cpu'] !== undefined) total.milliCpu = amounts.milliCpu
    if (podLevel['memory'] !== undefined) total.memoryBytes = amounts.memoryBytes
  }
  if (spec.overhead) addAmounts(total, amountsOf(spec.overhead))
  return total
}

/** The requests as the scorers see them: a container that names none still weighs a little. */
export function scoredRequests(spec: PodSpec): Amounts {
  return podRequests(spec, { milliCpu: defaultMilliCpu, memoryBytes: defaultMemoryBytes })
}

function containerRequests(
  container: Container,
  floor: { milliCpu: number; memoryBytes: number } | undefined,
): Amounts {
  const requests = container.resources?.requests
  const amounts = amountsOf(requests)
  if (floor && requests?.['cpu'] === undefined) amounts.milliCpu = floor.milliCpu
  if (floor && requests?.['memory'] === undefined) amounts.memoryBytes = floor.memoryBytes
  return amounts
}

import type { Container, PodSpec } from '../types.ts'
import { type Amounts, addAmounts, amountsOf, maxAmounts } from './amounts.ts'

/**
 * What a pod asks for as a whole (component-helpers/resource/helpers.go): its containers together, or
 * what its largest init container needs beside the sidecars before it, and the overhead of its
 * runtime class.
 */
export function podRequests(spec: PodSpec): Amounts {
  return podTotal(spec, (container) => amountsOf(container.resources?.requests))
}

/** As `podRequests`, of the limits; overhead counts only for resources that have one. */
export function podLimits(spec: PodSpec): Amounts {
  return podTotal(spec, (container) => amountsOf(container.resources?.limits))
}

function podTotal(spec: PodSpec, amountsOfContainer: (container: Container) => Amounts): Amounts {
  let total: Amounts = new Map()
  for (const container of spec.containers) total = addAmounts(total, amountsOfContainer(container))
  let sidecars: Amounts = new Map()
  let starting: Amounts = new Map()
  for (const container of spec.initContainers ?? []) {
    const own = amountsOfContainer(container)
    if (container.restartPolicy === 'Always') {
      sidecars = addAmounts(sidecars, own)
      starting = maxAmounts(starting, sidecars)
    } else starting = maxAmounts(starting, addAmounts(sidecars, own))
  }
  const most = maxAmounts(addAmounts(total, sidecars), starting)
  return addAmounts(most, amountsOf(spec.overhead))
}

/** Neither requests nor limits of CPU or memory anywhere (pkg/apis/core/v1/helper/qos). */
export function isBestEffort(spec: PodSpec): boolean {
  const counts = (list: Readonly<Record<string, string>> | undefined) =>
    ['cpu', 'memory'].some((name) => (amountsOf(list).get(name)?.nano ?? 0n) > 0n)
  return ![...spec.containers, ...(spec.initContainers ?? [])].some(
    ({ resources }) => counts(resources?.requests) || counts(resources?.limits),
  )
}

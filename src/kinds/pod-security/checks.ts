import type { Container, PodSpec, Volume } from '../types.ts'

/** One rule that a pod breaks: `what` and, in brackets, where. */
export interface Violation {
  readonly what: string
  readonly where: string
}

/** A pod as the checks look at it; annotations still carry AppArmor profiles of old. */
export interface PodToCheck {
  readonly spec: PodSpec
  readonly annotations: Readonly<Record<string, string>>
}

export type CheckPod = (pod: PodToCheck) => Violation | undefined

export interface Check {
  readonly id: string
  /**
   * By the minor version of the policy from which on each holds, ascending: v1.34 is 34. Before the first,
   * nothing is checked.
   */
  readonly since: ReadonlyMap<number, CheckPod>
  /** Checks of level baseline that this one stands in for. */
  readonly overrides?: readonly string[]
}

/** Pods that run as somebody else on their host may be root within. */
export function hasUserNamespace({ hostUsers }: PodSpec): boolean {
  return hostUsers === false
}

export function unless(exempt: (spec: PodSpec) => boolean, check: CheckPod): CheckPod {
  return (pod) => (exempt(pod.spec) ? undefined : check(pod))
}

export function allContainers(spec: PodSpec): Container[] {
  const { containers, initContainers = [], ephemeralContainers = [] } = spec
  return [...initContainers, ...containers, ...(ephemeralContainers as Container[])]
}

/** `"a", "b"`. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}

export function plural(word: string, list: readonly unknown[]): string {
  return list.length === 1 ? word : `${word}s`
}

/** `container "a"`, or `containers "a", "b"`. */
export function containersText(names: readonly string[]): string {
  return `${plural('container', names)} ${quoted(names)}`
}

/** Names of the containers for which `isBad` holds. */
export function offenders(spec: PodSpec, isBad: (container: Container) => boolean): string[] {
  return allContainers(spec)
    .filter(isBad)
    .map(({ name }) => name)
}

export function volumesWhere(spec: PodSpec, isBad: (volume: Volume) => boolean): string[] {
  return (spec.volumes ?? []).filter(isBad).map(({ name }) => name)
}

/** Each value once, sorted and quoted. */
export function valuesText(values: Iterable<string>): string {
  return quoted([...new Set(values)].sort())
}

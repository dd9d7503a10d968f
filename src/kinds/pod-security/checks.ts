import type { Container, PodSpec, Volume } from '../types.ts'
import type { PodSecurityLevel } from './levels.ts'

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

export interface Check {
  readonly id: string
  readonly level: Exclude<PodSecurityLevel, 'privileged'>
  /** Undefined when the pod keeps the rule. */
  check(pod: PodToCheck): Violation | undefined
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

import { baselineChecks } from './baseline.ts'
import type { Check, CheckPod, PodToCheck, Violation } from './checks.ts'
import type { LevelVersion } from './levels.ts'
import { restrictedChecks } from './restricted.ts'

/** What of a level, as it was at its version, a pod breaks (pod-security-admission/policy/registry.go). */
export function violationsOf({ level, version }: LevelVersion, pod: PodToCheck): Violation[] {
  if (level === 'privileged') return []
  const minor = version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.split('.')[1])
  const restricted = level === 'restricted' ? held(restrictedChecks, minor) : []
  const overridden = new Set(restricted.flatMap(([{ overrides }]) => overrides ?? []))
  return [...held(baselineChecks, minor).filter(([{ id }]) => !overridden.has(id)), ...restricted]
    .map(([, check]) => check(pod))
    .filter((violation) => violation !== undefined)
}

/** The checks that there were at a version, each as it was then. */
function held(checks: readonly Check[], minor: number): [Check, CheckPod][] {
  return checks.flatMap((one): [Check, CheckPod][] => {
    const [, check] = [...one.since].filter(([since]) => since <= minor).at(-1) ?? []
    return check ? [[one, check]] : []
  })
}

/** `what (where), what (where)`, as refusals and warnings say it. */
export function violationsText(violations: readonly Violation[]): string {
  return violations.map(({ what, where }) => `${what} (${where})`).join(', ')
}

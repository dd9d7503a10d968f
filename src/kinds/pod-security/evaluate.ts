import { baselineChecks } from './baseline.ts'
import type { PodToCheck, Violation } from './checks.ts'
import type { PodSecurityLevel } from './levels.ts'
import { restrictedChecks } from './restricted.ts'

/** At level restricted these baseline checks are replaced by stricter ones of the same subject. */
const replaced: ReadonlySet<string> = new Set([
  'capabilities_baseline',
  'hostPathVolumes',
  'seccompProfile_baseline',
])
const restricted = [...baselineChecks.filter(({ id }) => !replaced.has(id)), ...restrictedChecks]

/** What of a level a pod breaks. */
export function violationsOf(level: PodSecurityLevel, pod: PodToCheck): Violation[] {
  if (level === 'privileged') return []
  const checks = level === 'baseline' ? baselineChecks : restricted
  return checks.map((one) => one.check(pod)).filter((violation) => violation !== undefined)
}

/** `what (where), what (where)`, as refusals and warnings say it. */
export function violationsText(violations: readonly Violation[]): string {
  return violations.map(({ what, where }) => `${what} (${where})`).join(', ')
}

import { coreRules } from './core.ts'
import { otherRules } from './others.ts'
import { workloadRules } from './workloads.ts'

/** Every default that depends on other fields, by the type name of its definition. */
export const defaultRules: ReadonlyMap<string, (value: never) => void> = new Map([
  ...coreRules,
  ...otherRules,
  ...workloadRules,
])

import { selectorOf } from '../selector.ts'
import type { LabelSelector, ObjectMeta } from '../types.ts'

/** A ClusterRole as far as aggregation looks at it. */
export interface AggregatedRole<Rule> {
  readonly metadata: ObjectMeta
  readonly rules?: readonly Rule[] | undefined
  readonly aggregationRule?:
    | { readonly clusterRoleSelectors?: readonly LabelSelector[] | undefined }
    | undefined
}

/**
 * The rules of a ClusterRole that is made from others: those of every role that one of its selectors
 * chooses, by name, each rule once. Undefined for a role with rules of its own
 * (pkg/controller/clusterroleaggregation).
 */
export function aggregatedRules<Rule>(
  role: AggregatedRole<Rule>,
  all: readonly AggregatedRole<Rule>[],
): readonly Rule[] | undefined {
  if (!role.aggregationRule) return undefined
  const rules = new Map<string, Rule>()
  for (const chosen of role.aggregationRule.clusterRoleSelectors ?? []) {
    const selector = selectorOf(chosen)
    const sources = all
      .filter((one) => one.metadata.name !== role.metadata.name)
      .filter((one) => selector.matches(one.metadata.labels))
      .sort(byName)
    for (const source of sources)
      for (const rule of source.rules ?? []) {
        const text = JSON.stringify(rule)
        if (!rules.has(text)) rules.set(text, rule)
      }
  }
  return [...rules.values()]
}

function byName(
  { metadata: { name: left = '' } }: { readonly metadata: ObjectMeta },
  { metadata: { name: right = '' } }: { readonly metadata: ObjectMeta },
): number {
  return left < right ? -1 : left > right ? 1 : 0
}

import { type LabelTest, requirement } from '../kinds/node-selection.ts'
import type { LabelSelector } from '../kinds/types.ts'

/** Compiles a label selector: none selects nothing, an empty one everything (apimachinery labels). */
export function labelMatcher(selector: LabelSelector | undefined): LabelTest {
  if (!selector) return () => false
  const exact = Object.entries(selector.matchLabels ?? {})
  const tests = (selector.matchExpressions ?? []).map((one) => requirement(one))
  return (labels) =>
    exact.every(([key, value]) => labels.get(key) === value) && tests.every((test) => test(labels))
}

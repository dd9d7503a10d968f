import type { LabelSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../kinds/types.ts'

export type Labels = ReadonlyMap<string, string>
export type Matcher = (labels: Labels) => boolean

export function labelsOf(record: Readonly<Record<string, string>> | undefined): Labels {
  return new Map(Object.entries(record ?? {}))
}

/** Compiles a label selector: none selects nothing, an empty one everything (apimachinery labels). */
export function labelMatcher(selector: LabelSelector | undefined): Matcher {
  if (!selector) return () => false
  const exact = Object.entries(selector.matchLabels ?? {})
  const tests = (selector.matchExpressions ?? []).map((one) => requirement(one))
  return (labels) =>
    exact.every(([key, value]) => labels.get(key) === value) && tests.every((test) => test(labels))
}

/** Compiles one term of a node selector; an empty term selects nothing (component-helpers nodeaffinity). */
export function nodeTermMatcher(
  term: NodeSelectorTerm,
): (labels: Labels, nodeName: string) => boolean {
  const labelTests = (term.matchExpressions ?? []).map((one) => requirement(one))
  const fieldTests = (term.matchFields ?? []).map((one) => requirement(one))
  if (labelTests.length + fieldTests.length === 0) return () => false
  return (labels, nodeName) =>
    labelTests.every((test) => test(labels)) &&
    (fieldTests.length === 0 ||
      fieldTests.every((test) => test(new Map([['metadata.name', nodeName]]))))
}

function requirement({ key, operator, values = [] }: NodeSelectorRequirement): Matcher {
  const allowed = new Set(values)
  const bound = wholeNumber(values[0])
  switch (operator) {
    case 'In':
      return (labels) => {
        const value = labels.get(key)
        return value !== undefined && allowed.has(value)
      }
    case 'NotIn':
      return (labels) => {
        const value = labels.get(key)
        return value === undefined || !allowed.has(value)
      }
    case 'Exists':
      return (labels) => labels.has(key)
    case 'DoesNotExist':
      return (labels) => !labels.has(key)
    case 'Gt':
    case 'Lt':
      return (labels) => {
        const value = wholeNumber(labels.get(key))
        if (value === undefined || bound === undefined) return false
        return operator === 'Gt' ? value > bound : value < bound
      }
    default:
      return () => false
  }
}

function wholeNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?\d{1,18}$/.test(text)
    ? BigInt(text.replace('+', ''))
    : undefined
}

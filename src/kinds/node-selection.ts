import type {
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodSpec,
  Taint,
  Toleration,
} from './types.ts'

/** Which nodes a pod may go to: what the scheduler and the controller of daemon sets both ask. */

export type LabelMap = ReadonlyMap<string, string>
export type LabelTest = (labels: LabelMap) => boolean

export function labelsOf(record: Readonly<Record<string, string>> | undefined): LabelMap {
  return new Map(Object.entries(record ?? {}))
}

/** Compiles one term of a node selector; an empty term selects nothing (component-helpers nodeaffinity). */
export function nodeTermMatcher(
  term: NodeSelectorTerm,
): (labels: LabelMap, nodeName: string) => boolean {
  const labelTests = (term.matchExpressions ?? []).map((one) => requirement(one))
  const fieldTests = (term.matchFields ?? []).map((one) => requirement(one))
  if (labelTests.length + fieldTests.length === 0) return () => false
  return (labels, nodeName) =>
    labelTests.every((test) => test(labels)) &&
    (fieldTests.length === 0 ||
      fieldTests.every((test) => test(new Map([['metadata.name', nodeName]]))))
}

/** Whether spec.nodeSelector and required node affinity allow a node; undefined when all are allowed. */
export function requiredNode(
  spec: Pick<PodSpec, 'nodeSelector' | 'affinity'> | undefined,
): ((labels: LabelMap, nodeName: string) => boolean) | undefined {
  const exact = Object.entries(spec?.nodeSelector ?? {})
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (exact.length === 0 && !required) return undefined
  const terms = required?.nodeSelectorTerms.map((term) => nodeTermMatcher(term))
  return (labels, nodeName) =>
    exact.every(([key, value]) => labels.get(key) === value) &&
    (!terms || terms.some((matches) => matches(labels, nodeName)))
}

/** One requirement of a selector, by itself. */
export function requirement({ key, operator, values = [] }: NodeSelectorRequirement): LabelTest {
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

/** Whether a toleration covers a taint (core/v1 toleration.go). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case '':
    case 'Equal':
      return !!toleration.key && (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    case 'Gt':
    case 'Lt':
      return comparesTo(toleration, taint)
    default:
      return false
  }
}

/** Gt and Lt: the taint's whole number lies above or below the toleration's. */
function comparesTo(toleration: Toleration, taint: Taint): boolean {
  const whole = /^-?\d{1,18}$/
  if (!whole.test(toleration.value ?? '') || !whole.test(taint.value ?? '')) return false
  const bound = BigInt(toleration.value ?? '')
  const value = BigInt(taint.value ?? '')
  return toleration.operator === 'Gt' ? value > bound : value < bound
}

import type { FieldError } from '../kind.ts'
import type {
  Affinity,
  NodeAffinity,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from '../types.ts'
import { duplicate, forbidden, invalid, invalids, required } from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'

const weightMax = 100

export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {}
  return [
    ...(nodeAffinity ? nodeErrors(nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(podAffinity ? podErrors(podAffinity, `${path}.podAffinity`) : []),
    ...(podAntiAffinity ? podErrors(podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ]
}

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'

function nodeErrors(affinity: NodeAffinity, path: string): FieldError[] {
  const errors: FieldError[] = []
  const terms = affinity[hard]?.nodeSelectorTerms
  if (affinity[hard] && (terms ?? []).length === 0)
    errors.push(
      required(`${path}.${hard}.nodeSelectorTerms`, 'must have at least one node selector term'),
    )
  for (const [index, term] of (terms ?? []).entries())
    errors.push(...termErrors(term, `${path}.${hard}.nodeSelectorTerms[${index}]`))
  for (const [index, { weight, preference }] of (affinity[soft] ?? []).entries()) {
    const at = `${path}.${soft}[${index}]`
    errors.push(...weightErrors(weight, `${at}.weight`))
    errors.push(...termErrors(preference ?? {}, `${at}.preference`))
  }
  return errors
}

function termErrors(term: NodeSelectorTerm, path: string): FieldError[] {
  return (term.matchExpressions ?? []).flatMap((expression, index) => {
    const at = `${path}.matchExpressions[${index}]`
    const { key = '', operator, values = [] } = expression
    const errors = invalids(`${at}.key`, key, qualifiedNameProblems(key))
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
        )
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          forbidden(
            `${at}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        )
    } else if (operator === 'Gt' || operator === 'Lt') {
      if (values.length !== 1)
        errors.push(
          required(
            `${at}.values`,
            "must be specified single value when `operator` is 'Lt' or 'Gt'",
          ),
        )
    } else errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    return errors
  })
}

function podErrors(affinity: PodAffinity, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, term] of (affinity[hard] ?? []).entries())
    errors.push(...podTermErrors(term, `${path}.${hard}[${index}]`))
  for (const [index, { weight, podAffinityTerm }] of (affinity[soft] ?? []).entries()) {
    const at = `${path}.${soft}[${index}]`
    errors.push(...weightErrors(weight, `${at}.weight`))
    errors.push(...podTermErrors(podAffinityTerm, `${at}.podAffinityTerm`))
  }
  return errors
}

function podTermErrors(term: PodAffinityTerm, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!term) return errors
  errors.push(...validateLabelSelector(term.labelSelector, `${path}.labelSelector`))
  errors.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`))
  if (term.topologyKey)
    errors.push(
      ...invalids(`${path}.topologyKey`, term.topologyKey, qualifiedNameProblems(term.topologyKey)),
    )
  return errors
}

function weightErrors(weight: number, path: string): FieldError[] {
  if (weight >= 1 && weight <= weightMax) return []
  return [invalid(path, weight ?? 0, `must be in the range 1-${weightMax}`)]
}

export function validateSpread(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
): FieldError[] {
  const seen = new Set<string>()
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector } = constraint
    const errors = validateLabelSelector(labelSelector, `${at}.labelSelector`)
    if (!(maxSkew > 0))
      errors.push(invalid(`${at}.maxSkew`, maxSkew ?? 0, 'must be greater than zero'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    else
      errors.push(...invalids(`${at}.topologyKey`, topologyKey, qualifiedNameProblems(topologyKey)))
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
    const identity = `${topologyKey}, ${whenUnsatisfiable}`
    if (seen.has(identity))
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${identity}}`))
    seen.add(identity)
    return errors
  })
}

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
import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '../validation/names.ts'
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
  const wanted = affinity[hard]
  if (wanted)
    errors.push(
      ...validateNodeSelector(wanted.nodeSelectorTerms ?? [], `${path}.${hard}.nodeSelectorTerms`),
    )
  for (const [index, { weight, preference }] of (affinity[soft] ?? []).entries()) {
    const at = `${path}.${soft}[${index}]`
    errors.push(...weightErrors(weight, `${at}.weight`))
    errors.push(...termErrors(preference ?? {}, `${at}.preference`))
  }
  return errors
}

/** Terms that a node must match (ValidateNodeSelector). */
export function validateNodeSelector(
  terms: readonly NodeSelectorTerm[],
  path: string,
): FieldError[] {
  if (terms.length === 0) return [required(path, 'must have at least one node selector term')]
  return terms.flatMap((term, index) => termErrors(term, `${path}[${index}]`))
}

function termErrors(term: NodeSelectorTerm, path: string): FieldError[] {
  return [...expressionErrors(term, path), ...nodeFieldErrors(term, path)]
}

/** The only field of a node that selectors know is its name, and it is one. */
function nodeFieldErrors({ matchFields = [] }: NodeSelectorTerm, path: string): FieldError[] {
  return matchFields.flatMap(({ key = '', operator, values = [] }, index) => {
    const at = `${path}.matchFields[${index}]`
    if (operator !== 'In' && operator !== 'NotIn')
      return [invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator')]
    if (values.length !== 1)
      return [
        required(
          `${at}.values`,
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      ]
    if (key !== 'metadata.name')
      return key === '' ? [] : [invalid(`${at}.key`, key, 'not a valid field selector key')]
    return values.flatMap((value, item) =>
      invalids(`${at}.values[${item}]`, value, dns1123SubdomainProblems(value)),
    )
  })
}

function expressionErrors(term: NodeSelectorTerm, path: string): FieldError[] {
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
    for (const [item, value] of values.entries())
      errors.push(...invalids(`${at}.values[${item}]`, value, labelValueProblems(value)))
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
  for (const name of term.namespaces ?? [])
    errors.push(...invalids(`${path}.namespace`, name, dns1123LabelProblems(name)))
  if (!term.labelSelector)
    for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const)
      if ((term[field] ?? []).length > 0)
        errors.push(
          forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set'),
        )
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

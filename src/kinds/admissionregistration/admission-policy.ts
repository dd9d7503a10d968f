import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { conditionErrors as statusConditionErrors } from '../status/conditions.ts'
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  ParamKind,
  ValidatingAdmissionPolicy,
  Validation,
  Variable,
} from '../types.ts'
import { duplicate, invalid, notSupported, required } from '../validation/field-error.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'
import { compileErrors } from './compile-policy.ts'
import { conditionErrors, ruleErrors } from './validate-rules.ts'

type Policy = Partial<MutatingAdmissionPolicy & ValidatingAdmissionPolicy>

export const policyShared = {
  group: 'admissionregistration.k8s.io',
  categories: ['api-extensions'],
  namespaced: false,
  countsGeneration: true,
  unconditionalUpdate: false,
}

/** k8s.io/kubernetes pkg/apis/admissionregistration/validation/validation.go */
export const validatingAdmissionPolicy = defineKind({
  ...policyShared,
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  definition: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  hasStatus: true,
  statusKeeps: 'all',
  subresources: [subresource('status', 'ValidatingAdmissionPolicy', ['get', 'patch', 'update'])],
  validateCreate: validatingErrors,
  validateUpdate: validatingErrors,
  validateStatusUpdate: policyStatusErrors,
  columns: [
    nameColumn,
    column('Validations', 'integer', 'How many validations it has.'),
    column('ParamKind', 'string', 'Kind of its parameters.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec } = typed<Policy>(object)
    return [
      nameOf(object),
      (spec?.validations ?? []).length,
      paramKindCell(spec?.paramKind),
      age(object, nowMs),
    ]
  },
})

/** What was found when its expressions were checked, and conditions. */
function policyStatusErrors(object: AnyObject): FieldError[] {
  const { typeChecking, conditions = [] } = typed<Policy>(object).status ?? {}
  const warnings = typeChecking?.expressionWarnings ?? []
  return [
    ...warnings.flatMap(({ fieldRef, warning }, index) => {
      const path = `status.typeChecking.expressionWarnings[${index}]`
      return [
        ...(warning ? [] : [required(`${path}.warning`)]),
        ...(fieldRef ? [] : [required(`${path}.fieldRef`)]),
      ]
    }),
    ...statusConditionErrors(conditions, 'status.conditions'),
  ]
}

export const mutatingAdmissionPolicy = defineKind({
  ...policyShared,
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  definition: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  validateCreate: mutatingErrors,
  validateUpdate: mutatingErrors,
  columns: [
    nameColumn,
    column('Mutations', 'integer', 'How many changes it makes.'),
    column('ParamKind', 'string', 'Kind of its parameters.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec } = typed<Policy>(object)
    return [
      nameOf(object),
      (spec?.mutations ?? []).length,
      paramKindCell(spec?.paramKind),
      age(object, nowMs),
    ]
  },
})

function paramKindCell(kind: ParamKind | undefined): string {
  return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`
}

function validatingErrors(object: AnyObject): FieldError[] {
  const { spec = {} } = typed<Policy>(object)
  const { validations = [], auditAnnotations = [] } = spec
  const errors = sharedErrors(spec)
  if (validations.length === 0 && auditAnnotations.length === 0)
    errors.push(
      required(
        'spec.validations',
        'validations or auditAnnotations must contain at least one item',
      ),
      required(
        'spec.auditAnnotations',
        'validations or auditAnnotations must contain at least one item',
      ),
    )
  for (const [index, validation] of validations.entries())
    errors.push(...validationErrors(validation, `spec.validations[${index}]`))
  const keys = new Set<string>()
  for (const [index, { key = '' }] of auditAnnotations.entries()) {
    if (keys.has(key)) errors.push(duplicate(`spec.auditAnnotations[${index}].key`, key))
    keys.add(key)
  }
  return errors
}

const reasonsSupported = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']

function validationErrors(validation: Validation, path: string): FieldError[] {
  const { message = '', reason, expression = '' } = validation
  const errors: FieldError[] = []
  if (expression !== '' && expression.trim() === '')
    errors.push(required(`${path}.expression`, 'expression is not specified'))
  if (message !== '' && message.trim() === '')
    errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'))
  else if (message.trim().includes('\n'))
    errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'))
  if (reason !== undefined && !reasonsSupported.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, reasonsSupported))
  return errors
}

function mutatingErrors(object: AnyObject): FieldError[] {
  const { spec = {} } = typed<Policy>(object)
  const errors = sharedErrors(spec)
  if ((spec.mutations ?? []).length === 0)
    errors.push(required('spec.mutations', 'mutations must contain at least one item'))
  for (const [index, mutation] of (spec.mutations ?? []).entries()) {
    const at = `spec.mutations[${index}]`
    const { patchType, applyConfiguration, jsonPatch } = mutation
    const isApply = patchType === 'ApplyConfiguration'
    if (isApply && !applyConfiguration) errors.push(required(`${at}.applyConfiguration`))
    if (!isApply && patchType === 'JSONPatch' && !jsonPatch)
      errors.push(required(`${at}.jsonPatch`))
  }
  return errors
}

/** What both kinds of policy have alike. */
function sharedErrors(spec: NonNullable<Policy['spec']>): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.matchConstraints) errors.push(required('spec.matchConstraints'))
  else {
    errors.push(...matchErrors(spec.matchConstraints, 'spec.matchConstraints'))
    if ((spec.matchConstraints.resourceRules ?? []).length === 0)
      errors.push(required('spec.matchConstraints.resourceRules'))
  }
  errors.push(...conditionErrors(spec.matchConditions, 'spec.matchConditions'))
  return [...errors, ...variableErrors(spec.variables ?? []), ...compileErrors(spec)]
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/

function variableErrors(variables: readonly Variable[]): FieldError[] {
  const seen = new Set<string>()
  return variables.flatMap(({ name = '' }, index) => {
    const at = `spec.variables[${index}].name`
    const errors: FieldError[] = []
    if (name !== '' && !identifier.test(name))
      errors.push(invalid(at, name, 'name is not a valid CEL identifier'))
    if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
    return errors
  })
}

/** Which requests a policy or a binding is about. */
export function matchErrors(match: MatchResources, path: string): FieldError[] {
  const rules = ['resourceRules', 'excludeResourceRules'] as const
  return [
    ...validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(match.objectSelector, `${path}.objectSelector`),
    ...rules.flatMap((field) =>
      (match[field] ?? []).flatMap((rule, index) => ruleErrors(rule, `${path}.${field}[${index}]`)),
    ),
  ]
}

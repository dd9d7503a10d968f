import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ParamRef, ValidatingAdmissionPolicyBinding } from '../types.ts'
import { forbidden, invalid, required } from '../validation/field-error.ts'
import { matchErrors, policyShared } from './admission-policy.ts'

type Binding = Partial<ValidatingAdmissionPolicyBinding>

const shared = {
  ...policyShared,
  columns: [
    nameColumn,
    column('PolicyName', 'string', 'The policy that it puts to use.'),
    column('ParamRef', 'string', 'The parameters that it is used with.'),
    ageColumn,
  ],
  row: (object: AnyObject, nowMs: number) => {
    const { spec } = typed<Binding>(object)
    return [nameOf(object), spec?.policyName ?? '', paramCell(spec?.paramRef), age(object, nowMs)]
  },
}

/** k8s.io/kubernetes pkg/apis/admissionregistration/validation/validation.go */
export const validatingAdmissionPolicyBinding = defineKind({
  ...shared,
  kind: 'ValidatingAdmissionPolicyBinding',
  resource: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  definition: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  validateCreate: (object) => [...bindingErrors(object), ...actionErrors(object)],
  validateUpdate: (object) => [...bindingErrors(object), ...actionErrors(object)],
})

export const mutatingAdmissionPolicyBinding = defineKind({
  ...shared,
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  singular: 'mutatingadmissionpolicybinding',
  definition: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  validateCreate: bindingErrors,
  validateUpdate: bindingErrors,
})

function bindingErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<Binding>(object)
  const errors: FieldError[] = []
  if (!spec?.policyName) errors.push(required('spec.policyName'))
  if (spec?.paramRef) errors.push(...paramErrors(spec.paramRef, 'spec.paramRef'))
  if (spec?.matchResources) errors.push(...matchErrors(spec.matchResources, 'spec.matchResources'))
  return errors
}

function paramErrors(param: ParamRef, path: string): FieldError[] {
  const { name = '', selector, parameterNotFoundAction } = param
  const errors: FieldError[] = []
  if (name === '' && !selector)
    errors.push(required(path, 'one of name or selector must be specified'))
  if (name !== '' && selector)
    errors.push(forbidden(`${path}.name`, 'name and selector are mutually exclusive'))
  if (parameterNotFoundAction === undefined)
    errors.push(required(`${path}.parameterNotFoundAction`))
  return errors
}

function actionErrors(object: AnyObject): FieldError[] {
  const actions = typed<Binding>(object).spec?.validationActions ?? []
  const at = 'spec.validationActions'
  if (actions.length === 0) return [required(at)]
  if (actions.includes('Deny') && actions.includes('Warn'))
    return [
      invalid(
        at,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    ]
  return []
}

function paramCell(param: ParamRef | undefined): string {
  if (!param) return '<unset>'
  if (param.name) return param.namespace ? `${param.namespace}/${param.name}` : `*/${param.name}`
  return '<selector>'
}

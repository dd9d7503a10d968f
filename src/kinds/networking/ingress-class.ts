import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { IngressClass, IngressClassParametersReference } from '../types.ts'
import {
  forbidden,
  immutable,
  invalid,
  invalids,
  notSupported,
  required,
} from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'

const controllerLengthMax = 250

/** k8s.io/kubernetes pkg/apis/networking/validation/validation.go: ValidateIngressClass */
export const ingressClass = defineKind({
  group: 'networking.k8s.io',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  definition: 'io.k8s.api.networking.v1.IngressClass',
  countsGeneration: true,
  validateCreate: specErrors,
  validateUpdate: (object, old) => [
    ...specErrors(object),
    ...immutable(
      'spec.controller',
      typed<IngressClass>(object).spec?.controller,
      typed<IngressClass>(old).spec?.controller,
    ),
  ],
  columns: [
    nameColumn,
    column('Controller', 'string', 'Who serves its ingresses.'),
    column('Parameters', 'string', 'The object with more settings.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec } = typed<IngressClass>(object)
    return [
      nameOf(object),
      spec?.controller ?? '',
      parametersCell(spec?.parameters),
      age(object, nowMs),
    ]
  },
})

function parametersCell(parameters: IngressClassParametersReference | undefined): string {
  if (!parameters) return '<none>'
  const group = parameters.apiGroup ? `.${parameters.apiGroup}` : ''
  return `${parameters.kind}${group}/${parameters.name}`
}

function specErrors(object: AnyObject): FieldError[] {
  const { spec = {} } = typed<IngressClass>(object)
  const { controller = '', parameters } = spec
  const at = 'spec.controller'
  const errors: FieldError[] = []
  if (controller === '') errors.push(required(at))
  else if (controller.length > controllerLengthMax)
    errors.push(invalid(at, controller, `must be no more than ${controllerLengthMax} bytes`))
  else errors.push(...domainPathErrors(controller, at))
  return parameters ? [...errors, ...parametersErrors(parameters, 'spec.parameters')] : errors
}

/** `example.com/name` */
function domainPathErrors(text: string, path: string): FieldError[] {
  const [domain = '', rest = ''] = text.split(/\/(.*)/s)
  if (rest === '')
    return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  return invalids(path, text, dns1123SubdomainProblems(domain))
}

function parametersErrors(parameters: IngressClassParametersReference, path: string): FieldError[] {
  const { scope = 'Cluster', namespace } = parameters
  if (scope !== 'Cluster' && scope !== 'Namespace')
    return [notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])]
  if (scope === 'Namespace' && !namespace)
    return [required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")]
  if (scope === 'Cluster' && namespace !== undefined)
    return [forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")]
  return []
}

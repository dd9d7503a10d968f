import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { APIService } from '../types.ts'
import { invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import {
  dns1035LabelProblems,
  dns1123SubdomainProblems,
  pathSegmentProblems,
} from '../validation/names.ts'

const groupPriorityMax = 20_000
const versionPriorityMax = 1_000

/** kube-aggregator pkg/apis/apiregistration/validation/validation.go */
export const apiService = defineKind({
  group: 'apiregistration.k8s.io',
  kind: 'APIService',
  resource: 'apiservices',
  singular: 'apiservice',
  categories: ['api-extensions'],
  namespaced: false,
  definition: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  hasStatus: true,
  statusKeeps: 'all',
  unconditionalUpdate: false,
  nameRule: pathSegmentProblems,
  subresources: [subresource('status', 'APIService', ['get', 'patch', 'update'])],
  validateCreate: serviceErrors,
  validateUpdate: serviceErrors,
  validateStatusUpdate: (object) => {
    const { conditions = [] } = typed<APIService>(object).status ?? {}
    const known = ['True', 'False', 'Unknown']
    return conditions.flatMap(({ status = '' }, index) =>
      known.includes(status)
        ? []
        : [notSupported(`status.conditions[${index}].status`, status, known)],
    )
  },
  columns: [
    nameColumn,
    column('Service', 'string', 'Who serves the group and version.'),
    column('Available', 'string', 'Whether it is served now.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec, status } = typed<APIService>(object)
    const service = spec?.service
    const available = status?.conditions?.find(({ type }) => type === 'Available')
    return [
      nameOf(object),
      service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
      availability(available),
      age(object, nowMs),
    ]
  },
})

function availability(
  condition: { status?: string; reason?: string | undefined } | undefined,
): string {
  if (!condition) return 'Unknown'
  if (condition.status === 'True') return 'True'
  return `${condition.status ?? ''} (${condition.reason ?? ''})`
}

function serviceErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<APIService>(object)
  if (!spec) return []
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service } = spec
  const errors: FieldError[] = []
  const expected = `${version}.${group}`
  if (object.metadata.name !== expected && object.metadata.name !== `${version}.`)
    errors.push(
      invalid('metadata.name', object.metadata.name ?? '', '`spec.version+"."+spec.group`'),
    )
  if (group === '' && version !== 'v1')
    errors.push(
      required('spec.group', 'only v1 may have an empty group and it better be legacy kube'),
    )
  if (group !== '') errors.push(...invalids('spec.group', group, dns1123SubdomainProblems(group)))
  errors.push(...invalids('spec.version', version, dns1035LabelProblems(version)))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > groupPriorityMax)
    errors.push(
      invalid(
        'spec.groupPriorityMinimum',
        groupPriorityMinimum,
        'must be positive and less than 20000',
      ),
    )
  if (versionPriority <= 0 || versionPriority > versionPriorityMax)
    errors.push(
      invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'),
    )
  if (!service) {
    if (spec.caBundle)
      errors.push(invalid('spec.caBundle', '<bytes>', 'local APIServices may not have a caBundle'))
    if (spec.insecureSkipTLSVerify)
      errors.push(
        invalid(
          'spec.insecureSkipTLSVerify',
          true,
          'local APIServices may not have insecureSkipTLSVerify',
        ),
      )
    return errors
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'))
  if (!service.name) errors.push(required('spec.service.name'))
  if (spec.insecureSkipTLSVerify && spec.caBundle)
    errors.push(
      invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'),
    )
  return errors
}

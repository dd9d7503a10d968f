import { ageColumn, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { DeviceClass } from '../types.ts'
import { selectorErrors } from './validate-requests.ts'

/** k8s.io/kubernetes pkg/apis/resource/validation/validation.go: ValidateDeviceClass */
export const deviceClass = defineKind({
  group: 'resource.k8s.io',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  definition: 'io.k8s.api.resource.v1.DeviceClass',
  countsGeneration: true,
  validateCreate: classErrors,
  validateUpdate: classErrors,
  columns: [nameColumn, ageColumn],
  row: (object, nowMs) => [nameOf(object), age(object, nowMs)],
})

function classErrors(object: AnyObject): FieldError[] {
  return selectorErrors(typed<DeviceClass>(object).spec?.selectors, 'spec.selectors')
}

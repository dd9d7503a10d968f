import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ResourceSlice, ResourceSliceSpec } from '../types.ts'
import {
  duplicate,
  immutable,
  invalid,
  invalids,
  required,
  tooMany,
} from '../validation/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'

const devicesMax = 128

/** k8s.io/kubernetes pkg/apis/resource/validation/validation.go: ValidateResourceSlice */
export const resourceSlice = defineKind({
  group: 'resource.k8s.io',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  definition: 'io.k8s.api.resource.v1.ResourceSlice',
  countsGeneration: true,
  validateCreate: (object) => specErrors(specOf(object)),
  validateUpdate: (object, old) => [
    ...specErrors(specOf(object)),
    ...immutable('spec.pool.name', specOf(object).pool?.name, specOf(old).pool?.name),
    ...immutable('spec.driver', specOf(object).driver, specOf(old).driver),
    ...immutable('spec.nodeName', specOf(object).nodeName, specOf(old).nodeName),
  ],
  selectableFields: (object) =>
    new Map([
      ['spec.driver', specOf(object).driver ?? ''],
      ['spec.nodeName', specOf(object).nodeName ?? ''],
    ]),
  selectableFieldNames: ['spec.driver', 'spec.nodeName'],
  columns: [
    nameColumn,
    column('Node', 'string', 'Node that has the devices.'),
    column('Driver', 'string', 'Their driver.'),
    column('Pool', 'string', 'Their pool.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { nodeName, driver, pool } = specOf(object)
    return [nameOf(object), nodeName ?? '', driver ?? '', pool?.name ?? '', age(object, nowMs)]
  },
})

function specOf(object: AnyObject): Partial<ResourceSliceSpec> {
  return typed<Partial<ResourceSlice>>(object).spec ?? {}
}

function specErrors(spec: Partial<ResourceSliceSpec>): FieldError[] {
  const { driver = '', devices = [], nodeName, nodeSelector, allNodes } = spec
  const errors =
    driver === '' ? [] : invalids('spec.driver', driver, dns1123SubdomainProblems(driver))
  const places = [nodeName, nodeSelector, allNodes, spec.perDeviceNodeSelection].filter(Boolean)
  const oneOf = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`'
  if (places.length === 0) errors.push(required('spec', `${oneOf} is required`))
  else if (places.length > 1) errors.push(invalid('spec', spec, `${oneOf} is required`))
  if (devices.length > devicesMax) errors.push(tooMany('spec.devices', devices.length, devicesMax))
  const names = new Set<string>()
  for (const [index, { name = '' }] of devices.entries()) {
    const at = `spec.devices[${index}].name`
    if (name !== '') errors.push(...invalids(at, name, dns1123LabelProblems(name)))
    if (names.has(name)) errors.push(duplicate(at, name))
    names.add(name)
  }
  return errors
}

import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf, orNone } from '../print.ts'
import type { CSIDriver, CSINode, CSIStorageCapacity } from '../types.ts'
import { duplicate, immutable, invalid, invalids, same } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'

const group = 'storage.k8s.io'
const driverNameLengthMax = 63

/** k8s.io/kubernetes pkg/apis/storage/validation/validation.go: ValidateCSIDriver */
export const csiDriver = defineKind({
  group,
  kind: 'CSIDriver',
  resource: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  definition: 'io.k8s.api.storage.v1.CSIDriver',
  unconditionalUpdate: false,
  validateCreate: (object) => driverNameErrors(nameOf(object), 'metadata.name'),
  columns: [
    nameColumn,
    column('AttachRequired', 'boolean', 'Whether volumes must be attached.'),
    column('PodInfoOnMount', 'boolean', 'Whether it is told about the pod.'),
    column('StorageCapacity', 'boolean', 'Whether it is asked for free capacity.'),
    column('TokenRequests', 'string', 'Whom the tokens that it gets are for.'),
    column('RequiresRepublish', 'boolean', 'Whether it mounts again from time to time.'),
    column('Modes', 'string', 'How long its volumes live.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec } = typed<CSIDriver>(object)
    const audiences = (spec?.tokenRequests ?? []).map(({ audience }) => audience)
    return [
      nameOf(object),
      spec?.attachRequired ?? true,
      spec?.podInfoOnMount ?? false,
      spec?.storageCapacity ?? false,
      audiences.length === 0 ? '<unset>' : audiences.join(','),
      spec?.requiresRepublish ?? false,
      orNone((spec?.volumeLifecycleModes ?? []).join(',')),
      age(object, nowMs),
    ]
  },
})

function driverNameErrors(name: string, path: string): FieldError[] {
  if (name.length > driverNameLengthMax)
    return [invalid(path, name, `must be no more than ${driverNameLengthMax} characters`)]
  return name === '' ? [] : invalids(path, name, dns1123SubdomainProblems(name.toLowerCase()))
}

export const csiNode = defineKind({
  group,
  kind: 'CSINode',
  resource: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  definition: 'io.k8s.api.storage.v1.CSINode',
  unconditionalUpdate: false,
  validateCreate: nodeErrors,
  validateUpdate: (object, old) => [...nodeErrors(object), ...changedDriverErrors(object, old)],
  columns: [nameColumn, column('Drivers', 'integer', 'How many drivers it has.'), ageColumn],
  row: (object, nowMs) => [nameOf(object), driversOf(object).length, age(object, nowMs)],
})

function driversOf(object: AnyObject): CSINode['spec']['drivers'] {
  return typed<Partial<CSINode>>(object).spec?.drivers ?? []
}

function nodeErrors(object: AnyObject): FieldError[] {
  const seen = new Set<string>()
  return driversOf(object).flatMap(({ name = '', allocatable }, index) => {
    const at = `spec.drivers[${index}]`
    const errors = driverNameErrors(name, `${at}.name`)
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    seen.add(name)
    if (allocatable?.count !== undefined && allocatable.count < 0)
      errors.push(
        invalid(`${at}.allocatable.count`, allocatable.count, 'must be greater than or equal to 0'),
      )
    return errors
  })
}

/** Drivers come and go, and never change. */
function changedDriverErrors(object: AnyObject, old: AnyObject): FieldError[] {
  return driversOf(object).flatMap((driver, index) => {
    const before = driversOf(old).find(({ name }) => name === driver.name)
    const { allocatable: _now, ...fixed } = driver
    const { allocatable: _then, ...fixedBefore } = before ?? driver
    if (same(fixed, fixedBefore)) return []
    return [invalid(`spec.drivers[${index}]`, driver, 'field is immutable')]
  })
}

export const csiStorageCapacity = defineKind({
  group,
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  definition: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  validateCreate: (object) =>
    validateLabelSelector(typed<CSIStorageCapacity>(object).nodeTopology, 'nodeTopology'),
  validateUpdate: (object, old) =>
    ['nodeTopology', 'storageClassName'].flatMap((field) =>
      immutable(field, object[field], old[field]),
    ),
  columns: [nameColumn, column('Created At', 'date', 'When it was created.')],
  row: (object) => [nameOf(object), object.metadata.creationTimestamp ?? ''],
})

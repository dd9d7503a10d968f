import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import type { FieldError } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ConfigMap } from '../types.ts'
import { invalid, invalids, tooLong } from '../validation/field-error.ts'
import { configMapKeyProblems } from '../validation/names.ts'
import { dataBytesMax, frozenErrors } from './frozen-data.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateConfigMap */
export const configMap = defineKind({
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  definition: 'io.k8s.api.core.v1.ConfigMap',
  validateCreate: (object) => validateConfigMap(object as ConfigMap),
  validateUpdate: (object, old) => [
    ...frozenErrors(object as ConfigMap, old as ConfigMap, ['data', 'binaryData']),
    ...validateConfigMap(object as ConfigMap),
  ],
  columns: [nameColumn, column('Data', 'string', 'How many keys it holds.'), ageColumn],
  row: (object, nowMs) => {
    const { data = {}, binaryData = {} } = object as ConfigMap
    const count = Object.keys(data).length + Object.keys(binaryData).length
    return [nameOf(object), count, age(object, nowMs)]
  },
})

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalids(`data[${key}]`, key, configMapKeyProblems(key)))
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalids(`binaryData[${key}]`, key, configMapKeyProblems(key)))
    bytes += Buffer.byteLength(value, 'base64')
  }
  if (bytes > dataBytesMax) errors.push(tooLong('', dataBytesMax))
  return errors
}

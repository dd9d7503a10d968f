import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import type { FieldError } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { Secret } from '../types.ts'
import { invalid, invalids, required, tooLong } from '../validation/field-error.ts'
import { configMapKeyProblems } from '../validation/names.ts'
import { dataBytesMax, frozenErrors } from './frozen-data.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateSecret */
export const secret = defineKind({
  kind: 'Secret',
  resource: 'secrets',
  singular: 'secret',
  definition: 'io.k8s.api.core.v1.Secret',
  prepareUpdate: (object, old) => {
    if (!object['type']) object['type'] = old['type']
  },
  validateCreate: (object) => validateSecret(object as Secret),
  validateUpdate: (object, old) => [
    ...frozenErrors(object as Secret, old as Secret, ['data']),
    ...validateSecret(object as Secret),
  ],
  selectableFields: (object) => new Map([['type', (object as Secret).type ?? '']]),
  selectableFieldNames: ['type'],
  columns: [
    nameColumn,
    column('Type', 'string', 'What the data is for.'),
    column('Data', 'string', 'How many keys it holds.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { type, data = {} } = object as Secret
    return [nameOf(object), type ?? '', Object.keys(data).length, age(object, nowMs)]
  },
})

/** Keys that a secret of a type must have. */
const keysOfType: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
])

function validateSecret({ type = '', data = {}, metadata }: Secret): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalids(`data[${key}]`, key, configMapKeyProblems(key)))
    bytes += Buffer.byteLength(value, 'base64')
  }
  if (bytes > dataBytesMax) errors.push(tooLong('data', dataBytesMax))
  for (const key of keysOfType.get(type) ?? []) {
    const field = `data[${key}]`
    if (!Object.hasOwn(data, key)) errors.push(required(field))
    else if (key.startsWith('.docker') && !isJson(data[key] ?? ''))
      errors.push(invalid(field, '<secret contents redacted>', 'invalid character in JSON'))
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data))
    errors.push(required('data[username]'), required('data[password]'))
  if (type === 'kubernetes.io/service-account-token') {
    const account = 'kubernetes.io/service-account.name'
    if (!metadata.annotations?.[account]) errors.push(required(`metadata.annotations[${account}]`))
  }
  return errors
}

function isJson(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
    return true
  } catch {
    return false
  }
}

import { column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, typed } from '../kind.ts'
import { nameOf } from '../print.ts'
import type { IPAddress } from '../types.ts'
import { isIP } from '../validation/address.ts'
import { immutable } from '../validation/field-error.ts'

/** k8s.io/kubernetes pkg/apis/networking/validation/validation.go: ValidateIPAddress */
export const ipAddress = defineKind({
  group: 'networking.k8s.io',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  namespaced: false,
  definition: 'io.k8s.api.networking.v1.IPAddress',
  nameRule: (name) => (isIP(name) ? [] : ['must be a valid IP address']),
  validateUpdate: (object, old) => immutable('spec.parentRef', parentOf(object), parentOf(old)),
  columns: [nameColumn, column('ParentRef', 'string', 'The object that has it.')],
  row: (object) => {
    const { group = '', resource = '', namespace = '', name = '' } = parentOf(object) ?? {}
    const kind = group === '' ? resource : `${resource}.${group}`
    return [nameOf(object), [kind, namespace, name].filter((part) => part !== '').join('/')]
  },
})

function parentOf(object: AnyObject) {
  return typed<IPAddress>(object).spec?.parentRef
}

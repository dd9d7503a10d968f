import { defineKind, subresource } from '../define-kind.ts'
import { type AnyObject, typed } from '../kind.ts'
import type { ServiceAccount } from '../types.ts'

export const serviceAccount = defineKind({
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  definition: 'io.k8s.api.core.v1.ServiceAccount',
  subresources: [subresource('token', 'TokenRequest', ['create'], 'authentication.k8s.io')],
  prepareCreate: keepSecretNames,
  prepareUpdate: keepSecretNames,
})

/** Secrets are of its namespace, so their names say all (pkg/registry/core/serviceaccount/strategy.go). */
function keepSecretNames(object: AnyObject): void {
  const account = typed<ServiceAccount>(object)
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}))
}

import { defineKind, subresource } from '../define-kind.ts'

export const serviceAccount = defineKind({
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  definition: 'io.k8s.api.core.v1.ServiceAccount',
  subresources: [subresource('token', 'TokenRequest', ['create'], 'authentication.k8s.io')],
})

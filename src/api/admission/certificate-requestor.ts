import { type AnyObject, typed } from '../../kinds/kind.ts'
import type { CertificateSigningRequest } from '../../kinds/types.ts'
import type { User } from '../context.ts'
import type { AdmissionPlugin } from './plugin.ts'

export const certificateRequestor: AdmissionPlugin = {
  name: 'CertificateRequestor',
  resources: ['certificates.k8s.io/certificatesigningrequests'],
  complete: ({ user }, object) => nameRequestor(object, user),
}

/**
 * Writes into a new CertificateSigningRequest who asks, whatever it said itself
 * (k8s.io/kubernetes pkg/registry/certificates/certificates/strategy.go: PrepareForCreate).
 */
function nameRequestor(object: AnyObject, user: User): void {
  const { spec } = typed<Partial<CertificateSigningRequest>>(object)
  if (!spec) return
  spec.username = user.name
  spec.uid = user.uid === '' ? undefined : user.uid
  spec.groups = user.groups.length === 0 ? undefined : [...user.groups]
  const extra: Record<string, string[]> = Object.create(null)
  for (const [key, values] of Object.entries(user.extra ?? {})) extra[key] = [...values]
  spec.extra = Object.keys(extra).length === 0 ? undefined : extra
}

import { readCertificationRequest } from '../../kinds/certificates/certification-request.ts'
import { signers } from '../../kinds/certificates/signers.ts'
import { type AnyObject, typed } from '../../kinds/kind.ts'
import type { CertificateSigningRequest } from '../../kinds/types.ts'
import { invalid as invalidField } from '../../kinds/validation/field-error.ts'
import { signatureProblem } from '../auth/request-signature.ts'
import type { User } from '../context.ts'
import { forbidden, invalid } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { sameJson } from '../handlers/write-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const resources = ['certificates.k8s.io/certificatesigningrequests']
const administrators = 'system:masters'

/** Who approves or denies must be allowed to `approve` for the signer (plugin/pkg/admission/certificates/approval). */
export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  resources,
  judge(context, object, old) {
    if (context.info.subresource !== 'approval' || !object || !old) return
    requireSigner(context, 'approve', old)
  },
}

/** Who writes a certificate must be allowed to `sign` for the signer (plugin/pkg/admission/certificates/signing). */
export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  resources,
  judge(context, object, old) {
    if (context.info.subresource !== 'status' || !object || !old) return
    if (sameJson(certificateOf(object), certificateOf(old))) return
    requireSigner(context, 'sign', old)
  },
}

/**
 * Nobody becomes an administrator by a request (plugin/pkg/admission/certificates/subjectrestriction), and
 * who asks has the key. The latter is part of the kind's validation in Kubernetes; kinds know no keys here.
 */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  resources,
  judge({ kind }, object, old) {
    if (!object || old) return
    const { spec } = typed<CertificateSigningRequest>(object)
    const name = object.metadata.name ?? ''
    const request = readCertificationRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
    const problem = signatureProblem(request)
    if (problem !== undefined)
      throw invalid(kind, name, [invalidField('spec.request', spec.request, problem)])
    if (spec.signerName !== signers.apiServerClient) return
    if (request.organizations.includes(administrators))
      throw forbidden(
        kind,
        name,
        `use of ${signers.apiServerClient} signer with ${administrators} group is not allowed`,
      )
  },
}

function certificateOf(object: AnyObject): string | undefined {
  return typed<CertificateSigningRequest>(object).status?.certificate
}

/** Throws Forbidden unless the user may do it for this signer, or for all of its domain. */
function requireSigner(context: ResourceContext, verb: 'approve' | 'sign', old: AnyObject): void {
  const { options, user, kind } = context
  const { signerName } = typed<CertificateSigningRequest>(old).spec
  const [domain = ''] = signerName.split('/')
  const may = [signerName, `${domain}/*`].some(
    (name) =>
      options.authorizer.authorize(user, {
        ...{ verb, name, group: kind.group, resource: 'signers', subresource: '' },
        ...{ namespace: '', path: '', isResource: true },
      }).allowed,
  )
  if (may) return
  throw forbidden(
    kind,
    old.metadata.name ?? '',
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  )
}

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

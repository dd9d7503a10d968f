import type { CertificationRequest } from './certification-request.ts'

/** The signers that Kubernetes itself is (k8s.io/api certificates/v1/types.go). */
export const signers = {
  apiServerClient: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const

export const nodesGroup = 'system:nodes'
export const nodePrefix = 'system:node:'

/**
 * Why one of our signers refuses to sign; undefined when it does not
 * (pkg/controller/certificates/signer/signer.go, pkg/apis/certificates/helpers.go).
 */
export function signerRefusal(
  signerName: string,
  request: CertificationRequest,
  usages: readonly string[],
): string | undefined {
  if (signerName === signers.kubeletClient) return kubeletClientRefusal(request, usages)
  if (signerName === signers.kubeletServing) return kubeletServingRefusal(request, usages)
  if (signerName === signers.apiServerClient) return apiServerClientRefusal(usages)
  return signerName === signers.legacyUnknown ? undefined : `unrecognized signerName: ${signerName}`
}

export function kubeletClientRefusal(
  request: CertificationRequest,
  usages: readonly string[],
): string | undefined {
  const { commonName, dnsNames, emailAddresses, ipAddresses, uris } = request
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes'
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (!commonName.startsWith(nodePrefix))
    return 'subject common name does not begin with system:node:'
  return usagesRefusal(usages, 'client auth')
}

function kubeletServingRefusal(
  request: CertificationRequest,
  usages: readonly string[],
): string | undefined {
  const { commonName, dnsNames, emailAddresses, ipAddresses, uris } = request
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes'
  if (dnsNames.length + ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (uris.length > 0) return 'URI subjectAltNames are not allowed'
  const refused = usagesRefusal(usages, 'server auth')
  if (refused !== undefined) return refused
  return commonName.startsWith(nodePrefix)
    ? undefined
    : 'subject common name does not begin with system:node:'
}

function isNodesOnly({ organizations }: CertificationRequest): boolean {
  return organizations.length === 1 && organizations[0] === nodesGroup
}

/** A key that only signs needs no key encipherment: RSA keys may have it. */
function usagesRefusal(usages: readonly string[], purpose: string): string | undefined {
  const given = new Set(usages)
  given.delete('key encipherment')
  if (given.size === 2 && given.has('digital signature') && given.has(purpose)) return undefined
  const all = ['digital signature', 'key encipherment', purpose].sort()
  return `usages did not match [${all.join(' ')}]`
}

const clientUsages: ReadonlySet<string> = new Set([
  'client auth',
  'digital signature',
  'key encipherment',
])

function apiServerClientRefusal(usages: readonly string[]): string | undefined {
  const foreign = usages.find((usage) => !clientUsages.has(usage))
  if (foreign !== undefined) return `invalid usage for client certificate: ${foreign}`
  if (usages.includes('client auth')) return undefined
  return 'missing required usage for client certificate: client auth'
}

import { certificateSigningRequests } from '../../client/resources.ts'
import type { Client, ResourcePath } from '../../client/typed.ts'
import type { CertificationRequest } from '../../kinds/certificates/certification-request.ts'
import {
  kubeletClientRefusal,
  nodePrefix,
  nodesGroup,
  signerRefusal,
  signers,
} from '../../kinds/certificates/signers.ts'
import type { CertificateSigningRequest, SubjectAccessReview } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { conditionOf, conditionsOf, readRequest, requestsController } from './requests.ts'

/** The right, on certificatesigningrequests, that has a request approved by itself. */
export interface Permission {
  readonly subresource: 'selfnodeclient' | 'nodeclient'
  readonly message: string
}

const ownRenewal: Permission = {
  subresource: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
}
const firstCertificate: Permission = {
  subresource: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
}
const ownServing = 'Auto approving kubelet serving certificate: its node is known by these names.'
const reviewsPath: ResourcePath = {
  ...{ group: 'authorization.k8s.io', version: 'v1' },
  ...{ resource: 'subjectaccessreviews', namespaced: false },
}
/** Rights may come later: who is waiting is asked about again. */
const askAgainMs = 30_000
/** A node that has just joined may not have told its addresses yet. */
const lookAgainMs = 5_000

/**
 * Which rights would have this request approved, in the order in which to ask for them; none for what is
 * no kubelet's request for a client certificate.
 */
export function permissionsFor(
  { spec }: CertificateSigningRequest,
  request: CertificationRequest,
): readonly Permission[] {
  if (spec.signerName !== signers.kubeletClient) return []
  if (kubeletClientRefusal(request, spec.usages ?? []) !== undefined) return []
  return spec.username === request.commonName ? [ownRenewal, firstCertificate] : [firstCertificate]
}

/** True when a node asks for a serving certificate of its own. */
export function isOwnServing(
  { spec }: CertificateSigningRequest,
  request: CertificationRequest,
): boolean {
  const { signerName, usages = [], username, groups = [] } = spec
  if (signerName !== signers.kubeletServing) return false
  if (signerRefusal(signerName, request, usages) !== undefined) return false
  return username === request.commonName && groups.includes(nodesGroup)
}

/**
 * True when what a node asks for names nothing but `hosts`, those by which it is known to be reached.
 * Kubernetes leaves these requests to others, for it knows no such hosts.
 */
export function servesOwnHosts(
  request: CertificationRequest,
  hosts: (nodeName: string) => readonly string[],
): boolean {
  const own = hosts(request.commonName.slice(nodePrefix.length))
  return [...request.dnsNames, ...request.ipAddresses].every((host) => own.includes(host))
}

/** Approves what kubelets ask for, if they may (pkg/controller/certificates/approver/sarapprove.go). */
export function certificateApprover(context: ControllerContext): Controller {
  const { client, config } = context
  return requestsController(context, 'csrapproving', async (request) => {
    if (request.status?.certificate) return undefined
    if (conditionOf(request, 'Approved') || conditionOf(request, 'Denied')) return undefined
    const asked = readRequest(request)
    if (isOwnServing(request, asked)) {
      if (!servesOwnHosts(asked, config.servingHosts ?? (() => [])))
        return { requeueAfterMs: lookAgainMs }
      await approve(client, request, ownServing)
      return undefined
    }
    const permissions = permissionsFor(request, asked)
    for (const { subresource, message } of permissions) {
      const review = await client
        .resource<SubjectAccessReview>(reviewsPath)
        .create('', reviewOf(request, subresource))
      if (!review.status?.allowed) continue
      await approve(client, request, message)
      return undefined
    }
    return permissions.length > 0 ? { requeueAfterMs: askAgainMs } : undefined
  })
}

async function approve(
  client: Client,
  request: CertificateSigningRequest,
  message: string,
): Promise<void> {
  const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message }
  await certificateSigningRequests(client).subresource(
    ...(['', request.metadata.name ?? '', 'approval', 'PUT'] as const),
    {
      ...request,
      status: { ...request.status, conditions: [...conditionsOf(request), approved] },
    },
  )
}

function reviewOf(
  { spec }: CertificateSigningRequest,
  subresource: Permission['subresource'],
): SubjectAccessReview {
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      ...{ user: spec.username, uid: spec.uid, groups: spec.groups, extra: spec.extra },
      resourceAttributes: {
        ...{ group: 'certificates.k8s.io', resource: 'certificatesigningrequests' },
        ...{ verb: 'create', subresource },
      },
    },
  }
}

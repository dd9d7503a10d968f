import { type StatusError, statusError } from '../../base/status.ts'
import { readCertificationRequest } from '../../kinds/certificates/certification-request.ts'
import { signers } from '../../kinds/certificates/signers.ts'
import { type AnyObject, typed } from '../../kinds/kind.ts'
import type { CertificateSigningRequest } from '../../kinds/types.ts'
import type { RequestInfo } from '../request-info.ts'
import type { User } from './user.ts'

/** The node that a kubelet's identity names; undefined for everybody else. */
export function nodeNameOf(user: User): string | undefined {
  if (!user.groups.includes('system:nodes')) return undefined
  return /^system:node:(.+)$/.exec(user.name)?.[1]
}

type Subject = Pick<RequestInfo, 'verb' | 'group' | 'resource' | 'subresource' | 'name'>

/**
 * What a kubelet's write may hold, beyond what its path tells: its own node, its own lease, pods that
 * are bound to it (Kubernetes' NodeRestriction admission). `old` is the stored object if there is one,
 * `object` what the write would store (undefined for a delete). Undefined when nothing is against it.
 */
export function restrictNode(
  user: User,
  info: Subject,
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): StatusError | undefined {
  const node = nodeNameOf(user)
  if (node === undefined) return undefined
  if (info.group === '' && info.resource === 'nodes')
    return restrictNodeObject(node, info, object, old)
  if (info.group === '' && info.resource === 'pods') return restrictPod(node, info, object, old)
  if (info.group === 'certificates.k8s.io') return restrictRequest(user, info, node, object, old)
  if (info.group === 'coordination.k8s.io' && info.resource === 'leases') {
    const name = object?.metadata.name ?? info.name
    if (name !== node) return refusal(info, node, 'can only access leases with the same name')
  }
  return undefined
}

/** Labels under these prefixes say where pods may go: a node may not choose its own. */
const restrictedLabels = /(^|\.)node-restriction\.kubernetes\.io\//

function restrictNodeObject(
  node: string,
  info: Subject,
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): StatusError | undefined {
  const name = object?.metadata.name ?? info.name
  if (name !== node)
    return refusal(info, node, `is not allowed to modify node ${JSON.stringify(name)}`)
  for (const key of changedKeys(object?.metadata.labels, old?.metadata.labels))
    if (restrictedLabels.test(key))
      return refusal(info, node, `is not allowed to modify label ${JSON.stringify(key)}`)
  if (
    info.verb !== 'create' &&
    object &&
    changed(specMember(object, 'taints'), specMember(old, 'taints'))
  )
    return refusal(info, node, 'is not allowed to modify taints')
  return undefined
}

function restrictPod(
  node: string,
  info: Subject,
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): StatusError | undefined {
  const bound = specMember(old ?? object, 'nodeName')
  if (info.verb === 'create' && info.subresource === '') {
    const mirror = object?.metadata.annotations?.['kubernetes.io/config.mirror']
    if (mirror === undefined) return refusal(info, node, 'can only create mirror pods')
  }
  if (bound === node) return undefined
  const what = info.subresource === 'status' ? 'update pod status for' : `${info.verb}`
  return refusal(info, node, `can only ${what} pods with spec.nodeName set to itself`)
}

/** A kubelet asks for certificates of its own node only, of those who sign for kubelets. */
function restrictRequest(
  user: User,
  info: Subject,
  node: string,
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): StatusError | undefined {
  const signerName = specMember(object, 'signerName')
  if (!object || old || info.resource !== 'certificatesigningrequests') return undefined
  if (signerName !== signers.kubeletClient && signerName !== signers.kubeletServing)
    return undefined
  const { spec } = typed<CertificateSigningRequest>(object)
  const { commonName } = readCertificationRequest(
    Buffer.from(spec.request, 'base64').toString('latin1'),
  )
  if (commonName === user.name) return undefined
  return refusal(info, node, `can only create a node CSR with CN=${user.name}`)
}

function specMember(object: AnyObject | undefined, name: string): unknown {
  const spec = object?.['spec'] as Readonly<Record<string, unknown>> | undefined
  return spec?.[name]
}

function changedKeys(
  now: Readonly<Record<string, string>> | undefined,
  before: Readonly<Record<string, string>> | undefined,
): string[] {
  const keys = new Set([...Object.keys(now ?? {}), ...Object.keys(before ?? {})])
  return [...keys].filter((key) => now?.[key] !== before?.[key])
}

function changed(now: unknown, before: unknown): boolean {
  return JSON.stringify(now ?? []) !== JSON.stringify(before ?? [])
}

function refusal(info: Subject, node: string, what: string): StatusError {
  const kind = info.group === '' ? info.resource : `${info.resource}.${info.group}`
  const subject = info.name === '' ? kind : `${kind} ${JSON.stringify(info.name)}`
  return statusError('Forbidden', `${subject} is forbidden: node ${JSON.stringify(node)} ${what}`, {
    name: info.name || undefined,
    group: info.group || undefined,
    kind: info.resource,
  })
}

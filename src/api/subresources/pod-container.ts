import { present } from '../../base/assert.ts'
import { statusError } from '../../base/status.ts'
import { parseStored } from '../../kinds/encode.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { NodeStatus, PodSpec } from '../../kinds/types.ts'
import type { ApiOptions, RequestInfo } from '../context.ts'
import { notFound } from '../errors.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'

/** What of a pod its streams need. */
export interface StreamedPod {
  readonly namespace: string
  readonly name: string
  readonly spec: PodSpec
  /** '' while the pod is not bound to a node. */
  readonly nodeName: string
  readonly phase: string
}

/** The pod that a path names, from the local replica or, if it knows none, a fresh one. */
export async function findPod(
  options: ApiOptions,
  info: Pick<RequestInfo, 'namespace' | 'name'>,
): Promise<StreamedPod> {
  const { namespace, name } = info
  const pod = await findObject(options, 'pods', namespace, name)
  const spec = (pod['spec'] ?? { containers: [] }) as PodSpec
  const status = pod['status'] as { phase?: string } | undefined
  return { namespace, name, spec, nodeName: spec.nodeName ?? '', phase: status?.phase ?? '' }
}

/** Where a node's kubelet answers. */
export interface KubeletAddress {
  readonly node: string
  readonly host: string
  readonly port: number
}

const kubeletPort = 10_250

/** The address of a node's kubelet, as the node itself reported it. */
export async function findKubelet(options: ApiOptions, node: string): Promise<KubeletAddress> {
  const object = await findObject(options, 'nodes', '', node)
  const status = object['status'] as Partial<NodeStatus> | undefined
  const host = status?.addresses?.find((one) => one.type === 'InternalIP')?.address
  if (!host)
    throw statusError(
      'InternalError',
      `no preferred addresses found for node ${JSON.stringify(node)}; known addresses: []`,
    )
  return { node, host, port: status?.daemonEndpoints?.kubeletEndpoint?.Port || kubeletPort }
}

/** An object that a path names, from the local replica or, if it knows none, a fresh one. */
export async function findObject(
  { store }: ApiOptions,
  resource: 'pods' | 'nodes' | 'services',
  namespace: string,
  name: string,
): Promise<AnyObject> {
  const kind = present(kindOfResource('', 'v1', resource), `kind of ${resource}`)
  const placed = isKeySegment(name) && (!kind.namespaced || isKeySegment(namespace))
  if (!placed) throw notFound(kind, name)
  const key = objectKey(kind, namespace, name)
  if (!store.view.get(key)) await store.barrier()
  const record = store.view.get(key)
  if (!record) throw notFound(kind, name)
  return parseStored(record.value)
}

/**
 * The container that a stream is about: the one asked for, or the only one there is. Throws
 * BadRequest in Kubernetes' words (pkg/registry/core/pod/strategy.go).
 */
export function containerOf(pod: StreamedPod, asked: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  const named = (list: readonly { name: string }[]) => list.map((one) => one.name)
  if (asked !== '') {
    const all = [...containers, ...initContainers, ...ephemeralContainers]
    if (named(all).includes(asked)) return asked
    throw statusError('BadRequest', `container ${asked} is not valid for pod ${pod.name}`)
  }
  const [only] = containers
  if (only && containers.length === 1) return only.name
  const choices = [
    containers.length > 0 ? `, choose one of: [${named(containers).join(' ')}]` : '',
    initContainers.length > 0
      ? ` or one of the init containers: [${named(initContainers).join(' ')}]`
      : '',
    ephemeralContainers.length > 0
      ? ` or one of the ephemeral containers: [${named(ephemeralContainers).join(' ')}]`
      : '',
  ]
  throw statusError(
    'BadRequest',
    `a container name must be specified for pod ${pod.name}${choices.join('')}`,
  )
}

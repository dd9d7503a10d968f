import type { Pod, Volume } from '../../../kinds/types.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { LocalCopy } from '../../local-copy.ts'
import { objectKey } from '../../storage-keys.ts'
import { parseObject } from '../../stored-object.ts'

/** What a pod's spec leads to. */
export type Referenced =
  | 'secret'
  | 'configmap'
  | 'persistentvolumeclaim'
  | 'persistentvolume'
  | 'serviceaccount'

/**
 * Which objects the pods of each node lead to (plugin/pkg/auth/authorizer/node/graph.go). A reference
 * is counted, so that the last pod that needs an object takes the right to it along.
 */
export class NodeGraph {
  readonly #claims: ClaimVolumes
  readonly #ofPod = new Map<string, { node: string; references: readonly string[] }>()
  readonly #counts = new Map<string, Map<string, number>>()

  constructor(claims: ClaimVolumes) {
    this.#claims = claims
  }

  /** True when a pod of `node` names the object, or a claim that is bound to the volume. */
  reaches(node: string, kind: Referenced, namespace: string, name: string): boolean {
    const counts = this.#counts.get(node)
    if (!counts) return false
    if (kind !== 'persistentvolume') return counts.has(reference(kind, namespace, name))
    const claim = this.#claims.claimOf(name)
    return (
      claim !== undefined &&
      counts.has(reference('persistentvolumeclaim', claim.namespace, claim.name))
    )
  }

  setPod(key: string, pod: Pod): void {
    this.removePod(key)
    const node = pod.spec?.nodeName ?? ''
    if (node === '') return
    const references = [...referencesOf(pod)]
    this.#ofPod.set(key, { node, references })
    let counts = this.#counts.get(node)
    if (!counts) {
      counts = new Map()
      this.#counts.set(node, counts)
    }
    for (const one of references) counts.set(one, (counts.get(one) ?? 0) + 1)
  }

  removePod(key: string): void {
    const pod = this.#ofPod.get(key)
    if (!pod) return
    this.#ofPod.delete(key)
    const counts = this.#counts.get(pod.node)
    if (!counts) return
    for (const one of pod.references) {
      const left = (counts.get(one) ?? 0) - 1
      if (left > 0) counts.set(one, left)
      else counts.delete(one)
    }
    if (counts.size === 0) this.#counts.delete(pod.node)
  }

  clear(): void {
    this.#ofPod.clear()
    this.#counts.clear()
  }
}

/** Which claim a volume is bound to. */
export interface ClaimVolumes {
  claimOf(volume: string): { readonly namespace: string; readonly name: string } | undefined
}

/** The graph of this member's replica: current whenever it is asked for. */
export function storedNodeGraph(store: ClusterStore): () => NodeGraph {
  const graph = new NodeGraph({ claimOf: (volume) => claimOf(store, volume) })
  const pods = new LocalCopy(
    store,
    { group: '', resource: 'pods', namespaced: true },
    {
      set: (key, pod) => graph.setPod(key, pod as Pod),
      remove: (key) => graph.removePod(key),
      clear: () => graph.clear(),
    },
  )
  return () => {
    pods.refresh()
    return graph
  }
}

const volumes = { group: '', resource: 'persistentvolumes', namespaced: false }

function claimOf(
  store: ClusterStore,
  volume: string,
): { namespace: string; name: string } | undefined {
  const record = store.view.get(objectKey(volumes, '', volume))
  if (!record) return undefined
  const { spec } = parseObject(record.value) as {
    spec?: { claimRef?: { namespace?: string; name?: string } }
  }
  const { namespace = '', name = '' } = spec?.claimRef ?? {}
  return name === '' ? undefined : { namespace, name }
}

function reference(kind: Referenced, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`
}

function* referencesOf(pod: Pod): Generator<string, void, undefined> {
  const namespace = pod.metadata?.namespace ?? ''
  const { spec } = pod
  if (!spec) return
  const one = (kind: Referenced, name: string | undefined) => reference(kind, namespace, name ?? '')
  yield one('serviceaccount', spec.serviceAccountName || 'default')
  for (const { name } of spec.imagePullSecrets ?? []) yield one('secret', name)
  const containers = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]
  for (const container of containers) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef) yield one('configmap', configMapRef.name)
      if (secretRef) yield one('secret', secretRef.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef) yield one('configmap', valueFrom.configMapKeyRef.name)
      if (valueFrom?.secretKeyRef) yield one('secret', valueFrom.secretKeyRef.name)
    }
  }
  for (const volume of spec.volumes ?? []) yield* referencesOfVolume(volume, pod, one)
}

function* referencesOfVolume(
  volume: Volume,
  pod: Pod,
  one: (kind: Referenced, name: string | undefined) => string,
): Generator<string, void, undefined> {
  if (volume.secret) yield one('secret', volume.secret.secretName)
  if (volume.configMap) yield one('configmap', volume.configMap.name)
  if (volume.persistentVolumeClaim)
    yield one('persistentvolumeclaim', volume.persistentVolumeClaim.claimName)
  if (volume.ephemeral)
    yield one('persistentvolumeclaim', `${pod.metadata?.name ?? ''}-${volume.name}`)
  for (const source of volume.projected?.sources ?? []) {
    if (source.secret) yield one('secret', source.secret.name)
    if (source.configMap) yield one('configmap', source.configMap.name)
  }
}

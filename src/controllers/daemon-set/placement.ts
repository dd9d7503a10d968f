import { type LabelMap, labelsOf, requiredNode, tolerates } from '../../kinds/node-selection.ts'
import type { Affinity, DaemonSet, Node, Pod, Taint, Toleration } from '../../kinds/types.ts'
import { hashLabel } from '../controller-history/decide.ts'
import { controllerReference } from '../ownership.ts'

export interface Placement {
  /** A pod is made on the node when there is none. */
  readonly shouldRun: boolean
  /** A pod that is there stays. */
  readonly shouldStay: boolean
}

/** The pods of each node that is there or that a pod names, the one that counts first. */
export interface NodePods {
  readonly nodeName: string
  /** Undefined: there is no such node. */
  readonly node: Node | undefined
  readonly placement: Placement
  readonly pods: readonly Pod[]
}

const compiled = new WeakMap<DaemonSet, (node: Node) => Placement>()

/** Where pods of a daemon set belong (daemon_controller.go, NodeShouldRunDaemonPod). */
export function placementOf(daemonSet: DaemonSet): (node: Node) => Placement {
  const known = compiled.get(daemonSet)
  if (known) return known
  const spec = daemonSet.spec?.template.spec
  const allows = requiredNode(spec)
  const tolerations = daemonTolerations(daemonSet)
  const placement = (node: Node): Placement => {
    const { name = '' } = node.metadata
    const here = !spec?.nodeName || spec.nodeName === name
    if (!here || (allows && !allows(nodeLabels(node), name)))
      return { shouldRun: false, shouldStay: false }
    const bad = (node.spec?.taints ?? []).filter((taint) => !isTolerated(taint, tolerations))
    const stays = !bad.some(({ effect }) => effect === 'NoExecute')
    return {
      shouldRun: stays && !bad.some(({ effect }) => effect === 'NoSchedule'),
      shouldStay: stays,
    }
  }
  compiled.set(daemonSet, placement)
  return placement
}

const labelsOfNodes = new WeakMap<Node, LabelMap>()

function nodeLabels(node: Node): LabelMap {
  const labels = labelsOfNodes.get(node) ?? labelsOf(node.metadata.labels)
  labelsOfNodes.set(node, labels)
  return labels
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((one) => tolerates(one, taint))
}

/** Daemons stay on nodes in trouble (pkg/controller/daemon/util, AddOrUpdateDaemonPodTolerations). */
const tolerated: readonly (readonly [key: string, effect: string])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
]
const toleratedOnHostNetwork = ['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const

function daemonTolerations({ spec }: DaemonSet): readonly Toleration[] {
  const pod = spec?.template.spec
  const all = pod?.hostNetwork ? [...tolerated, toleratedOnHostNetwork] : tolerated
  const added = new Map(
    all.map(([key, effect]) => [`${key}:${effect}`, { key, operator: 'Exists', effect }]),
  )
  // One that covers the same, but for a time only, gives way where it stands.
  const own = (pod?.tolerations ?? []).map((mine) => {
    const { key, effect, operator, value } = mine
    const name = `${key}:${effect}`
    const lasting = operator === 'Exists' && !value ? added.get(name) : undefined
    if (lasting) added.delete(name)
    return lasting ?? mine
  })
  return [...own, ...added.values()]
}

const generationLabel = 'pod-template-generation'
const generationAnnotation = 'deprecated.daemonset.template.generation'

/** The pod of a daemon set for one node: the scheduler binds it, and may choose no other node. */
export function podOf(daemonSet: DaemonSet, hash: string): (nodeName: string) => Pod {
  const { metadata, spec } = daemonSet
  const template = spec?.template
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  const generation = templateGeneration(daemonSet)
  const base: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${metadata.name ?? ''}-`,
      namespace: metadata.namespace,
      labels: {
        ...labels,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
        [hashLabel]: hash,
      },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference('apps/v1', 'DaemonSet', daemonSet)],
    },
  }
  const pod = { containers: [], ...template?.spec, tolerations: [...daemonTolerations(daemonSet)] }
  return (nodeName) => ({
    ...base,
    spec: { ...pod, affinity: onNode(template?.spec?.affinity, nodeName) },
  })
}

/** Required node affinity gives way to the name of the node, which satisfies it. */
function onNode(affinity: Affinity | undefined, nodeName: string): Affinity {
  const named = { key: 'metadata.name', operator: 'In', values: [nodeName] }
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [named] }],
      },
    },
  }
}

/** The node that a daemon pod is on or for; undefined for a pod that names none. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName
  const terms =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  for (const { matchFields = [] } of terms ?? [])
    for (const { key, operator, values = [] } of matchFields)
      if (key === 'metadata.name' && operator === 'In')
        return values.length === 1 ? values[0] : undefined
  return undefined
}

/** True when a pod is of the present template; the generation is how elder controllers told. */
export function isUpdated(daemonSet: DaemonSet, pod: Pod, hash: string): boolean {
  const { labels } = pod.metadata
  const generation = templateGeneration(daemonSet)
  return (
    (hash !== '' && labels?.[hashLabel] === hash) ||
    (generation !== undefined && labels?.[generationLabel] === generation)
  )
}

function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[generationAnnotation]
  return text !== undefined && /^[+-]?\d{1,18}$/.test(text) ? String(BigInt(text)) : undefined
}

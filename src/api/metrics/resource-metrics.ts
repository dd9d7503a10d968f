import { present } from '../../base/assert.ts'
import { limits } from '../../base/limits.ts'
import type { AnyObject, Kind, ShownKind } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import { parseLabelSelector } from '../../kinds/selector.ts'
import type { Handler, HandlerContext } from '../context.ts'
import { methodNotAllowed, notFound } from '../errors.ts'
import { representationAs } from '../representation.ts'
import { bytesResponse } from '../responses.ts'
import { isKeySegment, objectKey, prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { nodeMetricsKind, podMetricsKind } from './metrics-kinds.ts'
import { type NodeSample, sampleNode, type Usage } from './node-sample.ts'

/**
 * metrics.k8s.io/v1beta1: what nodes and pods use now, for `kubectl top` and autoscalers
 * (k8s.io/metrics pkg/apis/metrics/v1beta1). Asked of the kubelets when somebody asks.
 */
export function createMetricsHandlers(
  windowMs: number = limits.usageWindowMs,
): ReadonlyMap<string, Handler> {
  return new Map([
    ['metrics.k8s.io/v1beta1/nodes', metricsOf('nodes', nodeMetrics(windowMs), nodeMetricsKind)],
    ['metrics.k8s.io/v1beta1/pods', metricsOf('pods', podMetrics(windowMs), podMetricsKind)],
  ])
}

export const metricsHandlers = createMetricsHandlers()

const apiVersion = 'metrics.k8s.io/v1beta1'

type Metrics = (
  context: HandlerContext,
  objects: readonly AnyObject[],
) => Promise<readonly AnyObject[]>

function metricsOf(resource: 'nodes' | 'pods', metrics: Metrics, shown: ShownKind): Handler {
  const kind = () => present(kindOfResource('', 'v1', resource), resource)
  return async (context) => {
    const { info } = context
    const representation = representationAs(context, shown)
    await context.options.store.barrier()
    if (info.verb === 'list') {
      const items = await metrics(context, selected(context, kind()))
      return bytesResponse(200, [representation.list(items)], representation.contentType)
    }
    if (info.verb !== 'get') throw methodNotAllowed()
    const [object] = found(context, kind())
    const [item] = object ? await metrics(context, [object]) : []
    if (!item) throw notFound({ ...kind(), group: 'metrics.k8s.io' }, info.name)
    return bytesResponse(200, [representation.value(item)], representation.contentType)
  }
}

function selected(context: HandlerContext, kind: Kind): AnyObject[] {
  const selector = parseLabelSelector(context.info.query.get('labelSelector') ?? '')
  return found(context, kind).filter(({ metadata }) => selector.matches(metadata.labels))
}

/** The objects that the path is about. */
function found({ info, options }: HandlerContext, kind: Kind): AnyObject[] {
  const { view } = options.store
  if (info.name !== '') {
    if (!isKeySegment(info.name) || (kind.namespaced && !isKeySegment(info.namespace))) return []
    const record = view.get(objectKey(kind, info.namespace, info.name))
    return record ? [parsed(record.value)] : []
  }
  const prefix = resourcePrefix(kind, info.namespace)
  return view.range(prefix, prefixEnd(prefix)).items.map((record) => parsed(record.value))
}

function parsed(value: Uint8Array): AnyObject {
  return JSON.parse(Buffer.from(value).toString('utf8')) as AnyObject
}

function nodeMetrics(windowMs: number): Metrics {
  return async (context, nodes) => {
    const names = nodes.map(({ metadata }) => metadata.name ?? '')
    const samples = await samplesOf(context, names, windowMs)
    return nodes.flatMap((node) => {
      const sample = samples.get(node.metadata.name ?? '')
      if (!sample) return []
      return [{ ...head(context, 'NodeMetrics', node, windowMs), usage: usageOf(sample.node) }]
    })
  }
}

function podMetrics(windowMs: number): Metrics {
  return async (context, pods) => {
    const samples = await samplesOf(context, pods.map(nodeOf), windowMs)
    return pods.flatMap((pod) => {
      const containers = samples.get(nodeOf(pod))?.pods.get(pod.metadata.uid ?? '')
      if (!containers || containers.length === 0) return []
      const shown = containers.map((one) => ({ name: one.name, usage: usageOf(one) }))
      return [{ ...head(context, 'PodMetrics', pod, windowMs), containers: shown }]
    })
  }
}

function nodeOf(pod: AnyObject): string {
  return (pod['spec'] as { nodeName?: string } | undefined)?.nodeName ?? ''
}

async function samplesOf(
  { options }: HandlerContext,
  nodes: readonly string[],
  windowMs: number,
): Promise<ReadonlyMap<string, NodeSample>> {
  const names = [...new Set(nodes)].filter((name) => name !== '')
  const samples = await Promise.all(names.map((name) => sampleNode(options, name, windowMs)))
  return new Map(
    names.flatMap((name, index) => {
      const sample = samples[index]
      return sample ? [[name, sample] as const] : []
    }),
  )
}

function head(
  { options }: HandlerContext,
  kind: string,
  { metadata }: AnyObject,
  windowMs: number,
): AnyObject {
  const timestamp = `${new Date(options.clock.wallMs()).toISOString().slice(0, 19)}Z`
  const { name, namespace, labels } = metadata
  return {
    kind,
    apiVersion,
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      creationTimestamp: timestamp,
      ...(labels ? { labels } : {}),
    },
    timestamp,
    window: `${windowMs / 1_000}s`,
  }
}

/** Quantities: billionths of a core, and KiB. */
function usageOf({ cpuNanoCores, memoryBytes }: Usage): object {
  return { cpu: `${cpuNanoCores}n`, memory: `${Math.ceil(memoryBytes / 1_024)}Ki` }
}

import { type AnyObject, typed } from '../kind.ts'
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from '../types.ts'
import { newerMetric, newerStatus, olderMetric, olderStatus } from './older-metric.ts'

/**
 * autoscaling/v1 to v2 and back. What v1 has no field for travels in annotations, as JSON
 * (k8s.io/kubernetes pkg/apis/autoscaling/v1/conversion.go).
 */
const prefix = 'autoscaling.alpha.kubernetes.io/'
const annotationOf = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
} as const

const cpuTarget = (percent: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})

/** The share of CPU that a metric asks for, if that is what it is about. */
function cpuShare({ resource }: MetricSpec): number | undefined {
  return resource?.name === 'cpu' ? resource.target?.averageUtilization : undefined
}

export function fromStored(object: AnyObject): AnyObject {
  const { spec, status, metadata, ...rest } = typed<HorizontalPodAutoscaler>(object)
  const annotations: Record<string, string> = Object.create(null)
  Object.assign(annotations, metadata.annotations)
  const { metrics = [], behavior, ...kept } = spec ?? {}
  const cpu = metrics.findIndex((metric) => cpuShare(metric) !== undefined)
  const others = metrics.filter((_, index) => index !== cpu)
  if (others.length > 0) annotations[annotationOf.metrics] = JSON.stringify(others.map(olderMetric))
  if (behavior) annotations[annotationOf.behavior] = JSON.stringify(behavior)
  const { currentMetrics = [], conditions = [], ...observed } = status ?? {}
  const cpuNow = currentMetrics.findIndex((metric) => isCpu(metric))
  const othersNow = currentMetrics.filter((_, index) => index !== cpuNow)
  if (othersNow.length > 0)
    annotations[annotationOf.currentMetrics] = JSON.stringify(othersNow.map(olderStatus))
  if (conditions.length > 0) annotations[annotationOf.conditions] = JSON.stringify(conditions)
  const share = metrics[cpu] && cpuShare(metrics[cpu])
  const shareNow = currentMetrics[cpuNow]?.resource?.current?.averageUtilization
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metadata, annotations),
    ...(spec && {
      spec: { ...kept, ...(share !== undefined && { targetCPUUtilizationPercentage: share }) },
    }),
    ...(status && {
      // What v2 leaves out at zero has to be there in v1.
      status: {
        currentReplicas: 0,
        ...observed,
        ...(shareNow !== undefined && { currentCPUUtilizationPercentage: shareNow }),
      },
    }),
  }
}

export function toStored(object: AnyObject): AnyObject {
  const { spec, status, metadata, ...rest } = typed<AutoscalingV1HorizontalPodAutoscaler>(object)
  const annotations: Record<string, string> = Object.create(null)
  Object.assign(annotations, metadata.annotations)
  const taken = takeAnnotations(annotations)
  const { targetCPUUtilizationPercentage: share, ...kept } = spec ?? {}
  const { currentCPUUtilizationPercentage: shareNow, currentReplicas, ...observed } = status ?? {}
  const metrics: MetricSpec[] = [
    ...listOf(taken.metrics).map(newerMetric),
    ...(share === undefined ? [] : [cpuTarget(share)]),
  ]
  const currentMetrics: MetricStatus[] = [
    ...listOf(taken.currentMetrics).map(newerStatus),
    ...(shareNow === undefined ? [] : [cpuStatus(shareNow)]),
  ]
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(metadata, annotations),
    ...(spec && {
      spec: {
        ...kept,
        ...(metrics.length > 0 && { metrics }),
        ...(isObject(taken.behavior) && {
          behavior: taken.behavior as HorizontalPodAutoscalerSpec['behavior'],
        }),
      },
    }),
    ...(status && {
      status: {
        ...observed,
        ...(currentReplicas ? { currentReplicas } : {}),
        ...(currentMetrics.length > 0 && { currentMetrics }),
        ...(Array.isArray(taken.conditions) && {
          conditions: taken.conditions as HorizontalPodAutoscalerStatus['conditions'],
        }),
      },
    }),
  }
}

function isCpu({ resource }: MetricStatus): boolean {
  return resource?.name === 'cpu' && resource.current?.averageUtilization !== undefined
}

function cpuStatus(percent: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }
}

type Taken = Partial<Record<keyof typeof annotationOf, unknown>>

/** Reads the annotations and removes them. What is no JSON says nothing. */
function takeAnnotations(annotations: Record<string, string>): Taken {
  const taken: Taken = {}
  for (const [field, key] of Object.entries(annotationOf)) {
    const text = annotations[key]
    delete annotations[key]
    if (text !== undefined) taken[field as keyof Taken] = parsed(text)
  }
  return taken
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withAnnotations(
  metadata: AnyObject['metadata'],
  annotations: Record<string, string>,
): AnyObject['metadata'] {
  const { annotations: _before, ...rest } = metadata
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations }
}

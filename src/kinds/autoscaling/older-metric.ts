import type {
  CrossVersionObjectReference,
  LabelSelector,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../types.ts'

/**
 * Metrics in the form of the annotations of autoscaling/v1: names and values side by side, without
 * sub-objects (k8s.io/api autoscaling/v1/types.go: MetricSpec, MetricStatus).
 */
type Older = Record<string, unknown>
type Side = 'target' | 'current'

export function olderMetric(metric: MetricSpec): Older {
  return olderForm(metric, 'target')
}

export function olderStatus(metric: MetricStatus): Older {
  return olderForm(metric, 'current')
}

function olderForm(metric: MetricSpec | MetricStatus, side: Side): Older {
  const { type, resource, containerResource, pods, object, external } = metric
  if (resource) return { type, resource: olderShare(resource, side) }
  if (containerResource) return { type, containerResource: olderShare(containerResource, side) }
  if (pods) {
    const mean = { [`${side}AverageValue`]: figuresOf(pods)?.averageValue ?? '0' }
    return { type, pods: named(pods.metric, mean) }
  }
  const figures = figuresOf(object ?? external)
  if (object) {
    const values = {
      [`${side}Value`]: figures?.value ?? '0',
      averageValue: figures?.averageValue,
    }
    return { type, object: { target: object.describedObject, ...named(object.metric, values) } }
  }
  return {
    type,
    external: {
      metricName: external?.metric?.name,
      metricSelector: external?.metric?.selector,
      [`${side}Value`]: figures?.value,
      [`${side}AverageValue`]: figures?.averageValue,
    },
  }
}

export function newerMetric(older: Older): MetricSpec {
  const { type } = older as { type: string }
  const part = partOf(older)
  const name = String(part['name'] ?? '')
  switch (type) {
    case 'Resource':
      return { type, resource: { name, target: newerShare(part) } }
    case 'ContainerResource':
      return {
        type,
        containerResource: {
          name,
          container: String(part['container'] ?? ''),
          target: newerShare(part),
        },
      }
    case 'Pods':
      return {
        type,
        pods: { metric: metricOf(part), target: targetOf(part, 'targetAverageValue') },
      }
    case 'Object':
      return {
        type,
        object: {
          describedObject: part['target'] as CrossVersionObjectReference,
          metric: metricOf(part),
          target: targetOf(part, 'averageValue'),
        },
      }
    default:
      return {
        type,
        external: { metric: metricOf(part), target: targetOf(part, 'targetAverageValue') },
      }
  }
}

export function newerStatus(older: Older): MetricStatus {
  const { type } = older as { type: string }
  const part = partOf(older)
  const name = String(part['name'] ?? '')
  const current = currentOf(part)
  switch (type) {
    case 'Resource':
      return { type, resource: { name, current } }
    case 'ContainerResource':
      return {
        type,
        containerResource: { name, container: String(part['container'] ?? ''), current },
      }
    case 'Pods':
      return { type, pods: { metric: metricOf(part), current } }
    case 'Object':
      return {
        type,
        object: {
          describedObject: part['target'] as CrossVersionObjectReference,
          metric: metricOf(part),
          current,
        },
      }
    default:
      return { type, external: { metric: metricOf(part), current } }
  }
}

/** What is aimed at, or what is measured: a source has one of them. */
interface Figures {
  readonly target?: MetricTarget | undefined
  readonly current?: MetricValueStatus | undefined
}

function figuresOf(source: Figures | undefined): MetricTarget | MetricValueStatus | undefined {
  return source?.target ?? source?.current
}

function olderShare(source: Figures & { name: string; container?: string }, side: Side): Older {
  const { name, container } = source
  const figures = figuresOf(source)
  return {
    name,
    ...(container !== undefined && { container }),
    [`${side}AverageUtilization`]: figures?.averageUtilization,
    [`${side}AverageValue`]: figures?.averageValue,
  }
}

function newerShare(part: Older): MetricTarget {
  const averageUtilization = part['targetAverageUtilization'] as number | undefined
  const averageValue = part['targetAverageValue'] as string | undefined
  if (averageUtilization !== undefined) return { type: 'Utilization', averageUtilization }
  return { type: 'AverageValue', ...(averageValue !== undefined && { averageValue }) }
}

function targetOf(part: Older, meanField: string): MetricTarget {
  const mean = part[meanField] as string | undefined
  const value = part['targetValue'] as string | undefined
  if (mean !== undefined) return { type: 'AverageValue', averageValue: mean }
  return { type: 'Value', ...(value !== undefined && { value }) }
}

function currentOf(part: Older): MetricValueStatus {
  const share = part['currentAverageUtilization'] as number | undefined
  const mean = (part['currentAverageValue'] ?? part['averageValue']) as string | undefined
  const value = part['currentValue'] as string | undefined
  return {
    ...(share !== undefined && { averageUtilization: share }),
    ...(mean !== undefined && { averageValue: mean }),
    ...(value !== undefined && { value }),
  }
}

function named(
  metric: { name: string; selector?: LabelSelector | undefined } | undefined,
  values: Older,
): Older {
  return { metricName: metric?.name, selector: metric?.selector, ...values }
}

function metricOf(part: Older): { name: string; selector?: LabelSelector } {
  const selector = (part['selector'] ?? part['metricSelector']) as LabelSelector | undefined
  return { name: String(part['metricName'] ?? ''), ...(selector !== undefined && { selector }) }
}

/** The one source beside the type. */
function partOf(older: Older): Older {
  const [, part] = Object.entries(older).find(([field]) => field !== 'type') ?? []
  return typeof part === 'object' && part !== null ? (part as Older) : {}
}

import { type AnyObject, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../types.ts'

const metricsShownMax = 2
const unknown = '<unknown>'

/** Cells of an autoscaler (pkg/printers/internalversion/printers.go: formatHPAMetrics). */
export function autoscalerRow(object: AnyObject, nowMs: number): (string | number)[] {
  const { spec, status } = typed<HorizontalPodAutoscaler>(object)
  const target = spec?.scaleTargetRef
  return [
    nameOf(object),
    `${target?.kind ?? ''}/${target?.name ?? ''}`,
    metricsCell(spec?.metrics ?? [], status?.currentMetrics ?? []),
    String(spec?.minReplicas ?? '<unset>'),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    age(object, nowMs),
  ]
}

function metricsCell(specs: readonly MetricSpec[], found: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>'
  const shown = specs
    .slice(0, metricsShownMax)
    .map((metric, index) => metricText(metric, found[index]))
    .join(', ')
  const rest = specs.length - metricsShownMax
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

function metricText(metric: MetricSpec, found: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric
  if (pods) return `${found?.pods?.current?.averageValue ?? unknown}/${pods.target?.averageValue}`
  if (object) return valueText(object.target, found?.object?.current)
  if (external) return valueText(external.target, found?.external?.current)
  if (resource) return shareText(resource.name, resource.target, found?.resource?.current)
  if (containerResource)
    return shareText(
      containerResource.name,
      containerResource.target,
      found?.containerResource?.current,
    )
  return '<unknown type>'
}

function valueText(target?: MetricTarget, current?: MetricValueStatus): string {
  if (target?.averageValue !== undefined)
    return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  return `${current?.value ?? unknown}/${target?.value ?? '<auto>'}`
}

function shareText(name: string, target?: MetricTarget, current?: MetricValueStatus): string {
  if (target?.averageValue !== undefined)
    return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`
  const now = current?.averageUtilization
  const wanted = target?.averageUtilization
  return (
    `${name}: ${now === undefined ? unknown : `${now}%`}/` +
    `${wanted === undefined ? '<auto>' : `${wanted}%`}`
  )
}

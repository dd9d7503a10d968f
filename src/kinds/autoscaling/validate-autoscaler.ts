import type { FieldError } from '../kind.ts'
import { parseQuantity } from '../quantity.ts'
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '../types.ts'
import { forbidden, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { pathSegmentProblems } from '../validation/names.ts'

const windowSecondsMax = 3600
const periodSecondsMax = 1800

/** k8s.io/kubernetes pkg/apis/autoscaling/validation/validation.go */
export function validateAutoscaler(spec: HorizontalPodAutoscalerSpec | undefined): FieldError[] {
  if (!spec) return []
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec
  const errors: FieldError[] = []
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  if (maxReplicas < 1)
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(
      invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'),
    )
  errors.push(...referenceErrors(scaleTargetRef, 'spec.scaleTargetRef', true))
  for (const [index, metric] of metrics.entries())
    errors.push(...metricErrors(metric, `spec.metrics[${index}]`))
  return [
    ...errors,
    ...scalingErrors(behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...scalingErrors(behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ]
}

/** The table says what is missing; this, what cannot be in a path. */
function referenceErrors(
  reference: CrossVersionObjectReference | undefined,
  path: string,
  needsGroup = false,
): FieldError[] {
  const errors = (['kind', 'name'] as const).flatMap((field) => {
    const text = reference?.[field] ?? ''
    return invalids(`${path}.${field}`, text, pathSegmentProblems(text))
  })
  const version = reference?.apiVersion ?? ''
  if (needsGroup && !/^[^/]+\//.test(version))
    errors.push(invalid(`${path}.apiVersion`, version, 'apiVersion must specify API group'))
  return errors
}

const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const

function metricErrors(metric: MetricSpec, path: string): FieldError[] {
  const { type = '' } = metric
  if (!Object.hasOwn(sources, type))
    return type === '' ? [] : [notSupported(`${path}.type`, type, Object.keys(sources))]
  const wanted = sources[type as keyof typeof sources]
  const errors: FieldError[] = []
  for (const field of Object.values(sources))
    if (field !== wanted && metric[field])
      errors.push(forbidden(`${path}.${field}`, 'must populate the given metric source only'))
  const source = metric[wanted]
  const at = `${path}.${wanted}`
  if (!source)
    return [...errors, required(at, `must populate information for the given metric source`)]
  if ('describedObject' in source)
    errors.push(...referenceErrors(source.describedObject, `${at}.describedObject`))
  return [...errors, ...targetErrors(source.target, type, `${at}.target`)]
}

function targetErrors(target: MetricTarget | undefined, type: string, path: string): FieldError[] {
  const { averageUtilization: share, averageValue: mean, value } = target ?? {}
  const errors: FieldError[] = []
  if (target?.type && !['Utilization', 'Value', 'AverageValue'].includes(target.type))
    errors.push(
      invalid(`${path}.type`, target.type, 'must be either Utilization, Value, or AverageValue'),
    )
  if (type === 'External' && value !== undefined && mean !== undefined)
    errors.push(
      forbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target'),
    )
  if (share !== undefined && share < 1)
    errors.push(invalid(`${path}.averageUtilization`, share, 'must be greater than 0'))
  for (const [field, amount] of [
    ['value', value],
    ['averageValue', mean],
  ] as const)
    if (amount !== undefined && parseQuantity(amount).nano <= 0n)
      errors.push(invalid(`${path}.${field}`, amount, 'must be positive'))
  if (type === 'Resource' || type === 'ContainerResource') {
    if (share === undefined && mean === undefined)
      errors.push(
        required(
          `${path}.averageUtilization`,
          'must set either a target raw value or a target utilization',
        ),
      )
    if (share !== undefined && mean !== undefined)
      errors.push(
        forbidden(
          `${path}.averageValue`,
          'may not set both a target raw value and a target utilization',
        ),
      )
  } else if (type === 'Pods') {
    if (mean === undefined)
      errors.push(required(`${path}.averageValue`, 'must specify a positive target averageValue'))
  } else if (value === undefined && mean === undefined)
    errors.push(
      required(
        `${path}.averageValue`,
        type === 'External'
          ? 'must set either a target value for metric or a per-pod target'
          : 'must set either a target value or averageValue',
      ),
    )
  return errors
}

function scalingErrors(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: window, policies = [], selectPolicy } = rules
  const errors: FieldError[] = []
  if (window !== undefined && (window < 0 || window > windowSecondsMax))
    errors.push(
      invalid(
        `${path}.stabilizationWindowSeconds`,
        window,
        window < 0
          ? 'must be greater than or equal to zero'
          : `must be less than or equal to ${windowSecondsMax}`,
      ),
    )
  if (selectPolicy !== undefined && !['Disabled', 'Max', 'Min'].includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']))
  if (policies.length === 0)
    errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  for (const [index, { type, value = 0, periodSeconds = 0 }] of policies.entries()) {
    const at = `${path}.policies[${index}]`
    if (type !== 'Pods' && type !== 'Percent')
      errors.push(notSupported(`${at}.type`, type ?? '', ['Percent', 'Pods']))
    if (value <= 0) errors.push(invalid(`${at}.value`, value, 'must be greater than zero'))
    if (periodSeconds <= 0)
      errors.push(invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'))
    if (periodSeconds > periodSecondsMax)
      errors.push(
        invalid(
          `${at}.periodSeconds`,
          periodSeconds,
          `must be less than or equal to ${periodSecondsMax}`,
        ),
      )
  }
  return errors
}

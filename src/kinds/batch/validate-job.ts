import { validatePodTemplate } from '../core/validate-pod.ts'
import type { FieldError } from '../kind.ts'
import { selectorOf } from '../selector.ts'
import type { Container, Job, JobSpec, PodFailurePolicyRule, PodSpec } from '../types.ts'
import {
  duplicate,
  immutable,
  invalid,
  notSupported,
  required,
  same,
} from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'

/** k8s.io/kubernetes pkg/apis/batch/validation/validation.go */

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = counts.flatMap((field) => nonNegative(spec[field], `${path}.${field}`))
  if (spec.completionMode === 'Indexed' && spec.completions === undefined)
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (spec.completionMode !== 'Indexed')
    for (const field of ['backoffLimitPerIndex', 'successPolicy'] as const)
      if (spec[field] !== undefined)
        errors.push(invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  errors.push(...restartErrors(spec, `${path}.template.spec.restartPolicy`))
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries())
    errors.push(...failureRuleErrors(rule, spec, `${path}.podFailurePolicy.rules[${index}]`))
  return [...errors, ...validatePodTemplate(spec.template ?? {}, `${path}.template`)]
}

function restartErrors(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? 'Always'
  if (policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(path, policy, ['OnFailure', 'Never'])]
  if (spec.podFailurePolicy && policy !== 'Never')
    return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
  return []
}

function failureRuleErrors(rule: PodFailurePolicyRule, spec: JobSpec, path: string): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const errors: FieldError[] = []
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(
      invalid(path, rule, 'specifying both OnExitCodes and OnPodConditions is not supported'),
    )
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(
      invalid(path, rule, 'specifying one of OnExitCodes and OnPodConditions is required'),
    )
  const values = onExitCodes?.values ?? []
  for (const [index, value] of values.entries()) {
    const at = `${path}.onExitCodes.values[${index}]`
    if (value === 0 && onExitCodes?.operator === 'In')
      errors.push(invalid(at, value, 'must not be 0 for the In operator'))
    if (values.indexOf(value) < index) errors.push(duplicate(at, value))
  }
  return errors
}

/** Selector and template of a job itself, which those of a cron job's jobs are not. */
export function validateJobSelector(spec: JobSpec): FieldError[] {
  if (!spec.selector) return [required('spec.selector')]
  const errors = validateLabelSelector(spec.selector, 'spec.selector')
  const labels = spec.template?.metadata?.labels
  if (errors.length === 0 && !selectorOf(spec.selector).matches(labels))
    errors.push(
      invalid(
        'spec.template.metadata.labels',
        labels ?? {},
        '`selector` does not match template `labels`',
      ),
    )
  return errors
}

const fixedFields = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const

/** `open`: see mayChangeTemplate. */
export function validateJobUpdate(spec: JobSpec, old: JobSpec, open: boolean): FieldError[] {
  const errors = fixedFields.flatMap((field) => immutable(`spec.${field}`, spec[field], old[field]))
  if (!same(spec.completions, old.completions) && !scalesAsOne(spec, old))
    errors.push(...immutable('spec.completions', spec.completions, old.completions))
  const template = spec.template
  const before = open ? withPlacement(old.template, template) : old.template
  return [...errors, ...immutable('spec.template', template, before)]
}

/** While a job is suspended and none of its pods is left, its next pods may be placed elsewhere. */
export function mayChangeTemplate({ spec, status }: Job): boolean {
  const rests = (status?.conditions ?? []).some(
    ({ type, status: holds }) => type === 'Suspended' && holds === 'True',
  )
  return (
    spec?.suspend === true &&
    (status?.startTime === undefined || rests) &&
    (status?.active ?? 0) === 0
  )
}

/** An indexed job may grow and shrink when completions and parallelism stay equal. */
function scalesAsOne(spec: JobSpec, old: JobSpec): boolean {
  const equal = ({ completions, parallelism }: JobSpec) =>
    completions !== undefined && completions === parallelism
  return spec.completionMode === 'Indexed' && equal(spec) && equal(old)
}

const placement = ['nodeSelector', 'tolerations', 'schedulingGates'] as const

/** The old template with what may change taken from the new one: placement, and what containers get. */
function withPlacement(
  old: JobSpec['template'] | undefined,
  now: JobSpec['template'] | undefined,
): JobSpec['template'] {
  const spec = { ...old?.spec } as PodSpec
  for (const field of placement) Object.assign(spec, { [field]: now?.spec?.[field] })
  const { nodeAffinity: _, ...others } = old?.spec?.affinity ?? {}
  const nodeAffinity = now?.spec?.affinity?.nodeAffinity
  const affinity = { ...others, ...(nodeAffinity ? { nodeAffinity } : {}) }
  // To take the affinity away altogether is no more than to take that of nodes away.
  spec.affinity = Object.keys(affinity).length > 0 || now?.spec?.affinity ? affinity : undefined
  spec.containers = withResources(old?.spec?.containers, now?.spec?.containers) ?? []
  spec.initContainers = withResources(old?.spec?.initContainers, now?.spec?.initContainers)
  const { labels, annotations } = now?.metadata ?? {}
  const metadata = { ...old?.metadata, labels, annotations }
  return { ...old, ...(old?.metadata || now?.metadata ? { metadata } : {}), spec }
}

function withResources(
  old: readonly Container[] | undefined,
  now: readonly Container[] | undefined,
): Container[] | undefined {
  return old?.map((container, at) => ({ ...container, resources: now?.[at]?.resources }))
}

import { validateLastingTemplate } from '../core/validate-pod.ts'
import type { FieldError } from '../kind.ts'
import { selectorOf } from '../selector.ts'
import type { LabelSelector, PodTemplateSpec } from '../types.ts'
import { invalid } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'
import { isEmptySelector, validateLabelSelector } from '../validation/validate-selector.ts'

/** What the workloads of the group apps have alike. */
export interface WorkloadSpec {
  replicas?: number | undefined
  minReadySeconds?: number | undefined
  selector?: LabelSelector | undefined
  template?: PodTemplateSpec | undefined
}

/** Counts, selector and template (k8s.io/kubernetes pkg/apis/apps/validation/validation.go). */
export function validateWorkload(
  spec: WorkloadSpec,
  kind = 'deployment',
  validateTemplate = validateLastingTemplate,
): FieldError[] {
  const errors = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
  ]
  const { selector, template = {} } = spec
  if (selector) {
    errors.push(...validateLabelSelector(selector, 'spec.selector'))
    if (isEmptySelector(selector))
      errors.push(invalid('spec.selector', selector, `empty selector is invalid for ${kind}`))
  }
  const labels = template.metadata?.labels
  if (!selectsTemplate(selector, labels))
    errors.push(
      invalid(
        'spec.template.metadata.labels',
        labels ?? {},
        '`selector` does not match template `labels`',
      ),
    )
  return [...errors, ...validateTemplate(template, 'spec.template')]
}

/** False when the selector passes over the template's pods. One that is refused itself is not asked. */
function selectsTemplate(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (!selector) return false
  if (isEmptySelector(selector) || validateLabelSelector(selector, '').length > 0) return true
  return selectorOf(selector).matches(labels)
}

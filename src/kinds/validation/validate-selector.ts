import type { FieldError } from '../kind.ts'
import type { LabelSelector } from '../types.ts'
import { forbidden, invalid, invalids, required } from './field-error.ts'
import { labelValueProblems, qualifiedNameProblems } from './names.ts'
import { validateLabels } from './object-meta.ts'

/** apimachinery pkg/apis/meta/v1/validation/validation.go: ValidateLabelSelector */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  if (!selector) return []
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`)
  for (const [index, { key = '', operator, values = [] }] of (
    selector.matchExpressions ?? []
  ).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
        )
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          forbidden(
            `${at}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        )
    } else errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    errors.push(...invalids(`${at}.key`, key, qualifiedNameProblems(key)))
    for (const [item, value] of values.entries())
      errors.push(...invalids(`${at}.values[${item}]`, value, labelValueProblems(value)))
  }
  return errors
}

/** True when the selector selects by nothing, and so everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  const labels = Object.keys(selector.matchLabels ?? {}).length
  return labels === 0 && (selector.matchExpressions ?? []).length === 0
}

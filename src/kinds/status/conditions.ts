import { limits } from '../../base/limits.ts'
import type { FieldError } from '../kind.ts'
import {
  duplicate,
  invalid,
  invalids,
  notSupported,
  required,
  tooLong,
} from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'

/** A condition as metav1 has it; what is missing is at zero. */
export interface JudgedCondition {
  readonly type?: string | undefined
  readonly status?: string | undefined
  readonly observedGeneration?: number | undefined
  readonly lastTransitionTime?: string | undefined
  readonly reason?: string | undefined
  readonly message?: string | undefined
}

const statuses = ['False', 'True', 'Unknown']
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonForm = new RegExp(`^${reasonPattern}$`)
const reasonProblem =
  'a condition reason must start with alphabetic character, optionally followed by a string of ' +
  "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. " +
  "'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex " +
  `used for validation is '${reasonPattern}')`

/** apimachinery pkg/apis/meta/v1/validation/validation.go: ValidateConditions */
export function conditionErrors(
  conditions: readonly JudgedCondition[],
  path: string,
): FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap((condition, index) => {
    const at = `${path}[${index}]`
    const { type = '' } = condition
    const errors = seen.has(type) ? [duplicate(`${at}.type`, type)] : []
    seen.add(type)
    return [...errors, ...oneConditionErrors(condition, at)]
  })
}

function oneConditionErrors(condition: JudgedCondition, path: string): FieldError[] {
  const { type = '', status = '', observedGeneration = 0, reason = '', message = '' } = condition
  const errors = invalids(`${path}.type`, type, qualifiedNameProblems(type))
  if (!statuses.includes(status)) errors.push(notSupported(`${path}.status`, status, statuses))
  if (observedGeneration < 0)
    errors.push(
      invalid(
        `${path}.observedGeneration`,
        observedGeneration,
        'must be greater than or equal to zero',
      ),
    )
  if (!condition.lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`))
  if (reason === '') errors.push(required(`${path}.reason`))
  else if (!reasonForm.test(reason)) errors.push(invalid(`${path}.reason`, reason, reasonProblem))
  const { conditionReasonBytesMax, conditionMessageBytesMax } = limits
  if (Buffer.byteLength(reason) > conditionReasonBytesMax)
    errors.push(tooLong(`${path}.reason`, conditionReasonBytesMax))
  if (Buffer.byteLength(message) > conditionMessageBytesMax)
    errors.push(tooLong(`${path}.message`, conditionMessageBytesMax))
  return errors
}

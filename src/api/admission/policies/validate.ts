import { type Status, StatusError, statusCodes } from '../../../base/status.ts'
import {
  type CompiledValidation,
  compiledPolicy,
} from '../../../kinds/admissionregistration/compile-policy.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../kinds/types.ts'
import { forbidden } from '../../errors.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { nameOf } from '../matching/attributes.ts'
import { type Evaluation, evaluationsOf, isBoundTo, runExpression } from './evaluate.ts'
import type { BoundPolicy } from './policies.ts'
import { PolicyFailure } from './policy-failure.ts'

export type ValidatingPolicy = ValidatingAdmissionPolicy & AnyObject
export type ValidatingBinding = ValidatingAdmissionPolicyBinding & AnyObject

/** A validation that did not hold, or something that failed where failures count. */
interface Violation {
  readonly message: string
  readonly reason: string
}

/**
 * Judges a request by every bound ValidatingAdmissionPolicy: denies, warns, or writes down for the audit,
 * as the bindings say (apiserver pkg/admission/plugin/policy/validating/dispatcher.go). Throws the first
 * refusal.
 */
export function validateByPolicies(
  policies: readonly BoundPolicy<ValidatingPolicy, ValidatingBinding>[],
  attributes: Attributes,
): void {
  let refusal: StatusError | undefined
  for (const { policy, bindings } of policies)
    for (const binding of bindings) {
      const { spec } = binding
      if (!isBoundTo(policy.spec?.matchConstraints, spec?.matchResources, attributes)) continue
      for (const violation of violationsOf(policy, binding, attributes))
        refusal ??= act(policy, binding, violation, attributes)
    }
  if (refusal) throw refusal
}

function violationsOf(
  policy: ValidatingPolicy,
  binding: ValidatingBinding,
  attributes: Attributes,
): Violation[] {
  const { spec = {} } = policy
  const fails = (error: unknown): Violation[] => {
    if (!(error instanceof PolicyFailure)) throw error
    return spec.failurePolicy === 'Ignore' ? [] : [{ message: error.message, reason: '' }]
  }
  const compiled = compiledPolicy(spec)
  try {
    const asked = { paramKind: spec.paramKind, paramRef: binding.spec?.paramRef }
    return evaluationsOf(compiled, asked, attributes).flatMap((evaluation) =>
      compiled.validations.flatMap((validation) => {
        try {
          return judged(validation, evaluation)
        } catch (error) {
          return fails(error)
        }
      }),
    )
  } catch (error) {
    return fails(error)
  }
}

function judged(
  { source, expression, message }: CompiledValidation,
  evaluation: Evaluation,
): Violation[] {
  if (runExpression(expression, source.expression, evaluation) === true) return []
  const told = message && messageOf(message, source.messageExpression ?? '', evaluation)
  return [
    {
      message: told ?? (source.message || `failed expression: ${source.expression.trim()}`),
      reason: source.reason ?? '',
    },
  ]
}

/** What the messageExpression says; undefined when that is nothing that can be shown. */
function messageOf(
  program: NonNullable<CompiledValidation['message']>,
  source: string,
  evaluation: Evaluation,
): string | undefined {
  try {
    const text = runExpression(program, source, evaluation)
    return typeof text === 'string' && text.trim() !== '' && !/[\r\n]/.test(text)
      ? text.trim()
      : undefined
  } catch (error) {
    if (error instanceof PolicyFailure) return undefined
    throw error
  }
}

/** Carries out a binding's actions. Returns the refusal, if it is to deny. */
function act(
  policy: ValidatingPolicy,
  binding: ValidatingBinding,
  { message, reason }: Violation,
  attributes: Attributes,
): StatusError | undefined {
  const { context } = attributes
  const actions = binding.spec?.validationActions ?? ['Deny']
  const names = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`
  if (actions.includes('Warn'))
    context.warnings.push(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
  if (!actions.includes('Deny')) return undefined
  const text = `ValidatingAdmissionPolicy ${names} denied request: ${message}`
  const known = forbidden(context.kind, nameOf(attributes), text, [{ reason: '', message: text }])
  const chosen = (reason || 'Invalid') as keyof typeof statusCodes
  const code = statusCodes[chosen] ?? statusCodes.Invalid
  return new StatusError({ ...known.status, reason: chosen, code } as Status)
}

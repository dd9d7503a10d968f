import { limits } from '../../../base/limits.ts'
import { type Status, StatusError, statusCodes } from '../../../base/status.ts'
import {
  type CompiledPolicy,
  type CompiledValidation,
  compiledPolicy,
} from '../../../kinds/admissionregistration/compile-policy.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../kinds/types.ts'
import { annotate } from '../../context.ts'
import { forbidden } from '../../errors.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { shownNameOf } from '../matching/attributes.ts'
import { boundTo, type Evaluation, evaluationOf, runExpression } from './evaluate.ts'
import { paramsOf } from './params.ts'
import type { BoundPolicy } from './policies.ts'
import { PolicyFailure } from './policy-failure.ts'

export type ValidatingPolicy = ValidatingAdmissionPolicy & AnyObject
export type ValidatingBinding = ValidatingAdmissionPolicyBinding & AnyObject

/** A validation that did not hold, or something that failed where failures count. */
interface Violation {
  readonly message: string
  readonly reason: string
  /** Of the validation; 0 for what is none. */
  readonly index: number
}

interface Judgement {
  readonly violations: readonly Violation[]
  /** Failures that refuse whatever the binding's actions are. */
  readonly refusals: readonly string[]
  /** For the audit log, by key. */
  readonly notes: readonly (readonly [key: string, value: string])[]
}

/**
 * Judges a request by every bound ValidatingAdmissionPolicy: denies, warns, or writes down for the audit,
 * as the bindings say (apiserver pkg/admission/plugin/policy/validating/dispatcher.go). Throws the first
 * refusal.
 */
export async function validateByPolicies(
  policies: readonly BoundPolicy<ValidatingPolicy, ValidatingBinding>[],
  attributes: Attributes,
): Promise<void> {
  let refusal: StatusError | undefined
  for (const { policy, bindings } of policies) {
    const notes = new Map<string, Set<string>>()
    for (const binding of bindings) {
      const { spec } = binding
      const constraints = policy.spec?.matchConstraints
      const seen = await boundTo(constraints, spec?.matchResources, attributes)
      if (!seen) continue
      const judgement = await judgedBy(policy, binding, seen)
      for (const [key, value] of judgement.notes)
        notes.set(key, (notes.get(key) ?? new Set()).add(value))
      for (const violation of judgement.violations)
        refusal ??= act(policy, binding, violation, attributes)
      for (const message of judgement.refusals)
        refusal ??= denied(policy, binding, { message, reason: '' }, attributes)
    }
    for (const [key, values] of notes)
      annotate(attributes.context, `${policy.metadata.name}/${key}`, [...values].join(', '))
  }
  if (refusal) throw refusal
}

async function judgedBy(
  policy: ValidatingPolicy,
  binding: ValidatingBinding,
  attributes: Attributes,
): Promise<Judgement> {
  const { spec = {} } = policy
  const violations: Violation[] = []
  const refusals: string[] = []
  const notes: [key: string, value: string][] = []
  /** What a failure means is the policy's to say. */
  const trying = async (failed: (message: string) => void, work: () => void | Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof PolicyFailure)) throw error
      if (spec.failurePolicy !== 'Ignore') failed(error.message)
    }
  }
  const violated = (index: number) => (message: string) =>
    violations.push({ message, reason: '', index })
  const refused = (message: string) => refusals.push(message)
  const compiled = compiledPolicy(spec)
  const judge = async (param: AnyObject | undefined): Promise<void> => {
    const evaluation = evaluationOf(compiled, param, attributes)
    if (!evaluation) return
    for (const [index, validation] of compiled.validations.entries())
      await trying(violated(index), () => {
        const violation = judged(validation, evaluation)
        if (violation) violations.push({ ...violation, index })
      })
    for (const annotation of compiled.annotations)
      await trying(refused, () => {
        const value = noteOf(annotation, spec, evaluation)
        if (value !== undefined) notes.push([annotation.key, value])
      })
  }
  await trying(refused, async () => {
    const asked = { paramKind: spec.paramKind, paramRef: binding.spec?.paramRef }
    for (const param of await paramsOf(asked, attributes))
      await trying(violated(0), () => judge(param))
  })
  return { violations, refusals, notes }
}

/** The value of an audit annotation; undefined when there is to be none. */
function noteOf(
  { key, program }: CompiledPolicy['annotations'][number],
  spec: NonNullable<ValidatingPolicy['spec']>,
  evaluation: Evaluation,
): string | undefined {
  const source = spec.auditAnnotations?.find((one) => one.key === key)?.valueExpression ?? ''
  const value = runExpression(program, source, evaluation)
  if (typeof value !== 'string' || value.trim() === '') return undefined
  return value.trim().slice(0, limits.auditAnnotationLengthMax)
}

function judged(
  { source, expression, message }: CompiledValidation,
  evaluation: Evaluation,
): Omit<Violation, 'index'> | undefined {
  if (runExpression(expression, source.expression, evaluation) === true) return undefined
  const told = message && messageOf(message, source.messageExpression ?? '', evaluation)
  return {
    message: told ?? (source.message?.trim() || `failed expression: ${source.expression.trim()}`),
    reason: source.reason ?? '',
  }
}

/** What the messageExpression says; undefined when that is nothing that can be shown. */
function messageOf(
  program: NonNullable<CompiledValidation['message']>,
  source: string,
  evaluation: Evaluation,
): string | undefined {
  try {
    const text = runExpression(program, source, evaluation)
    const told = typeof text === 'string' ? text.trim() : ''
    const isShown = !told.includes('\n') && Buffer.byteLength(told) <= limits.celMessageBytesMax
    return told !== '' && isShown ? told : undefined
  } catch (error) {
    if (error instanceof PolicyFailure) return undefined
    throw error
  }
}

/** Carries out a binding's actions. Returns the refusal, if it is to deny. */
function act(
  policy: ValidatingPolicy,
  binding: ValidatingBinding,
  { message, reason, index }: Violation,
  attributes: Attributes,
): StatusError | undefined {
  const { context } = attributes
  const actions = binding.spec?.validationActions ?? ['Deny']
  const names = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`
  if (actions.includes('Warn'))
    context.warnings.push(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
  if (actions.includes('Audit'))
    annotate(
      context,
      'validation.policy.admission.k8s.io/validation_failure',
      JSON.stringify([
        {
          message,
          ...{ policy: policy.metadata.name, binding: binding.metadata.name },
          ...{ expressionIndex: index, validationActions: actions },
        },
      ]),
    )
  return actions.includes('Deny')
    ? denied(policy, binding, { message, reason }, attributes)
    : undefined
}

function denied(
  policy: ValidatingPolicy,
  binding: ValidatingBinding,
  { message, reason }: Pick<Violation, 'message' | 'reason'>,
  attributes: Attributes,
): StatusError {
  const names = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`
  const text = `ValidatingAdmissionPolicy ${names} denied request: ${message}`
  const known = forbidden(attributes.context.kind, shownNameOf(attributes), text, [
    { reason: '', message: text },
  ])
  const chosen = (reason || 'Invalid') as keyof typeof statusCodes
  const code = statusCodes[chosen] ?? statusCodes.Invalid
  return new StatusError({ ...known.status, reason: chosen, code } as Status)
}

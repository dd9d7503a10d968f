import { isStatus, type StatusError } from '../../../base/status.ts'
import {
  type CompiledPolicy,
  compiledPolicy,
} from '../../../kinds/admissionregistration/compile-policy.ts'
import { isListValue } from '../../../kinds/cel/values.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import { jsonOf } from '../../../kinds/structural/cel-values.ts'
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../kinds/types.ts'
import { shapeOf } from '../../apply/shape.ts'
import { merge } from '../../apply/typed-merge.ts'
import { forbidden } from '../../errors.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { sameJson } from '../../handlers/write-object.ts'
import { applyJsonPatch } from '../../patch/json-patch.ts'
import { copyJson, copyRecord, isRecord, type Json } from '../../patch/json-value.ts'
import { nameOf, objectKindOf, shownObject } from '../matching/attributes.ts'
import { asRequested } from '../matching/versions.ts'
import { boundTo, type Evaluation, evaluationsOf, runExpression } from './evaluate.ts'
import type { BoundPolicy } from './policies.ts'
import { PolicyFailure } from './policy-failure.ts'

export type MutatingPolicy = MutatingAdmissionPolicy & AnyObject
export type MutatingBinding = MutatingAdmissionPolicyBinding & AnyObject
type Bound = BoundPolicy<MutatingPolicy, MutatingBinding>

/**
 * The object as bound MutatingAdmissionPolicies leave it. Those that ask for it run once more when others
 * changed the object after them (apiserver pkg/admission/plugin/policy/mutating/dispatcher.go).
 * `read` makes an object of what a change leaves. Throws Forbidden for failures that count.
 */
export async function mutateByPolicies(
  policies: readonly Bound[],
  attributes: Attributes,
  read: (attributes: Attributes, value: AnyObject) => AnyObject,
): Promise<AnyObject | undefined> {
  let { object } = attributes
  const left = new Map<Bound, AnyObject | undefined>()
  const round = async (candidates: readonly Bound[]): Promise<void> => {
    for (const bound of candidates) {
      object = await mutatedBy(bound, { ...attributes, object }, read)
      left.set(bound, object)
    }
  }
  await round(policies)
  const again = policies.filter(
    (one) => one.policy.spec?.reinvocationPolicy === 'IfNeeded' && !sameJson(left.get(one), object),
  )
  if (again.length > 0) await round(again)
  return object
}

async function mutatedBy(
  { policy, bindings }: Bound,
  attributes: Attributes,
  read: (attributes: Attributes, value: AnyObject) => AnyObject,
): Promise<AnyObject | undefined> {
  const { spec = {} } = policy
  let { object } = attributes
  for (const binding of bindings) {
    const now = { ...attributes, object }
    const { matchResources, paramRef } = binding.spec ?? {}
    const seen = object && (await boundTo(spec.matchConstraints, matchResources, now))
    if (!seen) continue
    let changed = seen.object
    try {
      const compiled = compiledPolicy(spec)
      const count = evaluationsOf(compiled, { paramKind: spec.paramKind, paramRef }, seen).length
      for (let index = 0; index < count; index += 1) {
        const asked = { paramKind: spec.paramKind, paramRef }
        changed = mutated(compiled, asked, index, { ...seen, object: changed }, read)
        if (changed) object = await asRequested(seen, changed)
      }
    } catch (error) {
      if (!(error instanceof PolicyFailure)) throw error
      if (spec.failurePolicy !== 'Ignore') throw refusal(policy, binding, error, now)
    }
  }
  return object
}

type Asked = Parameters<typeof evaluationsOf>[1]

/** Each mutation sees what those before it did. */
function mutated(
  compiled: CompiledPolicy,
  asked: Asked,
  index: number,
  attributes: Attributes,
  read: (attributes: Attributes, value: AnyObject) => AnyObject,
): AnyObject | undefined {
  let { object } = attributes
  for (const mutation of compiled.mutations) {
    const evaluation = evaluationsOf(compiled, asked, { ...attributes, object })[index]
    if (!evaluation || !object) return object
    object = read(attributes, changed(mutation, evaluation, { ...attributes, object }))
  }
  return object
}

function changed(
  { source, program }: CompiledPolicy['mutations'][number],
  evaluation: Evaluation,
  attributes: Attributes,
): AnyObject {
  const isPatch = source.patchType === 'JSONPatch'
  const text = (isPatch ? source.jsonPatch : source.applyConfiguration)?.expression ?? ''
  const value = runExpression(program, text, evaluation)
  const before = copyRecord(shownObject(attributes, attributes.object) ?? {})
  if (isPatch) {
    if (!isListValue(value)) throw new PolicyFailure(`expression '${text}' gave no list of changes`)
    const result = patched(before, copyJson(value.map(jsonOf)), text)
    if (isRecord(result)) return { metadata: {}, ...result } as unknown as AnyObject
    throw new PolicyFailure(`the changes of '${text}' leave no object`)
  }
  const applied = copyJson(jsonOf(value))
  if (!isRecord(applied)) throw new PolicyFailure(`expression '${text}' gave no object`)
  for (const field of ['apiVersion', 'kind'])
    if (applied[field] !== undefined && applied[field] !== before[field])
      throw new PolicyFailure(`must not change ${field} by an apply configuration`)
  return merge(shapeOf(objectKindOf(attributes)), before, applied) as unknown as AnyObject
}

function patched(document: Json, patch: Json, text: string): Json {
  try {
    return applyJsonPatch(document, patch)
  } catch (error) {
    if (isStatus(error, 'BadRequest', 'Invalid'))
      throw new PolicyFailure(`the changes of '${text}' do not apply: ${(error as Error).message}`)
    throw error
  }
}

function refusal(
  policy: MutatingPolicy,
  binding: MutatingBinding,
  error: PolicyFailure,
  attributes: Attributes,
): StatusError {
  const text =
    `MutatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' ` +
    `denied request: ${error.message}`
  return forbidden(attributes.context.kind, nameOf(attributes), text)
}

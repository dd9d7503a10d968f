import { isStatus, type Status, StatusError } from '../../../base/status.ts'
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
import { applyJsonPatch, FailedTest } from '../../patch/json-patch.ts'
import { copyJson, copyRecord, isRecord, type Json } from '../../patch/json-value.ts'
import { objectKindOf, shownNameOf, shownObject } from '../matching/attributes.ts'
import { Reinvocation } from '../matching/reinvocation.ts'
import { asRequested } from '../matching/versions.ts'
import { atomicsIn } from './atomics.ts'
import { boundTo, type Evaluation, evaluationOf, runExpression, unconditional } from './evaluate.ts'
import { paramsOf } from './params.ts'
import type { BoundPolicy } from './policies.ts'
import { PolicyFailure } from './policy-failure.ts'

export type MutatingPolicy = MutatingAdmissionPolicy & AnyObject
export type MutatingBinding = MutatingAdmissionPolicyBinding & AnyObject
type Bound = BoundPolicy<MutatingPolicy, MutatingBinding>

/** What makes an object of what a change leaves. */
type Read = (attributes: Attributes, value: AnyObject) => AnyObject

/** A mutation that failed where failures count. */
interface Refusal {
  readonly message: string
  readonly reason: string
}

/**
 * The bound MutatingAdmissionPolicies at work on one request
 * (apiserver pkg/admission/plugin/policy/mutating/dispatcher.go).
 */
export class PolicyMutations {
  readonly #policies: readonly Bound[]
  readonly #read: Read
  /** By policy, binding and parameter. */
  readonly #asked = new Reinvocation<string>()
  #left: unknown

  constructor(policies: readonly Bound[], read: Read) {
    this.#policies = policies
    this.#read = read
  }

  get isChanged(): boolean {
    return this.#asked.isChanged
  }

  /**
   * The object as they leave it; the second time only those run that wish to when others changed it after
   * them. Throws Forbidden for failures that count.
   */
  async round(attributes: Attributes): Promise<AnyObject | undefined> {
    if (this.#policies.length === 0) return attributes.object
    if (this.#left !== undefined)
      this.#asked.beginAgain(!sameJson(this.#left, attributes.object ?? null))
    let { object } = attributes
    const refusals: Refusal[] = []
    for (const { policy, bindings } of this.#policies)
      for (const binding of bindings) {
        const now = { ...attributes, object }
        const { matchResources } = binding.spec ?? {}
        const constraints = policy.spec?.matchConstraints
        const seen = object && (await boundTo(constraints, matchResources, now))
        if (seen) object = await this.#mutated(policy, binding, seen, object, refusals)
      }
    const [first] = refusals
    if (first) throw refused(first, refusals, attributes)
    this.#left = structuredClone(object ?? null)
    return object
  }

  async #mutated(
    policy: MutatingPolicy,
    binding: MutatingBinding,
    seen: Attributes,
    object: AnyObject | undefined,
    refusals: Refusal[],
  ): Promise<AnyObject | undefined> {
    const { spec = {} } = policy
    const refuse = (error: unknown) => {
      if (!(error instanceof PolicyFailure)) throw error
      if (spec.failurePolicy !== 'Ignore') refusals.push(refusalOf(policy, binding, error))
    }
    const asked = { paramKind: spec.paramKind, paramRef: binding.spec?.paramRef }
    const compiled = compiledPolicy(spec)
    let changed = seen.object
    let params: readonly (AnyObject | undefined)[] = []
    try {
      params = await paramsOf(asked, seen)
    } catch (error) {
      refuse(error)
    }
    for (const param of params) {
      const key = keyOf(policy, binding, param)
      const before = changed
      try {
        if (!hold(compiled, param, { ...seen, object: changed }) || !this.#asked.isDue(key))
          continue
        changed = mutated(compiled, param, { ...seen, object: changed }, this.#read, refuse)
      } catch (error) {
        refuse(error)
        continue
      }
      const isChanged = !sameJson(before, changed)
      this.#asked.asked(key, {
        changed: isChanged,
        ifNeeded: spec.reinvocationPolicy === 'IfNeeded',
      })
    }
    return changed && changed !== seen.object ? await asRequested(seen, changed) : object
  }
}

function keyOf(policy: AnyObject, binding: AnyObject, param: AnyObject | undefined): string {
  const of = param ? `${param.metadata.namespace ?? ''}/${param.metadata.name}` : ''
  return `${policy.metadata.name} ${binding.metadata.name} ${of}`
}

function hold(
  compiled: CompiledPolicy,
  param: AnyObject | undefined,
  attributes: Attributes,
): boolean {
  return evaluationOf(compiled, param, attributes) !== undefined
}

/** Each mutation sees what those before it did, and goes on where they failed. */
function mutated(
  compiled: CompiledPolicy,
  param: AnyObject | undefined,
  attributes: Attributes,
  read: Read,
  refuse: (error: unknown) => void,
): AnyObject | undefined {
  let { object } = attributes
  for (const mutation of compiled.mutations) {
    if (!object) return object
    try {
      const evaluation = unconditional(compiled, param, { ...attributes, object })
      object = read(attributes, changed(mutation, evaluation, { ...attributes, object }))
    } catch (error) {
      refuse(error)
    }
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
    if (result === undefined) return attributes.object as AnyObject
    if (isRecord(result)) return { metadata: {}, ...result } as unknown as AnyObject
    throw new PolicyFailure(`the changes of '${text}' leave no object`)
  }
  const applied = copyJson(jsonOf(value))
  if (!isRecord(applied)) throw new PolicyFailure(`expression '${text}' gave no object`)
  for (const field of ['apiVersion', 'kind'])
    if (applied[field] !== undefined && applied[field] !== before[field])
      throw new PolicyFailure(`must not change ${field} by an apply configuration`)
  const shape = shapeOf(objectKindOf(attributes))
  const atomics = atomicsIn(shape, applied)
  if (atomics.length > 0)
    throw new PolicyFailure(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    )
  return merge(shape, before, applied) as unknown as AnyObject
}

/** Undefined where a test in it does not hold: then nothing of it is meant. */
function patched(document: Json, patch: Json, text: string): Json | undefined {
  try {
    return applyJsonPatch(document, patch)
  } catch (error) {
    if (error instanceof FailedTest) return undefined
    if (isStatus(error, 'BadRequest', 'Invalid'))
      throw new PolicyFailure(`the changes of '${text}' do not apply: ${(error as Error).message}`)
    throw error
  }
}

function refusalOf(
  policy: MutatingPolicy,
  binding: MutatingBinding,
  { message, isConfiguration }: PolicyFailure,
): Refusal {
  const by = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}'`
  // What is wrong with the binding says nothing of the request.
  return {
    message: `${by} denied request: ${message}`,
    reason: isConfiguration ? 'Forbidden' : 'Invalid',
  }
}

/** The first refusal speaks, all of them are causes (plugin/policy/generic/policy_dispatcher.go). */
function refused(
  { message, reason }: Refusal,
  all: readonly Refusal[],
  attributes: Attributes,
): StatusError {
  const causes = all.map((one) => ({ reason: '', message: one.message }))
  const { status } = forbidden(attributes.context.kind, shownNameOf(attributes), message, causes)
  return new StatusError({ ...status, message, reason } as Status)
}

import { limits } from '../../../base/limits.ts'
import type {
  Compiled,
  CompiledPolicy,
} from '../../../kinds/admissionregistration/compile-policy.ts'
import { Budget } from '../../../kinds/cel/budget.ts'
import { CelCostError, CelRuntimeError } from '../../../kinds/cel/errors.ts'
import type { Lookup } from '../../../kinds/cel/evaluator.ts'
import type { MapValue, Value } from '../../../kinds/cel/values.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import { celValueOf } from '../../../kinds/structural/cel-values.ts'
import type { MatchResources } from '../../../kinds/types.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { outOfBudget } from '../matching/conditions.ts'
import { admissionLookup } from '../matching/expression-values.ts'
import {
  isExemptFromPolicies,
  namespaceObject,
  selectedKind,
  selectionOf,
} from '../matching/match-rules.ts'
import { seenAs } from '../matching/versions.ts'
import { PolicyFailure } from './policy-failure.ts'

/** A policy at work on one request, with one set of parameters. */
export interface Evaluation {
  readonly lookup: Lookup
  readonly budget: Budget
}

/** The request as a policy sees it, when policy and binding are about it. */
export async function boundTo(
  policy: MatchResources | undefined,
  binding: MatchResources | undefined,
  attributes: Attributes,
): Promise<Attributes | undefined> {
  if (isExemptFromPolicies(attributes) || policy === undefined) return undefined
  const kind = selectedKind(selectionOf(policy), attributes)
  if (!kind || (binding && !selectedKind(selectionOf(binding), attributes))) return undefined
  return await seenAs(attributes, kind)
}

/** The evaluation of a policy with one of its parameters; undefined where conditions do not hold. Throws PolicyFailure. */
export function evaluationOf(
  compiled: CompiledPolicy,
  param: AnyObject | undefined,
  attributes: Attributes,
): Evaluation | undefined {
  const evaluation = unconditional(compiled, param, attributes)
  return holds(compiled, evaluation) ? evaluation : undefined
}

/** As `evaluationOf`, whatever the conditions say. */
export function unconditional(
  compiled: CompiledPolicy,
  param: AnyObject | undefined,
  attributes: Attributes,
): Evaluation {
  const budget = new Budget(limits.celRequestCostMax)
  return { lookup: lookupOf(compiled, param, attributes, budget), budget }
}

function holds({ conditions }: CompiledPolicy, { lookup }: Evaluation): boolean {
  const evaluation = { lookup, budget: new Budget(limits.celConditionsCostMax) }
  const failures: PolicyFailure[] = []
  for (const { program, source } of conditions) {
    try {
      if (runExpression(program, source, evaluation) === false) return false
    } catch (error) {
      if (!(error instanceof PolicyFailure)) throw error
      failures.push(error)
    }
  }
  const [first, ...others] = failures
  if (!first) return true
  if (others.length === 0) throw first
  throw new PolicyFailure(`[${failures.map(({ message }) => message).join(', ')}]`)
}

/** Throws PolicyFailure for an expression that does not compile, fails, or costs too much. */
export function runExpression(
  program: Compiled,
  source: string,
  { lookup, budget }: Evaluation,
): Value {
  const fail = (why: string) =>
    new PolicyFailure(`expression '${source}' resulted in error: ${why}`)
  if (typeof program === 'string') throw fail(program)
  try {
    return program.run(lookup, budget)
  } catch (error) {
    if (error instanceof CelCostError && budget.left <= 0) throw new PolicyFailure(outOfBudget)
    if (error instanceof CelRuntimeError || error instanceof CelCostError) throw fail(error.message)
    throw error
  }
}

function lookupOf(
  compiled: CompiledPolicy,
  params: AnyObject | undefined,
  attributes: Attributes,
  budget: Budget,
): Lookup {
  const lookup: Lookup = admissionLookup(attributes, {
    params: () => celValueOf(params ?? null),
    namespaceObject: () => celValueOf(namespaceObject(attributes.context) ?? null),
    variables: () => new Variables(compiled, { lookup: (name) => lookup(name), budget }),
  })
  return lookup
}

/** `variables`: each is worked out once, when an expression first names it. */
class Variables implements MapValue {
  readonly isMap = true
  readonly typeName = 'kubernetes.variables'
  readonly #programs: ReadonlyMap<string, { readonly source: string; readonly program: Compiled }>
  readonly #evaluation: Evaluation
  readonly #known = new Map<string, Value>()

  constructor({ variables }: CompiledPolicy, evaluation: Evaluation) {
    this.#programs = new Map(
      variables.map(({ name, source, program }) => [name, { source, program }]),
    )
    this.#evaluation = evaluation
  }

  get size(): number {
    return this.#programs.size
  }

  keys(): readonly Value[] {
    return [...this.#programs.keys()]
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const variable = this.#programs.get(key)
    if (!variable) return undefined
    const { program, source } = variable
    if (typeof program === 'string')
      throw new CelRuntimeError(`variable '${key}': ${source}: ${program}`)
    const value = program.run(this.#evaluation.lookup, this.#evaluation.budget)
    this.#known.set(key, value)
    return value
  }
}

import { limits } from '../../../base/limits.ts'
import { conditionEnvironment } from '../../../kinds/admissionregistration/expressions.ts'
import { Budget } from '../../../kinds/cel/budget.ts'
import type { Program } from '../../../kinds/cel/environment.ts'
import { CelCompileError, CelCostError, CelRuntimeError } from '../../../kinds/cel/errors.ts'
import type { MatchCondition } from '../../../kinds/types.ts'
import { forbidden } from '../../errors.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { shownNameOf } from './attributes.ts'
import { admissionLookup } from './expression-values.ts'

/** `matchConditions` of webhooks (apiserver pkg/admission/plugin/webhook/matchconditions/matcher.go). */

/** What is said instead of all else when expressions together cost more than they may. */
export const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run'

const compiled = new WeakMap<MatchCondition, Program | CelCompileError>()

/**
 * True when all conditions hold. One that is false decides, whatever fails beside it. Throws Forbidden
 * for one that fails where failures count.
 */
export function conditionsHold(
  conditions: readonly MatchCondition[],
  attributes: Attributes,
  failurePolicy: string,
): boolean {
  if (conditions.length === 0) return true
  const lookup = admissionLookup(attributes)
  const budget = new Budget(limits.celConditionsCostMax)
  const failures: string[] = []
  for (const condition of conditions) {
    const outcome = evaluated(condition, lookup, budget)
    if (outcome === false) return false
    if (outcome === true) continue
    failures.push(outcome)
    if (budget.left > 0) continue
    failures.splice(0, failures.length, outOfBudget)
    break
  }
  if (failures.length === 0) return true
  if (failurePolicy === 'Ignore') return false
  const [first = ''] = failures
  const why = failures.length === 1 ? first : `[${failures.join(', ')}]`
  throw forbidden(attributes.context.kind, shownNameOf(attributes), why)
}

function evaluated(
  condition: MatchCondition,
  lookup: ReturnType<typeof admissionLookup>,
  budget: Budget,
): boolean | string {
  try {
    return programOf(condition).run(lookup, budget) === true
  } catch (error) {
    const isExpected =
      error instanceof CelRuntimeError ||
      error instanceof CelCostError ||
      error instanceof CelCompileError
    if (!isExpected) throw error
    return `expression '${condition.expression}' resulted in error: ${error.message}`
  }
}

/** Throws CelCompileError: one that was stored before it was checked. */
function programOf(condition: MatchCondition): Program {
  const known = compiled.get(condition)
  if (known instanceof CelCompileError) throw known
  if (known) return known
  try {
    const program = conditionEnvironment.compile(condition.expression)
    compiled.set(condition, program)
    return program
  } catch (error) {
    if (error instanceof CelCompileError) compiled.set(condition, error)
    throw error
  }
}

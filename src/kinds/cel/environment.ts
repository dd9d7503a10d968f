import { limits } from '../../base/limits.ts'
import type { Expression } from './ast.ts'
import { Budget } from './budget.ts'
import { type Checked, check, type Scope } from './checker.ts'
import type { SizeOf } from './cost/core.ts'
import { estimateCost } from './cost/estimate.ts'
import { lowered } from './cost/lower.ts'
import type { Range } from './cost/range.ts'
import { CelInstantiationError, CelRuntimeError } from './errors.ts'
import { evaluate, type Lookup } from './evaluator.ts'
import { FunctionTable, type Overload } from './functions.ts'
import { addressFunctions } from './library/addresses.ts'
import { arrangedLists } from './library/arranged-lists.ts'
import { conversions, sizeFunctions } from './library/conversions.ts'
import { listFunctions } from './library/lists.ts'
import { formatFunctions } from './library/named-formats.ts'
import { operators } from './library/operators.ts'
import { optionalFunctions } from './library/optionals.ts'
import { quantityFunctions } from './library/quantities.ts'
import { regexFunctions } from './library/regex.ts'
import { semverFunctions } from './library/semantic-versions.ts'
import { stringFunctions } from './library/strings.ts'
import { timeFunctions } from './library/times.ts'
import { urlFunctions } from './library/urls.ts'
import { parse } from './parser.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { ObjectType, Type } from './types.ts'
import type { Value } from './values.ts'

/** What Kubernetes v1.36 offers to every expression (apiserver pkg/cel/environment/base.go). */
const standardLibraries: readonly (readonly Overload[])[] = [
  operators,
  conversions,
  sizeFunctions,
  stringFunctions,
  timeFunctions,
  listFunctions,
  arrangedLists,
  optionalFunctions,
  regexFunctions,
  urlFunctions,
  addressFunctions,
  quantityFunctions,
  semverFunctions,
  formatFunctions,
]
const standardFunctions = new FunctionTable(standardLibraries)

export interface EnvironmentOptions {
  readonly variables: ReadonlyMap<string, Type>
  /** Types of `Name{…}`; none when left out. */
  readonly message?: (name: string) => ObjectType | undefined
  /** Beyond the standard ones. */
  readonly libraries?: readonly (readonly Overload[])[]
}

/** Variables and functions that expressions are compiled against. */
export class Environment {
  readonly #scope: Scope

  constructor({ variables, message, libraries = [] }: EnvironmentOptions) {
    const functions =
      libraries.length === 0
        ? standardFunctions
        : new FunctionTable([...standardLibraries, ...libraries])
    this.#scope = { functions, variables, message: message ?? (() => undefined) }
  }

  /** Throws CelCompileError. */
  compile(source: string): Program {
    const expression = parse(source)
    const checked = check(source, expression, this.#scope)
    return new Program(source, expression, checked, prepared(expression, checked))
  }
}

function prepared(expression: Expression, checked: Checked): Prepared {
  try {
    return prepare(expression, checked)
  } catch (error) {
    if (error instanceof CelRuntimeError) throw new CelInstantiationError(error.message)
    throw error
  }
}

/** A compiled expression. */
export class Program {
  readonly source: string
  readonly type: Type
  readonly #expression: Expression
  readonly #checked: Checked
  readonly #prepared: Prepared

  constructor(source: string, expression: Expression, checked: Checked, ready: Prepared) {
    this.source = source
    this.type = checked.type
    this.#expression = expression
    this.#checked = checked
    this.#prepared = ready
  }

  /**
   * Throws CelRuntimeError, and CelCostError past what one call may cost
   * (apiserver pkg/apis/cel/config.go PerCallLimit).
   */
  run(lookup: Lookup, budget: Budget = new Budget(limits.celCallCostMax)): Value {
    return budget.within(limits.celCallCostMax, (part) => evaluate(this.#prepared, lookup, part))
  }

  /** What it may cost with values of these sizes, from the least to the most. */
  estimate(sizeOf: SizeOf): Range {
    return estimateCost(lowered(this.#expression, this.#checked), sizeOf)
  }

  /** True when the expression speaks of a variable of the environment. */
  mentions(name: string): boolean {
    return this.#checked.variables.has(name)
  }
}

import type { Budget } from './budget.ts'
import type { Type } from './types.ts'
import { isListValue, type Value } from './values.ts'

/** One way to call a function: with these types, giving that one. */
export interface Overload {
  readonly name: string
  /** The receiver comes first when `isMethod`. */
  readonly parameters: readonly Type[]
  readonly isMethod: boolean
  readonly result: Type
  /** Throws CelRuntimeError. Spends what it costs beyond the call itself. */
  run(values: readonly Value[], budget: Budget): Value
}

type Run<Values extends readonly Value[]> = (...values: [...Values, Budget]) => Value

/** A function `name(parameters…)`. */
export function define<Values extends readonly Value[]>(
  name: string,
  parameters: readonly Type[],
  result: Type,
  run: Run<Values>,
): Overload {
  return overload(name, parameters, false, result, run)
}

/** A method `receiver.name(parameters…)`. */
export function method<Values extends readonly Value[]>(
  receiver: Type,
  name: string,
  parameters: readonly Type[],
  result: Type,
  run: Run<Values>,
): Overload {
  return overload(name, [receiver, ...parameters], true, result, run)
}

function overload<Values extends readonly Value[]>(
  name: string,
  parameters: readonly Type[],
  isMethod: boolean,
  result: Type,
  run: Run<Values>,
): Overload {
  return {
    name,
    parameters,
    isMethod,
    result,
    run: caller(run, parameters.length),
  }
}

type Loose = (...values: unknown[]) => Value

/** Passes values on without making a list of them: most functions have one or two. */
function caller<Values extends readonly Value[]>(run: Run<Values>, count: number): Overload['run'] {
  const loose = run as unknown as Loose
  if (count === 1) return (values, budget) => loose(values[0], budget)
  if (count === 2) return (values, budget) => loose(values[0], values[1], budget)
  return (values, budget) => loose(...values, budget)
}

/** How much there is to look at in a text, list or bytes: what going through it costs. */
export function lengthOf(value: Value): number {
  if (typeof value === 'string' || isListValue(value) || value instanceof Uint8Array)
    return value.length
  return 1
}

/** All functions of an environment, by name. */
export class FunctionTable {
  readonly #byName = new Map<string, Overload[]>()

  constructor(libraries: readonly (readonly Overload[])[]) {
    for (const one of libraries.flat()) {
      const known = this.#byName.get(one.name)
      if (known) known.push(one)
      else this.#byName.set(one.name, [one])
    }
  }

  /** Those that a call with so many values, receiver included, may mean. */
  candidates(name: string, isMethod: boolean, count: number): readonly Overload[] {
    const known = this.#byName.get(name) ?? []
    return known.filter((one) => one.isMethod === isMethod && one.parameters.length === count)
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }
}

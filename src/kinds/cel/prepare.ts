import type { Expression } from './ast.ts'
import { Budget } from './budget.ts'
import type { Checked } from './checker.ts'
import { CelRuntimeError } from './errors.ts'
import type { Overload } from './functions.ts'
import { boolType, holds, parameter, type Type } from './types.ts'
import { isListValue, keyOf, LiteralMap, TypeValue, Uint, type Value } from './values.ts'

/** An expression ready to run. */
export interface Prepared {
  readonly expression: Expression
  readonly calls: ReadonlyMap<Expression, readonly Overload[]>
  readonly dotted: ReadonlyMap<Expression, string>
  /** Selections whose root is a choice: they cost a step less. */
  readonly ofChoices: ReadonlySet<Expression>
}

/**
 * Finds once what never changes: types, lists and maps of constants, conversions of constants, and sets
 * to look for a value in (cel-go interpreter/decorators.go decOptimize). These cost nothing when they run.
 * Throws CelRuntimeError for a constant that cannot be converted.
 */
export function prepare(expression: Expression, checked: Checked): Prepared {
  const folding = new Folding(checked)
  const folded = folding.fold(expression)
  const { calls, dotted, ofChoices } = folding
  return { expression: folded, calls, dotted, ofChoices }
}

const conversions: ReadonlySet<string> = new Set([
  ...['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint'],
])

type Call = Extract<Expression, { is: 'call' }>

class Folding {
  readonly calls: Map<Expression, readonly Overload[]>
  readonly dotted: Map<Expression, string>
  readonly ofChoices = new Set<Expression>()
  readonly #checked: Checked

  constructor(checked: Checked) {
    this.#checked = checked
    this.calls = new Map(checked.calls)
    this.dotted = new Map(checked.dotted)
  }

  fold(expression: Expression): Expression {
    const { at } = expression
    switch (expression.is) {
      case 'literal':
        return expression
      case 'name':
        return this.#checked.typeNames.has(expression)
          ? { is: 'literal', at, value: new TypeValue(expression.name) }
          : expression
      case 'select':
        return this.#select(expression)
      case 'index': {
        const operand = this.fold(expression.operand)
        const made = { ...expression, operand, index: this.fold(expression.index) }
        return this.#noteRoot(made, operand)
      }
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'message': {
        const fields = expression.fields.map((one) => ({ ...one, value: this.fold(one.value) }))
        return { ...expression, fields }
      }
      case 'comprehension': {
        const { range, filter, body } = expression
        return {
          ...expression,
          range: this.fold(range),
          filter: filter && this.fold(filter),
          body: this.fold(body),
        }
      }
      case 'bind':
        return {
          ...expression,
          value: this.fold(expression.value),
          body: this.fold(expression.body),
        }
    }
  }

  #select(expression: Extract<Expression, { is: 'select' }>): Expression {
    const dotted = this.#checked.dotted.get(expression)
    if (dotted !== undefined)
      return this.#checked.typeNames.has(expression)
        ? { is: 'literal', at: expression.at, value: new TypeValue(dotted) }
        : expression
    const operand = this.fold(expression.operand)
    return this.#noteRoot({ ...expression, operand }, operand)
  }

  #noteRoot(made: Expression, operand: Expression): Expression {
    if (isChoice(operand) || this.ofChoices.has(operand)) this.ofChoices.add(made)
    return made
  }

  #call(expression: Call): Expression {
    const { target, parameters, at } = expression
    const made: Call = {
      ...expression,
      target: target && this.fold(target),
      parameters: parameters.map((one) => this.fold(one)),
    }
    const overloads = this.#checked.calls.get(expression) ?? []
    this.calls.set(made, overloads)
    const [first, second] = made.parameters
    if (overloads[0]?.isMethod) return made
    if (conversions.has(made.name) && made.parameters.length === 1 && first?.is === 'literal')
      return { is: 'literal', at, value: converted(made.name, overloads, first.value) }
    if (made.name !== '@in' || overloads.length !== 1 || second?.is !== 'literal') return made
    const list = second.value
    if (!isListValue(list)) return made
    if (list.length === 0) return { is: 'literal', at, value: false }
    if (list.every(isPrimitive)) this.calls.set(made, [membership(list)])
    return made
  }

  #list(expression: Extract<Expression, { is: 'list' }>): Expression {
    const items = expression.items.map((one) => ({ ...one, value: this.fold(one.value) }))
    const values = items.map(({ value, isOptional }) =>
      value.is === 'literal' && !isOptional ? value.value : undefined,
    )
    if (values.every((one) => one !== undefined))
      return { is: 'literal', at: expression.at, value: values }
    return { ...expression, items }
  }

  #map(expression: Extract<Expression, { is: 'map' }>): Expression {
    const entries = expression.entries.map((one) => ({
      ...one,
      key: this.fold(one.key),
      value: this.fold(one.value),
    }))
    const pairs: [Value, Value][] = []
    const keys = new Set<string>()
    for (const { key, value, isOptional } of entries) {
      if (key.is !== 'literal' || value.is !== 'literal' || isOptional) break
      const id = isKey(key.value) ? keyOf(key.value) : undefined
      // What fails is left to fail when it runs.
      if (id === undefined || keys.has(id)) break
      keys.add(id)
      pairs.push([key.value, value.value])
    }
    if (pairs.length === entries.length)
      return { is: 'literal', at: expression.at, value: new LiteralMap(pairs) }
    return { ...expression, entries }
  }
}

/** `c ? a : b`, and what is one in other words. */
export function isChoice(expression: Expression): boolean {
  return expression.is === 'bind' || (expression.is === 'call' && expression.name === '_?_:_')
}

function isKey(value: Value): boolean {
  return typeof value !== 'object' || value instanceof Uint
}

function isPrimitive(value: Value): boolean {
  return value !== null && (typeof value !== 'object' || value instanceof Uint)
}

/** Enough for any constant that fits an expression. */
const foldCost = 1_000_000

function converted(name: string, overloads: readonly Overload[], value: Value): Value {
  const found = overloads.find(({ parameters }) => holds(parameters[0] as Type, value))
  if (!found) throw new CelRuntimeError(`no such overload: ${name}`)
  return found.run([value], new Budget(foldCost))
}

function membership(list: readonly Value[]): Overload {
  const keys = new Set(list.map(keyOf))
  return {
    name: '@in',
    parameters: [parameter('A'), parameter('constants')],
    isMethod: false,
    result: boolType,
    run: ([item]) => item !== undefined && isKey(item) && item !== null && keys.has(keyOf(item)),
  }
}

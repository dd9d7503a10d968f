import type { Comprehension, Expression } from './ast.ts'
import type { Budget } from './budget.ts'
import type { Checked } from './checker.ts'
import { CelRuntimeError } from './errors.ts'
import type { Overload } from './functions.ts'
import { holds, type Type } from './types.ts'
import {
  isListValue,
  isMapValue,
  keyOf,
  LiteralMap,
  type MapValue,
  Optional,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from './values.ts'

/** A variable's value, found when it is first asked for. */
export type Lookup = (name: string) => Value | undefined

/**
 * The value of a checked expression. Throws CelRuntimeError, and CelCostError when the budget is
 * used up: every step and every element gone through is paid for.
 */
export function evaluate(
  expression: Expression,
  checked: Checked,
  lookup: Lookup,
  budget: Budget,
): Value {
  return new Evaluator(checked, lookup, budget).run(expression)
}

class Evaluator {
  readonly #checked: Checked
  readonly #lookup: Lookup
  readonly #budget: Budget
  readonly #locals: [string, Value][] = []

  constructor(checked: Checked, lookup: Lookup, budget: Budget) {
    this.#checked = checked
    this.#lookup = lookup
    this.#budget = budget
  }

  run(expression: Expression): Value {
    this.#budget.spend(1)
    switch (expression.is) {
      case 'literal':
        return expression.value
      case 'name':
        return this.#name(expression.name)
      case 'select':
        return this.#select(expression)
      case 'index':
        return this.#index(expression)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'message':
        return this.#message(expression)
      case 'comprehension':
        return this.#comprehension(expression)
      case 'bind':
        return this.#bind(expression)
    }
  }

  #name(name: string): Value {
    for (let at = this.#locals.length - 1; at >= 0; at -= 1) {
      const local = this.#locals[at]
      if (local?.[0] === name) return local[1]
    }
    return this.#lookup(name) ?? typeOrFail(name)
  }

  #select(expression: Extract<Expression, { is: 'select' }>): Value {
    const { operand, field, isOptional, tests } = expression
    const dotted = this.#checked.dotted.get(expression)
    if (dotted !== undefined) return this.#lookup(dotted) ?? new TypeValue(dotted)
    const value = this.run(operand)
    if (value instanceof Optional) {
      const found = value.value === undefined ? undefined : memberOf(value.value, field)
      return tests ? found !== undefined : optional(found)
    }
    const found = memberOf(value, field)
    if (tests) return found !== undefined
    if (isOptional) return optional(found)
    if (found === undefined) throw new CelRuntimeError(`no such key: ${field}`)
    return found
  }

  #index({ operand, index, isOptional }: Extract<Expression, { is: 'index' }>): Value {
    const value = this.run(operand)
    const key = this.run(index)
    if (value instanceof Optional)
      return optional(value.value === undefined ? undefined : elementOf(value.value, key))
    const found = elementOf(value, key)
    if (isOptional) return optional(found)
    if (found !== undefined) return found
    throw new CelRuntimeError(
      isListValue(value)
        ? `index out of bounds: ${shownKey(key)}`
        : `no such key: ${shownKey(key)}`,
    )
  }

  #call(expression: Extract<Expression, { is: 'call' }>): Value {
    const { name, target, parameters } = expression
    const [first, second, third] = parameters
    if (name === '_&&_') return this.#logical(first, second, false)
    if (name === '_||_') return this.#logical(first, second, true)
    if (name === '_?_:_') return this.run(this.#bool(first) ? present(second) : present(third))
    const candidates = this.#checked.calls.get(expression) ?? []
    const values: Value[] = []
    if (target && candidates[0]?.isMethod) values.push(this.run(target))
    if (name === 'orValue' || name === 'or') {
      const [receiver] = values
      if (receiver instanceof Optional && receiver.value !== undefined)
        return name === 'or' ? receiver : receiver.value
    }
    for (const one of parameters) values.push(this.run(one))
    return this.#invoke(name, candidates, values)
  }

  #invoke(name: string, candidates: readonly Overload[], values: readonly Value[]): Value {
    for (const one of candidates) if (takes(one, values)) return one.run(values, this.#budget)
    const types = values.map(typeNameOf).join(', ')
    throw new CelRuntimeError(`no such overload: ${name}(${types})`)
  }

  #bool(expression: Expression | undefined): boolean {
    const value = this.run(present(expression))
    if (typeof value === 'boolean') return value
    throw new CelRuntimeError(`no such overload: ${typeNameOf(value)} is no bool`)
  }

  /** `&&` and `||` are commutative: an error on one side counts only if the other does not decide. */
  #logical(
    left: Expression | undefined,
    right: Expression | undefined,
    decisive: boolean,
  ): boolean {
    const first = this.#attempt(left)
    if (first === decisive) return decisive
    const second = this.#attempt(right)
    if (second === decisive) return decisive
    for (const one of [first, second]) if (one instanceof CelRuntimeError) throw one
    return !decisive
  }

  #attempt(expression: Expression | undefined): boolean | CelRuntimeError {
    try {
      return this.#bool(expression)
    } catch (error) {
      if (error instanceof CelRuntimeError) return error
      throw error
    }
  }

  #list({ items }: Extract<Expression, { is: 'list' }>): Value {
    const found: Value[] = []
    for (const { value, isOptional } of items) {
      const item = this.run(value)
      if (!isOptional) found.push(item)
      else if (!(item instanceof Optional))
        throw new CelRuntimeError('no such overload: an optional element must be an optional')
      else if (item.value !== undefined) found.push(item.value)
    }
    return found
  }

  #map({ entries }: Extract<Expression, { is: 'map' }>): Value {
    const found: [Value, Value][] = []
    const seen = new Set<string>()
    for (const { key: keyExpression, value: valueExpression, isOptional } of entries) {
      const key = this.run(keyExpression)
      const value = this.run(valueExpression)
      if (isOptional && value instanceof Optional && value.value === undefined) continue
      const id = keyOf(key)
      if (seen.has(id)) throw new CelRuntimeError(`Failed with repeated key: ${shownKey(key)}`)
      seen.add(id)
      found.push([key, isOptional && value instanceof Optional ? (value.value ?? null) : value])
    }
    return new LiteralMap(found)
  }

  #message({ name, fields }: Extract<Expression, { is: 'message' }>): Value {
    const found: [Value, Value][] = []
    for (const field of fields) {
      const value = this.run(field.value)
      if (!field.isOptional) found.push([field.name, value])
      else if (value instanceof Optional && value.value !== undefined)
        found.push([field.name, value.value])
    }
    return new LiteralMap(found, name)
  }

  #bind({ kind, name, value, body }: Extract<Expression, { is: 'bind' }>): Value {
    const given = this.run(value)
    if (kind === 'bind') return this.#withLocals([[name, given]], () => this.run(body))
    if (!(given instanceof Optional))
      throw new CelRuntimeError(`no such overload: ${typeNameOf(given)}.${kind}`)
    const inside = given.value
    if (inside === undefined) return Optional.none
    const result = this.#withLocals([[name, inside]], () => this.run(body))
    return kind === 'optMap' ? new Optional(result) : result
  }

  #withLocals<T>(locals: readonly [string, Value][], run: () => T): T {
    this.#locals.push(...locals)
    try {
      return run()
    } finally {
      this.#locals.length -= locals.length
    }
  }

  #comprehension(expression: Comprehension): Value {
    const { range, names } = expression
    const items = this.#pairs(this.run(range), names.length)
    const fold = foldOf(expression.kind)
    // One entry a variable, changed from step to step: this is where expressions spend their time.
    const locals = names.map((name): [string, Value] => [name, null])
    const depth = this.#locals.length
    this.#locals.push(...locals)
    let failure: CelRuntimeError | undefined
    for (const pair of items) {
      for (const [index, local] of locals.entries()) local[1] = pair[index] as Value
      try {
        if (!this.#step(expression, fold, pair[0] as Value)) {
          failure = undefined
          break
        }
      } catch (error) {
        // all and exists look on for an element that decides; the others fail at once.
        this.#locals.length = depth + locals.length
        if (!(error instanceof CelRuntimeError) || !fold.forgives) {
          this.#locals.length = depth
          throw error
        }
        failure ??= error
      }
    }
    this.#locals.length = depth
    if (failure) throw failure
    return fold.result()
  }

  /** One element; false when the outcome is clear. */
  #step({ body, filter, kind }: Comprehension, fold: Fold, key: Value): boolean {
    this.#budget.spend(1)
    if (filter && !this.#bool(filter)) return true
    const isPredicate =
      kind === 'all' || kind === 'exists' || kind === 'existsOne' || kind === 'filter'
    return fold.add(isPredicate ? this.#bool(body) : this.run(body), key)
  }

  /** What a comprehension goes through: one value a step, or index and element, key and value. */
  #pairs(value: Value, count: number): readonly (readonly Value[])[] {
    if (value instanceof Optional || !(isListValue(value) || isMapValue(value)))
      throw new CelRuntimeError(`no such overload: ${typeNameOf(value)} is no range`)
    if (isListValue(value)) {
      this.#budget.pass(value.length)
      return value.map((item, index) => (count === 1 ? [item] : [BigInt(index), item]))
    }
    this.#budget.pass(value.size)
    return value.keys().map((key) => (count === 1 ? [key] : [key, value.get(key) ?? null]))
  }
}

function takes({ parameters }: Overload, values: readonly Value[]): boolean {
  for (let at = 0; at < parameters.length; at += 1)
    if (!holds(parameters[at] as Type, values[at] as Value)) return false
  return true
}

interface Fold {
  /** Errors of single elements may not matter. */
  readonly forgives: boolean
  add(value: Value, key: Value): boolean
  result(): Value
}

function foldOf(kind: Comprehension['kind']): Fold {
  switch (kind) {
    case 'all':
    case 'exists':
      return quantifier(kind === 'exists')
    case 'existsOne':
      return exactlyOne()
    case 'filter':
      return listFold((value, key) => (value === true ? [key] : []))
    case 'map':
    case 'transformList':
      return listFold((value) => [value])
    case 'transformMap':
      return mapFold((value, key) => [[key, value]])
    case 'transformMapEntry':
      return mapFold(entriesOf)
  }
}

function quantifier(decisive: boolean): Fold {
  let decided = false
  return {
    forgives: true,
    add: (value) => {
      decided ||= value === decisive
      return !decided
    },
    result: () => (decided ? decisive : !decisive),
  }
}

function exactlyOne(): Fold {
  let count = 0
  return {
    forgives: false,
    add: (value) => {
      if (value === true) count += 1
      return true
    },
    result: () => count === 1,
  }
}

function listFold(taken: (value: Value, key: Value) => readonly Value[]): Fold {
  const found: Value[] = []
  return {
    forgives: false,
    add: (value, key) => {
      found.push(...taken(value, key))
      return true
    },
    result: () => found,
  }
}

function mapFold(taken: (value: Value, key: Value) => readonly (readonly [Value, Value])[]): Fold {
  const found = new Map<string, readonly [Value, Value]>()
  return {
    forgives: false,
    add: (value, key) => {
      for (const entry of taken(value, key)) {
        const id = keyOf(entry[0])
        if (found.has(id))
          throw new CelRuntimeError(`insert failed: key ${shownKey(entry[0])} already exists`)
        found.set(id, entry)
      }
      return true
    },
    result: () => new LiteralMap(found.values()),
  }
}

function entriesOf(value: Value): (readonly [Value, Value])[] {
  if (!isMapValue(value))
    throw new CelRuntimeError(`no such overload: ${typeNameOf(value)} is no map`)
  return value.keys().map((key) => [key, value.get(key) ?? null] as const)
}

function optional(value: Value | undefined): Optional {
  return value === undefined ? Optional.none : new Optional(value)
}

function memberOf(value: Value, field: string): Value | undefined {
  if (isMapValue(value)) return value.get(field)
  throw new CelRuntimeError(`no such overload: ${typeNameOf(value)} has no fields`)
}

function elementOf(value: Value, key: Value): Value | undefined {
  if (isMapValue(value)) return (value as MapValue).get(key)
  if (!isListValue(value))
    throw new CelRuntimeError(`no such overload: ${typeNameOf(value)} has no elements`)
  const number = key instanceof Uint ? key.value : key
  if (typeof number !== 'bigint' && !(typeof number === 'number' && Number.isInteger(number)))
    throw new CelRuntimeError(`unsupported index type '${typeNameOf(key)}' in list`)
  const at = Number(number)
  return at < 0 ? undefined : value[at]
}

function shownKey(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}

const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
  'optional_type',
])

function typeOrFail(name: string): Value {
  if (typeNames.has(name)) return new TypeValue(name)
  throw new CelRuntimeError(`no such attribute(s): ${name}`)
}

function present(expression: Expression | undefined): Expression {
  if (expression) return expression
  throw new CelRuntimeError('no such overload: too few arguments')
}

import type { Comprehension, Expression } from './ast.ts'
import type { Budget } from './budget.ts'
import { callCostOf, sortCost } from './cost/call-cost.ts'
import { listSteps, mapSteps, messageSteps } from './cost/factors.ts'
import { CelRuntimeError } from './errors.ts'
import type { Overload } from './functions.ts'
import { sortedBy } from './library/arranged-lists.ts'
import type { Prepared } from './prepare.ts'
import { holds, type Type } from './types.ts'
import {
  isListValue,
  isMapValue,
  keyOf,
  LiteralMap,
  type MapValue,
  Optional,
  typeNameOf,
  Uint,
  type Value,
} from './values.ts'

/** A variable's value, found when it is first asked for. */
export type Lookup = (name: string) => Value | undefined

/**
 * The value of a prepared expression. Throws CelRuntimeError, and CelCostError when the budget is used up:
 * what each step costs is what cel-go's interpreter counts for it (interpreter/runtimecost.go), which its
 * notion of attributes decides: a variable or value with the fields and indices behind it is one step and one
 * more for each of those.
 */
export function evaluate(prepared: Prepared, lookup: Lookup, budget: Budget): Value {
  return new Evaluator(prepared, lookup, budget).run(prepared.expression)
}

interface Local {
  readonly name: string
  value: Value
  /** What the first look at it costs: it is found only then. */
  owed: number
}

type Call = Extract<Expression, { is: 'call' }>

class Evaluator {
  readonly #calls: Prepared['calls']
  readonly #dotted: Prepared['dotted']
  readonly #ofChoices: Prepared['ofChoices']
  readonly #lookup: Lookup
  readonly #budget: Budget
  readonly #locals: Local[] = []

  constructor({ calls, dotted, ofChoices }: Prepared, lookup: Lookup, budget: Budget) {
    this.#calls = calls
    this.#dotted = dotted
    this.#ofChoices = ofChoices
    this.#lookup = lookup
    this.#budget = budget
  }

  run(expression: Expression): Value {
    switch (expression.is) {
      case 'literal':
        return expression.value
      case 'name':
      case 'index':
        return this.#whole(expression)
      case 'select':
        return expression.tests ? this.#attribute(expression) : this.#whole(expression)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'message':
        return this.#message(expression)
      case 'comprehension':
        return expression.kind === 'sortBy'
          ? this.#sortBy(expression)
          : this.#comprehension(expression)
      case 'bind':
        return this.#bind(expression)
    }
  }

  /** An attribute as a value: a step more than its parts, unless a choice is its root. */
  #whole(expression: Expression): Value {
    if (this.#ofChoices.size === 0 || !this.#ofChoices.has(expression)) this.#budget.spend(1)
    return this.#attribute(expression)
  }

  /** What qualifies something, or is qualified by it: without the step for the attribute itself. */
  #attribute(expression: Expression): Value {
    switch (expression.is) {
      case 'name':
        return this.#name(expression.name)
      case 'select':
        return this.#select(expression)
      case 'index':
        return this.#index(expression)
      default:
        return this.run(expression)
    }
  }

  #name(name: string): Value {
    for (let at = this.#locals.length - 1; at >= 0; at -= 1) {
      const local = this.#locals[at]
      if (local?.name !== name) continue
      if (local.owed > 0) {
        this.#budget.spend(local.owed)
        local.owed = 0
      }
      return local.value
    }
    const value = this.#lookup(name)
    if (value === undefined) throw new CelRuntimeError(`no such attribute(s): ${name}`)
    return value
  }

  #select(expression: Extract<Expression, { is: 'select' }>): Value {
    const { operand, field, isOptional, tests } = expression
    const dotted = this.#dotted.get(expression)
    if (dotted !== undefined) return this.#name(dotted)
    const value = this.#attribute(operand)
    const maybe = value instanceof Optional
    if (maybe && value.value === undefined) return tests ? false : value
    const inside = maybe ? (value.value as Value) : value
    if (maybe || isOptional) {
      const found = memberOf(inside, field, true)
      if (found !== undefined) this.#budget.spend(1)
      return tests ? found !== undefined : optional(found)
    }
    this.#budget.spend(1)
    const found = memberOf(inside, field, tests)
    if (tests) return found !== undefined
    if (found === undefined) throw new CelRuntimeError(`no such key: ${field}`)
    return found
  }

  #index({ operand, index, isOptional }: Extract<Expression, { is: 'index' }>): Value {
    const value = this.#attribute(operand)
    const maybe = value instanceof Optional
    if (maybe && value.value === undefined) return value
    const key = this.#attribute(index)
    const inside = maybe ? (value.value as Value) : value
    if (maybe || isOptional) {
      const found = elementOf(inside, key, true)
      if (found !== undefined) this.#budget.spend(1)
      return optional(found)
    }
    this.#budget.spend(1)
    const found = elementOf(inside, key, false)
    if (found !== undefined) return found
    throw new CelRuntimeError(
      isListValue(value)
        ? `index out of bounds: ${shownKey(key)}`
        : `no such key: ${shownKey(key)}`,
    )
  }

  #call(expression: Call): Value {
    const { name, target, parameters } = expression
    const [first, second, third] = parameters
    if (name === '_&&_') return this.#logical(first, second, false)
    if (name === '_||_') return this.#logical(first, second, true)
    if (name === '_?_:_')
      return this.#attribute(this.#bool(first) ? present(second) : present(third))
    const candidates = this.#calls.get(expression) ?? []
    const isMethod = target !== undefined && candidates[0]?.isMethod === true
    if (isMethod && (name === 'orValue' || name === 'or')) return this.#alternative(expression)
    const given = isMethod ? [target, ...parameters] : parameters
    const values = this.#values(expression, given, candidates)
    return this.#invoke(candidates, values)
  }

  /** The other one is looked at only when it is needed. */
  #alternative({ name, target, parameters }: Call): Value {
    const value = this.run(present(target))
    // As there: what is no optional is its own value.
    if (!(value instanceof Optional)) return value
    if (value.value !== undefined) return name === 'or' ? value : value.value
    return this.run(present(parameters[0]))
  }

  /**
   * The values to call with. Of two, the second is found even if the first cannot be; the call is paid for
   * whether it takes place or not.
   */
  #values(call: Call, given: readonly Expression[], candidates: readonly Overload[]): Value[] {
    const values: Value[] = []
    let failure: CelRuntimeError | undefined
    for (const one of given) {
      try {
        values.push(this.run(one))
      } catch (error) {
        if (!(error instanceof CelRuntimeError)) throw error
        failure ??= error
        values.push(null)
        if (given.length !== 2 || endsEarly(call)) break
      }
    }
    if (!failure) return values
    if (values.length === given.length)
      this.#budget.spend(callCostOf(candidates)(values, undefined))
    throw failure
  }

  #invoke(candidates: readonly Overload[], values: readonly Value[]): Value {
    for (const one of candidates) {
      if (!takes(one, values)) continue
      const cost = callCostOf(candidates)
      try {
        const result = one.run(values, this.#budget)
        this.#budget.spend(cost(values, result))
        return result
      } catch (error) {
        if (error instanceof CelRuntimeError) this.#budget.spend(cost(values, undefined))
        throw error
      }
    }
    this.#budget.spend(callCostOf(candidates)(values, undefined))
    throw noSuchOverload(candidates[0], values)
  }

  #bool(expression: Expression | undefined): boolean {
    const value = this.run(present(expression))
    if (typeof value === 'boolean') return value
    throw new CelRuntimeError('no such overload')
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
    const depth = this.#locals.length
    try {
      return this.#bool(expression)
    } catch (error) {
      this.#locals.length = depth
      if (error instanceof CelRuntimeError) return error
      throw error
    }
  }

  #list({ items }: Extract<Expression, { is: 'list' }>): Value {
    this.#budget.spend(listSteps)
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
    this.#budget.spend(mapSteps)
    const found: [Value, Value][] = []
    for (const { key: keyExpression, value: valueExpression, isOptional } of entries) {
      const key = this.run(keyExpression)
      const value = this.run(valueExpression)
      if (isOptional && value instanceof Optional && value.value === undefined) continue
      found.push([key, isOptional && value instanceof Optional ? (value.value ?? null) : value])
    }
    return new LiteralMap(found)
  }

  #message({ name, fields }: Extract<Expression, { is: 'message' }>): Value {
    this.#budget.spend(messageSteps)
    const found: [Value, Value][] = []
    for (const field of fields) {
      const value = this.run(field.value)
      if (!field.isOptional) found.push([field.name, value])
      else if (value instanceof Optional && value.value !== undefined)
        found.push([field.name, value.value])
    }
    return new LiteralMap(found, name)
  }

  /**
   * A name for what an optional holds. The optional is looked for twice
   * (`a.hasValue() ? f(a.value()) : …`), so it is paid for once more when its name is first used.
   */
  #bind({ kind, name, value, body }: Extract<Expression, { is: 'bind' }>): Value {
    this.#budget.spend(1)
    const before = this.#budget.costLeft
    const given = this.run(value)
    const spent = before - this.#budget.costLeft
    if (!(given instanceof Optional))
      throw new CelRuntimeError(`no such overload: hasValue(${typeNameOf(given)})`)
    const inside = given.value
    if (kind === 'optMap' || inside === undefined) this.#budget.spend(1)
    if (inside === undefined) return Optional.none
    const result = this.#withLocal({ name, value: inside, owed: spent + 1 }, body)
    return kind === 'optMap' ? new Optional(result) : result
  }

  #withLocal(local: Local, body: Expression): Value {
    const depth = this.#locals.length
    this.#locals.push(local)
    try {
      return this.run(body)
    } finally {
      this.#locals.length = depth
    }
  }

  #sortBy({ range, names, body, at }: Extract<Expression, { is: 'comprehension' }>): Value {
    const items = this.run(range)
    if (!isListValue(items))
      throw new CelRuntimeError(`got '${goTypeOf(items)}', expected iterable type`)
    // The list is named, and its name is read twice: by the loop that finds the keys, and by the sort.
    this.#budget.spend(1)
    const list = { is: 'literal', at, value: items } as const
    this.#budget.spend(1)
    const keys = this.#comprehension({ kind: 'map', range: list, names, filter: undefined, body })
    const found = sortedBy(items, keys as readonly Value[], this.#budget)
    this.#budget.spend(sortCost([items, keys], found))
    return found
  }

  #comprehension(expression: Comprehension): Value {
    const { range, names, kind } = expression
    const items = this.#pairs(this.run(range), names.length)
    const fold = foldOf(kind)
    const costs = stepCosts(expression)
    // One entry a variable, changed from step to step: this is where expressions spend their time.
    const locals = names.map((name): Local => ({ name, value: null, owed: 0 }))
    const depth = this.#locals.length
    this.#locals.push(...locals)
    let failure: CelRuntimeError | undefined
    let isDecided = false
    for (const pair of items) {
      this.#budget.spend(costs.condition)
      if (isDecided) break
      for (const [index, local] of locals.entries()) local.value = pair[index] as Value
      try {
        isDecided = !this.#step(expression, fold, costs, pair[0] as Value)
        if (isDecided) failure = undefined
      } catch (error) {
        // all and exists look on for an element that decides; the others fail, but all go on to the end.
        this.#locals.length = depth + locals.length
        if (!(error instanceof CelRuntimeError)) throw error
        failure ??= error
      }
    }
    this.#locals.length = depth
    this.#budget.spend(costs.result)
    if (failure) throw failure
    return fold.result()
  }

  /** One element; false when the outcome is clear. */
  #step({ body, filter, kind }: Comprehension, fold: Fold, costs: StepCosts, key: Value): boolean {
    this.#budget.work(1)
    if (filter && !this.#bool(filter)) return true
    this.#budget.spend(costs.step)
    if (!isPredicate(kind)) return fold.add(this.run(body), key)
    const holds = this.#bool(body)
    if (holds) this.#budget.spend(costs.holds)
    return fold.add(holds, key)
  }

  /** What a comprehension goes through: one value a step, or index and element, key and value. */
  #pairs(value: Value, count: number): readonly (readonly Value[])[] {
    if (value instanceof Optional || !(isListValue(value) || isMapValue(value)))
      throw new CelRuntimeError(`got '${goTypeOf(value)}', expected iterable type`)
    if (isListValue(value)) {
      this.#budget.work(value.length)
      return value.map((item, index) => (count === 1 ? [item] : [BigInt(index), item]))
    }
    this.#budget.work(value.size)
    return value.keys().map((key) => (count === 1 ? [key] : [key, value.get(key) ?? null]))
  }
}

/** Functions of two that do not look at the second where the first failed, as most do. */
function endsEarly({ name, parameters }: Call): boolean {
  if (name === 'format') return true
  const isPattern = name === 'matches' || name === 'find' || name === 'findAll'
  return isPattern && parameters.at(-1)?.is === 'literal'
}

/** Functions of the language itself say no more than that. */
const plainNames: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains', 'matches'])

function noSuchOverload(overload: Overload | undefined, values: readonly Value[]): CelRuntimeError {
  const { name = '' } = overload ?? {}
  const isPlain = /[_@!]/.test(name) || plainNames.has(name)
  if (isPlain) return new CelRuntimeError('no such overload')
  const types = name === 'size' ? '' : `(${values.map(typeNameOf).join(', ')})`
  return new CelRuntimeError(`no such overload: ${name}${types}`)
}

const goTypes: ReadonlyMap<string, string> = new Map([
  ['int', 'types.Int'],
  ['uint', 'types.Uint'],
  ['double', 'types.Double'],
  ['bool', 'types.Bool'],
  ['string', 'types.String'],
  ['bytes', 'types.Bytes'],
  ['null_type', 'types.Null'],
  ['type', '*types.Type'],
  ['google.protobuf.Timestamp', 'types.Timestamp'],
  ['google.protobuf.Duration', 'types.Duration'],
  ['optional_type', '*types.Optional'],
])

function goTypeOf(value: Value): string {
  const name = typeNameOf(value)
  return goTypes.get(name) ?? name
}

function isPredicate(kind: Comprehension['kind']): boolean {
  return kind === 'all' || kind === 'exists' || kind === 'existsOne' || kind === 'filter'
}

/** What the loop that a macro stands for costs beside its parts (cel-go parser/macro.go). */
interface StepCosts {
  /** Whether to go on. */
  readonly condition: number
  readonly step: number
  /** An element that the predicate holds for. */
  readonly holds: number
  readonly result: number
}

const plain = { condition: 0, step: 0, holds: 0, result: 1 }
/** `accumulator + [element]`: the two names, the list, the sum. */
const appended = 1 + listSteps + 1

function stepCosts({ kind, body }: Comprehension): StepCosts {
  switch (kind) {
    case 'all':
      return { ...plain, condition: 2, step: 1 }
    case 'exists':
      return { ...plain, condition: 3, step: 1 }
    case 'existsOne':
      return { ...plain, holds: 2, result: 2 }
    case 'filter':
      return { ...plain, holds: appended + 1 }
    case 'transformMap':
      return { ...plain, step: 3 }
    case 'transformMapEntry':
      return { ...plain, step: 2 }
    default:
      // A list of a constant is a constant.
      return { ...plain, step: body.is === 'literal' ? appended - listSteps : appended }
  }
}

function takes({ parameters }: Overload, values: readonly Value[]): boolean {
  if (parameters.length !== values.length) return true
  for (let at = 0; at < parameters.length; at += 1)
    if (!holds(parameters[at] as Type, values[at] as Value)) return false
  return true
}

interface Fold {
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
    case 'sortBy':
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

/** Whether a primitive has a field can be asked: it has none. */
function memberOf(value: Value, field: string, asks: boolean): Value | undefined {
  if (isMapValue(value)) return value.get(field)
  if (isListValue(value)) throw new CelRuntimeError("unsupported index type 'string' in list")
  if (asks) return undefined
  throw new CelRuntimeError(`no such key: ${field}`)
}

function elementOf(value: Value, key: Value, asks: boolean): Value | undefined {
  if (isMapValue(value)) return (value as MapValue).get(key)
  if (!isListValue(value)) {
    if (asks) return undefined
    throw new CelRuntimeError(`no such key: ${shownKey(key)}`)
  }
  const number = key instanceof Uint ? key.value : key
  if (typeof number !== 'bigint' && !(typeof number === 'number' && Number.isInteger(number)))
    throw new CelRuntimeError(`unsupported index type '${typeNameOf(key)}' in list`)
  const at = Number(number)
  return at < 0 ? undefined : value[at]
}

function shownKey(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}

function present(expression: Expression | undefined): Expression {
  if (expression) return expression
  throw new CelRuntimeError('no such overload: too few arguments')
}

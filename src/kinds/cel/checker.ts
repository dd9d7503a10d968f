import type { Comprehension, Expression } from './ast.ts'
import { literalProblems } from './check-literals.ts'
import { compileError, type Problem } from './errors.ts'
import type { FunctionTable, Overload } from './functions.ts'
import {
  accepts,
  type Bindings,
  boolType,
  bytesType,
  doubleType,
  dynType,
  intType,
  joined,
  listOf,
  mapOf,
  nullType,
  type ObjectType,
  optionalOf,
  printType,
  stringType,
  substituted,
  type Type,
  typeType,
  uintType,
} from './types.ts'
import { Uint } from './values.ts'

/** What an expression may name. */
export interface Scope {
  readonly functions: FunctionTable
  readonly variables: ReadonlyMap<string, Type>
  /** The type of `Name{…}`; undefined for a name that is none. */
  message(name: string): ObjectType | undefined
}

/** What the checker found out: the type of the whole, and which overloads each call may mean. */
export interface Checked {
  readonly type: Type
  readonly calls: ReadonlyMap<Expression, readonly Overload[]>
  /** Of each part. */
  readonly types: ReadonlyMap<Expression, Type>
  /** Selections that are names of variables or types with dots in them. */
  readonly dotted: ReadonlyMap<Expression, string>
  /** The variables of the environment that it speaks of. */
  readonly variables: ReadonlySet<string>
  /** Names that are types. */
  readonly typeNames: ReadonlySet<Expression>
}

/** Infers types. Throws CelCompileError with every problem found, in cel-go's words. */
export function check(source: string, expression: Expression, scope: Scope): Checked {
  const checker = new Checker(scope)
  const type = checker.infer(expression)
  if (checker.problems.length > 0) throw compileError(source, checker.problems)
  const literals = literalProblems(expression, checker.types)
  if (literals.length > 0) throw compileError(source, literals)
  const { calls, types, dotted, variables, typeNames } = checker
  return { type, calls, types, dotted, variables, typeNames }
}

const knownTypes: ReadonlySet<string> = new Set([
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
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
])

class Checker {
  readonly problems: Problem[] = []
  readonly calls = new Map<Expression, readonly Overload[]>()
  readonly types = new Map<Expression, Type>()
  readonly dotted = new Map<Expression, string>()
  readonly variables = new Set<string>()
  readonly typeNames = new Set<Expression>()
  readonly #scope: Scope
  /** Variables of comprehensions and binds, innermost last. */
  readonly #locals: (readonly [string, Type])[] = []

  constructor(scope: Scope) {
    this.#scope = scope
  }

  infer(expression: Expression): Type {
    const type = this.#infer(expression)
    this.types.set(expression, type)
    return type
  }

  #infer(expression: Expression): Type {
    switch (expression.is) {
      case 'literal':
        return literalType(expression.value)
      case 'name':
        return this.#name(expression)
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
        return this.#comprehension(expression, expression.at)
      case 'bind':
        return this.#bind(expression)
    }
  }

  #refuse(at: number, text: string): Type {
    this.problems.push({ at, text })
    return dynType
  }

  #lookUp(name: string): Type | undefined {
    const local = this.#locals.findLast(([known]) => known === name)
    if (local) return local[1]
    return this.#declared(name)
  }

  #declared(name: string): Type | undefined {
    const type = this.#scope.variables.get(name)
    if (type) this.variables.add(name)
    return type ?? (knownTypes.has(name) ? typeType : undefined)
  }

  #name(expression: Extract<Expression, { is: 'name' }>): Type {
    const { name, at } = expression
    const type = this.#lookUp(name)
    if (type === typeType && this.#isTypeName(name)) this.typeNames.add(expression)
    return type ?? this.#refuse(at, `undeclared reference to '${name}' (in container '')`)
  }

  #isTypeName(name: string): boolean {
    return (
      knownTypes.has(name) &&
      !this.#scope.variables.has(name) &&
      !this.#locals.some(([known]) => known === name)
    )
  }

  #select(expression: Extract<Expression, { is: 'select' }>): Type {
    const { operand, field, at, isOptional, tests } = expression
    const qualified = qualifiedName(expression)
    const dotted = qualified === undefined ? undefined : this.#dotted(qualified)
    if (dotted && qualified !== undefined) {
      this.dotted.set(expression, qualified)
      if (this.#isTypeName(qualified)) this.typeNames.add(expression)
      return dotted
    }
    const type = this.infer(operand)
    const inside = type.is === 'optional' ? type.of : type
    const found = this.#field(inside, field, at)
    if (tests) return boolType
    return isOptional || type.is === 'optional' ? optionalOf(flattened(found)) : found
  }

  /** The type of a name with dots that is declared as such. */
  #dotted(name: string): Type | undefined {
    if (!name.includes('.') || this.#locals.some(([known]) => name.startsWith(`${known}.`)))
      return undefined
    return this.#declared(name)
  }

  #field(type: Type, field: string, at: number): Type {
    if (type.is === 'dyn') return dynType
    if (type.is === 'map') return type.value
    if (type.is === 'object')
      return type.field(field) ?? this.#refuse(at, `undefined field '${field}'`)
    return this.#refuse(at, `type '${printType(type)}' does not support field selection`)
  }

  #index({ operand, index, at, isOptional }: Extract<Expression, { is: 'index' }>): Type {
    const type = this.infer(operand)
    const key = this.infer(index)
    const inside = type.is === 'optional' ? type.of : type
    const found = this.#element(inside, key, at, isOptional ? '_[?_]' : '_[_]')
    return isOptional || type.is === 'optional' ? optionalOf(flattened(found)) : found
  }

  #element(type: Type, key: Type, at: number, operator: string): Type {
    if (type.is === 'dyn') return dynType
    if (type.is === 'list' && ['int', 'dyn', 'uint', 'double'].includes(key.is)) return type.of
    if (type.is === 'map' && accepts(type.key, key, new Map())) return type.value
    return this.#refuse(at, noOverload(operator, undefined, [type, key]))
  }

  #call(expression: Extract<Expression, { is: 'call' }>): Type {
    const { name, target, parameters, at } = expression
    const namespaced = target && this.#namespacedName(target, name)
    if (namespaced !== undefined) {
      const types = parameters.map((one) => this.infer(one))
      return this.#resolve(expression, namespaced, false, types)
    }
    const receiver = target && this.infer(target)
    const types = parameters.map((one) => this.infer(one))
    if (name === '_?_:_') return this.#conditional(types, at)
    if (name === '_&&_' || name === '_||_') {
      parameters.forEach((one, index) => {
        this.#wantBool(types[index] as Type, one.at)
      })
      return this.#resolve(expression, name, false, [boolType, boolType])
    }
    return this.#resolve(
      expression,
      name,
      target !== undefined,
      receiver ? [receiver, ...types] : types,
    )
  }

  /** `optional.of(x)` and `sets.contains(a, b)` are functions with a dot in their name. */
  #namespacedName(target: Expression, name: string): string | undefined {
    const prefix = qualifiedName(target)
    if (prefix === undefined || this.#lookUp(prefix.split('.')[0] ?? '')) return undefined
    const whole = `${prefix}.${name}`
    return this.#scope.functions.has(whole) ? whole : undefined
  }

  #conditional([condition, then, otherwise]: Type[], at: number): Type {
    const given = [condition ?? dynType, then ?? dynType, otherwise ?? dynType] as const
    if (!accepts(boolType, given[0], new Map()) || !alike(given[1], given[2]))
      return this.#refuse(at, noOverload('_?_:_', undefined, given))
    return joined(given[1], given[2])
  }

  #resolve(expression: Expression, name: string, isMethod: boolean, types: readonly Type[]): Type {
    const { functions } = this.#scope
    if (!functions.has(name))
      return this.#refuse(expression.at, `undeclared reference to '${name}' (in container '')`)
    const found: Overload[] = []
    let result: Type | undefined
    for (const one of functions.candidates(name, isMethod, types.length)) {
      const bindings: Bindings = new Map()
      if (!one.parameters.every((wanted, index) => accepts(wanted, types[index] as Type, bindings)))
        continue
      found.push(one)
      const given = substituted(one.result, bindings)
      result = result === undefined ? given : sameType(result, given) ? result : dynType
    }
    if (result === undefined) {
      const [receiver, ...rest] = types
      return this.#refuse(
        expression.at,
        isMethod ? noOverload(name, receiver, rest) : noOverload(name, undefined, types),
      )
    }
    this.calls.set(expression, found)
    return result
  }

  #list({ items }: Extract<Expression, { is: 'list' }>): Type {
    const types = items.map(({ value, isOptional }) => {
      const type = this.infer(value)
      if (!isOptional) return type
      return type.is === 'optional' ? type.of : dynType
    })
    return listOf(commonType(types))
  }

  #map({ entries }: Extract<Expression, { is: 'map' }>): Type {
    const keys = entries.map(({ key }) => this.infer(key))
    const values = entries.map(({ value, isOptional }) => {
      const type = this.infer(value)
      if (!isOptional) return type
      return type.is === 'optional' ? type.of : dynType
    })
    return mapOf(commonType(keys), commonType(values))
  }

  #message({ name, fields, at }: Extract<Expression, { is: 'message' }>): Type {
    const type = this.#scope.message(name)
    const given = fields.map((field) => ({ field, type: this.infer(field.value) }))
    if (!type) return this.#refuse(at, `undeclared reference to '${name}' (in container '')`)
    for (const { field, type: actual } of given) {
      const wanted = type.field(field.name)
      if (!wanted) this.#refuse(field.at, `undefined field '${field.name}'`)
      else if (!accepts(field.isOptional ? optionalOf(wanted) : wanted, actual, new Map()))
        this.#refuse(
          field.at,
          `expected type of field '${field.name}' is '${printType(wanted)}' but provided type is '${printType(actual)}'`,
        )
    }
    return type
  }

  #comprehension({ kind, range, names, filter, body }: Comprehension, at: number): Type {
    const type = this.infer(range)
    const [first, second] = this.#rangeTypes(type, range.at)
    const types = names.length === 2 ? [first, second] : [type.is === 'list' ? second : first]
    names.forEach((name, index) => {
      this.#locals.push([name, types[index] ?? dynType])
    })
    const filterType = filter && this.infer(filter)
    const bodyType = this.infer(body)
    this.#locals.length -= names.length
    const found = comprehensionType(kind, type, first, bodyType)
    if (kind === 'all' || kind === 'exists') this.#wantBool(bodyType, body.at)
    else
      this.#wantChoice(
        kind === 'filter' || kind === 'existsOne' ? bodyType : filterType,
        found,
        kind,
        at,
      )
    if (kind === 'transformMapEntry' && bodyType.is !== 'map' && bodyType.is !== 'dyn')
      this.#refuse(at, noOverload('cel.@mapInsert', undefined, [mapOf(dynType, dynType), bodyType]))
    if (kind === 'sortBy' && !sortable.has(bodyType.is))
      this.#refuse(at, noOverload('@sortByAssociatedKeys', type, [listOf(bodyType)]))
    return found
  }

  #wantBool(type: Type, at: number): void {
    if (!accepts(boolType, type, new Map()))
      this.#refuse(at, `expected type 'bool' but found '${printType(type)}'`)
  }

  /** A filter chooses between what there is with an element and what there was before it. */
  #wantChoice(
    judged: Type | undefined,
    found: Type,
    kind: Comprehension['kind'],
    at: number,
  ): void {
    if (!judged || accepts(boolType, judged, new Map())) return
    const gathered = kind === 'existsOne' ? intType : found
    this.#refuse(at, noOverload('_?_:_', undefined, [judged, gathered, gathered]))
  }

  /** Types of index or key, and of element or value. */
  #rangeTypes(type: Type, at: number): [Type, Type] {
    if (type.is === 'list') return [intType, type.of]
    if (type.is === 'map') return [type.key, type.value]
    if (type.is !== 'dyn')
      this.#refuse(
        at,
        `expression of type '${printType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      )
    return [dynType, dynType]
  }

  #bind({ kind, name, value, body, at }: Extract<Expression, { is: 'bind' }>): Type {
    const type = this.infer(value)
    const isOptional = type.is === 'optional'
    if (!isOptional && type.is !== 'dyn') return this.#refuse(at, noOverload(kind, type, []))
    this.#locals.push([name, isOptional ? type.of : type])
    const result = this.infer(body)
    this.#locals.pop()
    return kind === 'optMap' ? optionalOf(result) : result
  }
}

const sortable: ReadonlySet<string> = new Set([
  ...['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes', 'dyn'],
])

function comprehensionType(kind: Comprehension['kind'], range: Type, key: Type, body: Type): Type {
  switch (kind) {
    case 'all':
    case 'exists':
    case 'existsOne':
      return boolType
    case 'filter':
    case 'sortBy':
      return range.is === 'list' ? range : listOf(key)
    case 'map':
    case 'transformList':
      return listOf(body)
    case 'transformMap':
      return mapOf(key, body)
    case 'transformMapEntry':
      return body.is === 'map' ? body : mapOf(dynType, dynType)
  }
}

function literalType(value: unknown): Type {
  if (value === null) return nullType
  if (typeof value === 'boolean') return boolType
  if (typeof value === 'bigint') return intType
  if (typeof value === 'number') return doubleType
  if (typeof value === 'string') return stringType
  return value instanceof Uint ? uintType : bytesType
}

/** An optional of an optional is one optional. */
function flattened(type: Type): Type {
  return type.is === 'optional' ? type.of : type
}

function alike(left: Type, right: Type): boolean {
  return accepts(left, right, new Map()) || accepts(right, left, new Map())
}

function sameType(left: Type, right: Type): boolean {
  return printType(left) === printType(right)
}

function commonType(types: readonly Type[]): Type {
  const [first, ...rest] = types
  return first ? rest.reduce(joined, first) : dynType
}

function noOverload(name: string, receiver: Type | undefined, types: readonly Type[]): string {
  const list = `(${types.map(printType).join(', ')})`
  const applied = receiver ? `${printType(receiver)}.${list}` : list
  return `found no matching overload for '${name}' applied to '${applied}'`
}

/** `a.b.c` out of names and selections. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.is === 'name') return expression.name
  if (expression.is !== 'select' || expression.isOptional || expression.tests) return undefined
  const prefix = qualifiedName(expression.operand)
  return prefix === undefined ? undefined : `${prefix}.${expression.field}`
}

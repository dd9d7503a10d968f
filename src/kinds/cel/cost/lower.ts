import type { Comprehension, Expression } from '../ast.ts'
import type { Checked } from '../checker.ts'
import { boolType, dynType, intType, listOf, optionalOf, stringType, type Type } from '../types.ts'
import { accumulatorName, type Core, type CoreCall, type CoreFold } from './core.ts'
import { signatureOf } from './signature.ts'

/** A checked expression with its macros spelt out (cel-go parser/macro.go, ext/comprehensions.go). */
export function lowered(expression: Expression, checked: Checked): Core {
  return new Lowering(checked).lower(expression)
}

const unused = '#unused'
const sortInput = '@__sortBy_input__'

class Lowering {
  readonly #checked: Checked

  constructor(checked: Checked) {
    this.#checked = checked
  }

  lower(expression: Expression): Core {
    const type = this.#typeOf(expression)
    switch (expression.is) {
      case 'literal':
        return { is: 'constant', type, value: expression.value }
      case 'name':
        return named(expression.name, type)
      case 'select':
        return this.#select(expression, type)
      case 'index':
        return this.#index(expression, type)
      case 'call':
        return this.#call(expression, type)
      case 'list':
        return { is: 'list', type, items: expression.items.map(({ value }) => this.lower(value)) }
      case 'map': {
        const entries = expression.entries.map(
          ({ key, value }) => [this.lower(key), this.lower(value)] as const,
        )
        return { is: 'map', type, entries }
      }
      case 'message': {
        const values = expression.fields.map(({ value }) => this.lower(value))
        return { is: 'message', type, values }
      }
      case 'comprehension':
        return this.#comprehension(expression, type)
      case 'bind':
        return this.#bind(expression, type)
    }
  }

  #typeOf(expression: Expression): Type {
    return this.#checked.types.get(expression) ?? dynType
  }

  #select(expression: Extract<Expression, { is: 'select' }>, type: Type): Core {
    const { field, isOptional, tests } = expression
    const dotted = this.#checked.dotted.get(expression)
    if (dotted !== undefined) return named(dotted, type)
    const operand = this.lower(expression.operand)
    if (!isOptional) return { is: 'select', type, operand, field, tests }
    return called('_?._', type, [operand, { is: 'constant', type: stringType, value: field }])
  }

  #index(expression: Extract<Expression, { is: 'index' }>, type: Type): Core {
    const operand = this.lower(expression.operand)
    const index = this.lower(expression.index)
    if (expression.isOptional) return called('_[?_]', type, [operand, index])
    return called('_[_]', type, [operand, index], indexSignatures(operand.type, index.type))
  }

  #call(expression: Extract<Expression, { is: 'call' }>, type: Type): Core {
    const { name, target, parameters } = expression
    const overloads = this.#checked.calls.get(expression) ?? []
    const given = parameters.map((one) => this.lower(one))
    if (name === '_?_:_') return called(name, type, given)
    const isMethod = overloads[0]?.isMethod === true
    return {
      is: 'call',
      type,
      name: overloads[0]?.name ?? name,
      target: isMethod && target ? this.lower(target) : undefined,
      parameters: given,
      signatures: overloads.map(signatureOf),
    }
  }

  #comprehension(expression: Comprehension, type: Type): Core {
    if (expression.kind === 'sortBy') return this.#sortBy(expression, type)
    const range = this.lower(expression.range)
    const body = this.lower(expression.body)
    const filter = expression.filter && this.lower(expression.filter)
    return folded(expression, type, range, body, filter)
  }

  /** A name for the list, and the list sorted by what each element gives. */
  #sortBy(expression: Comprehension, type: Type): Core {
    const list = this.lower(expression.range)
    const input = () => named(sortInput, list.type)
    const body = this.lower(expression.body)
    const keys = folded({ ...expression, kind: 'map' }, listOf(body.type), input(), body, undefined)
    const sorted: CoreCall = {
      is: 'call',
      type,
      name: '@sortByAssociatedKeys',
      target: input(),
      parameters: [keys],
      signatures: (body.type.is === 'dyn' ? ['int', 'string'] : [body.type.is]).map(
        (of) => `@sortByAssociatedKeys(list<any>,list<${of}>)`,
      ),
    }
    return bound(sortInput, list, sorted)
  }

  /**
   * `a.optMap(v, body)` is `a.hasValue() ? optional.of(body with v for a.value()) : optional.none()`.
   * Both times `a` is one and the same node here: its cost is found once and counted twice.
   */
  #bind(expression: Extract<Expression, { is: 'bind' }>, type: Type): Core {
    const value = this.lower(expression.value)
    const body = this.lower(expression.body)
    const inside = value.type.is === 'optional' ? value.type.of : dynType
    const whole = bound(expression.name, calledOn('value', inside, value), body)
    const then =
      expression.kind === 'optMap' ? called('optional.of', optionalOf(body.type), [whole]) : whole
    const has = calledOn('hasValue', boolType, value)
    return called('_?_:_', type, [has, then, called('optional.none', type, [])])
  }
}

function indexSignatures(operand: Type, index: Type): readonly string[] {
  if (operand.is === 'list') return ['_[_](list)']
  if (operand.is === 'map') return ['_[_](map)']
  if (operand.is !== 'dyn') return ['_[_](optional)']
  return index.is === 'int' || index.is === 'dyn' ? ['_[_](list)', '_[_](map)'] : ['_[_](map)']
}

function named(name: string, type: Type): Core {
  return { is: 'name', type, name }
}

function constant(value: boolean | bigint): Core {
  return { is: 'constant', type: typeof value === 'bigint' ? intType : boolType, value }
}

function called(
  name: string,
  type: Type,
  parameters: readonly Core[],
  signatures: readonly string[] = [name],
): CoreCall {
  return { is: 'call', type, name, target: undefined, parameters, signatures }
}

function calledOn(name: string, type: Type, target: Core): CoreCall {
  return { is: 'call', type, name, target, parameters: [], signatures: [name] }
}

function bound(name: string, value: Core, result: Core): CoreFold {
  return {
    is: 'fold',
    type: result.type,
    range: { is: 'list', type: listOf(dynType), items: [] },
    names: [unused],
    accumulator: name,
    init: value,
    condition: constant(false),
    step: named(name, value.type),
    result,
    binds: true,
  }
}

function folded(
  { kind, names }: Comprehension,
  type: Type,
  range: Core,
  body: Core,
  filter: Core | undefined,
): CoreFold {
  const gathered = kind === 'existsOne' ? intType : type
  const accu = () => named(accumulatorName, gathered)
  const fold = (init: Core, condition: Core, step: Core, result: Core = accu()): CoreFold => ({
    ...{ is: 'fold', type, range, names, accumulator: accumulatorName },
    ...{ init, condition, step, result, binds: false },
  })
  const when = (wanted: Core, step: Core) => called('_?_:_', gathered, [wanted, step, accu()])
  const notFalse = (one: Core) => called('@not_strictly_false', boolType, [one])
  const append = (one: Core) =>
    called('_+_', type, [accu(), { is: 'list', type: listOf(one.type), items: [one] }], [addLists])
  const filtered = (step: Core) => (filter ? when(filter, step) : step)
  const emptyList: Core = { is: 'list', type, items: [] }
  const emptyMap: Core = { is: 'map', type, entries: [] }
  switch (kind) {
    case 'all':
      return fold(constant(true), notFalse(accu()), called('_&&_', boolType, [accu(), body]))
    case 'exists':
      return fold(
        constant(false),
        notFalse(called('!_', boolType, [accu()])),
        called('_||_', boolType, [accu(), body]),
      )
    case 'existsOne':
      return fold(
        constant(0n),
        constant(true),
        when(body, called('_+_', intType, [accu(), constant(1n)], ['_+_(int,int)'])),
        called('_==_', boolType, [accu(), constant(1n)], ['_==_(any,any)']),
      )
    case 'filter': {
      const element = named(names[0] ?? '', type.is === 'list' ? type.of : dynType)
      return fold(emptyList, constant(true), when(body, append(element)))
    }
    case 'transformMap': {
      const key = named(names[0] ?? '', type.is === 'map' ? type.key : dynType)
      const step = called('cel.@mapInsert', type, [accu(), key, body])
      return fold(emptyMap, constant(true), filtered(step))
    }
    case 'transformMapEntry':
      return fold(
        emptyMap,
        constant(true),
        filtered(called('cel.@mapInsert', type, [accu(), body])),
      )
    default:
      return fold(emptyList, constant(true), filtered(append(body)))
  }
}

export const addLists = '_+_(list<any>,list<any>)'

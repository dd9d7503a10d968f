import type { Type } from '../types.ts'
import { accumulatorName, type Core, type CoreCall, type CoreFold, type SizeOf } from './core.ts'
import { listSteps, mapSteps, messageSteps } from './factors.ts'
import { type CallEstimate, estimateFunction, type SizedNode } from './function-estimates.ts'
import { addLists } from './lower.ts'
import { exactly, noRange, plus, product, type Range, union, unknownRange } from './range.ts'
import { sizeOfValue } from './value-size.ts'

/**
 * What an expression may cost, before it runs (cel-go checker/cost.go with Kubernetes' functions). A
 * schema's author is refused or let in by this figure: it is cel-go's, peculiarities included.
 */
export function estimateCost(core: Core, sizeOf: SizeOf): Range {
  return new Estimator(sizeOf).cost(core)
}

/** Sizes of what a list or map holds. */
interface EntrySizes {
  readonly isList: boolean
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: EntrySizes | undefined
}

const stepCost = exactly(1)
const listCost = exactly(listSteps)
const mapCost = exactly(mapSteps)
const messageCost = exactly(messageSteps)

class Estimator {
  readonly #sizeOf: SizeOf
  readonly #costs = new Map<Core, Range>()
  readonly #paths = new Map<Core, readonly string[]>()
  readonly #sizes = new Map<Core, Range>()
  readonly #entries = new Map<Core, EntrySizes>()
  readonly #locals = new Map<string, Local[]>()

  constructor(sizeOf: SizeOf) {
    this.#sizeOf = sizeOf
  }

  cost(core: Core): Range {
    const known = this.#costs.get(core)
    if (known) return known
    const found = this.#find(core)
    this.#costs.set(core, found)
    return found
  }

  #find(core: Core): Range {
    switch (core.is) {
      case 'constant':
        return noRange
      case 'name':
        this.#paths.set(core, this.#local(core.name)?.path ?? [core.name])
        return stepCost
      case 'select':
        return this.#select(core)
      case 'call':
        return this.#call(core)
      case 'list':
        return this.#list(core)
      case 'map':
        return this.#map(core)
      case 'message':
        return plus(...core.values.map((one) => this.cost(one)), messageCost)
      case 'fold':
        return core.binds ? this.#bind(core) : this.#fold(core)
    }
  }

  #select(core: Extract<Core, { is: 'select' }>): Range {
    const { operand, field, tests } = core
    const cost = this.cost(operand)
    // Kubernetes keeps a presence test free, as it once was.
    if (tests) return cost
    this.#paths.set(core, [...this.#pathOf(operand), field])
    const isPaid = operand.type.is === 'map' || operand.type.is === 'object'
    return isPaid ? plus(cost, stepCost) : cost
  }

  #call(core: CoreCall): Range {
    const { name, target, parameters, signatures } = core
    if (name === 'dyn' && parameters[0]) {
      const cost = plus(this.cost(parameters[0]), stepCost)
      this.#copySizes(core, parameters[0])
      return cost
    }
    const costs: Range[] = []
    const nodes: SizedNode[] = []
    for (const one of parameters) {
      costs.push(this.cost(one))
      nodes.push(this.#node(one))
    }
    if (signatures.length === 0) return noRange
    const targetCost = target ? this.cost(target) : noRange
    const receiver = target && this.#node(target)
    let cost: Range | undefined
    let size: Range | undefined
    for (const signature of signatures) {
      const found = this.#meaning(core, signature, receiver, nodes, costs)
      cost = cost ? union(cost, found.cost) : found.cost
      if (found.size) size = size ? union(size, found.size) : found.size
      size = this.#indexed(core, signature, size) ?? this.#sizeOfNode(core)
    }
    if (size) this.#sizes.set(core, size)
    return plus(targetCost, cost ?? noRange)
  }

  /** The path of an element, and its size. */
  #indexed(core: CoreCall, signature: string, size: Range | undefined): Range | undefined {
    const [operand] = core.parameters
    if (!operand || !signature.startsWith('_[_]') || signature === '_[_](optional)') return size
    const below = signature === '_[_](list)' ? '@items' : '@values'
    this.#paths.set(core, [...this.#pathOf(operand), below])
    return this.#entriesOf(operand)?.value
  }

  #meaning(
    core: CoreCall,
    signature: string,
    receiver: SizedNode | undefined,
    nodes: readonly SizedNode[],
    costs: readonly Range[],
  ): CallEstimate {
    const given = estimateFunction(core.name, signature, receiver, nodes, this.#sizeOf)
    if (given) return { ...given, cost: plus(given.cost, ...costs) }
    const [first = noRange, second = noRange, third = noRange] = costs
    switch (core.name) {
      case '_&&_':
      case '_||_':
        return { cost: { min: first.min, max: plus(first, second).max } }
      case '_?_:_':
        this.#joinEntries(core, core.parameters[1], core.parameters[2])
        return {
          cost: plus(first, union(second, third)),
          size: union(nodes[1]?.size ?? unknownRange, nodes[2]?.size ?? unknownRange),
        }
      case '_+_':
        if (joins(signature)) this.#joinEntries(core, core.parameters[0], core.parameters[1])
    }
    return { cost: plus(stepCost, ...costs) }
  }

  #joinEntries(core: Core, left: Core | undefined, right: Core | undefined): void {
    const first = left && this.#entriesOf(left)
    const second = right && this.#entriesOf(right)
    if (!first || !second) return
    this.#entries.set(core, {
      isList: first.isList,
      key: union(first.key, second.key),
      value: union(first.value, second.value),
    })
  }

  #list(core: Extract<Core, { is: 'list' }>): Range {
    let cost = listCost
    const sizes: Range[] = []
    for (const item of core.items) {
      cost = plus(cost, this.cost(item))
      sizes.push(this.#sizeOfNode(item) ?? unknownRange)
    }
    this.#entries.set(core, { isList: true, key: exactly(1), value: allOf(sizes) })
    return cost
  }

  #map(core: Extract<Core, { is: 'map' }>): Range {
    let cost = mapCost
    const keys: Range[] = []
    const values: Range[] = []
    for (const [key, value] of core.entries) {
      cost = plus(cost, this.cost(key), this.cost(value))
      keys.push(this.#sizeOfNode(key) ?? unknownRange)
      values.push(this.#sizeOfNode(value) ?? unknownRange)
    }
    this.#entries.set(core, { isList: false, key: allOf(keys), value: allOf(values) })
    return cost
  }

  #fold(core: CoreFold): Range {
    const { range, names, accumulator, init, condition, step, result } = core
    const before = plus(this.cost(range), this.cost(init))
    this.#push(accumulator, {
      path: this.#pathOf(init),
      size: this.#sizeOfNode(init),
      entries: this.#entriesOf(init),
    })
    for (const [index, name] of names.entries())
      this.#push(name, this.#element(range, names.length === 1 ? undefined : index === 0))
    const loop = plus(this.cost(step), this.cost(condition))
    for (const name of names) this.#pop(name)
    const after = this.cost(result)
    this.#pop(accumulator)
    const count = this.#sizeOfNode(range) ?? unknownRange
    this.#noteResult(core, count)
    return plus(before, after, product(count, loop))
  }

  #noteResult(core: CoreFold, count: Range): void {
    if (core.init.is === 'constant') {
      const size = this.#sizeOfNode(core.init)
      if (size) this.#sizes.set(core, size)
    } else if (core.init.is === 'list' || core.init.is === 'map') {
      this.#sizes.set(core, count)
      const entries = this.#entriesOf(core.step)
      if (entries) this.#entries.set(core, entries)
    }
  }

  /** What a loop's variable stands for: the key or the value; undefined: whichever the range has first. */
  #element(range: Core, wantsKey: boolean | undefined): Local {
    const entries = this.#entriesOf(range)
    const isList = entries ? entries.isList : range.type.is === 'list'
    const isKey = wantsKey ?? !isList
    const below = isKey
      ? wantsKey && isList
        ? '@indices'
        : '@keys'
      : isList
        ? '@items'
        : '@values'
    return {
      path: [...this.#pathOf(range), below],
      size: isKey ? entries?.key : entries?.value,
      entries: undefined,
    }
  }

  #bind(core: CoreFold): Range {
    const { range, accumulator, init, result } = core
    const before = plus(this.cost(range), this.cost(init))
    this.#push(accumulator, {
      path: this.#pathOf(init),
      size: this.#sizeOfNode(init),
      entries: this.#entriesOf(init),
    })
    const cost = plus(before, this.cost(result))
    this.#pop(accumulator)
    this.#copySizes(core, result)
    return cost
  }

  #copySizes(to: Core, from: Core): void {
    const size = this.#sizeOfNode(from)
    if (size) this.#sizes.set(to, size)
    const entries = this.#entriesOf(from)
    if (entries) this.#entries.set(to, entries)
  }

  #node(core: Core): SizedNode {
    const path = this.#pathOf(core)
    return {
      type: core.type,
      // Only what comes from a variable of the environment has a place in the schema.
      path: path[0] === accumulatorName ? [] : path,
      size: this.#sizeOfNode(core),
      value: core.is === 'constant' ? core.value : undefined,
    }
  }

  #pathOf(core: Core): readonly string[] {
    const local = core.is === 'name' ? this.#local(core.name) : undefined
    return local?.path ?? this.#paths.get(core) ?? []
  }

  #sizeOfNode(core: Core): Range | undefined {
    const known = this.#sizes.get(core) ?? writtenSize(core)
    if (known) return known
    const path = this.#pathOf(core)
    const most = path.length === 0 ? undefined : this.#sizeOf(path)
    if (most !== undefined) {
      const size = { min: 0n, max: most }
      this.#sizes.set(core, size)
      return size
    }
    if (isScalar(core.type)) return exactly(1)
    return core.is === 'name' ? this.#local(core.name)?.size : undefined
  }

  #entriesOf(core: Core): EntrySizes | undefined {
    const known = this.#entries.get(core)
    if (known) return known
    return core.is === 'name' ? this.#local(core.name)?.entries : undefined
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name)
    if (stack) stack.push(local)
    else this.#locals.set(name, [local])
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop()
  }
}

/** Texts, bytes, lists and maps that are written out have the size that one sees. */
function writtenSize(core: Core): Range | undefined {
  if (core.is === 'list') return exactly(core.items.length)
  if (core.is === 'map') return exactly(core.entries.length)
  if (core.is !== 'constant') return undefined
  return exactly(sizeOfValue(core.value))
}

function isScalar(type: Type): boolean {
  switch (type.is) {
    case 'bool':
    case 'double':
    case 'duration':
    case 'int':
    case 'timestamp':
    case 'uint':
      return true
    case 'optional':
      return isScalar(type.of)
    default:
      return false
  }
}

function allOf(ranges: readonly Range[]): Range {
  const [first, ...rest] = ranges
  return first ? rest.reduce(union, first) : noRange
}

function joins(signature: string): boolean {
  return (
    signature === addLists || signature === '_+_(string,string)' || signature === '_+_(bytes,bytes)'
  )
}

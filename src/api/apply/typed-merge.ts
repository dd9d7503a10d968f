import { isRecord, type Json, jsonEqual } from '../patch/json-value.ts'
import { emptySet, FieldSet, printElement, wholeField } from './field-set.ts'
import { assembled, isElementList, type Part, partsOf, type Shape, unsetMember } from './shape.ts'

/** The fields that a value sets (structured-merge-diff typed.ToFieldSet). */
export function fieldsOf(shape: Shape, value: Json): FieldSet {
  const parts = partsOf(shape, value)
  if (parts.size === 0) return wholeField
  return new FieldSet(false, childSets(shape, parts))
}

/** As `fieldsOf`, with everything that has fields of its own. */
export function nodesOf(shape: Shape, value: Json): FieldSet {
  const children = [...partsOf(shape, value)].map(([element, part]): [string, FieldSet] => [
    element,
    nodesOf(part.shape, part.value),
  ])
  return new FieldSet(true, new Map(children))
}

function childSets(shape: Shape, parts: ReadonlyMap<string, Part>): Map<string, FieldSet> {
  const elements = isElementList(shape)
  const children = new Map<string, FieldSet>()
  for (const [element, part] of parts) {
    const below = saysNothing(part) ? emptySet : fieldsOf(part.shape, part.value)
    if (elements) children.set(element, new FieldSet(true, below.children))
    else if (!below.isEmpty) children.set(element, below)
  }
  return children
}

/** A list of elements that has none is no field, unlike an empty map (typed/tofieldset.go). */
function saysNothing({ shape, value }: Part): boolean {
  const isOfElements = isElementList(shape) || shape.is === 'set'
  return isOfElements && Array.isArray(value) && value.length === 0
}

/** `live` with everything that `applied` says; what only `live` has stays, in its place. */
export function merge(shape: Shape, live: Json | undefined, applied: Json): Json {
  if (!divides(shape, live) || !divides(shape, applied)) return applied
  const before = partsOf(shape, live)
  const asked = partsOf(shape, applied)
  const merged = new Map(before)
  for (const [element, part] of asked) {
    const value = merge(part.shape, before.get(element)?.value, part.value)
    merged.set(element, { ...part, value })
  }
  if (hasMembers(shape)) return assembled(shape, merged)
  const order = listOrder([...before.keys()], [...asked.keys()])
  return assembled(shape, new Map(order.map((element) => [element, merged.get(element) as Part])))
}

/** Applied elements in their order; those that only `live` has come before what follows them there. */
function listOrder(live: readonly string[], applied: readonly string[]): string[] {
  const wanted = new Set(applied)
  const order: string[] = []
  let next = 0
  const takeOthers = () => {
    for (; next < live.length && !wanted.has(live[next] as string); next += 1)
      order.push(live[next] as string)
  }
  for (const element of applied) {
    takeOthers()
    order.push(element)
    if (live[next] === element) next += 1
  }
  return [...order, ...live.slice(next).filter((element) => !wanted.has(element))]
}

/** True when a value of that shape has parts, or could have. */
function divides(shape: Shape, value: Json | undefined): boolean {
  if (shape.is === 'leaf') return false
  return hasMembers(shape) ? isRecord(value) : Array.isArray(value)
}

/** True for shapes of objects, false for those of lists. */
function hasMembers({ is }: Shape): boolean {
  return is === 'struct' || is === 'map' || is === 'custom'
}

/** The first list that names an element twice, and which; undefined if there is none. */
export function duplicateIn(shape: Shape, value: Json, path = ''): string | undefined {
  const parts = partsOf(shape, value)
  if (Array.isArray(value) && parts.size > 0 && parts.size < value.length) {
    const twice = repeated(shape, value)
    return `${path}: duplicate entries for key ${printElement(twice)}`
  }
  for (const [element, part] of parts) {
    const found = duplicateIn(part.shape, part.value, `${path}${printElement(element)}`)
    if (found !== undefined) return found
  }
  return undefined
}

function repeated(shape: Shape, items: readonly Json[]): string {
  const seen = new Set<string>()
  for (const item of items) {
    const [element = ''] = partsOf(shape, [item]).keys()
    if (seen.has(element)) return element
    seen.add(element)
  }
  return ''
}

/**
 * Takes out what `gone` names, unless `kept` names it or something below it. An element of a list stays
 * only when `kept` names the element itself: without its keys, what is below would be nothing.
 */
export function remove(shape: Shape, value: Json, gone: FieldSet, kept: FieldSet): Json {
  const parts = partsOf(shape, value)
  let changed = false
  for (const [element, below] of gone.children) {
    const part = parts.get(element)
    if (!part) continue
    changed = true
    const keep = kept.children.get(element)
    const losesElement = isElementList(shape) && below.member && !keep?.member
    if (!keep || keep.isEmpty || losesElement) parts.delete(element)
    else {
      const left = remove(part.shape, part.value, below, keep)
      // Emptied by this, and owned by nobody: structured-merge-diff's remove leaves nothing of it either.
      const isEmptied = left !== part.value && partsOf(part.shape, left).size === 0 && !keep.member
      if (isEmptied) parts.delete(element)
      else parts.set(element, { ...part, value: left })
    }
  }
  return changed ? assembled(shape, parts) : value
}

export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const same: Comparison = { changed: emptySet, removed: emptySet }

/**
 * What differs between two values of a shape, field by field. What comes or goes as a whole does so itself,
 * beside all that is in it (structured-merge-diff typed/compare.go).
 */
export function compare(
  shape: Shape,
  before: Json | undefined,
  after: Json | undefined,
): Comparison {
  if (before === undefined)
    return { changed: after === undefined ? emptySet : nodesOf(shape, after), removed: emptySet }
  if (after === undefined) return { changed: emptySet, removed: nodesOf(shape, before) }
  // Most of an object is as it was: finding that out is cheaper than taking it apart.
  if (jsonEqual(before, after)) return same
  const old = partsOf(shape, before)
  const now = partsOf(shape, after)
  if (old.size === 0 && now.size === 0) return { changed: wholeField, removed: emptySet }
  const changed = new Map<string, FieldSet>()
  const removed = new Map<string, FieldSet>()
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const part = (now.get(element) ?? old.get(element)) as Part
    const unset = unsetMember(shape, element)
    const valueIn = (parts: ReadonlyMap<string, Part>) => {
      const found = parts.get(element)
      return found ? found.value : unset
    }
    const below = compare(part.shape, valueIn(old), valueIn(now))
    if (!below.changed.isEmpty) changed.set(element, below.changed)
    if (!below.removed.isEmpty) removed.set(element, below.removed)
  }
  return { changed: new FieldSet(false, changed), removed: new FieldSet(false, removed) }
}

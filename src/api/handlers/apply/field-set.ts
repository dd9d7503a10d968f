import {
  type Definition,
  definition,
  type Field,
  findDefinition,
  type ValueType,
} from '../../../kinds/schema.ts'

/**
 * A set of field paths as a tree, in the form that managedFields has (structured-merge-diff
 * fieldpath): steps are `f:<field or key>`, `k:<keys of a list element>`, `v:<value of a set>`, and
 * a node that has the step `.` is itself in the set.
 */
export type FieldSet = ReadonlyMap<string, FieldSet>
type Building = Map<string, Building>

export const itself = '.'

/** How values of a field are owned: whole, or member by member. */
export type Shape =
  | { readonly is: 'leaf' }
  | { readonly is: 'struct'; readonly schema: Definition }
  | { readonly is: 'map'; readonly of: ValueType }
  | { readonly is: 'keyed'; readonly schema: Definition; readonly keys: readonly string[] }
  | { readonly is: 'set' }

type JsonRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function shapeOf(field: Field | undefined): Shape {
  if (!field) return { is: 'leaf' }
  const { type, listType, listKeys, mapType } = field
  if (type.is === 'list' && listType === 'set') return { is: 'set' }
  if (type.is === 'list' && listType === 'map' && type.of.is === 'object')
    return { is: 'keyed', schema: definition(type.of.definition), keys: listKeys.toSorted() }
  if (mapType === 'atomic' || type.is === 'list') return { is: 'leaf' }
  return shapeOfType(type)
}

export function shapeOfType(type: ValueType): Shape {
  if (type.is === 'map') return { is: 'map', of: type.of }
  if (type.is !== 'object') return { is: 'leaf' }
  const schema = findDefinition(type.definition)
  return schema && schema.mapType !== 'atomic' ? { is: 'struct', schema } : { is: 'leaf' }
}

/** The shape of a member of a struct or map. */
export function memberShape(shape: Shape, name: string): Shape {
  if (shape.is === 'struct') return shapeOf(shape.schema.byName.get(name))
  return shape.is === 'map' ? shapeOfType(shape.of) : { is: 'leaf' }
}

/** The step that names an element of a keyed list; left-out keys count as their default. */
export function elementStep(
  shape: { readonly schema: Definition; readonly keys: readonly string[] },
  element: unknown,
): string {
  const record = isRecord(element) ? element : {}
  const keys = shape.keys.map((key) => [key, record[key] ?? shape.schema.byName.get(key)?.default])
  return `k:${JSON.stringify(Object.fromEntries(keys))}`
}

/** Every field that `value` gives a value to. */
export function fieldsOf(shape: Shape, value: unknown): FieldSet {
  const set: Building = new Map()
  if ((shape.is === 'struct' || shape.is === 'map') && isRecord(value)) {
    for (const [name, member] of Object.entries(value))
      if (member !== undefined)
        set.set(`f:${name}`, fieldsOf(memberShape(shape, name), member) as Building)
  } else if (shape.is === 'keyed' && Array.isArray(value)) {
    for (const element of value) {
      const fields = fieldsOf({ is: 'struct', schema: shape.schema }, element) as Building
      set.set(elementStep(shape, element), new Map([[itself, new Map()], ...fields]))
    }
  } else if (shape.is === 'set' && Array.isArray(value)) {
    for (const element of value)
      set.set(`v:${JSON.stringify(element)}`, new Map([[itself, new Map()]]))
  }
  // A leaf, and an empty struct, map or list: owned as such.
  if (set.size === 0) set.set(itself, new Map())
  return set
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const result = new Map(a)
  for (const [step, node] of b) {
    const other = result.get(step)
    result.set(step, other ? union(other, node) : node)
  }
  return result
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (step, node, other) => {
    if (!other) return node
    return step === itself ? undefined : difference(node, other)
  })
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (step, node, other) => {
    if (!other) return undefined
    return step === itself ? node : intersection(node, other)
  })
}

function combine(
  a: FieldSet,
  b: FieldSet,
  choose: (step: string, node: FieldSet, other: FieldSet | undefined) => FieldSet | undefined,
): FieldSet {
  const result = new Map<string, FieldSet>()
  for (const [step, node] of a) {
    const chosen = choose(step, node, b.get(step))
    if (chosen && (step === itself || chosen.size > 0)) result.set(step, chosen)
  }
  return result
}

/** The paths of a set, each as its steps. */
export function* pathsOf(set: FieldSet, before: readonly string[] = []): Generator<string[]> {
  for (const [step, node] of set) {
    if (step === itself) yield [...before]
    else yield* pathsOf(node, [...before, step])
  }
}

/** `.spec.containers[name="c"].image`, as conflicts name fields. */
export function pathText(path: readonly string[]): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`
      const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>)
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    })
    .join('')
}

/** FieldsV1: a node that only has itself is `{}`. */
export function toFieldsV1(set: FieldSet): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null)
  if (set.size === 1 && set.has(itself)) return result
  for (const [step, node] of set) result[step] = step === itself ? {} : toFieldsV1(node)
  return result
}

/** Reads FieldsV1; `{}` and what is none of it are empty sets. */
export function fromFieldsV1(fields: unknown): FieldSet {
  if (!isRecord(fields) || Object.keys(fields).length === 0) return new Map()
  return read(fields)
}

function read(fields: JsonRecord): FieldSet {
  const steps = Object.entries(fields)
  if (steps.length === 0) return new Map([[itself, new Map()]])
  return new Map(
    steps.map(([step, node]) => [
      step,
      step === itself || !isRecord(node) ? new Map() : read(node),
    ]),
  )
}

import type { Kind } from '../../kinds/kind.ts'
import { type Definition, definition, type Field, type ValueType } from '../../kinds/schema.ts'
import {
  member,
  type SchemaProps,
  schemaOfItems,
  schemaOfMember,
} from '../../kinds/structural/schema-props.ts'
import { isRecord, type Json, type JsonRecord } from '../patch/json-value.ts'

/**
 * How a value divides into fields that can have different owners: `leaf` not at all, the others by
 * name, by key or by value (x-kubernetes-list-type and -map-type).
 */
export type Shape =
  | { readonly is: 'leaf' }
  | { readonly is: 'struct'; readonly definition: Definition }
  | { readonly is: 'custom'; readonly schema: SchemaProps; readonly isResource: boolean }
  | { readonly is: 'map'; readonly of: Shape }
  | { readonly is: 'set' }
  | { readonly is: 'list'; readonly keys: readonly ListKey[]; readonly of: Shape }

/** A shape whose parts have names: the fields of a structure or the keys of a map. */
export type NamedShape = Extract<Shape, { is: 'struct' | 'custom' | 'map' }>

interface ListKey {
  readonly name: string
  /** Stands for a key that an element leaves out, such as protocol TCP. */
  readonly default: Json | undefined
}

/** A part of a value: the element that leads to it, its shape and itself. */
export interface Part {
  readonly shape: Shape
  readonly value: Json
}

const leaf: Shape = { is: 'leaf' }
const shapes = new WeakMap<Definition, Shape>()

export function shapeOf({ definition: name, custom }: Pick<Kind, 'definition' | 'custom'>): Shape {
  if (custom) return { is: 'custom', schema: custom.schema, isResource: true }
  return shapeOfDefinition(definition(name))
}

const metaShape = () =>
  shapeOfDefinition(definition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'))

/** The shape of a value in a custom resource (apiserver pkg/endpoints/.../fieldmanager/typeconverter). */
function shapeOfSchema(schema: SchemaProps | undefined): Shape {
  if (!schema) return untyped
  if (schema.type === 'array') return shapeOfList(schema)
  if (schema['x-kubernetes-map-type'] === 'atomic') return leaf
  const isResource = schema['x-kubernetes-embedded-resource'] === true
  const isScalar = schema.type !== undefined && schema.type !== 'object'
  return isScalar ? leaf : { is: 'custom', schema, isResource }
}

function shapeOfList(schema: SchemaProps): Shape {
  const items = schemaOfItems(schema)
  const listType = schema['x-kubernetes-list-type']
  if (listType === 'set') return { is: 'set' }
  if (listType !== 'map' || !items) return leaf
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((name) => {
    const property = member(items.properties, name) as SchemaProps | undefined
    return { name, default: property?.default as Json | undefined }
  })
  return { is: 'list', keys, of: { is: 'custom', schema: items, isResource: false } }
}

/** Of what no schema speaks: objects divide, lists do not. */
const untyped: Shape = { is: 'custom', schema: {}, isResource: false }

function shapeOfDefinition(source: Definition): Shape {
  const known = shapes.get(source)
  if (known) return known
  const shape: Shape = source.mapType === 'atomic' ? leaf : { is: 'struct', definition: source }
  shapes.set(source, shape)
  return shape
}

const fieldShapes = new WeakMap<Field, Shape>()

function shapeOfField(field: Field): Shape {
  let shape = fieldShapes.get(field)
  if (!shape) {
    shape = makeShape(field)
    fieldShapes.set(field, shape)
  }
  return shape
}

function makeShape(field: Field): Shape {
  if (field.mapType === 'atomic') return leaf
  const { type } = field
  if (type.is !== 'list') return shapeOfType(type)
  if (field.listType === 'set') return { is: 'set' }
  if (field.listType !== 'map' || type.of.is !== 'object') return leaf
  const element = definition(type.of.definition)
  const keys = field.listKeys.map((name) => ({
    name,
    default: element.byName.get(name)?.default as Json | undefined,
  }))
  // The elements of a list with keys have owners of their own, even where their type is atomic.
  return { is: 'list', keys, of: shapeOfDefinition(element) }
}

function shapeOfType(type: ValueType): Shape {
  switch (type.is) {
    case 'object':
      return shapeOfDefinition(definition(type.definition))
    case 'map':
      return { is: 'map', of: shapeOfType(type.of) }
    default:
      return leaf
  }
}

/** The parts of a value by their element; none for a leaf, or for a value that is not of its shape. */
export function partsOf(shape: Shape, value: Json | undefined): Map<string, Part> {
  const parts = new Map<string, Part>()
  if ((shape.is === 'struct' || shape.is === 'custom') && isRecord(value)) {
    for (const [name, below] of Object.entries(value))
      if (below !== undefined)
        parts.set(`f:${name}`, { shape: memberShape(shape, name), value: below })
  } else if (shape.is === 'map' && isRecord(value)) {
    for (const [key, member] of Object.entries(value))
      if (member !== undefined) parts.set(`f:${key}`, { shape: shape.of, value: member })
  } else if (shape.is === 'set' && Array.isArray(value)) {
    for (const item of value) parts.set(`v:${JSON.stringify(item)}`, { shape: leaf, value: item })
  } else if (shape.is === 'list' && Array.isArray(value)) {
    for (const item of value) parts.set(elementOf(shape, item), { shape: shape.of, value: item })
  }
  return parts
}

/** The shape of a member of what divides by names. A field that no definition knows has one owner. */
export function memberShape(shape: NamedShape, name: string): Shape {
  if (shape.is === 'map') return shape.of
  if (shape.is === 'custom') {
    if (shape.isResource && name === 'metadata') return metaShape()
    return shapeOfSchema(schemaOfMember(shape.schema, name))
  }
  const field = shape.definition.byName.get(name)
  return field ? shapeOfField(field) : leaf
}

/**
 * What Go writes of a member that nobody set: a structure that is no pointer and a list that must be there
 * are never absent, so nobody brings them (apimachinery compares with an empty object of the kind).
 */
export function unsetMember(shape: Shape, element: string): Json | undefined {
  if (shape.is !== 'struct') return undefined
  const field = shape.definition.byName.get(element.slice(2))
  if (!field) return undefined
  const { type, required, pointer } = field
  if (type.is === 'object') return pointer ? undefined : Object.create(null)
  if (type.is === 'list') return required ? [] : undefined
  return type.is === 'map' && required ? Object.create(null) : undefined
}

/** A value made of parts, in their order; the inverse of partsOf. */
export function assembled(shape: Shape, parts: ReadonlyMap<string, Part>): Json {
  if (shape.is === 'set' || shape.is === 'list')
    return [...parts.values()].map((part) => part.value)
  const record: JsonRecord = Object.create(null)
  for (const [element, part] of parts) record[element.slice(2)] = part.value
  return record
}

/** True when an element of this shape is in the set itself, beside its fields. */
export function isElementList(shape: Shape): boolean {
  return shape.is === 'list'
}

export function elementOf(shape: Extract<Shape, { is: 'list' }>, item: Json): string {
  const named: JsonRecord = Object.create(null)
  const keys = [...shape.keys].sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const key of keys) {
    const value = isRecord(item) ? (item[key.name] ?? key.default) : undefined
    if (value !== undefined) named[key.name] = value
  }
  return `k:${JSON.stringify(named)}`
}

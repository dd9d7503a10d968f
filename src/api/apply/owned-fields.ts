import { isRecord, type Json } from '../patch/json-value.ts'
import type { FieldSet } from './field-set.ts'
import { elementOf, memberShape, type NamedShape, type Shape } from './shape.ts'

/** Encoded sets of fields (FieldsV1), without a FieldSet in between: what every write can afford. */
export type FieldsV1 = Record<string, unknown>

const noFields: FieldsV1 = Object.freeze({})

/** The fields that a value sets: `fieldsOf(shape, value).encode()`. */
export function encodedFields(shape: Shape, value: Json): FieldsV1 {
  switch (shape.is) {
    case 'leaf':
      return noFields
    case 'struct':
    case 'custom':
    case 'map':
      return isRecord(value) ? encodedMembers(shape, value) : noFields
    case 'set': {
      if (!Array.isArray(value) || value.length === 0) return noFields
      const set: FieldsV1 = {}
      for (const element of value.map((item) => `v:${JSON.stringify(item)}`).sort())
        set[element] = noFields
      return set
    }
    case 'list': {
      if (!Array.isArray(value) || value.length === 0) return noFields
      const elements = value.map((item): [string, Json] => [elementOf(shape, item), item])
      const list: FieldsV1 = {}
      for (const [element, item] of elements.sort(byName)) {
        const below = encodedFields(shape.of, item)
        list[element] = below === noFields ? noFields : { '.': noFields, ...below }
      }
      return list
    }
  }
}

/** Of an object's members all but `without`. */
export function encodedMembers(
  shape: NamedShape,
  value: { readonly [name: string]: Json | undefined },
  without?: ReadonlySet<string>,
): FieldsV1 {
  const names = Object.keys(value).sort()
  const members: FieldsV1 = {}
  let some = false
  for (const name of names) {
    const member = value[name]
    if (member === undefined || without?.has(name)) continue
    members[`f:${name}`] = encodedFields(memberShape(shape, name), member)
    some = true
  }
  return some ? members : noFields
}

/** True when `encoded` holds every field of `fields`. */
export function holdsAll(encoded: unknown, fields: FieldSet): boolean {
  if (!isRecord(encoded)) return false
  if (fields.member && !isMember(encoded)) return false
  for (const [element, child] of fields.children)
    if (!Object.hasOwn(encoded, element) || !holdsAll(encoded[element], child)) return false
  return true
}

/** True when `encoded` holds some field of `fields`. */
export function holdsSome(encoded: unknown, fields: FieldSet): boolean {
  if (!isRecord(encoded)) return false
  if (fields.member && isMember(encoded)) return true
  for (const [element, child] of fields.children)
    if (Object.hasOwn(encoded, element) && holdsSome(encoded[element], child)) return true
  return false
}

/** A path is in the set when nothing is below it, or when it says so by a dot. */
function isMember(encoded: { readonly [name: string]: unknown }): boolean {
  if (Object.hasOwn(encoded, '.')) return true
  for (const _ in encoded) return false
  return true
}

function byName([left]: readonly [string, Json], [right]: readonly [string, Json]): number {
  return left < right ? -1 : left > right ? 1 : 0
}

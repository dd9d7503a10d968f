import { isRecord, type Json, jsonEqual } from '../patch/json-value.ts'
import type { FieldSet } from './field-set.ts'
import { elementOf, memberShape, type NamedShape, type Shape, unsetMember } from './shape.ts'

/** Encoded sets of fields (FieldsV1), without a FieldSet in between: what every write can afford. */
export type FieldsV1 = Record<string, unknown>

const noFields: FieldsV1 = Object.freeze({})

/** All of a value that was not there before: `nodesOf(shape, value).encode()`. */
function encodedNodes(shape: Shape, value: Json): FieldsV1 {
  const below = encodedParts(shape, value, true)
  return below === noFields ? noFields : { '.': noFields, ...below }
}

/** What is in a value; a structure that is part of every such value is not new itself, see `unsetMember`. */
function encodedParts(shape: Shape, value: Json, isNew: boolean): FieldsV1 {
  switch (shape.is) {
    case 'leaf':
      return noFields
    case 'struct':
    case 'custom':
    case 'map':
      return isRecord(value) ? encodedMembers(shape, value, undefined, isNew) : noFields
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
      for (const [element, item] of elements.sort(byName))
        list[element] = encodedNodes(shape.of, item)
      return list
    }
  }
}

/** The fields that an object sets which was not there before, of its members all but `without`. */
export function encodedMembers(
  shape: NamedShape,
  value: { readonly [name: string]: Json | undefined },
  without?: ReadonlySet<string>,
  isNew = false,
): FieldsV1 {
  const names = Object.keys(value).sort()
  const members: FieldsV1 = {}
  let some = false
  for (const name of names) {
    const member = value[name]
    if (member === undefined || without?.has(name)) continue
    const below = memberShape(shape, name)
    const element = `f:${name}`
    const unset = isNew ? undefined : unsetMember(shape, element)
    const wasThere = unset !== undefined
    if (wasThere && jsonEqual(unset, member)) continue
    const encoded = wasThere ? encodedParts(below, member, false) : encodedNodes(below, member)
    if (wasThere && encoded === noFields && below.is !== 'leaf') continue
    members[element] = encoded
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

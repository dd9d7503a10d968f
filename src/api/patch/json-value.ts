import { limits } from '../../base/limits.ts'
import { statusError } from '../../base/status.ts'
import { jsonProblem } from '../../kinds/codec/decode-error.ts'

/** A JSON value whose objects have no prototype, so a key named `__proto__` is only a key. */
export type Json = null | boolean | number | string | Json[] | JsonRecord

export interface JsonRecord {
  [key: string]: Json
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function emptyRecord(): JsonRecord {
  return Object.create(null) as JsonRecord
}

/**
 * A deep copy that shares nothing with `value`; members that are undefined are left out.
 * Throws BadRequest past limits.jsonDepthMax.
 */
export function copyJson(value: unknown, depth = 0): Json {
  if (depth > limits.jsonDepthMax)
    throw statusError('BadRequest', `the document is nested deeper than ${limits.jsonDepthMax}`)
  if (Array.isArray(value)) return value.map((item) => copyJson(item, depth + 1))
  if (typeof value === 'object' && value !== null) {
    const copy = emptyRecord()
    for (const [key, member] of Object.entries(value))
      if (member !== undefined) copy[key] = copyJson(member, depth + 1)
    return copy
  }
  return value as Json
}

/** A copy of a decoded object, as a record that may be changed. */
export function copyRecord(value: object): JsonRecord {
  return copyJson(value) as JsonRecord
}

/** Equality of JSON values: member order does not count, array order does; undefined is absence. */
export function jsonEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true
  if (left === undefined || right === undefined) return false
  if (Array.isArray(left))
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => jsonEqual(item, right[index]))
    )
  if (!isRecord(left) || !isRecord(right)) return false
  let members = 0
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue
    if (!Object.hasOwn(right, key) || !jsonEqual(left[key], right[key])) return false
    members += 1
  }
  for (const key of Object.keys(right)) if (right[key] !== undefined) members -= 1
  return members === 0
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The patch in a request's body. Throws BadRequest when it is not JSON in UTF-8. */
export function parsePatch(body: Uint8Array): Json {
  let text = ''
  try {
    text = utf8.decode(body)
    return copyJson(JSON.parse(text))
  } catch (error) {
    throw statusError('BadRequest', `error decoding patch: ${jsonProblem(text, error as Error)}`)
  }
}

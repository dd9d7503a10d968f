import { limits } from '../../base/limits.ts'
import { StatusError, statusError } from '../../base/status.ts'
import { jsonKind } from '../../kinds/decode-json.ts'
import { copyJson, isRecord, type Json, jsonEqual } from './json-value.ts'

/**
 * RFC 6902 on a document that this function may change; returns the patched document.
 * Throws BadRequest for what is no patch, RequestEntityTooLarge past limits.jsonPatchOperationsMax
 * and Invalid when an operation does not apply (apiserver pkg/endpoints/handlers/patch.go).
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!Array.isArray(patch))
    throw statusError(
      'BadRequest',
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    )
  if (patch.length > limits.jsonPatchOperationsMax)
    throw statusError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${limits.jsonPatchOperationsMax}, got ${patch.length}`,
    )
  let copiedBytes = 0
  return patch.map(parseOperation).reduce<Json>((patched, operation) => {
    if (operation.op === 'copy') {
      const copied = copiedFrom(patched, operation.from)
      copiedBytes += Buffer.byteLength(JSON.stringify(copied))
      if (copiedBytes > limits.bodyBytesMax) throw refused()
    }
    return applyOperation(patched, operation)
  }, document)
}

type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string[]; value: Json }
  | { op: 'remove'; path: string[] }
  | { op: 'move' | 'copy'; path: string[]; from: string[] }

function parseOperation(operation: Json): JsonPatchOperation {
  if (operation !== null && !isRecord(operation))
    throw statusError(
      'BadRequest',
      `error decoding patch: json: cannot unmarshal ${jsonKind(operation)} into Go value of type handlers.jsonPatchOp`,
    )
  const malformed = (what: string) =>
    statusError('BadRequest', `invalid operation ${JSON.stringify(operation)}: ${what}`)
  const pointer = (name: 'path' | 'from'): string[] => {
    const text = operation?.[name]
    const problem = `failed to decode '${name}': operation missing ${name} field: missing value`
    if (typeof text !== 'string') throw malformed(problem)
    const tokens = parsePointer(text)
    if (!tokens) throw malformed(`"${name}" is not a JSON pointer`)
    return tokens
  }
  switch (operation?.['op']) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = operation['value']
      const path = pointer('path')
      if (value === undefined)
        throw malformed("failed to decode 'value': operation, missing value field: missing value")
      return { op: operation['op'], path, value }
    }
    case 'remove':
      return { op: 'remove', path: pointer('path') }
    case 'move':
    case 'copy':
      return { op: operation['op'], path: pointer('path'), from: pointer('from') }
    default:
      throw malformed('unsupported operation')
  }
}

/** The tokens of an RFC 6901 pointer, or undefined when it is none. */
export function parsePointer(text: string): string[] | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function applyOperation(document: Json, operation: JsonPatchOperation): Json {
  const { op, path } = operation
  switch (op) {
    case 'add':
      return add(document, path, copyJson(operation.value))
    case 'remove':
      return remove(document, path)
    case 'replace':
      return replace(document, path, copyJson(operation.value))
    case 'test':
      return test(document, path, operation.value)
    case 'copy':
      return add(document, path, copyJson(copiedFrom(document, operation.from)))
    case 'move': {
      const { from } = operation
      if (from.length < path.length && from.every((token, index) => token === path[index]))
        throw refused()
      const value = existing(document, from)
      return add(remove(document, from), path, value)
    }
  }
}

function add(document: Json, path: readonly string[], value: Json): Json {
  const last = path.at(-1)
  if (last === undefined) return value
  const parent = existing(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : arrayIndex(last)
    if (index === undefined || index > parent.length) throw refused()
    parent.splice(index, 0, value)
  } else if (isRecord(parent)) parent[last] = value
  else throw refused()
  return document
}

function remove(document: Json, path: readonly string[]): Json {
  const last = path.at(-1)
  if (last === undefined) return null
  const parent = existing(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = arrayIndex(last)
    if (index === undefined || index >= parent.length) throw refused()
    parent.splice(index, 1)
  } else if (isRecord(parent) && Object.hasOwn(parent, last)) delete parent[last]
  else throw refused()
  return document
}

/** As Kubernetes has it, a member of an object need not be there (json-patch v4, patch.go). */
function replace(document: Json, path: readonly string[], value: Json): Json {
  const last = path.at(-1)
  if (last === undefined) return value
  const parent = existing(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    existing(document, path)
    parent[Number(last)] = value
  } else if (isRecord(parent)) parent[last] = value
  else throw refused()
  return document
}

/** A member of an object that is not there is copied as null. */
function copiedFrom(document: Json, path: readonly string[]): Json {
  const last = path.at(-1)
  const parent = last === undefined ? document : existing(document, path.slice(0, -1))
  return isRecord(parent) && last !== undefined && !Object.hasOwn(parent, last)
    ? null
    : existing(document, path)
}

/** As Kubernetes has it, testing a missing member against null holds. */
function test(document: Json, path: readonly string[], value: Json): Json {
  const found = lookUp(document, path)
  if (!jsonEqual(found ?? null, value)) throw new FailedTest(refused().status)
  return document
}

function existing(document: Json, path: readonly string[]): Json {
  const found = lookUp(document, path)
  if (found === undefined) throw refused()
  return found
}

function lookUp(document: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = document
  for (const token of path) {
    if (Array.isArray(at)) {
      const index = arrayIndex(token)
      at = index === undefined ? undefined : at[index]
    } else at = isRecord(at) && Object.hasOwn(at, token) ? at[token] : undefined
    if (at === undefined) return undefined
  }
  return at
}

function arrayIndex(token: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(token) ? Number(token) : undefined
}

/** An operation `test` that did not hold: the patch is not meant for this document. */
export class FailedTest extends StatusError {}

/** Kubernetes' answer to a JSON patch that does not apply: not even which operation did not. */
function refused(): StatusError {
  return statusError(
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  )
}

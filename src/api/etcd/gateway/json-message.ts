import type { MessageType, NamedField } from '../wire/message-type.ts'

/**
 * Messages as proto3's JSON: bytes in base64, numbers of 64 bits as strings, enums by name, and nothing
 * that is zero. Read leniently, as etcd does: names in either spelling, numbers with or without
 * quotes, enums by number; what is not known is passed over.
 */
export function messageFromJson(type: MessageType<object>, json: unknown): object {
  if (json === null) return {}
  if (typeof json !== 'object' || Array.isArray(json)) throw unfit('the request', 'object', json)
  const draft: Record<string, unknown> = {}
  const given = json as Readonly<Record<string, unknown>>
  for (const field of type.fields) {
    const name = [field.jsonName, camelCased(field.jsonName)].find((one) =>
      Object.hasOwn(given, one),
    )
    const value = name === undefined ? null : given[name]
    if (name === undefined || value === null) continue
    draft[field.name] = field.repeated ? itemsFromJson(field, value) : valueFromJson(field, value)
  }
  return draft
}

/** Text that is not the message it should be; the message names the field. */
export class UnfitJsonError extends Error {
  override readonly name = 'UnfitJsonError'
}

/** Pieces that make up the JSON of a message, of an item of a list or a part of a message at most. */
export function* jsonPieces(type: MessageType<object>, message: object): Generator<string> {
  const values = message as Readonly<Record<string, unknown>>
  let separator = '{'
  for (const field of type.fields) {
    const value = values[field.name]
    if (isUnset(value)) continue
    yield `${separator}"${field.jsonName}":`
    if (Array.isArray(value)) yield* listPieces(field, value)
    else yield* valuePieces(field, value)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

function* listPieces(field: NamedField, items: readonly unknown[]): Generator<string> {
  let separator = '['
  for (const item of items) {
    yield separator
    yield* valuePieces(field, item)
    separator = ','
  }
  yield ']'
}

function* valuePieces(field: NamedField, value: unknown): Generator<string> {
  const { holds, symbols, isNarrow } = field
  if (typeof holds === 'function')
    yield* jsonPieces(holds() as MessageType<object>, value as object)
  else if (value instanceof Uint8Array)
    yield `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"`
  else if (symbols) yield JSON.stringify(symbols[Number(value)] ?? value)
  else if (typeof value === 'boolean' || isNarrow) yield String(value)
  else yield JSON.stringify(String(value))
}

function isUnset(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return value === undefined || value === 0 || value === 0n || value === '' || value === false
}

function itemsFromJson(field: NamedField, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw unfit(`field ${field.jsonName}`, 'list', value)
  return value.map((item) => valueFromJson(field, item)).filter((item) => item !== undefined)
}

/** Undefined for an enum's value that is not known. */
function valueFromJson(field: NamedField, value: unknown): unknown {
  const { holds, symbols, jsonName } = field
  if (typeof holds === 'function') return messageFromJson(holds() as MessageType<object>, value)
  if (symbols && typeof value === 'string' && !isWhole(value)) {
    const at = symbols.indexOf(value)
    return at < 0 ? undefined : at
  }
  switch (holds) {
    case 'text':
      if (typeof value === 'string') return value
      break
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'bytes':
      if (typeof value === 'string' && /^[\w+/-]*={0,2}$/.test(value))
        return Buffer.from(value, 'base64')
      break
    default:
      if (isWhole(value)) return numberOf(value, holds === 'id')
  }
  throw unfit(`field ${jsonName}`, holds, value)
}

function isWhole(value: unknown): value is number | string {
  return Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
}

/** Identifiers are unsigned, all else has a sign; both have 64 bits. */
function numberOf(value: number | string, isId: boolean): number | bigint {
  const exact = BigInt(value)
  if (isId) return BigInt.asUintN(64, exact)
  const small = Number(exact)
  return Number.isSafeInteger(small) ? small : BigInt.asIntN(64, exact)
}

function camelCased(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

const kinds: Readonly<Record<string, string>> = {
  ...{ text: 'string', bytes: 'base64 string', bool: 'boolean', object: 'object', list: 'list' },
}

function unfit(what: string, wanted: string, value: unknown): UnfitJsonError {
  const shown = JSON.stringify(value).slice(0, 60)
  return new UnfitJsonError(`${what} is no ${kinds[wanted] ?? 'whole number'}: ${shown}`)
}

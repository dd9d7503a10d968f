import { messageField, textField, varintField } from './proto-writer.ts'
import type { Part } from './schemas.ts'

/**
 * An OpenAPI 2 document as protobuf, in the messages that kubectl reads: openapi.v2.Document of
 * gnostic (google/gnostic-models openapiv2/OpenAPIv2.proto). Each function writes one message; the
 * numbers are those of its fields.
 */
export const gnosticType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** How clients ask for it; the @ is no token of a media type, so answers are called otherwise. */
export const gnosticAskedType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/**
 * The document in pieces, to be joined: a reader merges parts of one field, so every path and every
 * definition is a piece of its own, and the work can be done in slices.
 */
export function* gnosticPieces(document: Part): Generator<Uint8Array, void, void> {
  yield gnosticHead(document)
  for (const [name, item] of Object.entries(part(document, 'paths')))
    yield messageField(8, paths({ [name]: item }))
  for (const [name, one] of Object.entries(part(document, 'definitions')))
    yield messageField(9, namedSchemas({ [name]: one }))
}

function gnosticHead(document: Part): Buffer {
  return message([
    text(1, document['swagger']),
    nested(
      2,
      message([
        text(1, part(document, 'info')['title']),
        text(2, part(document, 'info')['version']),
      ]),
    ),
    ...list(document['security']).map((one) => nested(12, securityRequirement(one as Part))),
    nested(13, securityDefinitions(part(document, 'securityDefinitions'))),
  ])
}

/** Pieces of a message; those that say nothing are undefined. */
type Piece = Buffer | undefined

function message(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.filter((piece) => piece !== undefined))
}

function text(number: number, value: unknown): Piece {
  return typeof value === 'string' && value !== '' ? textField(number, value) : undefined
}

function flag(number: number, value: unknown): Piece {
  return value === true ? varintField(number, 1) : undefined
}

function texts(number: number, value: unknown): Piece[] {
  return list(value).map((one) => textField(number, String(one)))
}

function nested(number: number, bytes: Buffer): Piece {
  return messageField(number, bytes)
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function part(of: Part, field: string): Part {
  return (of[field] ?? {}) as Part
}

/** `{name, value}` for each member: how gnostic writes maps. */
function named(number: number, of: Part, value: (member: Part) => Buffer): Piece[] {
  return Object.entries(of).map(([name, member]) =>
    nested(number, message([textField(1, name), nested(2, value(member as Part))])),
  )
}

/** Any JSON value, as the YAML that it also is. */
function any(value: unknown): Buffer {
  return textField(2, JSON.stringify(value))
}

function extensions(number: number, of: Part): Piece[] {
  return Object.entries(of)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => nested(number, message([textField(1, name), nested(2, any(value))])))
}

function paths(of: Part): Buffer {
  return message(named(2, of, pathItem))
}

const methodNumbers = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const

function pathItem(item: Part): Buffer {
  return message([
    ...Object.entries(methodNumbers).map(([method, number]) =>
      item[method] ? nested(number, operation(item[method] as Part)) : undefined,
    ),
    ...list(item['parameters']).map((one) => nested(9, parametersItem(one as Part))),
  ])
}

function operation(of: Part): Buffer {
  return message([
    ...texts(1, of['tags']),
    text(3, of['description']),
    text(5, of['operationId']),
    ...texts(6, of['produces']),
    ...texts(7, of['consumes']),
    ...list(of['parameters']).map((one) => nested(8, parametersItem(one as Part))),
    nested(9, message(named(1, part(of, 'responses'), responseValue))),
    ...texts(10, of['schemes']),
    ...extensions(13, of),
  ])
}

/** ParametersItem{Parameter{BodyParameter | NonBodyParameter{query | path}}} */
function parametersItem(of: Part): Buffer {
  const parameter =
    of['in'] === 'body'
      ? nested(1, bodyParameter(of))
      : nested(
          2,
          of['in'] === 'path'
            ? message([nested(4, pathParameter(of))])
            : message([nested(3, queryParameter(of))]),
        )
  return message([nested(1, message([parameter]))])
}

function bodyParameter(of: Part): Buffer {
  return message([
    text(1, of['description']),
    text(2, of['name']),
    text(3, of['in']),
    flag(4, of['required']),
    nested(5, schema(part(of, 'schema'))),
  ])
}

function queryParameter(of: Part): Buffer {
  return message([
    text(2, of['in']),
    text(3, of['description']),
    text(4, of['name']),
    text(6, of['type']),
    flag(20, of['uniqueItems']),
  ])
}

function pathParameter(of: Part): Buffer {
  return message([
    flag(1, of['required']),
    text(2, of['in']),
    text(3, of['description']),
    text(4, of['name']),
    text(5, of['type']),
    flag(19, of['uniqueItems']),
  ])
}

/** ResponseValue{Response{description, SchemaItem{Schema}}} */
function responseValue(of: Part): Buffer {
  const found = of['schema'] as Part | undefined
  return message([
    nested(
      1,
      message([
        text(1, of['description']),
        found && nested(2, message([nested(1, schema(found))])),
      ]),
    ),
  ])
}

function namedSchemas(of: Part): Buffer {
  return message(named(1, of, schema))
}

function schema(of: Part): Buffer {
  const { items, properties, additionalProperties } = of
  const types = list(of['type']).length > 0 ? list(of['type']) : [of['type']]
  return message([
    text(1, of['$ref']),
    text(2, of['format']),
    text(4, of['description']),
    of['default'] === undefined ? undefined : nested(5, any(of['default'])),
    ...texts(19, of['required']),
    ...list(of['enum']).map((value) => nested(20, any(value))),
    additionalProperties === undefined
      ? undefined
      : nested(21, additional(additionalProperties as Part | boolean)),
    of['type'] === undefined ? undefined : nested(22, message(texts(1, types))),
    items === undefined ? undefined : nested(23, message([nested(1, schema(items as Part))])),
    ...list(of['allOf']).map((one) => nested(24, schema(one as Part))),
    properties === undefined ? undefined : nested(25, namedSchemas(properties as Part)),
    ...extensions(31, of),
  ])
}

/** AdditionalPropertiesItem{Schema | boolean} */
function additional(of: Part | boolean): Buffer {
  return typeof of === 'boolean' ? varintField(2, of ? 1 : 0) : message([nested(1, schema(of))])
}

function securityRequirement(of: Part): Buffer {
  return message(
    Object.entries(of).map(([name, scopes]) =>
      nested(1, message([textField(1, name), nested(2, message(texts(1, scopes)))])),
    ),
  )
}

/** SecurityDefinitionsItem{ApiKeySecurity} */
function securityDefinitions(of: Part): Buffer {
  return message(
    named(1, of, (one) =>
      message([
        nested(2, message([text(1, one['type']), text(2, one['name']), text(3, one['in'])])),
      ]),
    ),
  )
}

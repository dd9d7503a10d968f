import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loadSync } from '@grpc/proto-loader'
import fc from 'fast-check'
import * as kv from '../../../src/api/etcd/wire/kv-messages.ts'
import type { Draft, Field, MessageType } from '../../../src/api/etcd/wire/message-type.ts'
import * as services from '../../../src/api/etcd/wire/services.ts'

/**
 * The oracle is etcd's own description of its API, as the client library `etcd3` ships it, read by
 * protobufjs: it shares neither tables nor codec with what is under test.
 */
const shipped = join(dirname(createRequire(import.meta.url).resolve('etcd3')), '..', 'proto')

interface OracleMethod {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestType: OracleType
  readonly responseType: OracleType
  requestSerialize(message: object): Buffer
  requestDeserialize(bytes: Buffer): object
  responseSerialize(message: object): Buffer
  responseDeserialize(bytes: Buffer): object
}
interface OracleField {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
}
interface OracleType {
  readonly type: { readonly name: string; readonly field: readonly OracleField[] }
}

const definition = loadSync('rpc.proto', { includeDirs: [shipped], longs: String })
const oracle = new Map<string, OracleMethod>()
for (const [name, entry] of Object.entries(definition))
  if (!('format' in entry) && name.startsWith('etcdserverpb.'))
    for (const method of Object.values(entry as object) as unknown as OracleMethod[])
      oracle.set(method.path, method)

const refused = new Set<string>(services.refusedAuth.map(({ path }) => path))
const methods = [
  ...Object.values(services.kvService),
  ...Object.values(services.watchService),
  ...Object.values(services.leaseService),
  ...Object.values(services.clusterService),
  ...Object.values(services.maintenanceService),
  ...[services.authStatus, services.authDisable, ...services.refusedAuth],
]

const oracleOf = (path: string): OracleMethod => {
  const method = oracle.get(path)
  assert.ok(method, `etcd has no ${path}`)
  return method
}

test('etcd API tables: every method is there, and streams where etcd streams', () => {
  assert.deepEqual(methods.map(({ path }) => path).sort(), [...oracle.keys()].sort())
  for (const { path, requestStream, responseStream } of methods) {
    const theirs = oracleOf(path)
    assert.equal(requestStream, theirs.requestStream, path)
    assert.equal(responseStream, theirs.responseStream, path)
  }
})

const holdsOf: Readonly<Record<string, string>> = {
  ...{ TYPE_BYTES: 'bytes', TYPE_STRING: 'text', TYPE_BOOL: 'bool', TYPE_MESSAGE: 'message' },
  ...{ TYPE_INT64: 'int', TYPE_UINT64: 'int', TYPE_UINT32: 'int', TYPE_ENUM: 'int' },
}

const shapeOf = ({ number, holds, repeated }: Field<unknown>) => {
  const kind =
    holds === 'id' || holds === 'int64' ? 'int' : typeof holds === 'function' ? 'message' : holds
  return `${number}: ${kind}${repeated ? '[]' : ''}`
}

/** Compares a table with etcd's message, and those nested in it. */
function compareFields(
  message: string,
  own: MessageType<object>,
  theirs: OracleType,
  seen: Set<string>,
) {
  if (seen.has(message)) return
  seen.add(message)
  const expected = theirs.type.field.map(
    ({ number, type, label }) =>
      `${number}: ${holdsOf[type]}${label === 'LABEL_REPEATED' ? '[]' : ''}`,
  )
  assert.deepEqual(own.fields.map(shapeOf).sort(), expected.sort(), message)
  for (const { number, holds } of own.fields) {
    if (typeof holds !== 'function') continue
    const field = theirs.type.field.find((one) => one.number === number)
    assert.ok(field)
    const name = field.typeName.split('.').at(-1)
    const nested = ['etcdserverpb', 'mvccpb']
      .map((scope) => `${scope}.${name}`)
      .find((one) => one in definition)
    assert.ok(nested, `etcd has no ${name}`)
    const type = definition[nested] as unknown as OracleType
    compareFields(nested, holds() as unknown as MessageType<object>, type, seen)
  }
}

/** Names as they stand in the description: those of JSON. */
const spelled = loadSync('rpc.proto', { includeDirs: [shipped], keepCase: true })

test('etcd API tables: fields and enums have the names in JSON that etcd gives them', () => {
  const seen = new Set<unknown>()
  const named = (own: MessageType<object>, name: string) => {
    const type = `etcdserverpb.${name}` in spelled ? `etcdserverpb.${name}` : `mvccpb.${name}`
    const theirs = (spelled[type] as unknown as OracleType).type.field
    if (seen.has(own)) return
    seen.add(own)
    for (const { number, jsonName, symbols, holds } of own.fields) {
      const field = theirs.find((one) => one.number === number)
      // What etcd has since 3.5 or 3.6 is not in the description.
      if (!field) continue
      assert.equal(jsonName, field.name, type)
      assert.equal(symbols !== undefined, field.type === 'TYPE_ENUM', `${type}.${jsonName}`)
      // The library writes them in its own way: `NotEqual` for NOT_EQUAL.
      const letters = symbols?.map((symbol) => symbol.replaceAll('_', '').toLowerCase())
      if (letters)
        assert.deepEqual(letters, enumSymbols(field.typeName, type), `${type}.${jsonName}`)
      const nested = field.typeName.split('.').at(-1) ?? ''
      if (typeof holds === 'function') named(holds() as unknown as MessageType<object>, nested)
    }
  }
  for (const { path, request, response } of methods) {
    if (refused.has(path) || path.endsWith('/Downgrade')) continue
    const { requestType, responseType } = oracleOf(path)
    named(request as unknown as MessageType<object>, requestType.type.name)
    named(response as unknown as MessageType<object>, responseType.type.name)
  }
  assert.ok(seen.size > 25)
})

interface OracleEnum {
  readonly name: string
  readonly value: readonly { readonly name: string }[]
}

/** An enum stands within the message that it is of, or beside it. */
function enumSymbols(typeName: string, message: string): string[] {
  const { enumType } = (spelled[message] as unknown as { type: { enumType: OracleEnum[] } }).type
  const beside = spelled[`etcdserverpb.${typeName}`] as unknown as { type: OracleEnum } | undefined
  const found = enumType.find(({ name }) => name === typeName) ?? beside?.type
  assert.ok(found, `etcd has no ${typeName}`)
  return found.value.map(({ name }) => name.replaceAll('_', '').toLowerCase())
}

test('etcd API tables: fields have the numbers and types that etcd gives them', () => {
  const seen = new Set<string>()
  for (const { path, request, response } of methods) {
    const { requestType, responseType } = oracleOf(path)
    // What a refused call carries is not read.
    if (refused.has(path) || path.endsWith('/Downgrade')) continue
    compareFields(
      requestType.type.name,
      request as unknown as MessageType<object>,
      requestType,
      seen,
    )
    compareFields(
      responseType.type.name,
      response as unknown as MessageType<object>,
      responseType,
      seen,
    )
  }
  assert.ok(seen.size > 30)
})

const whole = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 127, 128, 2 ** 31, 2 ** 49),
)
/** Fields that protobufjs keeps in 32 bits. */
const enums = new Set(['sortOrder', 'sortTarget', 'result', 'target', 'filters', 'type'])
const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

/** Any message of a table; `depth` bounds what nests in itself. */
function anyMessage(type: MessageType<object>, depth: number): fc.Arbitrary<object> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const { name, holds, repeated } of type.fields) {
    if (typeof holds === 'function' && depth === 0) continue
    const value = enums.has(name) ? fc.integer({ min: 0, max: 3 }) : anyValue(holds, depth)
    fields[name] = repeated ? fc.array(value, { maxLength: 3 }) : value
  }
  return fc.record(fields, { requiredKeys: [] })
}

function anyValue(holds: Field<unknown>['holds'], depth: number): fc.Arbitrary<unknown> {
  if (typeof holds === 'function')
    return anyMessage(holds() as unknown as MessageType<object>, depth - 1)
  if (holds === 'int') return whole
  if (holds === 'int64')
    return fc.oneof(whole, fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n))
  if (holds === 'id') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  if (holds === 'bytes') return bytes
  return holds === 'text' ? fc.string({ maxLength: 200 }) : fc.boolean()
}

test('etcd API codec: what it writes protobufjs reads, and the other way round', () => {
  const sides = [
    [kv.TxnRequest, services.kvService.txn, 'request'],
    [kv.TxnResponse, services.kvService.txn, 'response'],
    [kv.WatchRequest, services.watchService.watch, 'request'],
    [kv.WatchResponse, services.watchService.watch, 'response'],
    [services.clusterService.add.response, services.clusterService.add, 'response'],
    [services.leaseService.timeToLive.response, services.leaseService.timeToLive, 'response'],
  ] as const
  for (const [table, { path }, side] of sides) {
    const type = table as unknown as MessageType<object>
    const theirs = oracleOf(path)
    fc.assert(
      fc.property(anyMessage(type, 3), (draft) => {
        const encoded = type.encode(draft as Draft<object>)
        const own = type.decode(encoded)
        const through =
          side === 'request'
            ? theirs.requestSerialize(theirs.requestDeserialize(encoded))
            : theirs.responseSerialize(theirs.responseDeserialize(encoded))
        assert.deepEqual(type.decode(through), own)
        assert.deepEqual(type.decode(type.encode(own as Draft<object>)), own)
      }),
      { numRuns: 25 },
    )
  }
})

import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonPieces, messageFromJson } from '../../../src/api/etcd/gateway/json-message.ts'
import { JsonValues, parseExactly } from '../../../src/api/etcd/gateway/json-values.ts'
import { LeaseGrant, StatusAnswer } from '../../../src/api/etcd/wire/cluster-messages.ts'
import {
  RangeRequest,
  TxnRequest,
  TxnResponse,
  WatchRequest,
} from '../../../src/api/etcd/wire/kv-messages.ts'
import type { MessageType } from '../../../src/api/etcd/wire/message-type.ts'
import { limits } from '../../../src/base/limits.ts'
import { openEtcdListener } from '../../contract/etcd-listener.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const plain = (type: unknown) => type as MessageType<object>
const jsonOf = (type: unknown, message: object) =>
  JSON.parse([...jsonPieces(plain(type), message)].join(''))

type Ask = (
  path: string,
  body: string | object,
  headers?: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: string }>

const check = (title: string, run: (ask: Ask, address: string) => Promise<void>) =>
  test(`etcd gateway: ${title}`, async () => {
    const listener = await openEtcdListener()
    const ask: Ask = async (path, body, headers = {}) => {
      const answer = await fetch(`http://${listener.address}${path}`, {
        ...{ method: 'POST', headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: answer.status, body: await answer.text() }
    }
    try {
      await run(ask, listener.address)
    } finally {
      await listener.stop()
    }
  })

check('a put, a range and a transaction as JSON', async (ask) => {
  const key = base64('foo')
  const put = await ask('/v3/kv/put', { key, value: base64('bar') })
  assert.equal(put.status, 200)
  assert.equal(JSON.parse(put.body).header.revision, '2')
  const again = await ask('/v3beta/kv/put', { key, value: base64('baz'), prevKv: true, other: 1 })
  const before = {
    key,
    create_revision: '2',
    mod_revision: '2',
    version: '1',
    value: base64('bar'),
  }
  assert.deepEqual(JSON.parse(again.body).prev_kv, before)
  const range = JSON.parse((await ask('/v3/kv/range', { key })).body)
  assert.deepEqual([range.count, range.kvs[0].value, range.more], ['1', base64('baz'), undefined])
  const txn = await ask('/v3/kv/txn', {
    compare: [{ result: 'EQUAL', target: 'VERSION', key, version: '2' }],
    success: [{ request_delete_range: { key, prev_kv: true } }],
    failure: [{ requestPut: { key } }],
  })
  const { succeeded, responses } = JSON.parse(txn.body)
  assert.deepEqual([succeeded, responses[0].response_delete_range.deleted], [true, '1'])
})

check("refusals have etcd's code, its text and the status that goes with it", async (ask) => {
  const refused = async (path: string, body: string | object) => {
    const answer = await ask(path, body)
    const { code, message } = JSON.parse(answer.body)
    return [answer.status, code, message]
  }
  assert.deepEqual(await refused('/v3/kv/range', ''), [400, 3, 'etcdserver: key is not provided'])
  assert.deepEqual(await refused('/v3/kv/range', { key: 'YQ==', revision: '99' }), [
    ...[400, 11, 'etcdserver: mvcc: required revision is a future revision'],
  ])
  assert.deepEqual(await refused('/v3/lease/revoke', { ID: 7 }), [
    ...[404, 5, 'etcdserver: requested lease not found'],
  ])
  assert.deepEqual(await refused('/v3/kv/range', { key: 5 }), [
    ...[400, 3, 'kijabi: field key is no base64 string: 5'],
  ])
  assert.equal((await refused('/v3/kv/range', '{"key"'))[1], 3)
  assert.deepEqual(await refused('/v3/nothing', {}), [404, 5, 'Not Found'])
  const long = { key: 'YQ==', value: 'A'.repeat(limits.etcdJsonRequestBytesMax) }
  assert.deepEqual((await refused('/v3/kv/put', long)).slice(0, 2), [429, 8])
  const longer = { key: 'YQ==', value: 'A'.repeat(limits.etcdRequestBytesMax * 1.4) }
  assert.deepEqual((await refused('/v3/kv/put', longer)).slice(0, 2), [429, 8])
  const late = await ask('/v3/lock/lock', { name: 'YQ==' }, { 'grpc-timeout': '0S' })
  assert.equal(late.status, 504)
})

check('a lease may have any id of 64 bits, with quotes or without', async (ask) => {
  const granted = await ask('/v3/lease/grant', '{"TTL":100,"ID":7587883212297104646}')
  assert.equal(JSON.parse(granted.body).ID, '7587883212297104646')
  const left = await ask('/v3/kv/lease/timetolive', { ID: '7587883212297104646' })
  assert.equal(JSON.parse(left.body).grantedTTL, '100')
  const kept = await ask('/v3/lease/keepalive', '{"ID":"7587883212297104646"} {"ID":"1"}')
  const [first, second] = kept.body.trim().split('\n')
  assert.equal(JSON.parse(first ?? '').result.TTL, '100')
  assert.equal(JSON.parse(second ?? '').result.TTL, undefined)
})

check(
  'a watch goes on though its client sends no more, a line for each answer',
  async (ask, address) => {
    await ask('/v3/kv/put', { key: base64('foo'), value: base64('bar') })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(`http://${address}/v3/watch`, { method: 'POST' }, resolve)
      request.once('error', reject)
      request.end(JSON.stringify({ create_request: { key: base64('foo'), start_revision: '1' } }))
    })
    await ask('/v3/kv/put', { key: base64('foo'), value: base64('baz') })
    let text = ''
    const lines: Line[] = []
    for await (const piece of response.setEncoding('utf8')) {
      text += piece
      const complete = text.split('\n')
      text = complete.pop() ?? ''
      lines.push(...complete.map((line) => JSON.parse(line)))
      if (eventsOf(lines).length >= 2) break
    }
    assert.equal(lines[0]?.result.created, true)
    assert.equal(eventsOf(lines).length, 2)
  },
)

interface Line {
  readonly result: { readonly created?: boolean; readonly events?: object[] }
}
const eventsOf = (lines: readonly Line[]) => lines.flatMap(({ result }) => result.events ?? [])

test('etcd gateway: messages have the names, enums and numbers of proto3 JSON', () => {
  assert.deepEqual(jsonOf(StatusAnswer, { dbSize: 5, isLearner: true, raftAppliedIndex: 7 }), {
    ...{ dbSize: '5', isLearner: true, raftAppliedIndex: '7' },
  })
  assert.deepEqual(jsonOf(TxnResponse, { responses: [{ put: {} }] }), {
    responses: [{ response_put: {} }],
  })
  const asked = { sort_order: 'DESCEND', sortTarget: 3, limit: '-1' }
  assert.deepEqual(messageFromJson(plain(RangeRequest), asked), {
    ...{ sortOrder: 2, sortTarget: 3, limit: -1 },
  })
  const unknown = { create_request: { filters: ['NODELETE', 'OTHER'] } }
  assert.deepEqual(messageFromJson(plain(WatchRequest), unknown), { create: { filters: [1] } })
  assert.deepEqual(messageFromJson(plain(LeaseGrant), parseExactly('{"ID":9223372036854775807}')), {
    id: 9_223_372_036_854_775_807n,
  })
  const polluted = parseExactly('{"__proto__":{"key":"YQ=="},"constructor":1}')
  assert.deepEqual(messageFromJson(plain(RangeRequest), polluted), {})
})

test('etcd gateway: values are found wherever the text is cut', () => {
  const value = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.jsonValue()))
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      (values, step) => {
        const text = values.map((one) => JSON.stringify(one)).join(' \n')
        const cut = new JsonValues()
        const found: string[] = []
        for (let at = 0; at < text.length; at += step)
          found.push(...cut.push(text.slice(at, at + step)))
        assert.deepEqual(
          found,
          values.map((one) => JSON.stringify(one)),
        )
        assert.equal(cut.rest, '')
      },
    ),
  )
})

test('etcd gateway: whatever is written as JSON reads as the same message', () => {
  const message = {
    compare: [{ result: 3, target: 4, key: Buffer.from('a'), lease: 2n ** 62n + 1n }],
    success: [{ txn: { success: [{ range: { key: Buffer.from([0, 255]), sortOrder: 1 } }] } }],
    failure: [{ put: { key: Buffer.from('b'), ignoreLease: true, lease: 5 } }],
  }
  const json = [...jsonPieces(plain(TxnRequest), message)].join('')
  assert.deepEqual(messageFromJson(plain(TxnRequest), parseExactly(json)), message)
})

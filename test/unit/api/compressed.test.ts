import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { compressed } from '../../../src/api/encoding/compressed.ts'
import { bytesResponse, streamResponse } from '../../../src/api/responses.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { admin, configMap, openCluster, requestOf } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const protobuf = 'application/vnd.kubernetes.protobuf'

test('large answers are compressed for who takes that, and say the same', async () => {
  await using cluster = await openCluster()
  const ask = async (path: string, accept: string, encodings?: string) => {
    const headers = { accept, ...(encodings ? { 'accept-encoding': encodings } : {}) }
    const answer = await cluster.api.handle(requestOf('GET', path, undefined, headers), admin)
    const bytes = Buffer.from(await bodyBytes(answer.body))
    return { bytes, encoding: answer.headers.get('content-encoding'), answer }
  }
  await cluster.ask('POST', maps, configMap('small', { x: 'y'.repeat(1_000) }))
  for (let index = 0; index < 15; index += 1)
    await cluster.ask('POST', maps, configMap(`m${index}`, { x: 'y'.repeat(10_000) }))
  // The answer is whole at first, a stream of blocks later.
  for (const [accept, more] of [
    ['application/json', 0],
    [protobuf, 0],
    ['application/json', 60],
    [protobuf, 0],
  ] as const) {
    for (let index = 0; index < more; index += 1)
      await cluster.ask('POST', maps, configMap(`n${index}`, { x: 'y'.repeat(10_000) }))
    const plain = await ask(maps, accept)
    assert.equal(plain.encoding, undefined)
    assert.ok(plain.bytes.length > 128 * 1024)
    const short = await ask(maps, accept, 'deflate, gzip')
    assert.equal(short.encoding, 'gzip')
    assert.equal(short.answer.headers.get('vary'), 'Accept-Encoding')
    assert.ok(short.bytes.length < plain.bytes.length / 10)
    assert.ok(gunzipSync(short.bytes).equals(plain.bytes))
    assert.equal((await ask(maps, accept, 'gzip;q=0')).encoding, undefined)
    assert.equal((await ask(`${maps}/small`, accept, 'gzip')).encoding, undefined)
  }
})

test('what is compressed already stays; a stream that breaks breaks, and one left ends its source', async () => {
  const large = bytesResponse(200, [new Uint8Array(200_000)])
  const coded = { ...large, headers: new Map([...large.headers, ['content-encoding', 'br']]) }
  assert.equal(await compressed(coded), coded)
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10)
    throw new Error('broken')
  }
  await assert.rejects(bodyBytes((await compressed(streamResponse(breaking()))).body), /broken/)
  let isEnded = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from(String(Math.random()).repeat(1_000))
    } finally {
      isEnded = true
    }
  }
  const { body } = await compressed(streamResponse(endless()))
  assert.ok(body.kind === 'stream')
  for await (const chunk of body.chunks) {
    assert.ok(chunk.length > 0)
    break
  }
  await new Promise<void>((resolve) => setImmediate(resolve))
  assert.equal(isEnded, true)
})

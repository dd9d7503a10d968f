import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encryptedStore } from '../../../src/api/encryption/encrypted-store.ts'
import { Envelope, type EnvelopeOptions } from '../../../src/api/encryption/envelope.ts'
import { OpenedValues } from '../../../src/api/encryption/opened-values.ts'
import type { Proposer } from '../../../src/api/raft-store/proposer.ts'
import type { Revision } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { encodeSnapshot } from '../../../src/state/snapshot/snapshot.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { named, openCluster, type TestCluster } from './cluster.ts'

const key1 = { name: 'key1', secret: Buffer.alloc(32, 1) }
const key2 = { name: 'key2', secret: Buffer.alloc(16, 2) }
const path = '/api/v1/namespaces/default/secrets'
const storedKey = '/registry/core/secrets/default/s'
const planted = Buffer.from('planted password').toString('base64')

/** An API over a store that is there already, sealing as told. */
async function sealing(
  store: Proposer,
  options: Partial<EnvelopeOptions> = {},
): Promise<TestCluster> {
  const random = new SeededRandom(1)
  const envelope = new Envelope({ provider: 'aesgcm', keys: [key1], random, ...options })
  const cluster = await openCluster({ store: encryptedStore(store, envelope, ['secrets']) })
  await cluster.ask('POST', '/api/v1/namespaces', named('Namespace', 'default'))
  return cluster
}

async function rig(): Promise<{ store: Proposer } & AsyncDisposable> {
  const { store } = await openMemoryStore()
  return { store, [Symbol.asyncDispose]: () => store.stop() }
}

const secret = () => ({ ...named('Secret', 's'), data: { password: planted } })
const textIn = (store: Proposer) =>
  Buffer.from(store.view.get(storedKey)?.value ?? '').toString('latin1')
const touch = (cluster: TestCluster) => cluster.ask('PUT', `${path}/s`, secret())

describe('Secrets at rest', () => {
  test('the store holds ciphertext, requests and watches see objects at their revision', async () => {
    await using own = await rig()
    await using cluster = await sealing(own.store)
    const watch = await cluster.watch(`${path}?watch=1&resourceVersion=1`)
    const made = await cluster.ask('POST', path, secret())
    assert.equal(made.status, 201, made.text)
    await cluster.ask('POST', path.replace('secrets', 'configmaps'), named('ConfigMap', 's'))
    const text = textIn(own.store)
    assert.ok(text.startsWith('k8s:enc:aesgcm:v1:key1:'))
    assert.ok(!text.includes(planted) && !text.includes('password'))
    const { resourceVersion } = made.json.metadata
    assert.equal(Number(resourceVersion), own.store.view.get(storedKey)?.modRevision)
    const got = await cluster.ask('GET', `${path}/s`)
    assert.deepEqual(got.json, made.json)
    const listed = await cluster.ask('GET', path)
    assert.deepEqual(listed.json.items[0].metadata, made.json.metadata)
    const changed = { ...secret(), data: { password: 'bmV3' } }
    assert.equal((await cluster.ask('PUT', `${path}/s`, changed)).status, 200)
    assert.equal((await cluster.ask('DELETE', `${path}/s`)).status, 200)
    const events = [await watch.next(), await watch.next(), await watch.next()]
    assert.deepEqual(
      events.map(({ type, object }) => [type, object.data.password]),
      [
        ['ADDED', planted],
        ['MODIFIED', 'bmV3'],
        ['DELETED', 'bmV3'],
      ],
    )
    assert.deepEqual(events[0].object, made.json)
    const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].sort((a, b) => a - b),
    )
    assert.equal(revisions[2], own.store.view.revision, 'a deletion carries its own revision')
    const map = own.store.view.get('/registry/core/configmaps/default/s')
    assert.match(Buffer.from(map?.value ?? '').toString(), /^\{/, 'other kinds are as they were')
    await watch.close()
  })

  test('a snapshot holds ciphertext', async () => {
    const { store, machine } = await openMemoryStore()
    try {
      await using cluster = await sealing(store)
      await cluster.ask('POST', path, secret())
      const shown = { ...named('ConfigMap', 's'), data: { password: planted } }
      await cluster.ask('POST', path.replace('secrets', 'configmaps'), shown)
      const texts: string[] = []
      for await (const block of encodeSnapshot(machine.freeze()))
        texts.push(Buffer.from(block).toString('latin1'))
      const found = texts.join('').split(planted).length - 1
      assert.equal(found, 1, 'that of the ConfigMap beside it')
    } finally {
      await store.stop()
    }
  })

  test('the first key seals and any opens; a write that changes nothing seals anew, once', async () => {
    await using own = await rig()
    await using before = await sealing(own.store)
    await before.ask('POST', path, secret())
    const sealed = textIn(own.store)
    assert.equal((await touch(before)).status, 200)
    assert.equal(textIn(own.store), sealed, 'with the same key it is no write')
    await using after = await sealing(own.store, { keys: [key2, key1] })
    assert.equal((await after.ask('GET', `${path}/s`)).json.data.password, planted)
    const answer = await touch(after)
    assert.ok(textIn(own.store).startsWith('k8s:enc:aesgcm:v1:key2:'))
    assert.equal(Number(answer.json.metadata.resourceVersion), own.store.view.revision)
    const { revision } = own.store.view
    await touch(after)
    assert.equal(own.store.view.revision, revision)
  })

  test('what was written plain is read and sealed by the next write, and the other way round', async () => {
    await using own = await rig()
    await using plain = await sealing(own.store, { provider: 'identity' })
    await plain.ask('POST', path, secret())
    assert.match(textIn(own.store), /planted|cGxhbnRl/)
    await using sealed = await sealing(own.store)
    assert.equal((await sealed.ask('GET', `${path}/s`)).json.data.password, planted)
    await sealed.ask('PATCH', `${path}/s`, {}, { headers: mergePatch })
    assert.ok(textIn(own.store).startsWith('k8s:enc:'))
    assert.equal((await plain.ask('GET', `${path}/s`)).json.data.password, planted)
    await touch(plain)
    assert.match(textIn(own.store), /^\{.*"resourceVersion"/)
  })

  test('what was moved, altered or sealed with a lost key is an error that says no more', async () => {
    await using own = await rig()
    await using cluster = await sealing(own.store)
    await cluster.ask('POST', path, secret())
    const value = own.store.view.get(storedKey)?.value ?? new Uint8Array()
    const put = (name: string, bytes: Uint8Array) =>
      own.store.commit({
        ...{ compares: [], failure: [] },
        success: [{ op: 'put', key: `${storedKey}${name}`, value: bytes, revisionOffset: -1 }],
      })
    const altered = Buffer.from(value)
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
    await put('-moved', value)
    await put('-short', value.subarray(0, 30))
    await put('-lost', Buffer.from('k8s:enc:aesgcm:v1:key9:0123456789abcdef0123456789abcdef'))
    const read = async (name: string) => {
      const { status, json } = await cluster.ask('GET', `${path}/s${name}`)
      return `${status} ${json.message}`
    }
    const failed = (name: string, why: string) =>
      `500 Internal error occurred: unable to transform key "${storedKey}${name}": ${why}`
    const forged = 'cipher: message authentication failed'
    assert.equal(await read('-moved'), failed('-moved', forged))
    assert.equal(await read('-lost'), failed('-lost', 'no matching prefix found'))
    assert.match(await read('-short'), /shorter than the required size/)
    await put('', altered)
    assert.equal(await read(''), failed('', forged))
    assert.equal((await cluster.ask('GET', path)).status, 500, 'nothing is left out of a list')
  })

  test('a record is opened once, however often it is read, until it is written again', async () => {
    await using own = await rig()
    let opened = 0
    class CountingEnvelope extends Envelope {
      override open(key: string, stored: Uint8Array): Uint8Array {
        opened += 1
        return super.open(key, stored)
      }
    }
    const random = new SeededRandom(1)
    const envelope = new CountingEnvelope({ provider: 'aesgcm', keys: [key1], random })
    const cluster = await openCluster({ store: encryptedStore(own.store, envelope, ['secrets']) })
    await cluster.ask('POST', '/api/v1/namespaces', named('Namespace', 'default'))
    await cluster.ask('POST', path, secret())
    opened = 0
    const before = await cluster.ask('GET', path)
    const again = opened
    for (let count = 0; count < 3; count += 1)
      assert.equal((await cluster.ask('GET', path)).text, before.text)
    assert.equal(opened, again)
    await cluster.ask('PUT', `${path}/s`, { ...secret(), data: { password: 'bmV3' } })
    assert.equal((await cluster.ask('GET', `${path}/s`)).json.data.password, 'bmV3')
  })

  test('what was opened is remembered up to a number of bytes, the newest in any case', () => {
    const values = new OpenedValues(100)
    const record = (name: string) => ({
      ...{ key: name, value: new Uint8Array(), version: 1, lease: 0 },
      ...{ createRevision: 1 as Revision, modRevision: 1 as Revision },
    })
    const [one, two, large] = [record('1'), record('2'), record('3')]
    const first = values.get(one, () => new Uint8Array(60))
    assert.equal(
      values.get(one, () => assert.fail('it is remembered')),
      first,
    )
    values.get(two, () => new Uint8Array(60))
    assert.equal(values.bytes, 60)
    assert.notEqual(
      values.get(one, () => new Uint8Array(60)),
      first,
    )
    values.get(large, () => new Uint8Array(500))
    assert.equal(values.bytes, 500)
    assert.throws(() =>
      values.get(two, () => {
        throw new Error('does not open')
      }),
    )
    assert.equal(values.bytes, 500)
  })

  test('equal values do not look equal', async () => {
    const envelope = new Envelope({
      ...{ provider: 'aesgcm', keys: [key1], random: new SeededRandom(3) },
    })
    const value = Buffer.from('{"a":1}')
    const [one, other] = [envelope.seal('k', value), envelope.seal('k', value)]
    assert.ok(one && other && !Buffer.from(one).equals(other))
    assert.deepEqual([envelope.open('k', one), envelope.open('k', other)], [value, value])
  })
})

const mergePatch = { 'content-type': 'application/merge-patch+json' }

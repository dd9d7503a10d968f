import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { test } from 'node:test'
import { encryptedStore } from '../../../src/api/encryption/encrypted-store.ts'
import { Envelope, type EnvelopeOptions } from '../../../src/api/encryption/envelope.ts'
import { type ResealReport, reseal } from '../../../src/api/encryption/reseal.ts'
import type { Proposer } from '../../../src/api/raft-store/proposer.ts'
import type { Term } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { ClusterStore } from '../../../src/state/cluster-store.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { named, openCluster } from './cluster.ts'

const key1 = { name: 'key1', secret: Buffer.alloc(32, 1) }
const key2 = { name: 'key2', secret: Buffer.alloc(32, 2) }
const path = '/api/v1/namespaces/default/secrets'
const planted = Buffer.from('planted password').toString('base64')
const term = 1 as Term

function sealed(store: ClusterStore, options: Partial<EnvelopeOptions>): ClusterStore {
  const random = new SeededRandom(5)
  const envelope = new Envelope({ provider: 'aesgcm', keys: [key1], random, ...options })
  return encryptedStore(store, envelope, ['secrets'])
}

/** A store with Secrets s0, s1, … that the first key has sealed. */
async function withSecrets(
  count: number,
  body: (store: Proposer, run: (over: ClusterStore) => Promise<ResealReport>) => Promise<void>,
): Promise<void> {
  const { store } = await openMemoryStore()
  try {
    await using cluster = await openCluster({ store: sealed(store, {}) })
    await cluster.ask('POST', '/api/v1/namespaces', named('Namespace', 'default'))
    for (let index = 0; index < count; index += 1) {
      const secret = { ...named('Secret', `s${index}`), data: { password: planted } }
      assert.equal((await cluster.ask('POST', path, secret)).status, 201)
    }
    const { signal } = new AbortController()
    const pause = () => Promise.resolve()
    await body(store, (over) => reseal(over, { resources: ['secrets'], term, pause, signal }))
  } finally {
    await store.stop()
  }
}

const stored = (store: Proposer, name: string) =>
  Buffer.from(store.view.get(`/registry/core/secrets/default/${name}`)?.value ?? '')
const prefixOf = (store: Proposer, name: string) =>
  /^k8s:enc:[a-z]+:v1:[a-z0-9]+:|^\{/.exec(stored(store, name).toString('latin1'))?.[0]

test('after a new first key every record is sealed anew, in place, once', () =>
  withSecrets(300, async (store, run) => {
    const over = sealed(store, { keys: [key2, key1] })
    await using before = await openCluster({ store: over })
    const old = (await before.ask('GET', `${path}/s7`)).json
    const { revision } = store.view
    assert.deepEqual(await run(over), { rewritten: 300, left: 0, unreadable: [] })
    assert.equal(store.view.revision, revision + 300)
    for (const name of ['s0', 's7', 's299'])
      assert.equal(prefixOf(store, name), 'k8s:enc:aesgcm:v1:key2:')
    await using after = await openCluster({ store: sealed(store, { keys: [key2] }) })
    const now = (await after.ask('GET', `${path}/s7`)).json
    const { modRevision } = store.view.get('/registry/core/secrets/default/s7') ?? {}
    assert.equal(Number(now.metadata.resourceVersion), modRevision)
    now.metadata.resourceVersion = old.metadata.resourceVersion
    assert.deepEqual(now, old, 'the old key is needed no more')
    assert.deepEqual(await run(over), { rewritten: 0, left: 0, unreadable: [] })
    assert.equal(store.view.revision, revision + 300, 'what is as it should be is not written')
  }))

test('plain text comes back by the same way, and another provider too', () =>
  withSecrets(3, async (store, run) => {
    await run(sealed(store, { provider: 'aescbc' }))
    assert.equal(prefixOf(store, 's1'), 'k8s:enc:aescbc:v1:key1:')
    const plain = sealed(store, { provider: 'identity' })
    await run(plain)
    assert.equal(prefixOf(store, 's1'), '{')
    await using cluster = await openCluster({ store: plain })
    const { json } = await cluster.ask('GET', `${path}/s1`)
    assert.equal(json.data.password, planted)
    const { modRevision } = store.view.get('/registry/core/secrets/default/s1') ?? {}
    assert.equal(Number(json.metadata.resourceVersion), modRevision)
    assert.equal((await run(sealed(store, {}))).rewritten, 3)
    assert.equal(prefixOf(store, 's2'), 'k8s:enc:aesgcm:v1:key1:')
  }))

test('a record that somebody changes meanwhile is his, and what does not open stays', () =>
  withSecrets(3, async (store, run) => {
    const over = sealed(store, { keys: [key2, key1] })
    const racing: ClusterStore = Object.create(over, {
      commit: {
        value: async (...given: Parameters<ClusterStore['commit']>) => {
          const [put] = given[0].success
          if (put?.op === 'put' && put.key.endsWith('/s1'))
            await store.commit({
              compares: [],
              success: [{ ...put, ignoreLease: false }],
              failure: [],
            })
          return over.commit(...given)
        },
      },
      view: { value: over.view },
    })
    const value = Buffer.from('k8s:enc:aesgcm:v1:key9:0123456789abcdef0123456789abcdef')
    const key = '/registry/core/secrets/default/lost'
    await store.commit({
      ...{ compares: [], failure: [] },
      success: [{ op: 'put', key, value, revisionOffset: -1 }],
    })
    assert.deepEqual(await run(racing), { rewritten: 2, left: 1, unreadable: [key] })
    assert.deepEqual(stored(store, 'lost'), value)
    assert.equal(prefixOf(store, 's1'), '{', 'what the other one wrote')
  }))

test('a deposed leader seals nothing anew', () =>
  withSecrets(2, async (store) => {
    const { signal } = new AbortController()
    const over = sealed(store, { keys: [key2, key1] })
    const options = { resources: ['secrets'], pause: () => Promise.resolve(), signal }
    await assert.rejects(reseal(over, { ...options, term: 1_000_000 as Term }), /term/i)
    assert.equal(prefixOf(store, 's0'), 'k8s:enc:aesgcm:v1:key1:')
  }))

test('aescbc is what kube-apiserver writes, and what was cut or altered does not open', () => {
  const envelope = new Envelope({ provider: 'aescbc', keys: [key1], random: new SeededRandom(2) })
  const value = Buffer.from('{"kind":"Secret"}')
  const vector = Buffer.alloc(16, 7)
  const cipher = createCipheriv('aes-256-cbc', key1.secret, vector)
  const theirs = Buffer.concat([
    ...[Buffer.from('k8s:enc:aescbc:v1:key1:'), vector],
    ...[cipher.update(value), cipher.final()],
  ])
  assert.deepEqual(envelope.open('k', theirs), value)
  const ours = envelope.seal('k', value) ?? new Uint8Array()
  assert.equal(ours.length, theirs.length)
  assert.deepEqual(envelope.open('k', ours), value)
  assert.throws(() => envelope.open('k', theirs.subarray(0, -1)), /multiple of the block size/)
  assert.throws(() => envelope.open('k', theirs.subarray(0, 40)), /shorter than the required size/)
  const other = new Envelope({
    provider: 'aescbc',
    keys: [{ ...key1, secret: key2.secret }],
    random: new SeededRandom(2),
  })
  assert.throws(() => other.open('k', theirs), /invalid padding/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EtcdClient } from '../../src/api/etcd/wire/client.ts'
import { kvService, leaseService } from '../../src/api/etcd/wire/services.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { openEtcdListener } from '../contract/etcd-listener.ts'
import { readable, Watched } from './etcd-pair.ts'
import { hasEtcd, hasProgram, startEtcd } from './etcd-server.ts'
import { runProgram } from './kubectl-binary.ts'

const b = (text: string) => Buffer.from(text)
const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }
/** So many that the tree of keys has three levels, with some that fill many pages. */
const keyCount = 2_500
const largeBytes = 300_000

const etcdctl = (...words: string[]) => succeed('etcdctl', words)
/** What reads and restores snapshots: a program of its own since 3.5. */
const etcdutl = (...words: string[]) =>
  succeed(hasProgram('etcdutl') ? 'etcdutl' : 'etcdctl', words)

async function succeed(program: string, words: string[]): Promise<string> {
  const ran = await runProgram(program, words, { timeoutMs: 60_000 })
  assert.equal(ran.code, 0, ran.stderr)
  return ran.stdout
}

/** Overwrites, deletions, transactions of several keys, leases, values of all sizes. */
async function fill(client: EtcdClient, random: SeededRandom): Promise<void> {
  const lease = await client.call(leaseService.grant, { ttl: 5_000, id: 77 })
  await client.call(leaseService.grant, { ttl: 6_000, id: 78 })
  const key = () => b(`key-${random.integer(0, keyCount)}`)
  const value = () => Buffer.alloc(random.integer(0, 3_000), 'v')
  for (let at = 0; at < keyCount; at += 50) {
    const puts = Array.from({ length: 50 }, (_, nth) => ({
      put: { key: b(`key-${at + nth}`), value: value() },
    }))
    await client.call(kvService.txn, { success: puts })
    await client.call(kvService.put, { key: key(), value: value() })
    await client.call(kvService.delete, { key: key() })
  }
  await client.call(kvService.put, { key: b('leased'), value: b('x'), lease: lease.id })
  for (const at of [1, 2]) {
    const large = { key: b(`large-${at}`), value: Buffer.alloc(largeBytes * at, `${at}`) }
    await client.call(kvService.put, large)
  }
  await client.call(kvService.put, { key: Uint8Array.of(0, 255, 128), value: b('') })
  await client.call(kvService.put, { key: b('last'), value: b('x') })
  // The store's revision is then later than that of any key that is left.
  await client.call(kvService.delete, { key: b('last') })
}

/** The restored etcd knows what was at every revision since, and every event. */
async function knowsThePast(
  ours: EtcdClient,
  theirs: EtcdClient,
  { since, upTo }: { since: number; upTo: number },
): Promise<void> {
  for (let at = since; at <= upTo; at += 7) {
    const [own, restored] = await Promise.all(
      [ours, theirs].map((client) => client.call(kvService.range, { ...everything, revision: at })),
    )
    assert.deepEqual(readable(restored), readable(own), `at revision ${at}`)
  }
  const watches = [ours, theirs].map(
    (client) => new Watched(client, { ...everything, startRevision: since + 1, prevKv: true }),
  )
  for (const watch of watches) await watch.reached(upTo)
  const [own, restored] = watches.map(({ events }) => events)
  assert.ok((own?.length ?? 0) > 100)
  assert.deepEqual(restored, own)
  for (const watch of watches) watch.end()
}

/** It counts on from the revision of the snapshot, and knows nothing before the oldest one of it. */
async function goesOn(etcd: EtcdClient, revision: number, since: number): Promise<void> {
  const next = new Watched(etcd, { ...everything, startRevision: revision + 1, prevKv: true })
  const past = new Watched(etcd, { ...everything, startRevision: since - 1 })
  const [before] = (await etcd.call(kvService.range, { key: b('leased') })).kvs
  const put = await etcd.call(kvService.put, { key: b('leased'), value: b('y') })
  assert.equal(put.header?.revision, revision + 1)
  await next.reached(revision + 1)
  const [event] = next.answers.flatMap(({ events }) => events)
  assert.deepEqual(readable(event?.prevKv), readable(before))
  assert.equal(event?.kv?.version, 2)
  await past.canceled()
  assert.equal(past.answers.find(({ canceled }) => canceled)?.compactRevision, since)
  next.end()
  past.end()
}

test('a snapshot of the listener becomes an etcd by etcdctl snapshot restore', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-etcd-snapshot-'))
  const file = join(directory, 'snapshot.db')
  const listener = await openEtcdListener()
  const ours = new EtcdClient({ endpoint: listener.address })
  try {
    const outside = { op: 'put', key: '/registry/x', value: b('k8s'), revisionOffset: -1 } as const
    await listener.store.commit({ compares: [], success: [outside], failure: [] })
    await fill(ours, new SeededRandom(7))
    const filled = (await ours.call(kvService.range, everything)).header?.revision ?? 0
    const since = filled - 60
    await ours.call(kvService.compact, { revision: since })
    await listener.store.commit({ compares: [], success: [outside], failure: [] })
    await etcdctl(`--endpoints=${listener.address}`, 'snapshot', 'save', file)
    const before = await ours.call(kvService.range, everything)
    const status = JSON.parse(await etcdutl('snapshot', 'status', file, '-w', 'json'))
    const then = await ours.call(kvService.range, { ...everything, revision: since })
    const { events } = listener.machine.freezeHistory().past
    // What there was, each change since (the one outside as a mark), two leases, two notes about compaction.
    assert.equal(status.totalKey, then.count + events.length + 4)
    assert.ok(status.revision <= (before.header?.revision ?? 0))
    const restored = ['--data-dir', join(directory, 'e1'), '--name', 'e1']
    const peer = 'http://127.0.0.1:1'
    const cluster = ['--initial-cluster', `e1=${peer}`, '--initial-advertise-peer-urls', peer]
    await etcdutl('snapshot', 'restore', file, ...restored, ...cluster)
    const etcd = await startEtcd({ dataDirectory: directory })
    const theirs = new EtcdClient({ endpoint: etcd.endpoints[0] ?? '' })
    try {
      const after = await theirs.call(kvService.range, everything)
      assert.deepEqual(readable(after), readable(before))
      const { leases } = await theirs.call(leaseService.leases, {})
      assert.deepEqual(leases.map(({ id }) => id).sort(), [77, 78])
      const kept = await theirs.call(leaseService.timeToLive, { id: 77, keys: true })
      assert.deepEqual([kept.grantedTtl, kept.keys.map(String)], [5_000, ['leased']])
      await knowsThePast(ours, theirs, { since, upTo: filled })
      await goesOn(theirs, before.header?.revision ?? 0, since)
    } finally {
      theirs.close()
      await etcd.stop()
    }
  } finally {
    ours.close()
    await listener.stop()
    rmSync(directory, { recursive: true, force: true })
  }
})

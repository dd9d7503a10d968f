import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Etcd3, Range } from 'etcd3'
import type {
  RangeRequest,
  RequestOperation,
  TxnRequest,
} from '../../src/api/etcd/wire/kv-messages.ts'
import type { Draft } from '../../src/api/etcd/wire/message-type.ts'
import { kvService, leaseService, maintenanceService } from '../../src/api/etcd/wire/services.ts'
import { openPair, type Pair, readable } from './etcd-pair.ts'
import { hasEtcd } from './etcd-server.ts'

const b = (text: string) => Buffer.from(text)

async function withPair(run: (pair: Pair) => Promise<void>): Promise<void> {
  const pair = await openPair()
  try {
    await run(pair)
  } finally {
    await pair.stop()
  }
}

test('a lease may have any id of 64 bits', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  await withPair(async (pair) => {
    // Two of them are the same number in floating point.
    for (const id of [2n ** 62n + 1n, 2n ** 62n + 2n, -5, -(2n ** 63n), 2n ** 63n - 1n]) {
      const key = b(`key/${id}`)
      const steps = {
        grant: () => pair.ask(leaseService.grant, { ttl: 3_600, id }),
        'grant again': () => pair.ask(leaseService.grant, { ttl: 60, id }),
        put: () => pair.ask(kvService.put, { key, value: b('one'), lease: id }),
        get: () => pair.ask(kvService.range, { key }),
        compare: () =>
          pair.ask(kvService.txn, {
            compare: [{ key, target: 4, result: 1, lease: BigInt(id) - 1n }],
            success: [{ put: { key, value: b('two'), lease: id } }],
          }),
      }
      for (const [what, asked] of Object.entries(steps)) {
        const { etcd, kijabi } = await asked()
        assert.deepEqual(kijabi, etcd, `${what} ${id}`)
      }
    }
    const { etcd, kijabi } = await pair.ask(kvService.range, {
      key: b('key/'),
      rangeEnd: b('key0'),
    })
    assert.deepEqual(kijabi, etcd)
    for (const id of [2n ** 62n + 2n, -(2n ** 63n)]) {
      const { etcd, kijabi } = await pair.ask(leaseService.revoke, { id })
      assert.deepEqual(kijabi, etcd)
    }
    const left = await pair.ask(kvService.range, { key: b('key/'), rangeEnd: b('key0') })
    assert.deepEqual(left.kijabi, left.etcd)
    assert.equal((left.etcd as { count: number }).count, 3)
  })
})

test('the request shapes of kube-apiserver get the same answers', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  await withPair(async (pair) => {
    const alike = async (what: string, asked: Promise<{ etcd: object; kijabi: object }>) => {
      const { etcd, kijabi } = await asked
      assert.deepEqual(kijabi, etcd, what)
      return etcd as { header: { revision: number }; id?: number }
    }
    const prefix = { key: b('/registry/pods/'), rangeEnd: b('/registry/pods0') }
    const pod = (name: string) => b(`/registry/pods/default/${name}`)
    const txn = (request: Draft<TxnRequest>) => pair.ask(kvService.txn, request)
    const range = (request: Draft<RangeRequest>) => pair.ask(kvService.range, request)
    const unchanged = (key: Buffer, modRevision: number) => [
      { key, target: 2, result: 0, modRevision },
    ]
    const read = (key: Buffer): Draft<RequestOperation>[] => [{ range: { key } }]
    const watch = pair.watch({ ...prefix, startRevision: 2, prevKv: true, progressNotify: true })

    // Health, and a first LIST of nothing.
    await alike('health', range({ key: b('/registry/health') }))
    await alike('empty list', range({ ...prefix, limit: 500 }))
    // Create: OptimisticPut at revision 0, with and without the object in the answer of the loser.
    const lease = await alike('lease', pair.ask(leaseService.grant, { ttl: 3_600, id: 77 }))
    const create = (name: string, value: string, failure: Draft<RequestOperation>[] = []) =>
      txn({
        compare: unchanged(pod(name), 0),
        success: [{ put: { key: pod(name), value: b(value), lease: name === 'leased' ? 77 : 0 } }],
        failure,
      })
    assert.equal(lease.id, 77)
    const a = await alike('create', create('a', 'one'))
    await alike('create again', create('a', 'two'))
    await alike('create again, reading', create('a', 'two', read(pod('a'))))
    for (const name of ['b', 'c', 'd', 'leased']) await alike('create', create(name, name))
    // Get, now and then.
    await alike('get', range({ key: pod('a'), limit: 1 }))
    await alike('get nothing', range({ key: pod('z'), limit: 1 }))
    await alike(
      'get at a revision',
      range({ key: pod('b'), limit: 1, revision: a.header.revision }),
    )
    // Update: OptimisticPut at the revision that was read; a stale one reads the object.
    const update = (name: string, at: number, value: string) =>
      txn({
        compare: unchanged(pod(name), at),
        success: [{ put: { key: pod(name), value: b(value) } }],
        failure: read(pod(name)),
      })
    const second = await alike('update', update('a', a.header.revision, 'two'))
    await alike('stale update', update('a', a.header.revision, 'three'))
    // LIST in pages at one revision.
    const page = { ...prefix, limit: 2, revision: second.header.revision }
    await alike('first page', range(page))
    await alike('next page', range({ ...page, key: Buffer.concat([pod('b'), b('\0')]) }))
    await alike('last page', range({ ...page, key: Buffer.concat([pod('d'), b('\0')]) }))
    await alike('count', range({ ...prefix, countOnly: true }))
    await alike('keys', range({ ...prefix, keysOnly: true }))
    await alike('current revision', range({ ...prefix, limit: 1 }))
    // Delete: at the revision that was read.
    const remove = (name: string, at: number) =>
      txn({
        compare: unchanged(pod(name), at),
        success: [{ delete: { key: pod(name) } }],
        failure: read(pod(name)),
      })
    await alike('stale delete', remove('a', a.header.revision))
    const gone = await alike('delete', remove('a', second.header.revision))
    await alike('delete again', remove('a', second.header.revision))
    // Compaction, under the lock that all API servers share.
    const compactKey = b('compact_rev_key')
    const lock = (version: number) =>
      txn({
        compare: [{ key: compactKey, target: 0, result: 0, version }],
        success: [{ put: { key: compactKey, value: b(`${gone.header.revision}`) } }],
        failure: read(compactKey),
      })
    await alike('compaction lock', lock(0))
    await alike('lost compaction lock', lock(0))
    await alike('compact', pair.ask(kvService.compact, { revision: gone.header.revision - 1 }))
    await alike('page after compaction', range(page))
    await alike('compact again', pair.ask(kvService.compact, { revision: 2 }))
    const last = await alike('last write', create('last', 'write'))

    await Promise.all([
      watch.etcd.reached(last.header.revision),
      watch.kijabi.reached(last.header.revision),
    ])
    assert.deepEqual(watch.kijabi.events, watch.etcd.events)
    assert.deepEqual(await watch.kijabi.progress(), await watch.etcd.progress())
    const late = pair.watch({ ...prefix, startRevision: 3 })
    const [theirs, ours] = await Promise.all([late.etcd.canceled(), late.kijabi.canceled()])
    assert.deepEqual(ours, theirs)
    for (const one of [watch, late]) {
      one.etcd.end()
      one.kijabi.end()
    }
    const status = await pair.ask(maintenanceService.status, {})
    const { version, dbSize } = status.kijabi as { version: string; dbSize: number }
    // kube-apiserver asks for progress only of 3.5.13 and later.
    assert.ok(dbSize > 0 && /^3\.5\.(1[3-9]|[2-9]\d)$/.test(version))
  })
})

/** A walk through what the npm package `etcd3` offers; everything that it says, as plain values. */
async function walk(address: string): Promise<unknown[]> {
  const said: unknown[] = []
  const client = new Etcd3({ hosts: `http://${address}` })
  const note = async (what: string, answer: Promise<unknown> | unknown) => {
    try {
      said.push([what, readable(await answer)])
    } catch (error) {
      said.push([what, (error as Error).constructor.name, (error as Error).message])
    }
  }
  try {
    await note('get nothing', client.get('nothing').string())
    await note('put', client.put('foo').value('bar'))
    await note('get', client.get('foo').string())
    await note(
      'number',
      client
        .put('n')
        .value(42)
        .then(() => client.get('n').number()),
    )
    await note('exists', client.get('foo').exists())
    await note('put previous', client.put('foo').value('baz').getPrevious())
    await note('touch', client.put('foo').touch())
    await note('touch nothing', client.put('none').touch())
    for (const name of ['x/1', 'x/2', 'x/3']) await client.put(name).value(name)
    await note('all', client.getAll().prefix('x/').strings())
    await note('keys', client.getAll().prefix('x/').keys())
    await note('sorted', client.getAll().prefix('x/').sort('Mod', 'Descend').limit(2).keys())
    await note('count', client.getAll().prefix('x/').count())
    await note(
      'range',
      client
        .getAll()
        .inRange({ start: b('x/2'), end: b('x/9') })
        .strings(),
    )
    await note('past', client.get('foo').revision(2).string())
    await note('future', client.get('foo').revision(10_000).string())
    await note(
      'if',
      client.if('foo', 'Value', '==', 'baz').then(client.put('won').value('yes')).commit(),
    )
    await note(
      'else',
      client
        .if('foo', 'Version', '>', 99)
        .then(client.put('won').value('no'))
        .else(client.get('won'))
        .commit(),
    )
    await note(
      'stm',
      client.stm().transact(async (tx) => {
        const value = await tx.get('foo').string()
        await tx.put('copy').value(`${value}!`)
        return value
      }),
    )
    await note('copy', client.get('copy').string())
    await note('delete previous', client.delete().key('copy').getPrevious())
    await note('delete range', client.delete().range(new Range(b('x/1'), b('x/3'))))

    const namespace = client.namespace('ns/')
    await namespace.put('inner').value('1')
    await note('namespace', namespace.getAll().strings())
    await note('outside', client.get('ns/inner').string())

    const watcher = await client.watch().prefix('w/').withPreviousKV().create()
    const events: unknown[] = []
    const three = new Promise<void>((resolve) => {
      const hear = (type: string) => (kv: unknown, previous: unknown) => {
        events.push([type, readable(kv), readable(previous)])
        if (events.length === 3) resolve()
      }
      watcher.on('put', hear('put'))
      watcher.on('delete', hear('delete'))
    })
    await client.put('w/1').value('a')
    await client.put('w/1').value('b')
    await client.delete().key('w/1')
    await three
    said.push(['watch', events])
    await watcher.cancel()

    const lease = client.lease(60)
    await lease.put('leased').value('v')
    await note('leased', client.get('leased').string())
    await note('revoke', lease.revoke())
    await note('after revoke', client.get('leased').string())

    await note(
      'lock',
      client
        .lock('door')
        .ttl(5)
        .do(() => 'inside'),
    )
    const lock = await client.lock('door').ttl(5).acquire()
    await note('locked', client.lock('door').ttl(5).acquire())
    await lock.release()

    const election = client.election('office', 5)
    const campaign = election.campaign('alice')
    await new Promise((resolve) => campaign.on('elected', () => resolve(undefined)))
    await note('leader', election.leader())
    await campaign.resign()
    await note('no leader', election.leader())
    await note('clear', client.delete().all())
    await note(
      'members',
      client.cluster.memberList({}).then(({ members }) => members.length),
    )
  } finally {
    client.close()
  }
  return said
}

test('the npm client etcd3 hears the same of kijabi as of etcd', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  await withPair(async ({ etcdAddress, kijabiAddress }) => {
    const theirs = settled(await walk(etcdAddress))
    const ours = settled(await walk(kijabiAddress))
    assert.ok(theirs.length > 30)
    assert.deepEqual(ours, theirs)
  })
})

/** Identifiers that each server chooses. */
function settled(said: unknown[]): unknown[] {
  const text = JSON.stringify(said, (name, value) =>
    ['cluster_id', 'member_id', 'raft_term', 'lease'].includes(name) ? 'ID' : value,
  )
  return JSON.parse(text.replaceAll(/door\/[0-9a-f]+/g, 'door/ID'))
}

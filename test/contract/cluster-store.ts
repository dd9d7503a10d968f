import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Revision, Term } from '../../src/base/brand.ts'
import { limits } from '../../src/base/limits.ts'
import { isStatus } from '../../src/base/status.ts'
import type {
  Compare,
  EtcdStore,
  KeyValue,
  Operation,
  RangeOperation,
  StoreEvent,
  Txn,
  TxnResult,
} from '../../src/state/cluster-store.ts'
import { type Refusal, StoreError } from '../../src/state/errors.ts'
import { endOfKeys } from '../../src/state/keys.ts'
import type { LeaseId } from '../../src/state/leases.ts'

/** What a run of the suite needs: a fresh, started store, and how to end it. */
export interface ClusterStoreUnderTest {
  readonly store: EtcdStore
  stop(): Promise<void>
}

const put = (key: string, value: string, extra: Partial<Operation> = {}): Operation =>
  ({ op: 'put', key, value: Buffer.from(value), revisionOffset: -1, ...extra }) as Operation
const write = (...success: Operation[]): Txn => ({ compares: [], success, failure: [] })
const remove = (key: string, rangeEnd?: string): Operation => ({
  op: 'delete',
  key,
  ...(rangeEnd === undefined ? {} : { rangeEnd }),
  previous: true,
})
const modIs = (key: string, value: number): Compare => ({ key, target: 'mod', result: '=', value })
const text = (record: KeyValue | undefined) => record && Buffer.from(record.value).toString()
/** Every field by name: a store may compute some of them when they are asked for. */
const whole = (record: KeyValue | undefined) => [
  ...[record?.key, text(record), record?.createRevision, record?.modRevision],
  ...[record?.version, record?.lease],
]
const brief = (event: StoreEvent) => `${event.type} ${event.key}@${event.revision}`
const refusedAs = (refusal: Refusal) => (error: unknown) =>
  error instanceof StoreError && error.refusal === refusal
const expired = (error: unknown) => isStatus(error, 'Expired')

/** Registers the suite: every implementation of EtcdStore must pass it. */
export function clusterStoreContract(
  name: string,
  open: () => Promise<ClusterStoreUnderTest>,
): void {
  const check = (title: string, run: (under: ClusterStoreUnderTest) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const under = await open()
      try {
        await run(under)
      } finally {
        await under.stop()
      }
    })

  check('an empty store is at revision 1', async ({ store }) => {
    assert.equal(store.view.revision, 1)
    assert.equal(await store.barrier(), 1)
    assert.equal(store.view.get('/a'), undefined)
    assert.deepEqual(store.view.range('/', '0').items, [])
  })

  check('a writer reads its own write, revisions and version count up', async ({ store }) => {
    const created = await store.commit(write(put('/a', 'one')))
    const updated = await store.commit(write(put('/a', 'two', { previous: true })))
    assert.deepEqual([created.succeeded, created.revision, updated.revision], [true, 2, 3])
    const record = store.view.get('/a')
    assert.equal(text(record), 'two')
    assert.deepEqual(
      [record?.createRevision, record?.modRevision, record?.version, record?.lease],
      [2, 3, 2, 0],
    )
    const [response] = updated.responses
    assert.equal(response?.op === 'put' && text(response.previous), 'one')
    assert.equal(text(store.view.get('/a', 2 as Revision)), 'one')
  })

  check('a deletion ends a key, and a new life starts at version 1', async ({ store }) => {
    await store.commit(write(put('/a', 'one')))
    const gone = await store.commit(write(remove('/a')))
    assert.equal(store.view.get('/a'), undefined)
    const [deletion] = gone.responses
    const was = store.view.get('/a', 2 as Revision)
    assert(deletion?.op === 'delete' && was)
    assert.deepEqual([gone.revision, deletion.deleted], [3, 1])
    assert.deepEqual(whole(deletion.previous[0]), whole(was))
    await store.commit(write(put('/a', 'again')))
    const record = store.view.get('/a')
    assert.deepEqual([record?.createRevision, record?.version], [4, 1])
  })

  check('a transaction that changes nothing makes no revision', async ({ store }) => {
    await store.commit(write(put('/a', 'one')))
    const result = await store.commit(write(remove('/b'), { op: 'range', key: '/a' }))
    assert.deepEqual([result.revision, store.view.revision], [2, 2])
  })

  check('one transaction makes one revision, its events in order', async ({ store }) => {
    await store.commit(write(put('/x/b', '0')))
    const watcher = store.watch({
      start: '/x/',
      end: '/x0',
      afterRevision: 2 as Revision,
      wake: () => {},
    })
    await store.commit(write(put('/x/c', '1'), remove('/x/b'), put('/x/a', '2')))
    assert.deepEqual(watcher.poll(1).map(brief), ['put /x/c@3', 'delete /x/b@3', 'put /x/a@3'])
    assert.equal(watcher.progress, 3)
    watcher.close()
  })

  check('compares choose the branch', async ({ store }) => {
    const create: Txn = {
      compares: [modIs('/a', 0)],
      success: [put('/a', 'mine')],
      failure: [{ op: 'range', key: '/a' }],
    }
    assert.equal((await store.commit(create)).succeeded, true)
    const lost = await store.commit(create)
    assert.equal(lost.succeeded, false)
    assert.equal(lost.responses[0]?.op === 'range' && text(lost.responses[0].items[0]), 'mine')
    assert.equal(store.view.revision, 2)
  })

  check('ranges are sorted, limited, counted, and readable in the past', async ({ store }) => {
    for (const key of ['/r/c', '/r/a', '/r/b', '/s/x']) await store.commit(write(put(key, key)))
    const page = store.view.range('/r/', '/r0', { limit: 2 })
    assert.deepEqual(page.items.map(text), ['/r/a', '/r/b'])
    assert.equal(page.more, true)
    await store.commit(write(remove('/r/b'), put('/r/aa', 'new')))
    const rest = store.view.range('/r/b', '/r0', { revision: page.revision })
    assert.deepEqual(rest.items.map(text), ['/r/b', '/r/c'])
    assert.equal(store.view.count('/r/', '/r0'), 3)
    assert.equal(store.view.count('/r/', '/r0', page.revision), 3)
    assert.deepEqual(
      store.view.range('/r/', '/r0').items.map((item) => item.key),
      ['/r/a', '/r/aa', '/r/c'],
    )
  })

  check('the revision is spliced into an object at apply', async ({ store }) => {
    const object = '{"metadata":{"name":"a"}}'
    const offset = object.indexOf('"name"')
    const result = await store.commit(write(put('/a', object, { revisionOffset: offset })))
    assert.deepEqual(JSON.parse(text(store.view.get('/a')) ?? ''), {
      metadata: { resourceVersion: String(result.revision), name: 'a' },
    })
  })

  check('a watch resumes after any revision without gap or repetition', async ({ store }) => {
    for (const value of ['1', '2', '3']) await store.commit(write(put('/w/a', value)))
    for (const after of [1, 2, 3, 4] as Revision[]) {
      const watcher = store.watch({ start: '/w/', end: '/w0', afterRevision: after, wake() {} })
      const revisions: number[] = []
      for (let events = watcher.poll(1); events.length > 0; events = watcher.poll(1)) {
        revisions.push(...events.map((event) => event.revision))
      }
      assert.deepEqual(
        revisions,
        [2, 3, 4].filter((revision) => revision > after),
      )
      watcher.close()
    }
  })

  check('a watcher is woken once after an empty poll', async ({ store }) => {
    let wakes = 0
    const watcher = store.watch({
      start: '/w/',
      end: '/w0',
      afterRevision: store.view.revision,
      wake: () => {
        wakes += 1
      },
    })
    assert.deepEqual(watcher.poll(1000), [])
    await store.commit(write(put('/other', '0')))
    assert.equal(wakes, 0)
    assert.equal(watcher.progress, 2)
    await store.commit(write(put('/w/a', '1')))
    await store.commit(write(put('/w/a', '2')))
    assert.equal(wakes, 1)
    assert.equal(watcher.progress, 2)
    assert.deepEqual(watcher.poll(1000).map(brief), ['put /w/a@3', 'put /w/a@4'])
    watcher.close()
    await store.commit(write(put('/w/a', '3')))
    assert.equal(wakes, 1)
  })

  check('a watch from the future waits for its revision', async ({ store }) => {
    const watcher = store.watch({
      start: '/w/',
      end: '/w0',
      afterRevision: 3 as Revision,
      wake() {},
    })
    await store.commit(write(put('/w/a', '1')))
    await store.commit(write(put('/w/a', '2')))
    assert.deepEqual(watcher.poll(1000), [])
    assert.equal(watcher.progress, 3)
    await store.commit(write(put('/w/a', '3')))
    assert.deepEqual(watcher.poll(1000).map(brief), ['put /w/a@4'])
    watcher.close()
  })

  check('an event carries the state before, a deletion the last one', async ({ store }) => {
    const watcher = store.watch({
      start: '/w/',
      end: '/w0',
      afterRevision: 1 as Revision,
      wake() {},
    })
    await store.commit(write(put('/w/a', 'one')))
    await store.commit(write(put('/w/a', 'two')))
    await store.commit(write(remove('/w/a')))
    const events = watcher.poll(1000)
    assert.deepEqual(
      events.map(({ current, previous }) => [text(current), current.modRevision, text(previous)]),
      [
        ['one', 2, undefined],
        ['two', 3, 'one'],
        ['two', 4, 'two'],
      ],
    )
    watcher.close()
  })

  check('compaction ends the past and keeps the compacted revision', async ({ store }) => {
    for (const value of ['1', '2']) await store.commit(write(put('/c/a', value)))
    await store.commit(write(remove('/c/a')))
    const slow = store.watch({ start: '/c/', end: '/c0', afterRevision: 1 as Revision, wake() {} })
    await store.compact(4 as Revision)
    assert.equal(store.view.compactedRevision, 4)
    assert.throws(() => store.view.get('/c/a', 3 as Revision), expired)
    assert.throws(() => store.view.range('/', '0', { revision: 3 as Revision }), expired)
    assert.equal(store.view.get('/c/a', 4 as Revision), undefined)
    assert.throws(() => slow.poll(1000), expired)
    const tooOld = { start: '/c/', end: '/c0', afterRevision: 2 as Revision, wake() {} }
    assert.throws(() => store.watch(tooOld), expired)
    const edge = store.watch({ ...tooOld, afterRevision: 3 as Revision })
    assert.deepEqual(edge.poll(1000).map(brief), ['delete /c/a@4'])
  })

  check('a revision that is not there yet is refused, or waited for', async ({ store }) => {
    const timeout = (error: unknown) => isStatus(error, 'Timeout')
    assert.throws(() => store.view.range('/', '0', { revision: 9 as Revision }), timeout)
    const waited = store.reached(2 as Revision, 60_000)
    await store.commit(write(put('/a', '1')))
    await waited
    await store.reached(2 as Revision, 1)
  })

  check('a stale fence is refused and changes nothing', async ({ store }) => {
    const refused = store.commit(write(put('/a', '1')), 1_000_000 as Term)
    await assert.rejects(refused, (error) => isStatus(error, 'Conflict'))
    assert.equal(store.view.revision, 1)
  })

  check('a key written twice in one transaction is refused', async ({ store }) => {
    const bad: Operation[][] = [
      [put('/a', '1'), put('/a', '2')],
      [put('/a/b', '1'), remove('/a/', '/a0')],
      [put('/a', '1'), { op: 'txn', txn: write(put('/a', '2')) }],
    ]
    for (const operations of bad) {
      await assert.rejects(store.commit(write(...operations)), (error) =>
        isStatus(error, 'BadRequest'),
      )
    }
    assert.equal(store.view.revision, 1)
  })

  check(
    'a range counts what it was not asked to return, and sorts when asked',
    async ({ store }) => {
      for (const [key, value] of ['c3', 'a2', 'b1'].map((pair) => [...pair]) as [
        string,
        string,
      ][]) {
        await store.commit(write(put(`/r/${key}`, value)))
      }
      await store.commit(write(put('/r/c', '0')))
      const read = (extra: Partial<RangeOperation>) => {
        const range = { op: 'range', key: '/r/', rangeEnd: '/r0', ...extra } as const
        const { items, more, count } = store.view.read(range)
        return [items.map((item) => item.key.slice(3) + text(item)).join(' '), more, count]
      }
      assert.deepEqual(read({ limit: 1 }), ['a2', true, 3])
      assert.deepEqual(read({ countOnly: true, limit: 1 }), ['', false, 3])
      assert.deepEqual(read({ keysOnly: true }), ['a b c', false, 3])
      assert.deepEqual(read({ sortTarget: 'value' }), ['c0 b1 a2', false, 3])
      assert.deepEqual(read({ sortOrder: 'descend', limit: 2 }), ['c0 b1', true, 3])
      assert.deepEqual(read({ sortTarget: 'version', sortOrder: 'descend' }), [
        'c0 a2 b1',
        false,
        3,
      ])
      assert.deepEqual(read({ minModRevision: 4 as Revision }), ['b1 c0', false, 3])
      assert.deepEqual(read({ maxCreateRevision: 2 as Revision }), ['c0', false, 3])
      assert.deepEqual(read({ revision: 3 as Revision }), ['a2 c3', false, 2])
      assert.deepEqual(read({ rangeEnd: endOfKeys, key: '/r/b' }), ['b1 c0', false, 2])
    },
  )

  check('a put keeps value or lease when asked, and only of a key that is there', async (under) => {
    const { store } = under
    const { id } = await store.grantLease(60)
    await store.commit(write(put('/a', 'one', { lease: id })))
    await store.commit(write(put('/a', '', { ignoreValue: true })))
    assert.deepEqual([text(store.view.get('/a')), store.view.get('/a')?.lease], ['one', 0])
    await store.commit(write(put('/a', 'two', { lease: id })))
    await store.commit(write(put('/a', 'three', { ignoreLease: true })))
    assert.deepEqual([text(store.view.get('/a')), store.view.get('/a')?.lease], ['three', id])
    const absent = store.commit(write(put('/b', '', { ignoreValue: true })))
    await assert.rejects(absent, refusedAs('key not found'))
    const unleased = store.commit(write(put('/b', '', { lease: Number(id) + 1 })))
    await assert.rejects(unleased, refusedAs('lease not found'))
  })

  check('a lease may have any id of 64 bits', async ({ store }) => {
    const ids: readonly LeaseId[] = [2n ** 62n + 1n, 2n ** 62n + 2n, -3, -(2n ** 63n)]
    for (const [nth, id] of ids.entries()) {
      assert.equal((await store.grantLease(60, id)).id, id)
      await store.commit(write(put(`/id/${nth}`, '1', { lease: id })))
      assert.equal(store.view.get(`/id/${nth}`)?.lease, id)
    }
    await assert.rejects(store.grantLease(60, 2n ** 62n + 1n), refusedAs('lease exists'))
    const compares = [
      { key: '/id/0', target: 'lease', result: '<', value: 2n ** 62n + 2n } as const,
    ]
    assert.ok((await store.commit({ compares, success: [], failure: [] })).succeeded)
    assert.deepEqual([...(store.view.lease(2n ** 62n + 2n)?.keys ?? [])], ['/id/1'])
    await store.revokeLease(2n ** 62n + 2n)
    assert.equal(store.view.get('/id/1'), undefined)
    assert.equal(text(store.view.get('/id/0')), '1')
    assert.deepEqual(store.view.leaseIds, [-(2n ** 63n), -3, 2n ** 62n + 1n])
  })

  check('a lease takes its keys with it, in one revision', async ({ store }) => {
    const granted = await store.grantLease(60, 4711)
    assert.deepEqual(granted, { id: 4711, ttlSeconds: 60, revision: 1 })
    await assert.rejects(store.grantLease(60, 4711), refusedAs('lease exists'))
    const chosen = await store.grantLease(1)
    assert.equal(chosen.ttlSeconds, limits.leaseTtlSecondsMin)
    assert.deepEqual(
      store.view.leaseIds,
      [chosen.id, 4711].sort((a, b) => (a < b ? -1 : 1)),
    )
    await store.commit(write(put('/l/b', '1', { lease: 4711 }), put('/l/a', '1', { lease: 4711 })))
    await store.commit(write(put('/l/c', '1', { lease: 4711 }), put('/l/d', '1')))
    await store.commit(write(put('/l/c', '2')))
    assert.deepEqual([...(store.view.lease(4711)?.keys ?? [])].sort(), ['/l/a', '/l/b'])
    assert.equal((await store.keepLeaseAlive(4711)).ttlSeconds, 60)
    assert((store.leaseRemainingMs(4711) ?? 0) > 0)
    const watched = { start: '/l/', end: '/l0', afterRevision: 4 as Revision, wake() {} }
    const watcher = store.watch(watched)
    assert.equal((await store.revokeLease(4711)).revision, 5)
    assert.deepEqual(watcher.poll(1000).map(brief), ['delete /l/a@5', 'delete /l/b@5'])
    watcher.close()
    assert.equal(store.view.lease(4711), undefined)
    assert.equal(store.leaseRemainingMs(4711), undefined)
    await assert.rejects(store.keepLeaseAlive(4711), refusedAs('lease not found'))
    await assert.rejects(store.revokeLease(4711), refusedAs('lease not found'))
    assert.equal((await store.revokeLease(chosen.id)).revision, 5)
  })

  check('a transaction reads the past as it was before it', async ({ store }) => {
    await store.commit(write(put('/a', '1')))
    const past = { op: 'range', key: '/a', revision: 2 as Revision } as const
    const { responses } = await store.commit(write(put('/a', '2'), past))
    assert.equal(responses[1]?.op === 'range' && text(responses[1].items[0]), '1')
    const future = store.commit(write(put('/a', '3'), { ...past, revision: 4 as Revision }))
    await assert.rejects(future, refusedAs('future revision'))
    await store.compact(3 as Revision)
    await assert.rejects(store.commit(write(put('/a', '3'), past)), refusedAs('compacted'))
    await assert.rejects(store.compact(3 as Revision), refusedAs('compacted'))
    await assert.rejects(store.compact(9 as Revision), refusedAs('future revision'))
    assert.equal(store.view.revision, 3)
  })

  check('keys are bytes, in the order of bytes', async ({ store }) => {
    const keys = ['\xff\xff', '/a\x80', '/a', '\0', '/a\0'] as const
    await store.commit(write(...keys.map((key) => put(key, key))))
    const all = store.view.range('\0', endOfKeys).items.map((item) => item.key)
    assert.deepEqual(all, ['\0', '/a', '/a\0', '/a\x80', '\xff\xff'])
    const beyond = store.commit(write(put('/a\u0100', '')))
    await assert.rejects(beyond, refusedAs('invalid'))
  })

  check('many concurrent writers of one key make a chain', async ({ store }) => {
    const results: TxnResult[] = await Promise.all(
      Array.from({ length: 50 }, (_, writer) => store.commit(write(put('/a', String(writer))))),
    )
    const revisions = results.map((result) => result.revision).sort((a, b) => a - b)
    assert.deepEqual(
      revisions,
      Array.from({ length: 50 }, (_, index) => index + 2),
    )
    assert.equal(store.view.get('/a')?.version, 50)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ServiceError, status } from '@grpc/grpc-js'
import { EtcdClient } from '../../../src/api/etcd/wire/client.ts'
import type {
  RequestOperation,
  WatchRequest,
  WatchResponse,
} from '../../../src/api/etcd/wire/kv-messages.ts'
import type { Draft } from '../../../src/api/etcd/wire/message-type.ts'
import {
  clusterService,
  electionService,
  healthService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  refusedAuth,
  watchService,
} from '../../../src/api/etcd/wire/services.ts'
import type { Term } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import { type EtcdListenerUnderTest, openEtcdListener } from '../../contract/etcd-listener.ts'

const b = (text: string) => Buffer.from(text)
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }

interface Under extends EtcdListenerUnderTest {
  readonly client: EtcdClient
  put(key: string, value: string): Promise<number>
}

const check = (title: string, run: (under: Under) => Promise<void>, keySpace?: 'all') =>
  test(`etcd listener: ${title}`, async () => {
    const listener = await openEtcdListener(keySpace ? { keySpace } : {})
    const client = new EtcdClient({ endpoint: listener.address })
    const put = async (key: string, value: string) =>
      (await client.call(kvService.put, { key: b(key), value: b(value) })).header?.revision ?? 0
    try {
      await run({ ...listener, client, put })
    } finally {
      client.close()
      await listener.stop()
    }
  })

const refusedWith = (code: status, details: string) => (error: ServiceError) => {
  assert.deepEqual([error.code, error.details], [code, details])
  return true
}

/** A stream of watches whose answers are taken one by one. */
class Watching {
  readonly #stream
  readonly #answers: WatchResponse[] = []
  #arrived: (() => void) | undefined

  constructor(client: EtcdClient) {
    this.#stream = client.stream(watchService.watch)
    this.#stream.on('data', (answer: WatchResponse) => {
      this.#answers.push(answer)
      this.#arrived?.()
    })
    this.#stream.on('error', () => {})
  }

  ask(request: Draft<WatchRequest>): void {
    this.#stream.write(request)
  }

  async next(): Promise<WatchResponse> {
    for (;;) {
      const answer = this.#answers.shift()
      if (answer) return answer
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  end(): void {
    this.#stream.cancel()
  }
}

const brief = ({ events }: WatchResponse) =>
  events.map(({ type, kv }) => `${type === 0 ? 'put' : 'del'} ${text(kv?.key)}@${kv?.modRevision}`)

check('what is put can be read, at its revision and in a range', async ({ client, put }) => {
  assert.deepEqual([await put('a', '1'), await put('b', '2'), await put('a', '3')], [2, 3, 4])
  const now = await client.call(kvService.range, everything)
  assert.deepEqual(
    now.kvs.map(({ key, value, version, createRevision }) => [
      text(key),
      text(value),
      version,
      createRevision,
    ]),
    [
      ['a', '3', 2, 2],
      ['b', '2', 1, 3],
    ],
  )
  assert.deepEqual([now.count, now.more, now.header?.revision], [2, false, 4])
  const past = await client.call(kvService.range, { key: b('a'), revision: 2 })
  assert.equal(text(past.kvs[0]?.value), '1')
})

check(
  'keys lie under a prefix of their own, and nothing else is seen',
  async ({ client, put, store }) => {
    const object = { op: 'put', key: '/registry/x', value: b('k8s'), revisionOffset: -1 } as const
    await store.commit({ compares: [], success: [object], failure: [] })
    await put('/registry/y', 'etcd')
    assert.equal(text(store.view.get('/etcd//registry/y')?.value), 'etcd')
    const all = await client.call(kvService.range, everything)
    assert.deepEqual(
      all.kvs.map(({ key }) => text(key)),
      ['/registry/y'],
    )
    const gone = await client.call(kvService.delete, everything)
    assert.equal(gone.deleted, 1)
    assert.ok(store.view.get('/registry/x'))
  },
)

check(
  'asked for all keys, it shows those of the API, too',
  async ({ client, store }) => {
    const object = { op: 'put', key: '/registry/x', value: b('k8s'), revisionOffset: -1 } as const
    await store.commit({ compares: [], success: [object], failure: [] })
    const { kvs } = await client.call(kvService.range, everything)
    assert.deepEqual(
      kvs.map(({ key }) => text(key)),
      ['/registry/x'],
    )
  },
  'all',
)

check('a key of any bytes comes back as it was', async ({ client }) => {
  const key = Uint8Array.of(0, 255, 128, 10, 0xc3)
  await client.call(kvService.put, { key, value: key })
  const { kvs } = await client.call(kvService.range, { key })
  assert.deepEqual([...(kvs[0]?.key ?? [])], [...key])
})

const halfOfProposal = (key: string): Draft<RequestOperation> => ({
  put: { key: b(key), value: Buffer.alloc(limits.etcdProposalBytesMax / 2) },
})

check(
  'refusals have the codes and the texts that clients of etcd know',
  async ({ client, put, store }) => {
    const call = client.call.bind(client)
    await put('a', '1')
    await put('a', '2')
    await call(kvService.compact, { revision: 3 })
    const invalid = status.INVALID_ARGUMENT
    const twice: Draft<RequestOperation> = { put: { key: b('a') } }
    const tooLong = limits.etcdRequestBytesMax + 8
    const refusals = [
      [call(kvService.range, {}), invalid, 'etcdserver: key is not provided'],
      [call(kvService.put, {}), invalid, 'etcdserver: key is not provided'],
      [
        call(kvService.put, { key: b('x'), ignoreValue: true }),
        invalid,
        'etcdserver: key not found',
      ],
      [
        call(kvService.put, { key: b('a'), value: b('v'), ignoreValue: true }),
        invalid,
        'etcdserver: value is provided',
      ],
      [
        call(kvService.put, { key: b('a'), lease: 9, ignoreLease: true }),
        invalid,
        'etcdserver: lease is provided',
      ],
      [
        call(kvService.put, { key: b('a'), lease: 9 }),
        status.NOT_FOUND,
        'etcdserver: requested lease not found',
      ],
      [
        call(kvService.txn, { success: [twice, twice] }),
        invalid,
        'etcdserver: duplicate key given in txn request',
      ],
      [call(kvService.txn, { success: [{}] }), invalid, 'etcdserver: key not found'],
      [
        call(kvService.txn, {
          success: Array.from({ length: 129 }, (_, n) => ({ put: { key: b(`k${n}`) } })),
        }),
        invalid,
        'etcdserver: too many operations in txn request',
      ],
      [
        call(kvService.put, { key: b('x'), value: Buffer.alloc(limits.etcdProposalBytesMax) }),
        invalid,
        'etcdserver: request is too large',
      ],
      [
        call(kvService.txn, { success: ['x', 'y'].map(halfOfProposal) }),
        invalid,
        'etcdserver: request is too large',
      ],
      [
        call(kvService.put, { key: b('x'), value: Buffer.alloc(limits.etcdRequestBytesMax) }),
        status.RESOURCE_EXHAUSTED,
        `grpc: received message larger than max (${tooLong} vs. ${limits.etcdRequestBytesMax})`,
      ],
      [
        call(kvService.range, { key: b('a'), revision: 2 }),
        status.OUT_OF_RANGE,
        'etcdserver: mvcc: required revision has been compacted',
      ],
      [
        call(kvService.range, { key: b('a'), revision: 2 ** 60 }),
        status.OUT_OF_RANGE,
        'etcdserver: mvcc: required revision is a future revision',
      ],
      [
        call(kvService.compact, { revision: 3 }),
        status.OUT_OF_RANGE,
        'etcdserver: mvcc: required revision has been compacted',
      ],
      [
        call(leaseService.revoke, { id: 5 }),
        status.NOT_FOUND,
        'etcdserver: requested lease not found',
      ],
      [call(clusterService.remove, { id: 77n }), status.NOT_FOUND, 'etcdserver: member not found'],
      [
        call(maintenanceService.moveLeader, { id: 77n }),
        status.FAILED_PRECONDITION,
        'etcdserver: bad leader transferee',
      ],
      ...refusedAuth.map(
        (method) =>
          [
            call(method, {}),
            status.FAILED_PRECONDITION,
            'etcdserver: authentication is not enabled',
          ] as const,
      ),
    ] as const
    // Together: the answers may come at once.
    await Promise.all(
      refusals.map(([answer, code, details]) => assert.rejects(answer, refusedWith(code, details))),
    )
    assert.equal(store.view.revision, 3)
  },
)

check('a transaction answers each operation, nested ones too', async ({ client, put }) => {
  await put('a', '1')
  const answer = await client.call(kvService.txn, {
    compare: [{ key: b('a'), target: 0, result: 0, version: 1 }],
    success: [
      { put: { key: b('b'), value: b('2'), prevKv: true } },
      { txn: { success: [{ range: { key: b('a'), rangeEnd: b('z') } }] } },
      { delete: { key: b('a'), prevKv: true } },
    ],
  })
  assert.ok(answer.succeeded)
  const [put1, nested, gone] = answer.responses
  assert.equal(put1?.put?.header?.revision, 3)
  assert.deepEqual(
    nested?.txn?.responses[0]?.range?.kvs.map(({ key }) => text(key)),
    ['a', 'b'],
  )
  assert.equal(text(gone?.delete?.prevKvs[0]?.value), '1')
})

check('watches share a stream: created first, then what they ask for', async ({ client, put }) => {
  await put('a', '1')
  const watching = new Watching(client)
  watching.ask({ create: { key: b('a'), startRevision: 2, prevKv: true } })
  watching.ask({ create: { key: b('b'), filters: [0] } })
  const created = [await watching.next(), await watching.next(), await watching.next()]
  assert.deepEqual(
    created.map(({ watchId, created, events }) => [watchId, created, events.length]),
    [
      [0, true, 0],
      [0, false, 1],
      [1, true, 0],
    ],
  )
  await put('a', '2')
  await put('b', '1')
  await client.call(kvService.delete, { key: b('b') })
  const [second, third] = [await watching.next(), await watching.next()]
  assert.deepEqual([brief(second), brief(third)], [['put a@3'], ['del b@5']])
  assert.equal(text(second.events[0]?.prevKv?.value), '1')
  assert.equal(third.events[0]?.kv?.createRevision, 0)
  watching.ask({ progress: {} })
  const progress = await watching.next()
  assert.deepEqual([progress.watchId, progress.header?.revision], [-1, 5])
  watching.ask({ cancel: { watchId: 0 } })
  const canceled = await watching.next()
  assert.deepEqual([canceled.watchId, canceled.canceled], [0, true])
  watching.end()
})

check('a watch from before the compaction is told from where to go on', async ({ client, put }) => {
  for (const value of ['1', '2', '3']) await put('a', value)
  await client.call(kvService.compact, { revision: 4 })
  const watching = new Watching(client)
  watching.ask({ create: { key: b('a'), startRevision: 2 } })
  assert.equal((await watching.next()).created, true)
  const over = await watching.next()
  assert.deepEqual([over.canceled, over.compactRevision], [true, 4])
  watching.ask({ create: { key: b('a'), startRevision: 4 } })
  assert.equal((await watching.next()).created, true)
  assert.deepEqual(brief(await watching.next()), ['put a@4'])
  watching.end()
})

check(
  'a watch from revision 1 of an empty store hears of the first write',
  async ({ client, put }) => {
    const watching = new Watching(client)
    watching.ask({ create: { key: b('a'), startRevision: 1 } })
    assert.equal((await watching.next()).created, true)
    await put('a', '1')
    assert.deepEqual(brief(await watching.next()), ['put a@2'])
    watching.end()
  },
)

check('a watch that cannot be is refused on its stream, which goes on', async ({ client, put }) => {
  const watching = new Watching(client)
  watching.ask({ create: { key: b('b'), rangeEnd: b('a') } })
  const empty = await watching.next()
  assert.deepEqual(
    [empty.watchId, empty.canceled, empty.cancelReason],
    [-1, true, 'mvcc: watcher range is empty'],
  )
  watching.ask({ create: { key: b('a'), startRevision: -1 } })
  const before = await watching.next()
  assert.deepEqual(
    [before.watchId, before.created, before.canceled, before.cancelReason],
    [-1, true, true, 'etcdserver: mvcc: required revision has been compacted'],
  )
  watching.ask({ create: { key: b('a'), watchId: 7 } })
  watching.ask({ create: { key: b('a'), watchId: 7 } })
  assert.equal((await watching.next()).watchId, 7)
  assert.match((await watching.next()).cancelReason, /duplicate watch ID/)
  await put('a', '1')
  assert.deepEqual(brief(await watching.next()), ['put a@2'])
  watching.end()
})

check('a storm of watches that are cancelled leaves none open', async (under) => {
  const { client, openWatches, put } = under
  const [stays, storm] = [new Watching(client), new Watching(client)]
  stays.ask({ create: { key: b('stays') } })
  assert.equal((await stays.next()).created, true)
  const ids = Array.from({ length: 500 }, (_, at) => at)
  for (const watchId of ids) {
    storm.ask({ create: { key: b(`storm${watchId % 7}`), startRevision: 1 } })
    storm.ask({ cancel: { watchId } })
  }
  for (let canceled = 0; canceled < ids.length; ) if ((await storm.next()).canceled) canceled += 1
  assert.equal(openWatches(), 1)
  // One that cannot begin, and one that is cancelled twice, take no place either.
  await put('a', '1')
  await client.call(kvService.compact, { revision: await put('a', '2') })
  storm.ask({ create: { key: b('a'), startRevision: 2 } })
  assert.equal((await storm.next()).created, true)
  assert.equal((await storm.next()).canceled, true)
  storm.ask({ cancel: { watchId: 500 } })
  storm.ask({ progress: {} })
  assert.equal((await storm.next()).watchId, -1)
  assert.equal(openWatches(), 1)
  await put('stays', '1')
  assert.deepEqual(brief(await stays.next()), ['put stays@4'])
  for (const watching of [stays, storm]) watching.end()
})

check(
  'events of one revision stay together, unless fragments are asked for',
  async ({ client, store }) => {
    const put = (key: string) =>
      ({
        op: 'put',
        key: `/etcd/${key}`,
        value: Buffer.alloc(900_000),
        revisionOffset: -1,
      }) as const
    const both = { compares: [], success: [put('a'), put('b')], failure: [] }
    await store.commit(both)
    const watching = new Watching(client)
    watching.ask({ create: { ...everything, prevKv: true } })
    watching.ask({ create: { ...everything, prevKv: true, fragment: true } })
    assert.deepEqual(
      [(await watching.next()).created, (await watching.next()).created],
      [true, true],
    )
    await store.commit(both)
    const parts = [await watching.next(), await watching.next(), await watching.next()]
    assert.deepEqual(
      parts.map(({ watchId, events, fragment }) => [watchId, events.length, fragment]),
      [
        [0, 2, false],
        [1, 1, true],
        [1, 1, false],
      ],
    )
    watching.end()
  },
)

check('a lease takes its keys with it', async ({ client }) => {
  const { id, ttl } = await client.call(leaseService.grant, { ttl: 1 })
  assert.equal(ttl, 2)
  await client.call(kvService.put, { key: b('a'), lease: id })
  const left = await client.call(leaseService.timeToLive, { id, keys: true })
  assert.deepEqual([left.grantedTtl, left.keys.map(text)], [2, ['a']])
  const { leases } = await client.call(leaseService.leases, {})
  assert.deepEqual(leases, [{ id }])
  const alive = client.stream(leaseService.keepAlive)
  const kept = new Promise<number[]>((resolve) => {
    const ttls: number[] = []
    alive.on('data', (answer: { ttl: number }) => ttls.push(answer.ttl))
    alive.on('end', () => resolve(ttls))
  })
  alive.write({ id })
  alive.write({ id: Number(id) + 1 })
  alive.end()
  assert.deepEqual(await kept, [2, 0])
  await client.call(leaseService.revoke, { id })
  assert.equal((await client.call(kvService.range, { key: b('a') })).count, 0)
  assert.equal((await client.call(leaseService.timeToLive, { id })).ttl, -1)
})

check('a member without a leader says so to who asks for one', async ({ client, replica }) => {
  replica.loseLeadership()
  const asked = client.call(
    kvService.range,
    { key: b('a'), serializable: true },
    { requiresLeader: true },
  )
  await assert.rejects(asked, refusedWith(status.UNAVAILABLE, 'etcdserver: no leader'))
  assert.equal((await client.call(healthService.check, {})).status, 2)
  replica.becomeLeader()
  assert.equal((await client.call(healthService.check, {})).status, 1)
  const { header } = await client.call(kvService.range, { key: b('a') }, { requiresLeader: true })
  assert.equal(header?.raftTerm, 2 as Term)
})

check('a transaction of reads costs no entry of the log', async ({ client, put, replica }) => {
  await put('a', '1')
  await put('a', '2')
  const entries = replica.log.length
  const read = (revision: number, serializable = false): Draft<RequestOperation> => ({
    range: { key: b('a'), revision, serializable },
  })
  const txn = (...success: Draft<RequestOperation>[]) =>
    client.call(kvService.txn, { compare: [{ key: b('a'), target: 0, version: 2 }], success })
  const now = await txn(read(0), read(2))
  assert.equal(now.succeeded, true)
  assert.deepEqual(
    now.responses.map(({ range }) => [text(range?.kvs[0]?.value), range?.header?.revision]),
    [
      ['2', 3],
      ['1', 3],
    ],
  )
  assert.equal(now.header?.revision, 3)
  await assert.rejects(txn(read(9)), /required revision is a future revision/)
  assert.equal(replica.log.length, entries)
  replica.loseLeadership()
  await assert.rejects(txn(read(0, true), read(0)), /no leader/)
  assert.equal((await txn(read(0, true), read(2, true))).responses.length, 2)
})

check('a lock is held by one at a time, in the order in which they came', async ({ client }) => {
  const name = b('lock')
  const [one, other] = await Promise.all([
    client.call(leaseService.grant, { ttl: 60 }),
    client.call(leaseService.grant, { ttl: 60 }),
  ])
  const held = await client.call(lockService.lock, { name, lease: one.id })
  let second = ''
  const waiting = client.call(lockService.lock, { name, lease: other.id }).then(({ key }) => {
    second = text(key)
  })
  await client.call(kvService.put, { key: b('elsewhere') })
  assert.equal(second, '')
  await client.call(lockService.unlock, { key: held.key })
  await waiting
  assert.equal(second, `lock/${other.id.toString(16)}`)
})

check('an election is won, proclaimed, observed and resigned', async ({ client }) => {
  const name = b('election')
  const { leader } = await client.call(electionService.campaign, { name, value: b('me') })
  const observing = client.answers(electionService.observe, { name })
  const seen: string[] = []
  const heard = new Promise<void>((resolve) => {
    observing.on('data', (answer: { kv?: { value: Uint8Array } }) => {
      seen.push(text(answer.kv?.value))
      if (seen.length === 1)
        void client.call(electionService.proclaim, { leader, value: b('still me') })
      else resolve()
    })
  })
  observing.on('error', () => {})
  await heard
  observing.cancel()
  assert.deepEqual(seen, ['me', 'still me'])
  await client.call(electionService.resign, { leader })
  await assert.rejects(client.call(electionService.leader, { name }), /election: no leader/)
})

check('a snapshot ends on a page and its checksum', async ({ client, put }) => {
  await put('a', 'x'.repeat(5_000))
  const { createHash } = await import('node:crypto')
  const parts: Uint8Array[] = []
  for await (const part of client.answers(maintenanceService.snapshot, {})) parts.push(part.blob)
  const whole = Buffer.concat(parts)
  assert.equal(whole.length % 512, 32)
  const sum = createHash('sha256').update(whole.subarray(0, -32)).digest()
  assert.ok(sum.equals(whole.subarray(-32)))
})

check('a member keeps its address, and says where another one is to be set', async ({ client }) => {
  const update = (id: bigint, ...peerUrls: string[]) =>
    client.call(clusterService.update, { id, peerUrls })
  const { members } = await update(1n, 'https://127.0.0.1:2380')
  assert.deepEqual(
    members.map(({ id, peerUrls }) => [id, peerUrls]),
    [[1n, ['https://127.0.0.1:2380']]],
  )
  for (const wrong of [[], ['https://127.0.0.1:2381'], ['https://127.0.0.1:2380', 'https://b:1']])
    await assert.rejects(
      update(1n, ...wrong),
      ({ code, details }: ServiceError) =>
        code === status.FAILED_PRECONDITION && /cluster\.json/.test(details),
    )
  const stranger = update(9n, 'https://127.0.0.1:2380')
  await assert.rejects(stranger, refusedWith(status.NOT_FOUND, 'etcdserver: member not found'))
})

check('status, members and hash are those of this member', async ({ client, put, machine }) => {
  await put('a', '1')
  const seen = await client.call(maintenanceService.status, {})
  assert.deepEqual([seen.leader, seen.raftTerm, seen.dbSize > 0, seen.errors], [1n, 1, true, []])
  const { members } = await client.call(clusterService.list, { linearizable: true })
  assert.deepEqual(
    members.map(({ id, name }) => [id, name]),
    [[1n, 'm1']],
  )
  const { hash } = await client.call(maintenanceService.hashKv, {})
  assert.equal(hash, machine.hashAt())
  assert.deepEqual((await client.call(maintenanceService.alarm, {})).alarms, [])
})

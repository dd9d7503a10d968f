import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { MemberId } from '../../../src/base/brand.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import type { Entry, Message } from '../../../src/raft/core/message.ts'
import type { SnapshotHeader } from '../../../src/raft/wal/snapshot-files.ts'
import { encodeFrame, FrameReader, frameKind, WireError } from '../../../src/raft/wire/frame.ts'
import { decodeMessage, encodeMessage } from '../../../src/raft/wire/message-codec.ts'
import type { PeerCredentials } from '../../../src/raft/wire/peer-identity.ts'
import {
  blocksFor,
  commonProtocol,
  decodeAgreed,
  encodeAgreed,
  sayProtocols,
} from '../../../src/raft/wire/protocol.ts'
import { createTlsTransport } from '../../../src/raft/wire/tls-transport.ts'
import type { TransportHandlers } from '../../../src/raft/wire/transport.ts'
import { testAuthority } from '../../contract/raft-credentials.ts'

function message(fields: Partial<Message>): Message {
  return {
    type: 'MsgHeartbeat',
    to: 2 as MemberId,
    from: 1 as MemberId,
    term: 3,
    logTerm: 0,
    index: 0,
    entries: [],
    commit: 0,
    commitTerm: 0,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: undefined,
    responses: [],
    ...fields,
  }
}

const number = fc.nat({ max: 2 ** 40 })
const entry: fc.Arbitrary<Entry> = fc.record({
  term: number,
  index: number,
  type: fc.constantFrom('EntryNormal', 'EntryConfChange', 'EntryConfChangeV2'),
  data: fc.uint8Array({ maxLength: 300 }),
})
const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    type: fc.constantFrom('MsgApp', 'MsgAppResp', 'MsgPreVote', 'MsgSnap', 'MsgReadIndex'),
    term: number,
    logTerm: number,
    index: number,
    commit: number,
    commitTerm: number,
    reject: fc.boolean(),
    rejectHint: number,
    context: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
    entries: fc.array(entry, { maxLength: 8 }),
    snapshot: fc.option(
      fc.record({
        metadata: fc.record({
          index: number,
          term: number,
          confState: fc.record({
            voters: fc.array(number),
            votersOutgoing: fc.array(number),
            learners: fc.array(number),
            learnersNext: fc.array(number),
            autoLeave: fc.boolean(),
          }),
        }),
        data: fc.constant(new Uint8Array(0)),
      }),
      { nil: undefined },
    ),
  })
  .map((fields) => message(fields as Partial<Message>))

/** Buffers and plain byte arrays of the same bytes are the same message. */
function plain(one: Message): unknown {
  const entries = one.entries.map((each) => ({ ...each, data: Array.from(each.data) }))
  const context = one.context && Array.from(one.context)
  return { ...one, entries, context, snapshot: JSON.stringify(one.snapshot?.metadata) }
}

test('a message survives frames that are cut anywhere, in every protocol', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 5 }),
      fc.constantFrom(1, 2, 3),
      fc.infiniteStream(fc.nat(400)),
      (sent, protocol, cuts) => {
        const bytes = Buffer.concat(
          sent.flatMap((one) => encodeFrame(frameKind.message, ...encodeMessage(one, protocol))),
        )
        const reader = new FrameReader()
        const received: Message[] = []
        for (let at = 0; at < bytes.length; ) {
          const stop = at + 1 + Number(cuts.next().value)
          for (const { payload } of reader.push(bytes.subarray(at, stop)))
            received.push(decodeMessage(payload, protocol))
          at = stop
        }
        const said = protocol < 3 ? sent.map((one) => ({ ...one, commitTerm: 0 })) : sent
        assert.deepEqual(received.map(plain), said.map(plain))
      },
    ),
    { numRuns: 200 },
  )
})

test('bytes that are no message are refused by a WireError, never by another', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeMessage(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof WireError, String(error))
      }
    }),
  )
  assert.throws(() => new FrameReader().push(Buffer.from([255, 255, 255, 255, 1])), WireError)
  assert.throws(() => encodeMessage(message({ type: 'MsgStorageAppend' }), 2), WireError)
})

test('entries come in runs of one term and type, which who speaks protocol 1 refuses', () => {
  const of = (term: number, index: number, type: Entry['type'] = 'EntryNormal'): Entry => ({
    ...{ term, index, type, data: Buffer.from(`${term}.${index}`) },
  })
  const entries = [of(1, 7), of(1, 8), of(1, 9, 'EntryConfChange'), of(2, 10), of(2, 11), of(2, 13)]
  const sent = message({ type: 'MsgApp', entries })
  const [old, now] = [1, 2].map((protocol) => Buffer.concat(encodeMessage(sent, protocol)))
  assert.ok(old && now && now.length < old.length)
  for (const bytes of [old, now]) assert.deepEqual(plain(decodeMessage(bytes)), plain(sent))
  assert.deepEqual(plain(decodeMessage(old, 1)), plain(sent))
  assert.throws(() => decodeMessage(now, 1), WireError)
})

test('what votes say of commits goes out to those alone who speak protocol 3', () => {
  const vote = message({ type: 'MsgPreVoteResp', reject: true, commit: 7, commitTerm: 4 })
  const silent = message({ ...vote, commitTerm: 0 })
  const [old, now] = [2, 3].map((protocol) => Buffer.concat(encodeMessage(vote, protocol)))
  assert.ok(old && now)
  assert.deepEqual(plain(decodeMessage(now)), plain(vote))
  assert.throws(() => decodeMessage(now, 2), WireError)
  for (const newest of [1, 2, 3]) assert.deepEqual(plain(decodeMessage(old, newest)), plain(silent))
  const append = message({ type: 'MsgApp', commit: 7 })
  const lengths = [2, 3].map((protocol) => Buffer.concat(encodeMessage(append, protocol)).length)
  assert.equal(lengths[0], lengths[1], 'who has nothing to say pays nothing')
})

test('two members speak the newest protocol that both know, or not at all', () => {
  const now = { oldest: 1, newest: 2 }
  const later = { oldest: 2, newest: 4 }
  assert.deepEqual(sayProtocols({ oldest: 1, newest: 1 }), { protocol: 1 })
  for (const [caller, called, agreed] of [
    [{ oldest: 1, newest: 1 }, now, 1],
    [now, { oldest: 1, newest: 1 }, 1],
    [now, now, 2],
    [later, now, 2],
    [now, later, 2],
    [{ oldest: 1, newest: 1 }, later, undefined],
    [later, { oldest: 1, newest: 1 }, undefined],
  ] as const)
    assert.equal(commonProtocol(sayProtocols(caller), called), agreed)
  assert.equal(decodeAgreed(encodeAgreed(1), now), undefined, 'version 1 says nothing')
  assert.equal(decodeAgreed(encodeAgreed(2), now), 2)
  assert.throws(() => decodeAgreed(encodeAgreed(3), now), WireError)
})

test('a part of a snapshot that may be left out goes to those alone who speak protocol 4', async () => {
  const sizes = async (protocol: number) => {
    const seen: number[] = []
    for await (const block of blocksFor(protocol, parts())) seen.push(block.length)
    return seen
  }
  async function* parts() {
    for (const size of [7, 9, 0, 5]) yield new Uint8Array(size)
  }
  assert.deepEqual(await sizes(3), [7, 9])
  assert.deepEqual(await sizes(4), [7, 9, 0, 5])
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Handlers that keep what they get and let a test wait for it. */
function recorder() {
  const seen: string[] = []
  const waiting = new Map<string, () => void>()
  const note = (what: string) => {
    seen.push(what)
    waiting.get(what)?.()
  }
  const handlers: TransportHandlers = {
    message: (one) => note(`${one.from} ${one.type} ${one.index}`),
    async snapshot(one, header, blocks) {
      let bytes = 0
      let parts = 1
      for await (const block of blocks) {
        bytes += block.length
        if (block.length === 0) parts += 1
      }
      note(`snapshot ${one.index} ${header.index} ${bytes} in ${parts}`)
    },
    state: () => ({ incarnation: 'first', holds: false, founders: [] }),
    met: () => {},
    unreachable: (id) => note(`unreachable ${id}`),
    lost: (id, how) => note(`lost ${id} ${how}`),
  }
  const until = (what: string) =>
    new Promise<void>((resolve) => {
      if (seen.includes(what)) resolve()
      else waiting.set(what, resolve)
    })
  return { seen, handlers, until }
}

async function pair(t: TestContext, secondTls?: PeerCredentials, clusterIds = ['c', 'c']) {
  const authority = await testAuthority()
  const members = await Promise.all(
    [1, 2].map(async (id) => ({
      id: id as MemberId,
      name: `m${id}`,
      raftAddress: `127.0.0.1:${await freePort()}`,
    })),
  )
  const sides = await Promise.all(
    members.map(async ({ id, name, raftAddress }, at) => {
      const transport = createTlsTransport({
        clusterId: clusterIds[at] ?? '',
        memberId: id,
        listenAddress: raftAddress,
        tls: (id === 2 ? secondTls : undefined) ?? (await authority.issue(name)),
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
      })
      transport.setMembers(members)
      t.after(() => transport.stop())
      return { transport, ...recorder() }
    }),
  )
  const [first, second] = sides
  assert.ok(first && second)
  await second.transport.start(second.handlers)
  await first.transport.start(first.handlers)
  return { first, second }
}

test('members exchange messages in order, and learn of each other’s end', async (t) => {
  const { first, second } = await pair(t)
  first.transport.send([1, 2, 3].map((index) => message({ type: 'MsgApp', index })))
  await second.until('1 MsgApp 3')
  assert.deepEqual(second.seen, ['1 MsgApp 1', '1 MsgApp 2', '1 MsgApp 3'])
  second.transport.send([message({ type: 'MsgAppResp', from: 2, to: 1, index: 3 })])
  await first.until('2 MsgAppResp 3')
  await second.transport.stop()
  await first.until('lost 2 closed')
  await first.until('lost 2 refused')
  first.transport.send([message({ type: 'MsgApp', index: 4 })])
  await first.until('unreachable 2')
})

const header: SnapshotHeader = {
  index: 9,
  term: 2,
  confState: { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  members: [],
}

async function* blocksOf(count: number, failAt = -1): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < count; at += 1) {
    if (at === failAt) throw new Error('the disk of the sender broke')
    if (at === 40) yield new Uint8Array(0)
    yield new Uint8Array(100_000)
  }
}

test('a snapshot is streamed, and its sender hears when it is stored', async (t) => {
  const { first, second } = await pair(t)
  // The answer to the first hello is written before anything is answered to what comes after it.
  first.transport.send([message({ type: 'MsgApp', index: 1 })])
  await second.until('1 MsgApp 1')
  second.transport.send([message({ type: 'MsgAppResp', from: 2, to: 1, index: 1 })])
  await first.until('2 MsgAppResp 1')
  await first.transport.sendSnapshot(message({ type: 'MsgSnap', index: 9 }), header, blocksOf(50))
  assert.equal(second.seen.at(-1), 'snapshot 9 9 5000000 in 2')
  await assert.rejects(
    first.transport.sendSnapshot(message({ type: 'MsgSnap' }), header, blocksOf(5, 3)),
    /the disk of the sender broke/,
  )
  await assert.rejects(
    first.transport.sendSnapshot(message({ type: 'MsgSnap', to: 7 }), header, blocksOf(1)),
    /member 7 has no address/,
  )
})

test('a certificate of another group, name or authority opens no connection', async (t) => {
  const authority = await testAuthority()
  const strangers = [
    await authority.issue('m2'),
    await authority.issue('m2', ['system:nodes']),
    await authority.issue('m3'),
  ]
  for (const stranger of strangers) {
    const { first, second } = await pair(t, stranger)
    await assert.rejects(
      first.transport.sendSnapshot(message({ type: 'MsgSnap', index: 9 }), header, blocksOf(1)),
    )
    await assert.rejects(
      second.transport.sendSnapshot(message({ type: 'MsgSnap', to: 1 }), header, blocksOf(1)),
    )
    assert.ok([...first.seen, ...second.seen].every((what) => !what.startsWith('snapshot')))
  }
})

test('a member of another cluster is refused by name', async (t) => {
  const { first } = await pair(t, undefined, ['ours', 'theirs'])
  await assert.rejects(
    first.transport.sendSnapshot(message({ type: 'MsgSnap', index: 9 }), header, blocksOf(1)),
  )
})

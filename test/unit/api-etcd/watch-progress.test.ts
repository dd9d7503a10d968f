import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EtcdClient } from '../../../src/api/etcd/wire/client.ts'
import type { WatchRequest, WatchResponse } from '../../../src/api/etcd/wire/kv-messages.ts'
import type { Draft } from '../../../src/api/etcd/wire/message-type.ts'
import { kvService, watchService } from '../../../src/api/etcd/wire/services.ts'
import type { LogIndex } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { encodeCommands } from '../../../src/state/command.ts'
import { type EtcdListenerUnderTest, openEtcdListener } from '../../contract/etcd-listener.ts'

const b = (text: string) => Buffer.from(text)
const fiveSecondsMs = 5_000
/** A connection that is silent for longer is closed. */
const stepMs = 50_000

interface Under extends EtcdListenerUnderTest {
  readonly client: EtcdClient
  pass(ms: number): Promise<void>
  ask(request: Draft<WatchRequest>): void
  /** [watch, revision, events] of the next answer. */
  next(): Promise<readonly [number, number | undefined, number]>
}

const check = (title: string, run: (under: Under) => Promise<void>) =>
  test(`etcd watch: ${title}`, async () => {
    const clock = new ManualClock()
    const listener = await openEtcdListener({ clock })
    const client = new EtcdClient({ endpoint: listener.address })
    const stream = client.stream(watchService.watch)
    stream.on('error', () => {})
    const answers = stream[Symbol.asyncIterator]()
    const next = async () => {
      const { value } = (await answers.next()) as { value: WatchResponse }
      return [value.watchId, value.header?.revision, value.events.length] as const
    }
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(left, stepMs))
        await client.call(kvService.range, { key: b('alive'), serializable: true })
      }
    }
    try {
      await run({ ...listener, pass, client, next, ask: (request) => stream.write(request) })
    } finally {
      stream.cancel()
      client.close()
      await listener.stop()
    }
  })

check('who asked hears of progress every five seconds in which nothing came', async (under) => {
  const { ask, client, next, pass } = under
  ask({ create: { key: b('a'), progressNotify: true } })
  ask({ create: { key: b('b') } })
  assert.deepEqual(
    [await next(), await next()],
    [
      [0, 1, 0],
      [1, 1, 0],
    ],
  )
  // Not what it watches: only progress tells it how far it is.
  await client.call(kvService.put, { key: b('x'), value: b('1') })
  await pass(fiveSecondsMs)
  assert.deepEqual(await next(), [0, 2, 0])
  await client.call(kvService.put, { key: b('a'), value: b('1') })
  assert.deepEqual(await next(), [0, 3, 1])
  await pass(fiveSecondsMs)
  await client.call(kvService.put, { key: b('b'), value: b('1') })
  assert.deepEqual(await next(), [1, 4, 1], 'what came says it already')
  await pass(fiveSecondsMs)
  assert.deepEqual(await next(), [0, 4, 0])
})

check(
  'progress never runs ahead of an event that was applied and woke nobody yet',
  async (under) => {
    const { ask, machine, next, pass } = under
    const apply = (key: string) => {
      const put = { op: 'put', key: `/etcd/${key}`, value: b('1'), revisionOffset: -1 } as const
      const txn = { compares: [], success: [put], failure: [] }
      const index = (machine.appliedIndex + 1) as LogIndex
      const command = { sequence: index, fence: 0, body: { kind: 'txn', txn } } as const
      const batch = encodeCommands({ session: 9, floor: 0, commands: [command] })
      machine.apply({ index, term: machine.appliedTerm, command: batch })
    }
    ask({ create: { key: b('a'), progressNotify: true } })
    assert.deepEqual(await next(), [0, 1, 0])
    apply('a')
    ask({ progress: {} })
    assert.deepEqual(await next(), [0, 2, 1])
    assert.deepEqual(await next(), [-1, 2, 0])
    await pass(fiveSecondsMs)
    apply('a')
    await pass(fiveSecondsMs)
    assert.deepEqual(await next(), [0, 3, 1])
  },
)

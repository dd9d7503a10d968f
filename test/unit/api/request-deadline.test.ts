import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RequestDeadline, requestTimeoutMs } from '../../../src/api/serving/request-deadline.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { isStatus } from '../../../src/base/status.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { configMap, openCluster } from './cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'
const timedOut =
  'Timeout: request did not complete within requested timeout - context deadline exceeded'

/** One clock for API and store, as in a master. */
async function openTimed() {
  const clock = new ManualClock()
  const memory = await openMemoryStore({ clock, random: new SeededRandom(1) })
  const cluster = await openCluster({ clock, store: memory.store })
  const created = await cluster.ask('POST', '/api/v1/namespaces', {
    ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
  })
  assert.equal(created.status, 201)
  return { ...cluster, clock, memory }
}

describe('the time that a request asks for', () => {
  const cases: readonly [string, number][] = [
    ['', limits.requestMsMax],
    ['timeout=', limits.requestMsMax],
    ['timeout=5s', 5_000],
    ['timeout=1m', 60_000],
    ['timeout=1500ms', 1_500],
    ['timeout=0', limits.requestMsMax],
    ['timeout=0s', limits.requestMsMax],
    ['timeout=-3s', limits.requestMsMax],
    ['timeout=2h', limits.requestMsMax],
  ]
  for (const [query, ms] of cases)
    test(`"${query}" is ${ms} ms`, () =>
      assert.equal(requestTimeoutMs(new URLSearchParams(query)), ms))

  test('what is no duration is refused', async () => {
    const { ask, memory } = await openTimed()
    const answer = await ask('GET', `${path}?timeout=soon`)
    assert.equal(answer.status, 400)
    assert.match(
      answer.json.message,
      /^invalid timeout specified in the request URL - time: invalid/,
    )
    // A watch has timeoutSeconds, and nobody looks at this one.
    assert.equal((await ask('GET', `${path}?watch=1&timeout=soon&timeoutSeconds=x`)).status, 400)
    await memory.store.stop()
  })
})

describe('a request that takes too long', () => {
  test('a write without a leader is refused after its timeout and never written', async () => {
    const { ask, clock, memory } = await openTimed()
    memory.replica.loseLeadership()
    const writing = ask('POST', `${path}?timeout=5s`, configMap('late'))
    await clock.advanceAsync(4_999)
    memory.replica.hold()
    await clock.advanceAsync(1)
    const answer = await writing
    assert.deepEqual([answer.status, answer.json.reason], [504, 'Timeout'])
    assert.equal(answer.json.message, timedOut)
    memory.replica.becomeLeader()
    await clock.advanceAsync(5_000)
    assert.equal(memory.replica.heldProposals, 0)
    assert.equal(memory.store.pending, 0)
    assert.equal(clock.pendingTimers, 0)
    await memory.store.stop()
  })

  test('a read without a quorum is refused after its timeout', async () => {
    const { ask, clock, memory } = await openTimed()
    memory.replica.loseLeadership()
    const reading = ask('GET', `${path}?timeout=2s`)
    await clock.advanceAsync(2_000)
    assert.equal((await reading).json.message, timedOut)
    await memory.store.stop()
  })

  test('the time that its body took counts', async () => {
    const { api, clock, memory } = await openTimed()
    memory.replica.loseLeadership()
    const request = { method: 'GET' as const, path, headers: new Map(), waitedMs: 59_000 }
    const user = { name: 'a', uid: '', groups: ['system:masters'] }
    const reading = api.handle(request, user)
    await clock.advanceAsync(1_000)
    assert.equal((await reading).status, 504)
    await memory.store.stop()
  })

  test('a watch goes on', async () => {
    const { clock, memory, watch, ask } = await openTimed()
    const watcher = await watch(`${path}?watch=1&timeout=1s&timeoutSeconds=600`)
    const first = watcher.next()
    await clock.advanceAsync(2 * limits.requestMsMax)
    await ask('POST', path, configMap('a'))
    assert.equal((await first).object.metadata.name, 'a')
    await watcher.close()
    assert.equal(clock.pendingTimers, 0)
    await memory.store.stop()
  })

  test('work that is done in time leaves no timer, and the error of work is its own', async () => {
    const clock = new ManualClock()
    const deadline = new RequestDeadline(clock, 1_000)
    assert.equal(await deadline.answerOf(async () => 7), 7)
    await assert.rejects(
      deadline.answerOf(async () => {
        throw new Error('its own')
      }),
      /its own/,
    )
    assert.equal(clock.pendingTimers, 0)
    clock.advance(1_000)
    assert.throws(
      () => deadline.check(),
      (error) => isStatus(error, 'Timeout'),
    )
  })
})

describe('a watch that does not say how long', () => {
  test('ends between the least time and twice that, not all at once', async () => {
    const ends: number[] = []
    const { clock, memory, watch } = await openTimed()
    const opened = await Promise.all(Array.from({ length: 8 }, () => watch(`${path}?watch=1`)))
    const watchers = opened.map(async (watcher) => {
      await watcher.next()
      ends.push(clock.monotonicMs() / 1_000)
    })
    await clock.advanceAsync(2 * limits.watchSecondsMin * 1_000)
    await Promise.all(watchers)
    assert.ok(Math.min(...ends) >= limits.watchSecondsMin, `${ends}`)
    assert.ok(new Set(ends).size > 4, `${ends}`)
    await memory.store.stop()
  })

  test('one that asks for more than a timer can wait for is not ended at once', async () => {
    const { clock, memory, watch } = await openTimed()
    const watcher = await watch(`${path}?watch=1&timeoutSeconds=9007199254740991`)
    const next = watcher.next()
    await clock.advanceAsync(1_000)
    await watcher.close()
    await next
    assert.ok(limits.watchSecondsMax * 1_000 < 2 ** 31)
    await memory.store.stop()
  })
})

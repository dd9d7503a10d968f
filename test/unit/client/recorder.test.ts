import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { statusError } from '../../../src/base/status.ts'
import { createRecorder } from '../../../src/client/recorder.ts'
import { events } from '../../../src/client/resources.ts'
import { MemoryApi } from './memory-api.ts'

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', uid: `u-${name}` },
})

function make() {
  const api = new MemoryApi()
  const clock = new ManualClock()
  const recorder = createRecorder(api, {
    component: 'kubelet',
    host: 'w1',
    clock,
    random: new SeededRandom(3),
    logger: silentLogger,
  })
  const list = async () => (await events(api).list()).items
  return { api, clock, recorder, list }
}

describe('recorder', () => {
  test('writes what happened to whom, and who says so', async () => {
    const { recorder, list, clock } = make()
    recorder.event(pod('a'), 'Warning', 'BackOff', 'restarting')
    await recorder.flushed()
    const [event] = await list()
    assert.match(event?.metadata.name ?? '', /^a\.[0-9a-f]+$/)
    assert.deepEqual(event?.involvedObject, {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'a',
      namespace: 'ns',
      uid: 'u-a',
    })
    assert.deepEqual(
      [event?.type, event?.reason, event?.message, event?.count],
      ['Warning', 'BackOff', 'restarting', 1],
    )
    assert.deepEqual(event?.source, { component: 'kubelet', host: 'w1' })
    assert.equal(event?.firstTimestamp, new Date(clock.wallMs()).toISOString().replace('.000', ''))
  })

  test('puts cluster-scoped objects into the default namespace', async () => {
    const { recorder, list } = make()
    recorder.event({ kind: 'Node', name: 'n1' }, 'Normal', 'NodeReady', 'ready')
    await recorder.flushed()
    assert.equal((await list())[0]?.metadata.namespace, 'default')
  })

  test('the same again raises the count of the one event', async () => {
    const { recorder, list, clock } = make()
    for (let times = 0; times < 3; times += 1) {
      recorder.event(pod('a'), 'Normal', 'Pulled', 'image there')
      await recorder.flushed()
      clock.advance(1_000)
    }
    recorder.event(pod('b'), 'Normal', 'Pulled', 'image there')
    await recorder.flushed()
    const all = await list()
    assert.deepEqual(all.map(({ count }) => count).sort(), [1, 3])
    const repeated = all.find(({ count }) => count === 3)
    assert.notEqual(repeated?.firstTimestamp, repeated?.lastTimestamp)
  })

  test('makes a new event when the old one is gone', async () => {
    const { api, recorder, list } = make()
    recorder.event(pod('a'), 'Normal', 'Pulled', 'm')
    await recorder.flushed()
    const [event] = await list()
    await events(api).delete('ns', event?.metadata.name ?? '')
    recorder.event(pod('a'), 'Normal', 'Pulled', 'm')
    await recorder.flushed()
    assert.equal((await list())[0]?.count, 2)
  })

  test('drops what comes too fast, and never fails its caller', async () => {
    const { recorder, list } = make()
    for (let index = 0; index < 500; index += 1)
      recorder.event(pod(`p${index}`), 'Normal', 'Pulled', 'm')
    await recorder.flushed()
    assert.equal((await list()).length, limits.eventsPerSourcePerSecondMax * 4)
  })

  test('tries again while the API is away, gives up on a refusal', async () => {
    const { api, clock, recorder, list } = make()
    let away = 2
    api.refuse = () => {
      away -= 1
      if (away >= 0) throw statusError('ServiceUnavailable', 'no leader')
    }
    recorder.event(pod('a'), 'Normal', 'Pulled', 'm')
    await clock.advanceAsync(2_000)
    await recorder.flushed()
    assert.equal((await list()).length, 1)
    api.refuse = () => {
      throw statusError('Forbidden', 'no')
    }
    recorder.event(pod('b'), 'Normal', 'Pulled', 'm')
    await recorder.flushed()
    assert.equal((await list()).length, 1)
    assert.equal(clock.pendingTimers, 0)
  })
})

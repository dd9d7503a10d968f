import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { statusError } from '../../../src/base/status.ts'
import { pods } from '../../../src/client/resources.ts'
import { StatusSender } from '../../../src/kubelet/status-sender.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { podOf } from './pods.ts'

async function openSender() {
  const api = new MemoryApi()
  const clock = new ManualClock()
  const abort = new AbortController()
  const pod = await pods(api).create('default', podOf())
  const sender = new StatusSender(pod, {
    client: api,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    signal: abort.signal,
  })
  const phase = async () => (await pods(api).get('default', 'web')).status?.phase
  return { api, clock, abort, pod, sender, phase }
}

test('a status is sent again until the API takes it; only the newest is', async () => {
  const { api, clock, sender, phase } = await openSender()
  let refusals = 3
  api.refuse = (verb) => {
    if (verb !== 'patch/status' || refusals === 0) return
    refusals -= 1
    throw statusError(refusals === 1 ? 'Conflict' : 'ServiceUnavailable', 'not now')
  }
  sender.send({ phase: 'Pending' })
  sender.send({ phase: 'Running' })
  await clock.advanceAsync(10_000)
  await sender.settled()
  assert.equal(await phase(), 'Running')
  assert.equal(api.writes.filter((write) => write.startsWith('patch/status')).length, 1)
  sender.send({ phase: 'Running' })
  await sender.settled()
  assert.equal(api.writes.filter((write) => write.startsWith('patch/status')).length, 1)
})

test('a pod of the same name that came after is left alone', async () => {
  const { api, clock, sender, phase } = await openSender()
  await pods(api).delete('default', 'web', { gracePeriodSeconds: 0 })
  await pods(api).create('default', podOf())
  sender.send({ phase: 'Failed' })
  await clock.advanceAsync(1_000)
  await sender.settled()
  assert.equal(await phase(), undefined)
})

test('an older copy from the informer does not undo what was written', async () => {
  const { pod, sender } = await openSender()
  sender.send({ phase: 'Running' })
  await sender.settled()
  sender.seen(pod)
  assert.equal(sender.pod.status?.phase, 'Running')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delay, ManualClock, systemClock } from '../../../src/base/clock.ts'

test('ManualClock fires timers in the order in which they fall due', () => {
  const clock = new ManualClock()
  const fired: string[] = []
  clock.after(20, () => fired.push('late'))
  clock.after(10, () => fired.push('early'))
  clock.every(8, () => fired.push('periodic')).cancel()
  clock.advance(30)
  assert.deepEqual(fired, ['early', 'late'])
  assert.equal(clock.pendingTimers, 0)
})

test('delay() rejects with the reason of its signal and leaves no timer', async () => {
  const clock = new ManualClock()
  const abort = new AbortController()
  const waiting = delay(clock, 1000, abort.signal)
  abort.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  assert.equal(clock.pendingTimers, 0)
})

test('a timer of this machine may wait for longer than Node can', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const dayMs = 24 * 60 * 60 * 1_000
  const pass = (days: number) => {
    for (let day = 0; day < days; day += 1) context.mock.timers.tick(dayMs)
  }
  let fired = 0
  systemClock.after(60 * dayMs, () => {
    fired += 1
  })
  const cancelled = systemClock.after(60 * dayMs, () => assert.fail('it was cancelled'))
  pass(30)
  cancelled.cancel()
  pass(29)
  assert.equal(fired, 0)
  pass(2)
  assert.equal(fired, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delay, ManualClock } from '../../../src/base/clock.ts'

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

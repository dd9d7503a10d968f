import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { TurnPacer } from '../../../src/raft/thread/turn-pacer.ts'

/** Each message takes `workMs`; a turn of the event loop ends with `nextTurn`. */
function open(workMs: number) {
  const clock = new ManualClock()
  const deferred: (() => void)[] = []
  const handled: number[] = []
  const pacer = new TurnPacer<number>({
    clock,
    defer: (task) => void deferred.push(task),
    handle: (message) => {
      handled.push(message)
      clock.advance(workMs)
    },
  })
  const nextTurn = () => {
    for (const task of deferred.splice(0)) task()
    return handled.length
  }
  return { pacer, handled, nextTurn }
}

test('messages past the time of a turn wait for the next, in order', () => {
  const { pacer, handled, nextTurn } = open(limits.eventLoopSliceMsMax * 0.4)
  for (let message = 0; message < 7; message += 1) pacer.take(message)
  assert.equal(handled.length, 3)
  assert.equal(nextTurn(), 6)
  assert.equal(nextTurn(), 7)
  assert.deepEqual(handled, [0, 1, 2, 3, 4, 5, 6])
})

test('a message comes through at once when there is time, however long the one before took', () => {
  const { pacer, handled, nextTurn } = open(10 * limits.eventLoopSliceMsMax)
  pacer.take(0)
  assert.equal(handled.length, 1)
  nextTurn()
  pacer.take(1)
  assert.equal(handled.length, 2)
})

test('one that comes while others wait does not overtake them', () => {
  const { pacer, handled, nextTurn } = open(limits.eventLoopSliceMsMax)
  pacer.take(0)
  pacer.take(1)
  pacer.take(2)
  nextTurn()
  pacer.take(3)
  while (handled.length < 4) nextTurn()
  assert.deepEqual(handled, [0, 1, 2, 3])
})

test('at the end all that waits is handed on', () => {
  const { pacer, handled } = open(limits.eventLoopSliceMsMax)
  for (let message = 0; message < 4; message += 1) pacer.take(message)
  pacer.finish()
  assert.deepEqual(handled, [0, 1, 2, 3])
})

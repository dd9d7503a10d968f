import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import { ApplyQueue } from '../../../src/raft/queues/apply-queue.ts'

const at = (index: number) => index as LogIndex

test('a snapshot too old for a new member is replaced at once, one save at a time', () => {
  const queue = new ApplyQueue(10_000)
  queue.deliveredUpTo(at(120), 1, [])
  queue.appliedUpTo(at(120))
  assert.equal(queue.snapshotTooOld(at(120)), false, 'there is nothing newer to save')
  assert.equal(queue.snapshotTooOld(at(100)), true)
  assert.equal(queue.snapshotTooOld(at(100)), false, 'it is on its way')
  queue.saveFailed()
  assert.equal(queue.snapshotTooOld(at(100)), true, 'a failed one is asked for again')
  queue.saved(at(120), 1)
  assert.equal(queue.snapshotDue(at(120)), false)
})

const mebibytes = (count: number) => count * 1024 * 1024

test('what is written while a snapshot is saved stays in the log, and holds writers back at the limit', () => {
  const queue = new ApplyQueue(10_000)
  queue.deliveredUpTo(at(10), limits.snapshotLogBytesInterval + 1, [])
  queue.appliedUpTo(at(10))
  assert.equal(queue.snapshotDue(at(0)), true)
  queue.deliveredUpTo(at(20), limits.raftLogBytesMax, [])
  queue.appliedUpTo(at(20))
  assert.equal(queue.isFull, true)
  queue.saved(at(10), 1)
  assert.equal(queue.isFull, false)
  assert.equal(queue.snapshotDue(at(10)), true, 'the log is still long')
  queue.deliveredUpTo(at(30), 1, [])
  assert.equal(queue.isFull, true)
  queue.appliedUpTo(at(30))
  queue.saved(at(20), 1)
  assert.equal(queue.isFull, false)
  assert.equal(queue.snapshotDue(at(20)), false)
})

test('a large state is saved less often: when the log is a quarter of it', () => {
  const queue = new ApplyQueue(10_000)
  queue.restored(at(100), mebibytes(1_024))
  queue.deliveredUpTo(at(10_200), mebibytes(200), [])
  queue.appliedUpTo(at(10_200))
  assert.equal(queue.snapshotDue(at(100)), false)
  queue.deliveredUpTo(at(10_300), mebibytes(57), [])
  queue.appliedUpTo(at(10_300))
  assert.equal(queue.snapshotDue(at(100)), true, 'by bytes')
  queue.saved(at(10_300), mebibytes(512))
  for (const [index, isDue] of [
    [30_000, false],
    [30_301, true],
  ] as const) {
    queue.deliveredUpTo(at(index), 1, [])
    queue.appliedUpTo(at(index))
    assert.equal(queue.snapshotDue(at(10_300)), isDue, `by entries at ${index}`)
  }
})

test('however large the state, the log is cut before it reaches its limit', () => {
  const queue = new ApplyQueue(10_000)
  queue.restored(at(1), mebibytes(100_000))
  queue.deliveredUpTo(at(2), limits.raftLogBytesMax / 2 + 1, [])
  queue.appliedUpTo(at(2))
  assert.equal(queue.snapshotDue(at(1)), true)
})

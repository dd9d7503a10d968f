import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex } from '../../../src/base/brand.ts'
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
  queue.saved()
  assert.equal(queue.snapshotDue(at(120)), false)
})

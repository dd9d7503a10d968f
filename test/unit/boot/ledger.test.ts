import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteLedger } from '../../../src/boot/demo/ledger.ts'

function filled(): WriteLedger {
  const ledger = new WriteLedger()
  for (const number of [1, 2, 3]) {
    ledger.acknowledged(number, number * 10, number * 10 + 4)
    ledger.watched(number, 100 + number, number * 10 + 5)
  }
  return ledger
}

test('WriteLedger finds nothing wrong with a faithful store', () => {
  assert.deepEqual(filled().verdict(new Set([1, 2, 3])), {
    writesAcknowledged: 3,
    writesPresent: 3,
    writesLost: 0,
    duplicateOrLostWatchEvents: 0,
  })
})

test('WriteLedger counts an acknowledged write that is gone, and its event as invented', () => {
  const verdict = filled().verdict(new Set([1, 3]))
  assert.equal(verdict.writesLost, 1)
  assert.equal(verdict.duplicateOrLostWatchEvents, 1)
})

test('WriteLedger takes an unacknowledged write that is there for no loss', () => {
  const ledger = filled()
  ledger.watched(4, 104, 50)
  assert.equal(ledger.verdict(new Set([1, 2, 3, 4])).writesLost, 0)
  assert.equal(ledger.verdict(new Set([1, 2, 3, 4])).duplicateOrLostWatchEvents, 0)
})

test('WriteLedger counts repeated, missing and out-of-order watch events', () => {
  const repeated = filled()
  repeated.watched(3, 104, 60)
  assert.equal(repeated.verdict(new Set([1, 2, 3])).duplicateOrLostWatchEvents, 1)
  assert.equal(filled().verdict(new Set([1, 2, 3, 4])).duplicateOrLostWatchEvents, 1)
  const backwards = filled()
  backwards.watched(4, 99, 60)
  assert.equal(backwards.verdict(new Set([1, 2, 3, 4])).duplicateOrLostWatchEvents, 1)
})

test('WriteLedger measures the first write from writes that began after the kill only', () => {
  const ledger = filled()
  assert.equal(ledger.firstWriteAfter(15), 9)
  assert.equal(ledger.firstWriteAfter(31), undefined)
})

test('WriteLedger measures the longest gap since it was reset', () => {
  const ledger = filled()
  assert.equal(ledger.gapMsMax, 10)
  ledger.resetGap()
  ledger.watched(4, 104, 38)
  assert.equal(ledger.gapMsMax, 3)
})

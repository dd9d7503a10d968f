import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movable } from '../../../src/raft/thread/messages.ts'

test('bytes move to another thread without a copy only where nothing else is in their buffer', () => {
  const alone = Buffer.allocUnsafeSlow(100).fill('a')
  assert.equal(movable(alone), alone)
  for (const part of [alone.subarray(0, 99), alone.subarray(1), Buffer.from('pooled')]) {
    const moved = movable(part)
    assert.deepEqual(Buffer.from(moved), Buffer.from(part))
    assert.equal(moved.buffer.byteLength, part.length)
    structuredClone(moved, { transfer: [moved.buffer as ArrayBuffer] })
  }
  assert.equal(alone.toString(), 'a'.repeat(100))
})

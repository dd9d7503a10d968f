import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loggedError } from '../../../src/base/log.ts'
import { statusError } from '../../../src/base/status.ts'

test('a logged error: an expected failure has a reason and a text, any other has its stack', () => {
  const forbidden = statusError('Forbidden', 'pods "a" is forbidden')
  assert.deepEqual(loggedError(forbidden), {
    reason: 'Forbidden',
    message: 'pods "a" is forbidden',
  })
  const thrown = loggedError(new TypeError('no function')) as { type: string; stack: string }
  assert.equal(thrown.type, 'TypeError')
  assert.match(thrown.stack, /no function\n +at .*log\.test/)
})

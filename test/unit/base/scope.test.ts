import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scope } from '../../../src/base/scope.ts'

test('Scope closes in reverse order and goes on when a part fails', async () => {
  const scope = new Scope()
  const closed: string[] = []
  scope.onClose('first', () => void closed.push('first'))
  scope.onClose('broken', () => {
    throw new Error('stuck')
  })
  scope.child('child').onClose('grandchild', () => void closed.push('grandchild'))
  await assert.rejects(scope.close(), AggregateError)
  assert.deepEqual(closed, ['grandchild', 'first'])
  assert.equal(scope.signal.aborted, true)
})

test('a parent scope forgets a child that closed by itself', async () => {
  const parent = new Scope()
  const order: string[] = []
  const early = parent.child('early')
  early.onClose('early part', () => void order.push('early'))
  await early.close()
  const late = parent.child('late')
  late.onClose('late part', () => void order.push('late'))
  await parent.close()
  assert.deepEqual(order, ['early', 'late'])
})

test('a closing scope says what it waits for', async () => {
  const scope = new Scope()
  let end = () => {}
  scope.onClose('listener', () => {})
  scope.child('term').onClose(
    'controllers',
    () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  )
  assert.deepEqual(scope.waitsFor, [])
  const closed = scope.close()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(scope.waitsFor, ['term', 'controllers'])
  end()
  await closed
  assert.deepEqual(scope.waitsFor, [])
})

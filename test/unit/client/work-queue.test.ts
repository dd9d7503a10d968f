import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../../src/base/clock.ts'
import { createWorkQueue } from '../../../src/client/work-queue.ts'

describe('work queue', () => {
  test('keeps a key once and hands keys out in order', async () => {
    const queue = createWorkQueue({ clock: new ManualClock() })
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
    assert.equal(queue.length, 3)
    assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ['a', 'b', 'c'])
  })

  test('holds back a key that a worker has until it is done', async () => {
    const queue = createWorkQueue({ clock: new ManualClock() })
    queue.add('a')
    assert.equal(await queue.get(), 'a')
    queue.add('a')
    queue.add('a')
    assert.equal(queue.length, 0)
    queue.done('a')
    assert.equal(queue.length, 1)
    assert.equal(await queue.get(), 'a')
    queue.done('a')
    assert.equal(queue.length, 0)
  })

  test('retries one key after 5 ms, 10 ms, 20 ms … until it is forgotten', async () => {
    const clock = new ManualClock()
    const queue = createWorkQueue({ clock })
    for (const waitMs of [5, 10, 20, 40]) {
      queue.addRateLimited('a')
      clock.advance(waitMs - 1)
      assert.equal(queue.length, 0)
      clock.advance(1)
      assert.equal(await queue.get(), 'a')
      queue.done('a')
    }
    assert.equal(queue.failures('a'), 4)
    queue.forget('a')
    queue.addRateLimited('a')
    clock.advance(5)
    assert.equal(queue.length, 1)
    assert.equal(clock.pendingTimers, 0)
  })

  test('slows the retries of many keys to the common rate', () => {
    const clock = new ManualClock()
    const queue = createWorkQueue({ clock, retriesPerSecond: 10, retryBurst: 20 })
    for (let index = 0; index < 40; index += 1) queue.addRateLimited(`k${index}`)
    clock.advance(5)
    assert.equal(queue.length, 20)
    clock.advance(1_000)
    assert.equal(queue.length, 30)
    clock.advance(1_000)
    assert.equal(queue.length, 40)
  })

  test('of several waits for a key the earliest counts', () => {
    const clock = new ManualClock()
    const queue = createWorkQueue({ clock })
    queue.addAfter('a', 100)
    queue.addAfter('a', 10)
    queue.addAfter('a', 50)
    clock.advance(10)
    assert.equal(queue.length, 1)
    assert.equal(clock.pendingTimers, 0)
  })

  test('refuses keys past its limit and says when there is room again', async () => {
    let drained = 0
    const queue = createWorkQueue({
      clock: new ManualClock(),
      itemsMax: 2,
      onDrained: () => {
        drained += 1
      },
    })
    assert.deepEqual(
      [queue.add('a'), queue.add('b'), queue.add('c'), queue.add('a')],
      [true, true, false, true],
    )
    const key = (await queue.get()) ?? ''
    assert.equal(drained, 0)
    queue.done(key)
    assert.equal(drained, 1)
  })

  test('shutting down ends every wait', async () => {
    const clock = new ManualClock()
    const queue = createWorkQueue({ clock })
    const waiting = [queue.get(), queue.get()]
    queue.addAfter('a', 10)
    queue.shutDown()
    assert.deepEqual(await Promise.all(waiting), [undefined, undefined])
    assert.equal(queue.add('b'), false)
    assert.equal(clock.pendingTimers, 0)
  })

  test('any history: one worker a key, and every add is followed by a run', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('get' as const), key: fc.constant('') }),
      fc.record({ do: fc.constant('done' as const), key: fc.constantFrom('a', 'b', 'c') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = createWorkQueue({ clock: new ManualClock() })
        const held = new Set<string>()
        const owed = new Set<string>()
        const take = async () => {
          const key = (await queue.get()) ?? ''
          assert.ok(!held.has(key), 'two workers have one key')
          held.add(key)
          owed.delete(key)
        }
        for (const one of steps) {
          if (one.do === 'add') {
            queue.add(one.key)
            owed.add(one.key)
          } else if (one.do === 'done' && held.delete(one.key)) queue.done(one.key)
          else if (one.do === 'get' && queue.length > 0) await take()
        }
        for (const key of held) queue.done(key)
        held.clear()
        while (queue.length > 0) await take()
        assert.deepEqual([...owed], [])
      }),
    )
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Heap } from '../../../src/scheduler/heap.ts'
import type { ClusterEvent } from '../../../src/scheduler/plugin.ts'
import { type QueuedPod, SchedulingQueue } from '../../../src/scheduler/queue.ts'
import { pod } from './cluster.ts'

const helped = (...events: ClusterEvent[]) => new Set(events)

function popped(queue: SchedulingQueue, nowMs: number): QueuedPod {
  const entry = queue.pop(nowMs)
  assert.ok(entry, 'a pod should be active')
  return entry
}

test('higher priority goes first, then the older pod', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('old'), 0)
  queue.set(pod('young'), 10)
  queue.set(pod('vip', { spec: { priority: 1000 } }), 20)
  const order = [popped(queue, 20), popped(queue, 20), popped(queue, 20)].map((one) => one.key)
  assert.deepEqual(order, ['default/vip', 'default/old', 'default/young'])
  assert.equal(queue.pop(20), undefined)
})

test('a refused pod waits for an event that can help it, and for its back-off', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p'), 0)
  queue.unschedulable(popped(queue, 0), helped('node-added'), 0)
  queue.moveFor('pod-removed', 100)
  assert.equal(queue.pop(60_000), undefined)
  queue.moveFor('node-added', 60_000)
  queue.unschedulable(popped(queue, 60_000), helped('node-added'), 60_000)
  queue.moveFor('node-added', 60_500)
  assert.equal(queue.pop(61_999), undefined, 'the second attempt backs off for 2 s')
  assert.equal(queue.nextDueMs, 62_000)
  assert.equal(popped(queue, 62_000).attempts, 3)
})

test('back-off doubles from 1 s to 10 s', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p'), 0)
  const waits: number[] = []
  let nowMs = 0
  for (let attempt = 0; attempt < 6; attempt++) {
    queue.retry(popped(queue, nowMs), nowMs)
    const dueMs = queue.nextDueMs ?? 0
    waits.push(dueMs - nowMs)
    nowMs = dueMs
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

test('an unschedulable pod is tried again after five minutes', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p'), 0)
  queue.unschedulable(popped(queue, 0), helped(), 0)
  assert.equal(queue.nextDueMs, 300_000)
  assert.equal(queue.pop(299_999), undefined)
  assert.equal(popped(queue, 300_000).key, 'default/p')
})

test('a gated pod enters once its gates are gone', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p', { spec: { schedulingGates: [{ name: 'quota' }] } }), 0)
  assert.equal(queue.pop(0), undefined)
  queue.set(pod('p'), 5)
  assert.equal(popped(queue, 5).key, 'default/p')
})

test('a changed spec revives a pod, a changed status does not', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p'), 0)
  queue.unschedulable(popped(queue, 0), helped(), 0)
  queue.set({ ...pod('p'), status: { phase: 'Pending' } }, 2_000)
  assert.equal(queue.pop(2_000), undefined)
  queue.set(pod('p', { spec: { nodeSelector: { a: 'b' } } }), 2_000)
  assert.equal(popped(queue, 2_000).key, 'default/p')
})

test('a pod deleted in its cycle does not come back; its namesake is a new pod', () => {
  const queue = new SchedulingQueue()
  queue.set(pod('p'), 0)
  const entry = popped(queue, 0)
  queue.delete('default/p')
  queue.retry(entry, 0)
  queue.unschedulable(entry, helped(), 0)
  assert.equal(queue.size, 0)
  queue.set(pod('p', { uid: 'one' }), 0)
  queue.unschedulable(popped(queue, 0), helped(), 0)
  queue.set(pod('p', { uid: 'two' }), 0)
  assert.equal(popped(queue, 0).attempts, 1)
})

test('a heap with deletions gives its items in order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean())), (script) => {
      const heap = new Heap<{ value: number }>((one, other) => one.value - other.value)
      const items = script.map(([value]) => ({ value }))
      for (const item of items) heap.push(item)
      const kept = items.filter((item, index) => {
        if (script[index]?.[1]) heap.delete(item)
        return !script[index]?.[1]
      })
      const out: number[] = []
      for (let item = heap.pop(); item; item = heap.pop()) out.push(item.value)
      assert.deepEqual(
        out,
        kept.map((item) => item.value).sort((one, other) => one - other),
      )
    }),
  )
})

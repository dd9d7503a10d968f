import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { statusError } from '../../../src/base/status.ts'
import { objectKey } from '../../../src/client/informer.ts'
import type { InformerFactory } from '../../../src/client/reflector.ts'
import type { Client, KubernetesObject } from '../../../src/client/typed.ts'
import type { Binding, Node, Pod } from '../../../src/kinds/types.ts'
import { createScheduler } from '../../../src/scheduler/run.ts'
import { node, pod } from './cluster.ts'
import { HandFed } from './hand-fed.ts'

interface Call {
  key: string
  node: string
  answer: (error?: Error) => void
}

function harness() {
  const clock = new ManualClock()
  const pods = new HandFed<Pod>()
  const nodes = new HandFed<Node>()
  const bindings: Call[] = []
  const patches: { name: string; patch: unknown }[] = []
  const events: string[] = []
  const flights: string[] = []
  const informers = {
    informer: (path: { resource: string }) => (path.resource === 'pods' ? pods : nodes),
  } as unknown as InformerFactory
  const client = {
    resource: () => ({
      subresource: (namespace: string, name: string, _: string, __: string, body: Binding) =>
        new Promise<void>((resolve, reject) => {
          const answer = (error?: Error) => (error ? reject(error) : resolve())
          bindings.push({ key: `${namespace}/${name}`, node: body.target.name ?? '', answer })
        }),
      patch: async (_: string, name: string, __: string, patch: unknown) => {
        patches.push({ name, patch })
      },
    }),
  } as unknown as Client
  const recorder = {
    event: (object: KubernetesObject, _: string, reason: string, message: string) =>
      void events.push(`${objectKey(object)} ${reason} ${message}`),
    flushed: async () => {},
    stop() {},
  }
  const scheduler = createScheduler({
    client,
    informers,
    recorder,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    emit: (_, event) => void flights.push(event),
  } as Parameters<typeof createScheduler>[0])
  const scope = new Scope()
  scheduler.warm(scope)
  return { clock, pods, nodes, bindings, patches, events, flights, scheduler, scope }
}

/** Shows what a successful binding does to the pod. */
function bound(one: Pod, nodeName: string): Pod {
  return { ...one, spec: { containers: [], ...one.spec, nodeName } }
}

test('a pod is bound once there is a term, and told about', async () => {
  const { clock, pods, nodes, bindings, events, flights, scheduler, scope } = harness()
  nodes.put(node('a'))
  pods.put(pod('p'))
  await clock.advanceAsync(1_000)
  assert.equal(bindings.length, 0, 'a follower decides nothing')
  scheduler.startLeading(3, scope.child('term'))
  await clock.advanceAsync(1)
  assert.deepEqual(
    bindings.map(({ key, node: target }) => [key, target]),
    [['default/p', 'a']],
  )
  bindings[0]?.answer()
  await clock.advanceAsync(1)
  assert.deepEqual(events, ['default/p Scheduled Successfully assigned default/p to a'])
  assert.ok(flights.includes('pod-bound'))
  pods.put({ ...pod('p'), status: { phase: 'Pending' } })
  await clock.advanceAsync(60_000)
  assert.equal(bindings.length, 1, 'a late update without node does not schedule it again')
  pods.put(bound(pod('p'), 'a'))
  await scope.close()
  assert.equal(clock.pendingTimers, 0)
  assert.equal(pods.subscribers + nodes.subscribers, 0)
})

test('a pod that fits nowhere is told why, and bound when room is made', async () => {
  const { clock, pods, nodes, bindings, patches, events, scheduler, scope } = harness()
  nodes.put(node('a', { cpu: '1' }))
  pods.put(bound(pod('hog', { requests: { cpu: '800m' } }), 'a'))
  pods.put(pod('p', { requests: { cpu: '500m' } }))
  scheduler.startLeading(1, scope)
  await clock.advanceAsync(1)
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: ' +
    '1 No preemption victims found for incoming pod.'
  assert.deepEqual(events, [`default/p FailedScheduling ${message}`])
  assert.equal(patches.length, 1)
  const { patch } = patches[0] as { patch: { status: { conditions: object[] } } }
  assert.deepEqual(patch.status.conditions[0], {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  pods.remove('default/hog')
  await clock.advanceAsync(998)
  assert.equal(bindings.length, 0, 'still backing off')
  await clock.advanceAsync(1)
  assert.equal(bindings[0]?.node, 'a')
  await scope.close()
})

test('a failed binding gives the room back and is tried again', async () => {
  const { clock, pods, nodes, bindings, scheduler, scope } = harness()
  nodes.put(node('a', { cpu: '1' }))
  pods.put(pod('p', { requests: { cpu: '1' } }))
  scheduler.startLeading(1, scope)
  await clock.advanceAsync(1)
  bindings[0]?.answer(statusError('ServiceUnavailable', 'no leader'))
  await clock.advanceAsync(999)
  assert.equal(bindings.length, 1)
  await clock.advanceAsync(1)
  assert.equal(bindings.length, 2)
  await scope.close()
})

test('a namesake that comes during a binding is scheduled for itself', async () => {
  const { clock, pods, nodes, bindings, scheduler, scope } = harness()
  nodes.put(node('a', { cpu: '1' }))
  pods.put(pod('p', { uid: 'old', requests: { cpu: '1' } }))
  scheduler.startLeading(1, scope)
  await clock.advanceAsync(1)
  pods.put(pod('p', { uid: 'new', requests: { cpu: '1' } }))
  await clock.advanceAsync(1)
  assert.equal(bindings.length, 2)
  bindings[0]?.answer(statusError('Conflict', 'another uid'))
  await clock.advanceAsync(1)
  pods.put(pod('q', { requests: { cpu: '1' } }))
  await clock.advanceAsync(60_000)
  assert.equal(bindings.length, 2, 'the failure of the old one gives no room back')
  await scope.close()
})

test('the end of a term stops it at once; the next term goes on', async () => {
  const { clock, pods, nodes, bindings, scheduler, scope } = harness()
  nodes.put(node('a'))
  const first = scope.child('term 1')
  scheduler.startLeading(1, first)
  pods.put(pod('p'))
  await first.close()
  await clock.advanceAsync(60_000)
  assert.equal(bindings.length, 0)
  scheduler.startLeading(2, scope.child('term 2'))
  await clock.advanceAsync(1)
  assert.equal(bindings.length, 1)
  await scope.close()
})

test('no more writes are under way than the limit allows', async () => {
  const { clock, pods, nodes, bindings, scheduler, scope } = harness()
  for (let index = 0; index < 10; index++) nodes.put(node(`n${index}`, { pods: '1000' }))
  const count = limits.schedulerBindingsInFlightMax + 50
  for (let index = 0; index < count; index++) pods.put(pod(`p${index}`))
  scheduler.startLeading(1, scope)
  await clock.advanceAsync(100)
  assert.equal(bindings.length, limits.schedulerBindingsInFlightMax)
  for (const call of bindings.slice(0, 50)) call.answer()
  await clock.advanceAsync(100)
  assert.equal(bindings.length, count)
  await scope.close()
})

test('pods of other schedulers, deleted and gated ones are left alone', async () => {
  const { clock, pods, nodes, bindings, scheduler, scope } = harness()
  nodes.put(node('a'))
  pods.put(pod('other', { spec: { schedulerName: 'mine' } }))
  pods.put(pod('gated', { spec: { schedulingGates: [{ name: 'quota' }] } }))
  const leaving = pod('leaving')
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  pods.put(leaving)
  scheduler.startLeading(1, scope)
  await clock.advanceAsync(100)
  assert.equal(bindings.length, 0)
  pods.put(pod('gated'))
  await clock.advanceAsync(1)
  assert.deepEqual(
    bindings.map((call) => call.key),
    ['default/gated'],
  )
  await scope.close()
})

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { createRecorder } from '../../../src/client/recorder.ts'
import { createInformerFactory } from '../../../src/client/reflector.ts'
import { events, nodes, pods } from '../../../src/client/resources.ts'
import type { Pod } from '../../../src/kinds/types.ts'
import { createScheduler } from '../../../src/scheduler/run.ts'
import { admin, openCluster } from '../api/cluster.ts'
import { node, pod } from './cluster.ts'

test('through the real API: pods are bound, the misfit is told why', async () => {
  await using cluster = await openCluster()
  const scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const deps = { clock: systemClock, random: new SeededRandom(3), logger: silentLogger }
  const recorder = createRecorder(client, { component: 'default-scheduler', host: 'm1', ...deps })
  const told = new EventEmitter()
  const informers = createInformerFactory(client, deps)
  let bound = 0
  const emit = (_: string, event: string) => {
    if (event === 'pod-bound') bound += 1
    told.emit('pod')
  }
  const scheduler = createScheduler({ client, informers, recorder, emit, ...deps })
  const seen = informers.informer<Pod>({
    group: '',
    version: 'v1',
    resource: 'pods',
    namespaced: true,
  })
  seen.subscribe({ updated: () => void told.emit('pod') })
  scheduler.warm(scope)
  scheduler.startLeading(1, scope)
  const made = { apiVersion: 'v1', kind: 'Node', ...node('a', { cpu: '1' }) }
  const created = await nodes(client).create('', made)
  // As the node controller does once the node is ready.
  await nodes(client).update({ ...created, spec: { ...created.spec, taints: [] } })
  const create = (one: Pod) =>
    pods(client).create('default', { apiVersion: 'v1', kind: 'Pod', ...one })
  for (const name of ['p1', 'p2']) await create(pod(name, { requests: { cpu: '400m' } }))
  const key = (name: string) => seen.get(`default/${name}`)
  while (!key('p1')?.spec?.nodeName || !key('p2')?.spec?.nodeName) await once(told, 'pod')
  await create(pod('p3', { requests: { cpu: '400m' } }))
  while (!key('p3')?.status?.conditions) await once(told, 'pod')
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: ' +
    '1 No preemption victims found for incoming pod.'
  const [condition] = key('p3')?.status?.conditions ?? []
  assert.equal(condition?.reason, 'Unschedulable')
  assert.equal(condition?.message, message)
  await pods(client).delete('default', 'p1', { gracePeriodSeconds: 0 })
  while (!key('p3')?.spec?.nodeName) await once(told, 'pod')
  const scheduled = key('p3')?.status?.conditions?.find((one) => one.type === 'PodScheduled')
  assert.equal(scheduled?.status, 'True')
  while (bound < 3) await once(told, 'pod')
  // What follows the emit in the same turn is recorded now.
  await recorder.flushed()
  const messages = (await events(client).list({ namespace: 'default' })).items.map(
    (one) => one.message,
  )
  assert.ok(messages.includes(message))
  assert.ok(messages.includes('Successfully assigned default/p3 to a'))
  await scope.close()
})

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
import { nodes, paths, pods } from '../../../src/client/resources.ts'
import type { Pod, PodSpec } from '../../../src/kinds/types.ts'
import { createScheduler } from '../../../src/scheduler/run.ts'
import { admin, openCluster } from '../api/cluster.ts'

interface Lab {
  /** Adds a node of one CPU that is ready. */
  addNode(name: string, labels?: Record<string, string>): Promise<void>
  /** Creates a pod and waits for the scheduler's word: the name of a node, or why there is none. */
  placed(name: string, spec: Partial<PodSpec>): Promise<string>
  remove(name: string): Promise<void>
  nodeOf(name: string): Promise<string>
}

/** The scheduler on the real API. */
async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const deps = { clock: systemClock, random: new SeededRandom(3), logger: silentLogger }
  const recorder = createRecorder(client, { component: 'default-scheduler', host: 'm1', ...deps })
  const informers = createInformerFactory(client, deps)
  const scheduler = createScheduler({ client, informers, recorder, emit: () => {}, ...deps })
  const told = new EventEmitter()
  const seen = informers.informer<Pod>(paths.pods)
  seen.subscribe({ updated: () => void told.emit('pod') })
  scheduler.warm(scope)
  scheduler.startLeading(1, scope)
  const nodeOf = async (name: string) => {
    while (!seen.get(`default/${name}`)?.spec?.nodeName) await once(told, 'pod')
    return seen.get(`default/${name}`)?.spec?.nodeName ?? ''
  }
  await body({
    nodeOf,
    addNode: async (name, labels = {}) => {
      const allocatable = { cpu: '1', memory: '1Gi', pods: '10' }
      const made = await nodes(client).create('', { metadata: { name, labels } })
      // As the node controller and the kubelet do once a node is ready.
      const ready = await nodes(client).update({ ...made, spec: { ...made.spec, taints: [] } })
      const conditions = [{ type: 'Ready', status: 'True' }]
      const status = { capacity: allocatable, allocatable, conditions }
      await nodes(client).updateStatus({ ...ready, status })
    },
    placed: async (name, spec) => {
      const containers = [{ name: 'c', image: 'pause:1' }]
      await pods(client).create('default', { metadata: { name }, spec: { containers, ...spec } })
      for (;;) {
        const pod = seen.get(`default/${name}`)
        if (pod?.spec?.nodeName) return pod.spec.nodeName
        const condition = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
        if (condition?.reason === 'Unschedulable') return condition.message ?? ''
        await once(told, 'pod')
      }
    },
    remove: (name) => pods(client).delete('default', name, { gracePeriodSeconds: 0 }),
  })
  await recorder.flushed()
}

const asking = (cpu: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'pause:1', resources: { requests: { cpu }, limits: { cpu } } }],
  ...more,
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]', () =>
  inLab(async ({ addNode, placed, remove, nodeOf }) => {
    await addNode('n1')
    await addNode('n2')
    const filled = [
      await placed('filler-1', asking('700m')),
      await placed('filler-2', asking('700m')),
    ]
    assert.deepEqual(filled.sort(), ['n1', 'n2'])
    assert.match(
      await placed('additional', asking('500m')),
      /^0\/2 nodes are available: 2 Insufficient cpu\./,
    )
    const freed = await nodeOf('filler-1')
    await remove('filler-1')
    assert.equal(await nodeOf('additional'), freed)
  }))

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]', () =>
  inLab(async ({ addNode, placed }) => {
    await addNode('n1', { label: 'another' })
    const why = await placed('restricted', { nodeSelector: { label: 'nonempty' } })
    assert.match(why, /1 node\(s\) didn't match Pod's node affinity\/selector/)
  }))

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]', () =>
  inLab(async ({ addNode, placed }) => {
    await addNode('n1')
    await addNode('n2', { 'kubernetes.io/e2e-x': '42' })
    assert.equal(
      await placed('with-labels', { nodeSelector: { 'kubernetes.io/e2e-x': '42' } }),
      'n2',
    )
  }))

const onPort = (protocol: string, hostIP?: string): Partial<PodSpec> => ({
  containers: [
    {
      name: 'c',
      image: 'agnhost:1',
      ports: [{ containerPort: 8080, hostPort: 54_322, protocol, ...(hostIP ? { hostIP } : {}) }],
    },
  ],
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]', () =>
  inLab(async ({ addNode, placed }) => {
    await addNode('n1')
    assert.equal(await placed('pod4', onPort('TCP')), 'n1')
    const conflict = await placed('pod5', onPort('TCP', '127.0.0.1'))
    assert.match(conflict, /1 node\(s\) didn't have free ports for the requested pod ports/)
    assert.equal(await placed('pod6', onPort('UDP', '127.0.0.1')), 'n1', 'another protocol')
  }))

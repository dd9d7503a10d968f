import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Pod } from '../../../src/kinds/types.ts'
import { nodesToFind, scheduleOne } from '../../../src/scheduler/cycle.ts'
import { explain } from '../../../src/scheduler/explain.ts'
import { podInfo } from '../../../src/scheduler/pod-info.ts'
import type { Snapshot } from '../../../src/scheduler/snapshot.ts'
import { cluster, node, place, pod } from './cluster.ts'

const random = new SeededRandom(7)

function choose(snapshot: Snapshot, one: Pod): string | undefined {
  return scheduleOne(snapshot, podInfo(one), random).node?.name
}

function reason(snapshot: Snapshot, one: Pod): string {
  const { diagnosis } = scheduleOne(snapshot, podInfo(one), random)
  assert.ok(diagnosis, 'no node should fit')
  return explain(diagnosis, one.spec?.preemptionPolicy)
}

const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name })
const apart = (topologyKey: string, app: string) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey, labelSelector: { matchLabels: { app } } },
    ],
  },
})

test('the explanation counts reasons as Kubernetes does', () => {
  const tainted = { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }
  const snapshot = cluster(
    node('a', { cpu: '1' }),
    node('b', { cpu: '1' }),
    node('c', tainted),
    node('d', tainted),
    node('e', tainted),
  )
  assert.equal(
    reason(snapshot, pod('big', { requests: { cpu: '2' } })),
    '0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s). ' +
      'preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.',
  )
  place(snapshot, 'a', pod('here', { requests: { cpu: '600m' } }))
  place(snapshot, 'b', pod('there', { requests: { cpu: '600m' } }))
  assert.equal(
    reason(snapshot, pod('medium', { requests: { cpu: '0.5' } })),
    '0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s). preemption: ' +
      '0/5 nodes are available: 2 No preemption victims found for incoming pod, ' +
      '3 Preemption is not helpful for scheduling.',
  )
})

test('a cluster without nodes says so', () => {
  assert.equal(reason(cluster(), pod('p')), 'no nodes available to schedule pods')
})

test('a pod that never preempts says so', () => {
  const snapshot = cluster(node('a', { pods: '0' }))
  assert.equal(
    reason(snapshot, pod('p', { spec: { preemptionPolicy: 'Never' } })),
    '0/1 nodes are available: 1 Too many pods. preemption: not eligible due to preemptionPolicy=Never.',
  )
})

test('resources: every short resource is named, extended ones too', () => {
  const snapshot = cluster(
    node('a', { cpu: '1', memory: '1Gi', extended: { 'example.com/gpu': '1' } }),
  )
  assert.match(
    reason(snapshot, pod('p', { requests: { cpu: '2', memory: '2Gi', 'example.com/gpu': '2' } })),
    /1 Insufficient cpu, 1 Insufficient example.com\/gpu, 1 Insufficient memory\./,
  )
  assert.equal(choose(snapshot, pod('q', { requests: { 'example.com/gpu': '1' } })), 'a')
})

test('resources: an init container counts by its peak, a sidecar for good', () => {
  const snapshot = cluster(node('a', { cpu: '1' }))
  const init = (cpu: string, restartPolicy?: string) => ({
    name: 'i',
    resources: { requests: { cpu } },
    ...(restartPolicy ? { restartPolicy } : {}),
  })
  const fits = (...initContainers: ReturnType<typeof init>[]) =>
    choose(
      snapshot,
      pod('p', {
        requests: { cpu: '400m' },
        spec: {
          containers: [{ name: 'c', resources: { requests: { cpu: '400m' } } }],
          initContainers,
        },
      }),
    ) === 'a'
  assert.ok(fits(init('1')))
  assert.ok(!fits(init('1100m')))
  assert.ok(!fits(init('700m', 'Always')))
  assert.ok(fits(init('600m', 'Always')))
  assert.ok(!fits(init('200m', 'Always'), init('900m')))
})

test('taints: tolerated ones are no obstacle, a soft one only costs score', () => {
  const soft = { taints: [{ key: 'slow', effect: 'PreferNoSchedule' }] }
  const hard = { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }
  assert.equal(choose(cluster(node('soft', soft), node('free')), pod('p')), 'free')
  assert.equal(choose(cluster(node('soft', soft)), pod('p')), 'soft')
  for (const toleration of [
    { key: 'gpu', value: 'yes' },
    { key: 'gpu', operator: 'Exists' },
    { operator: 'Exists' },
    { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' },
  ])
    assert.equal(
      choose(cluster(node('g', hard)), pod('p', { spec: { tolerations: [toleration] } })),
      'g',
    )
  for (const toleration of [
    { key: 'gpu', value: 'no' },
    { key: 'gpu', operator: 'Exists', effect: 'NoExecute' },
    { key: 'cpu', operator: 'Exists' },
  ])
    assert.equal(
      choose(cluster(node('g', hard)), pod('p', { spec: { tolerations: [toleration] } })),
      undefined,
    )
})

test('a cordoned node takes only pods that tolerate it', () => {
  const snapshot = cluster(node('a', { unschedulable: true }))
  assert.match(reason(snapshot, pod('p')), /1 node\(s\) were unschedulable\./)
  const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }]
  assert.equal(choose(snapshot, pod('daemon', { spec: { tolerations } })), 'a')
})

test('node selector and affinity: all labels, any term, preferred by weight', () => {
  const snapshot = cluster(
    node('a', { labels: { disk: 'ssd', size: '3' } }),
    node('b', { labels: { disk: 'hdd', size: '9' } }),
  )
  assert.equal(choose(snapshot, pod('p', { spec: { nodeSelector: { disk: 'hdd' } } })), 'b')
  const need = (...nodeSelectorTerms: object[]) =>
    pod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
          },
        },
      },
    })
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  })
  assert.equal(choose(snapshot, need(expression('size', 'Gt', '5'))), 'b')
  assert.equal(choose(snapshot, need(expression('size', 'Lt', '5'))), 'a')
  assert.equal(choose(snapshot, need(expression('disk', 'NotIn', 'ssd'))), 'b')
  assert.equal(choose(snapshot, need({}, expression('disk', 'In', 'ssd', 'nvme'))), 'a')
  assert.equal(
    choose(
      snapshot,
      need({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }),
    ),
    'b',
  )
  assert.match(
    reason(snapshot, need(expression('gpu', 'Exists'))),
    /2 node\(s\) didn't match Pod's node affinity\/selector/,
  )
  const preferred = pod('p', {
    spec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 10, preference: expression('disk', 'In', 'hdd') },
          ],
        },
      },
    },
  })
  assert.equal(choose(snapshot, preferred), 'b')
})

test('host ports are given out once a node', () => {
  const snapshot = cluster(node('a'))
  place(snapshot, 'a', pod('first', { hostPort: 8080 }))
  assert.match(
    reason(snapshot, pod('second', { hostPort: 8080 })),
    /1 node\(s\) didn't have free ports for the requested pod ports\./,
  )
  assert.equal(choose(snapshot, pod('third', { hostPort: 8081 })), 'a')
  snapshot.removePod('default/first')
  assert.equal(choose(snapshot, pod('second', { hostPort: 8080 })), 'a')
})

test('the emptier node wins', () => {
  const snapshot = cluster(node('full'), node('empty'))
  place(snapshot, 'full', pod('hog', { requests: { cpu: '2', memory: '4Gi' } }))
  assert.equal(choose(snapshot, pod('p', { requests: { cpu: '100m' } })), 'empty')
})

test('pods of one controller spread over nodes', () => {
  const snapshot = cluster(node('a'), node('b'), node('c'))
  const seen = new Set<string>()
  for (const name of ['p1', 'p2', 'p3']) {
    const one = podInfo(pod(name, { owner: 'web', requests: { cpu: '100m' } }))
    const { node: chosen } = scheduleOne(snapshot, one, random)
    assert.ok(chosen)
    snapshot.assume(one, chosen)
    seen.add(chosen.name)
  }
  assert.equal(seen.size, 3)
})

test('a hard spread constraint bounds the skew between zones', () => {
  const snapshot = cluster(
    node('a1', { labels: zone('a') }),
    node('a2', { labels: zone('a') }),
    node('b1', { labels: zone('b') }),
    node('nowhere'),
  )
  const spread = {
    labels: { app: 'web' },
    spec: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    },
  }
  place(snapshot, 'a1', pod('w1', { labels: { app: 'web' } }))
  for (let round = 0; round < 8; round++) assert.equal(choose(snapshot, pod('w2', spread)), 'b1')
  place(snapshot, 'b1', pod('w2', { labels: { app: 'web' } }))
  assert.notEqual(choose(snapshot, pod('w3', spread)), undefined)
  place(snapshot, 'a2', pod('w3', { labels: { app: 'web' } }))
  snapshot.setNode(node('b1', { labels: zone('b'), unschedulable: true }))
  assert.match(
    reason(snapshot, pod('w4', spread)),
    /2 node\(s\) didn't match pod topology spread constraints\./,
  )
})

test('anti-affinity holds both ways', () => {
  const host = 'kubernetes.io/hostname'
  const snapshot = cluster(node('a'), node('b'))
  place(snapshot, 'a', pod('web', { labels: { app: 'web' } }))
  place(
    snapshot,
    'b',
    pod('db', { labels: { app: 'db' }, spec: { affinity: apart(host, 'lonely') } }),
  )
  const lonely = pod('lonely', {
    labels: { app: 'lonely' },
    spec: { affinity: apart(host, 'web') },
  })
  assert.match(
    reason(snapshot, lonely),
    /1 node\(s\) didn't match pod anti-affinity rules, 1 node\(s\) didn't satisfy existing pods anti-affinity rules\./,
  )
  snapshot.removePod('default/db')
  assert.equal(choose(snapshot, lonely), 'b')
})

test('affinity follows its company, and the first of a group may start anywhere', () => {
  const snapshot = cluster(node('a', { labels: zone('x') }), node('b', { labels: zone('y') }))
  const together = pod('p', {
    labels: { app: 'group' },
    spec: {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'topology.kubernetes.io/zone',
              labelSelector: { matchLabels: { app: 'group' } },
            },
          ],
        },
      },
    },
  })
  assert.notEqual(choose(snapshot, together), undefined)
  place(snapshot, 'b', pod('first', { labels: { app: 'group' } }))
  assert.equal(choose(snapshot, together), 'b')
  snapshot.removeNode('b')
  assert.match(reason(snapshot, together), /1 node\(s\) didn't match pod affinity rules/)
})

test('large clusters look at a part of the nodes, from where the last cycle stopped', () => {
  assert.equal(nodesToFind(100), 100)
  assert.equal(nodesToFind(150), 100)
  assert.equal(nodesToFind(1_000), 420)
  assert.equal(nodesToFind(5_000), 500)
  assert.equal(nodesToFind(10_000), 500)
  const snapshot = cluster(...Array.from({ length: 300 }, (_, index) => node(`n${index}`)))
  const decision = scheduleOne(snapshot, podInfo(pod('p')), random)
  assert.equal(decision.node && decision.feasible, 144)
  assert.equal(snapshot.nextStart, 144)
})

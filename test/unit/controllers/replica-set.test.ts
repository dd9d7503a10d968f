import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../../src/base/clock.ts'
import { Expectations } from '../../../src/controllers/expectations.ts'
import { isActive } from '../../../src/controllers/pod-facts.ts'
import {
  decideReplicaSet,
  podOf,
  withReplicaFailure,
} from '../../../src/controllers/replica-set/decide.ts'
import { rankForDeletion } from '../../../src/controllers/replica-set/ranking.ts'
import type { Pod, ReplicaSet } from '../../../src/kinds/types.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const ago = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString()
const labels = { app: 'web' }

const set = (
  replicas: number,
  extra: Partial<NonNullable<ReplicaSet['spec']>> = {},
): ReplicaSet => ({
  ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  metadata: { name: 'rs', namespace: 'ns', uid: 'rs', generation: 3 },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels, annotations: { note: 'x' } }, spec: { containers: [] } },
    ...extra,
  },
})

interface Shape {
  owner?: string | undefined
  labelled?: boolean
  phase?: string
  ready?: boolean
  readyForS?: number
  ageS?: number
  node?: string | undefined
  going?: boolean
  restarts?: number
  cost?: string
}

const pod = (name: string, shape: Shape = {}): Pod => {
  const { labelled = true, phase = 'Running', ready = true, readyForS = 100, going = false } = shape
  const owner = 'owner' in shape ? shape.owner : 'rs'
  return {
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      creationTimestamp: ago(shape.ageS ?? 1_000),
      ...(labelled ? { labels } : {}),
      ...(going ? { deletionTimestamp: ago(1) } : {}),
      ...(shape.cost
        ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': shape.cost } }
        : {}),
      ...(owner
        ? {
            ownerReferences: [
              {
                apiVersion: 'apps/v1',
                kind: 'ReplicaSet',
                name: owner,
                uid: owner,
                controller: true,
              },
            ],
          }
        : {}),
    },
    spec: {
      containers: [],
      ...('node' in shape ? (shape.node ? { nodeName: shape.node } : {}) : { nodeName: 'n1' }),
    },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyForS) },
      ],
      ...(shape.restarts
        ? {
            containerStatuses: [
              { name: 'c', image: 'i', imageID: '', ready, restartCount: shape.restarts },
            ],
          }
        : {}),
    },
  }
}

const decide = (replicaSet: ReplicaSet, pods: readonly Pod[]) =>
  decideReplicaSet({ replicaSet, pods, neighbours: () => pods.filter(isActive), nowMs })

describe('replica set', () => {
  for (const [title, replicas, pods, create, remove] of [
    ['none yet', 3, [], 3, 0],
    ['enough', 2, [pod('a'), pod('b')], 0, 0],
    ['too many', 1, [pod('a'), pod('b'), pod('c')], 0, 2],
    ['failed ones do not count', 2, [pod('a'), pod('b', { phase: 'Failed' })], 1, 0],
    ['terminating ones do not count', 2, [pod('a'), pod('b', { going: true })], 1, 0],
    ['pending ones do', 1, [pod('a', { phase: 'Pending', ready: false })], 0, 0],
    ['those of others do not', 1, [pod('a', { owner: 'other' })], 1, 0],
    ['more than a burst', 800, [], 500, 0],
  ] as const)
    test(`${title}: ${replicas} wanted`, () => {
      const decision = decide(set(replicas), pods)
      assert.deepEqual([decision.create, decision.delete.length], [create, remove])
    })

  test('adopts matching orphans before it makes anything, releases what matches no more', () => {
    const orphan = pod('a', { owner: undefined })
    const stray = pod('b', { labelled: false })
    const decision = decide(set(2), [orphan, stray])
    assert.deepEqual([decision.adopt, decision.release], [[orphan], [stray]])
    assert.equal(decision.create, 1)
  })

  test('neither adopts, makes nor removes while it is being deleted', () => {
    const dying = set(0)
    dying.metadata.deletionTimestamp = ago(1)
    const {
      adopt,
      create,
      delete: remove,
    } = decide(dying, [pod('a', { owner: undefined }), pod('b')])
    assert.deepEqual([adopt, create, remove], [[], 0, []])
  })

  test('counts ready, available, labelled and terminating pods', () => {
    const { status, requeueAfterMs } = decide(set(4, { minReadySeconds: 30 }), [
      pod('a', { readyForS: 31 }),
      pod('b', { readyForS: 10 }),
      pod('c', { ready: false }),
      pod('d', { going: true }),
    ])
    assert.deepEqual(status, {
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 3,
    })
    assert.equal(requeueAfterMs, 20_000)
  })

  test('makes pods from its template, named and owned', () => {
    const made = podOf(set(1))
    assert.equal(made.metadata.generateName, 'rs-')
    assert.deepEqual([made.metadata.labels, made.metadata.annotations], [labels, { note: 'x' }])
    assert.deepEqual(made.metadata.ownerReferences, [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'rs',
        uid: 'rs',
        controller: true,
        blockOwnerDeletion: true,
      },
    ])
  })

  test('tells of refused pods, and stops telling', () => {
    const failure = { reason: 'FailedCreate', message: 'no' }
    const told = withReplicaFailure({ replicas: 0 }, failure, nowMs)
    assert.deepEqual(
      told.conditions?.map(({ type, status, reason }) => [type, status, reason]),
      [['ReplicaFailure', 'True', 'FailedCreate']],
    )
    assert.equal(withReplicaFailure(told, failure, nowMs + 9_000), told)
    assert.deepEqual(withReplicaFailure(told, undefined, nowMs).conditions, [])
  })

  test('any pods: what it asks for gives the wanted number, and only surplus goes', () => {
    const shape = fc.record({
      owner: fc.constantFrom('rs', undefined, 'other'),
      phase: fc.constantFrom('Running', 'Pending', 'Failed', 'Succeeded'),
      ready: fc.boolean(),
      going: fc.boolean(),
      labelled: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.nat(8), fc.array(shape, { maxLength: 12 }), (replicas, shapes) => {
        const pods = shapes.map((one, index) => pod(`p${index}`, one))
        const decision = decide(set(replicas), pods)
        const remaining = decision.status.replicas + decision.create - decision.delete.length
        assert.equal(remaining, replicas)
        assert.ok(decision.create === 0 || decision.delete.length === 0)
        for (const one of decision.delete) {
          assert.ok(isActive(one))
          assert.notEqual(one.metadata.ownerReferences?.[0]?.uid, 'other')
        }
      }),
    )
  })
})

describe('which pod goes first', () => {
  for (const [title, first, second] of [
    ['the unassigned', { node: undefined }, {}],
    ['the pending', { phase: 'Pending' }, {}],
    ['the unready', { ready: false }, {}],
    ['the cheaper', { cost: '-5' }, { cost: '5' }],
    ['one on a crowded node', { node: 'crowded' }, { node: 'n1' }],
    ['the one ready for a shorter time', { readyForS: 5 }, { readyForS: 500 }],
    ['the one that restarted more', { restarts: 4 }, { restarts: 1 }],
    ['the newer', { ageS: 10 }, { ageS: 1_000 }],
  ] as const)
    test(title, () => {
      const [one, other] = [pod('z', first), pod('a', second)]
      const neighbours = [one, other, pod('x', { node: 'crowded' }), pod('y', { node: 'crowded' })]
      for (const pods of [
        [one, other],
        [other, one],
      ])
        assert.equal(rankForDeletion(pods, neighbours, nowMs)[0]?.metadata.name, 'z')
    })
})

describe('expectations', () => {
  const copy = () => {
    const objects = new Map<string, Pod>()
    return { objects, resourceVersion: '10', get: (key: string) => objects.get(key) }
  }

  test('hold until the copy shows the write', () => {
    const informer = copy()
    const expectations = new Expectations(informer, new ManualClock())
    assert.ok(expectations.satisfied('o'))
    expectations.wrote('o', { metadata: { resourceVersion: '12' } })
    expectations.wrote('o', { metadata: { resourceVersion: '11' } })
    assert.ok(!expectations.satisfied('o'))
    assert.ok(expectations.satisfied('another'))
    informer.resourceVersion = '11'
    assert.ok(!expectations.satisfied('o'))
    informer.resourceVersion = '12'
    assert.ok(expectations.satisfied('o'))
  })

  test('hold until the copy shows the deletion, or its beginning', () => {
    const informer = copy()
    const expectations = new Expectations(informer, new ManualClock())
    informer.objects.set('ns/a', pod('a'))
    informer.objects.set('ns/b', pod('b'))
    expectations.deleted('o', 'ns/a', 'a')
    expectations.deleted('o', 'ns/b', 'b')
    assert.ok(!expectations.satisfied('o'))
    informer.objects.delete('ns/a')
    informer.objects.set('ns/b', pod('b', { going: true }))
    assert.ok(expectations.satisfied('o'))
  })

  test('do not hold for ever', () => {
    const clock = new ManualClock()
    const expectations = new Expectations(copy(), clock)
    expectations.wrote('o', { metadata: { resourceVersion: '99' } })
    clock.advance(300_001)
    assert.ok(expectations.satisfied('o'))
  })
})

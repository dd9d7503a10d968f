import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { revisionData } from '../../../src/controllers/controller-history/revision-data.ts'
import { blocksCreation, wantedOwners } from '../../../src/controllers/stateful-set/claim-owners.ts'
import {
  decideStatefulSet,
  type StatefulSetDecision,
} from '../../../src/controllers/stateful-set/decide.ts'
import {
  claimsOf,
  hasIdentity,
  ordinalOf,
  podOf,
  withIdentity,
} from '../../../src/controllers/stateful-set/identity.ts'
import { sameStatus } from '../../../src/controllers/stateful-set/status.ts'
import type {
  ControllerRevision,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  StatefulSetSpec,
} from '../../../src/kinds/types.ts'

const labels = { app: 'web' }
const startMs = Date.UTC(2026, 0, 1)
const time = new Date(startMs).toISOString()
const template = (image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
})
const revision = (name: string): ControllerRevision => ({
  metadata: { name },
  data: revisionData(template(name)),
  revision: 1,
})
const old = revision('old')
const now = revision('new')
const data: PersistentVolumeClaim = { metadata: { name: 'data', labels: { of: 'data' } } }

function statefulSet(spec: Partial<StatefulSetSpec> = {}): StatefulSet {
  return {
    metadata: { name: 'web', namespace: 'ns', uid: 'set', generation: 3 },
    spec: {
      ...{ replicas: 3, selector: { matchLabels: labels }, template: template('new') },
      ...{ serviceName: 'svc', podManagementPolicy: 'OrderedReady' },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  }
}

interface Facts {
  revision?: string
  phase?: string
  ready?: boolean
  going?: boolean
  since?: string
}

function pod(set: StatefulSet, ordinal: number, facts: Facts = {}): Pod {
  const { revision: name = 'new', phase = 'Running', ready = true, going = false } = facts
  const made = podOf(set, template(name), name, ordinal)
  const lastTransitionTime = facts.since ?? time
  return {
    ...made,
    metadata: {
      ...made.metadata,
      uid: `u${ordinal}`,
      ...(going ? { deletionTimestamp: time } : {}),
    },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }],
    },
  }
}

interface Given {
  claims?: readonly PersistentVolumeClaim[]
  current?: ControllerRevision
  nowMs?: number
}

function decide(set: StatefulSet, pods: readonly Pod[], given: Given = {}): StatefulSetDecision {
  const claims = new Map(given.claims?.map((claim) => [claim.metadata.name ?? '', claim]))
  return decideStatefulSet({
    ...{ statefulSet: set, pods, current: given.current ?? now, update: now },
    claim: (name) => claims.get(name),
    nowMs: given.nowMs ?? startMs + 3_600_000,
  })
}

/** `create web-0`, phase by phase. */
const steps = (set: StatefulSet, pods: readonly Pod[], given: Given = {}) =>
  decide(set, pods, given).phases.map((phase) =>
    phase.map(({ verb, pod: { metadata } }) => `${verb} ${metadata.name}`).join(),
  )

describe('identity of a stateful pod', () => {
  test('is its name, its labels, its host name and its claims', () => {
    const set = statefulSet({ volumeClaimTemplates: [data] })
    const made = podOf(
      set,
      {
        ...template('one'),
        spec: {
          containers: [],
          volumes: [
            { name: 'data', emptyDir: {} },
            { name: 'other', emptyDir: {} },
          ],
        },
      },
      'web-abc',
      7,
    )
    assert.deepEqual(
      [made.metadata.name, made.metadata.generateName, made.spec?.hostname, made.spec?.subdomain],
      ['web-7', 'web-', 'web-7', 'svc'],
    )
    assert.deepEqual(
      { ...made.metadata.labels },
      {
        app: 'web',
        'controller-revision-hash': 'web-abc',
        'statefulset.kubernetes.io/pod-name': 'web-7',
        'apps.kubernetes.io/pod-index': '7',
      },
    )
    assert.deepEqual(made.spec?.volumes, [
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web-7' } },
      { name: 'other', emptyDir: {} },
    ])
    assert.deepEqual(
      claimsOf(set, 7).map(({ metadata }) => ({ ...metadata, labels: { ...metadata.labels } })),
      [{ name: 'data-web-7', namespace: 'ns', labels: { of: 'data', app: 'web' } }],
    )
    assert.ok(hasIdentity(set, made, 7))
    const strange = { ...made, metadata: { ...made.metadata, labels }, spec: { containers: [] } }
    assert.ok(!hasIdentity(set, strange, 7))
    assert.ok(hasIdentity(set, withIdentity(set, strange, 7), 7))
  })

  for (const [name, expected] of [
    ['web-0', 0],
    ['web-12', 12],
    ['web-2147483647', 2_147_483_647],
    ['web-2147483648', undefined],
    ['web-01', undefined],
    ['web-', undefined],
    ['web-x', undefined],
    ['web', undefined],
    ['web-a-1', undefined],
    ['other-1', undefined],
  ] as const)
    test(`${name} has the ordinal ${expected}`, () =>
      assert.equal(ordinalOf(statefulSet(), { metadata: { name } }), expected))
})

describe('pods of a stateful set', () => {
  const set = statefulSet()
  const parallel = statefulSet({ podManagementPolicy: 'Parallel' })
  const starting = { ready: false }
  for (const [what, of, pods, expected] of [
    ['the first comes first', set, [], ['create web-0']],
    ['the next waits for the one before', set, [pod(set, 0, starting)], []],
    ['and comes once that one is ready', set, [pod(set, 0)], ['create web-1']],
    ['a gap is filled before the end grows', set, [pod(set, 1)], ['create web-0']],
    ['all are there', set, [0, 1, 2].map((at) => pod(set, at)), []],
    ['the highest goes first', set, [0, 1, 2, 3, 4].map((at) => pod(set, at)), ['delete web-4']],
    [
      'one at a time',
      set,
      [...[0, 1, 2, 3].map((at) => pod(set, at)), pod(set, 4, { going: true })],
      [],
    ],
    [
      'none goes while a lower one is not ready',
      set,
      [pod(set, 0), pod(set, 1, starting), pod(set, 2), pod(set, 3)],
      [],
    ],
    [
      'a surplus one that is not ready itself goes',
      set,
      [...[0, 1, 2, 3].map((at) => pod(set, at)), pod(set, 4, starting)],
      ['delete web-4'],
    ],
    [
      'a ready surplus one goes even where a lower surplus one is not ready',
      set,
      [...[0, 1, 2, 4].map((at) => pod(set, at)), pod(set, 3, starting)],
      ['delete web-4'],
    ],
    [
      'of two that are not ready the higher one waits for the lower one',
      set,
      [...[0, 1, 2].map((at) => pod(set, at)), pod(set, 3, starting), pod(set, 4, starting)],
      [],
    ],
    [
      'a failed one is deleted, and what is above it waits',
      set,
      [pod(set, 0, { phase: 'Failed' }), pod(set, 2, { phase: 'Failed' })],
      ['delete web-0'],
    ],
    [
      'one that ended well is deleted, too',
      set,
      [pod(set, 0, { phase: 'Succeeded' })],
      ['delete web-0'],
    ],
    [
      'one that ended and goes is waited for',
      set,
      [pod(set, 0, { phase: 'Failed', going: true })],
      [],
    ],
    ['one that goes is waited for', set, [pod(set, 0, { going: true })], []],
    ['in parallel all come at once', parallel, [], ['create web-0,create web-1,create web-2']],
    [
      'in parallel nobody waits for a broken one',
      parallel,
      [pod(set, 0, starting), pod(set, 1, { phase: 'Failed' }), pod(set, 4), pod(set, 5, starting)],
      ['delete web-1,create web-2', 'delete web-5,delete web-4'],
    ],
    [
      'numbers begin where they should',
      statefulSet({ ordinals: { start: 5 }, replicas: 2 }),
      [pod(set, 0), pod(set, 5)],
      ['create web-6'],
    ],
    [
      'what is below the first number goes',
      statefulSet({ ordinals: { start: 5 }, replicas: 1 }),
      [pod(set, 0), pod(set, 1), pod(set, 5)],
      ['delete web-1'],
    ],
    ['to none', statefulSet({ replicas: 0 }), [pod(set, 0)], ['delete web-0']],
  ] as const)
    test(what, () => assert.deepEqual(steps(of, pods), expected))

  test('a pod without its labels is put right where it is', () => {
    const strange = pod(set, 0)
    strange.metadata.labels = { ...labels, 'controller-revision-hash': 'new' }
    const [[step] = []] = decide(set, [strange, pod(set, 1), pod(set, 2)]).phases
    assert.equal(step?.verb, 'update')
    assert.equal(step?.pod.metadata.labels?.['statefulset.kubernetes.io/pod-name'], 'web-0')
    assert.equal(step?.pod.metadata.uid, 'u0')
  })

  test('only names of the set are adopted, others are let go', () => {
    const orphan = pod(set, 0)
    delete orphan.metadata.ownerReferences
    const foreign = { ...orphan, metadata: { ...orphan.metadata, name: 'other-0' } }
    const renamed = pod(set, 1)
    renamed.metadata.name = 'web-x'
    const { adopt, release } = decide(set, [orphan, foreign, renamed])
    assert.deepEqual([adopt, release], [[orphan], [renamed]])
  })

  test('the next waits until the one before has been ready for long enough', () => {
    const slow = statefulSet({ minReadySeconds: 10 })
    const given = (ms: number) => ({ nowMs: startMs + ms })
    assert.deepEqual(steps(slow, [pod(slow, 0)], given(4_000)), [])
    assert.equal(decide(slow, [pod(slow, 0)], given(4_000)).requeueAfterMs, 6_000)
    assert.deepEqual(steps(slow, [pod(slow, 0)], given(10_000)), ['create web-1'])
  })

  test('nothing is done for a set that is being deleted', () => {
    const going = { ...set, metadata: { ...set.metadata, deletionTimestamp: time } }
    assert.deepEqual(steps(going, [pod(set, 0), pod(set, 4)]), [])
  })
})

describe('update of a stateful set', () => {
  const olds = (set: StatefulSet, ...ordinals: number[]) =>
    ordinals.map((at) => pod(set, at, { revision: 'old' }))
  const during = { current: old }
  const set = statefulSet()
  const canary = statefulSet({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
  })
  const byHand = statefulSet({ updateStrategy: { type: 'OnDelete' } })
  const parallel = statefulSet({ podManagementPolicy: 'Parallel' })
  for (const [what, of, pods, expected] of [
    ['begins at the end', set, olds(set, 0, 1, 2), ['delete web-2']],
    ['waits for the one that goes', set, [...olds(set, 0, 1), pod(set, 2, { going: true })], []],
    ['makes it anew', set, olds(set, 0, 1), ['create web-2']],
    ['waits for the new one', set, [...olds(set, 0, 1), pod(set, 2, { ready: false })], []],
    ['goes on', set, [...olds(set, 0, 1), pod(set, 2)], ['delete web-1']],
    ['stops at the partition', canary, [...olds(canary, 0, 1), pod(canary, 2)], []],
    ['takes what is above the partition', canary, olds(canary, 0, 1, 2), ['delete web-2']],
    ['waits for somebody to delete', byHand, olds(byHand, 0, 1, 2), []],
    [
      'of a set in order stands still where a pod is not ready: Kubernetes does, too',
      set,
      [...olds(set, 0, 1), pod(set, 2, { revision: 'old', ready: false })],
      [],
    ],
    [
      'of a parallel set replaces a broken old one',
      parallel,
      [...olds(set, 0, 1), pod(set, 2, { revision: 'old', ready: false })],
      ['delete web-2'],
    ],
    [
      'of a parallel set is one at a time all the same',
      parallel,
      [...olds(set, 0, 1), pod(set, 2, { ready: false })],
      [],
    ],
    ['comes after scaling', set, olds(set, 0, 1, 2, 3), ['delete web-3']],
  ] as const)
    test(what, () => assert.deepEqual(steps(of, pods, during), expected))

  test('makes pods below the partition of the revision before', () => {
    const image = (of: StatefulSet, pods: readonly Pod[]) =>
      decide(of, pods, during).phases[0]?.[0]?.pod.spec?.containers[0]?.image
    assert.equal(image(canary, olds(canary, 0)), 'old')
    assert.equal(image(canary, olds(canary, 0, 1)), 'new')
    assert.equal(image(set, olds(set, 0)), 'new')
    assert.equal(image(byHand, olds(set, 0)), 'new')
    const from5 = statefulSet({
      ...{ ordinals: { start: 5 }, podManagementPolicy: 'Parallel' },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
    })
    const made = decide(from5, [], during).phases[0]?.map(
      ({ pod: { spec } }) => spec?.containers[0]?.image,
    )
    assert.deepEqual(made, ['old', 'new', 'new'])
  })

  test('is told in the status, and over when all are ready', () => {
    const counted = (pods: readonly Pod[]) => {
      const { status } = decide(set, pods, during)
      const { currentRevision, updateRevision, currentReplicas, updatedReplicas } = status
      return [currentRevision, updateRevision, currentReplicas, updatedReplicas]
    }
    assert.deepEqual(counted([...olds(set, 0, 1), pod(set, 2)]), ['old', 'new', 1, 1])
    assert.deepEqual(counted([0, 1, 2].map((at) => pod(set, at))), ['new', 'new', 3, 3])
    assert.deepEqual(counted([pod(set, 0, { ready: false }), pod(set, 1), pod(set, 2)]), [
      'old',
      'new',
      0,
      3,
    ])
  })
})

describe('status of a stateful set', () => {
  test('counts pods', () => {
    const set = statefulSet({ replicas: 5, minReadySeconds: 10 })
    const late = new Date(startMs + 3_599_000).toISOString()
    const pods = [
      pod(set, 0),
      pod(set, 1, { since: late }),
      pod(set, 2, { ready: false }),
      pod(set, 3, { going: true }),
    ]
    const { status } = decide(set, pods)
    assert.deepEqual(status, {
      ...{ collisionCount: 0, observedGeneration: 3, replicas: 4, readyReplicas: 3 },
      ...{ availableReplicas: 2, currentReplicas: 3, updatedReplicas: 3 },
      ...{ currentRevision: 'new', updateRevision: 'new' },
    })
    assert.ok(sameStatus(status, { ...status }))
    assert.ok(!sameStatus(status, { ...status, readyReplicas: 1 }))
    assert.ok(!sameStatus(status, undefined))
  })
})

describe('claims of a stateful set', () => {
  const policy = (whenDeleted: string, whenScaled: string) =>
    statefulSet({
      volumeClaimTemplates: [data],
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
    })
  const bySet: OwnerReference = {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'set' },
    ...{ controller: true, blockOwnerDeletion: true },
  }
  const byPod = { ...bySet, apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'u0' }
  const other = { ...bySet, kind: 'Backup', name: 'b', uid: 'b', controller: false }
  const manager = { ...other, controller: true }
  const claim = (...ownerReferences: OwnerReference[]): PersistentVolumeClaim => ({
    metadata: { name: 'data-web-0', namespace: 'ns', ownerReferences },
  })

  for (const [whenDeleted, whenScaled, isSurplus, given, expected] of [
    ['Retain', 'Retain', false, [], undefined],
    ['Retain', 'Retain', false, [bySet], []],
    ['Retain', 'Retain', true, [byPod, other], [other]],
    ['Delete', 'Retain', false, [], [bySet]],
    ['Delete', 'Retain', false, [bySet], undefined],
    ['Delete', 'Retain', true, [byPod], [bySet]],
    ['Delete', 'Retain', false, [{ ...bySet, controller: false }], [bySet]],
    ['Retain', 'Delete', false, [], undefined],
    ['Retain', 'Delete', true, [], [byPod]],
    ['Retain', 'Delete', false, [byPod], []],
    ['Delete', 'Delete', false, [], [bySet]],
    ['Delete', 'Delete', true, [bySet], [byPod]],
    ['Delete', 'Delete', false, [byPod], [bySet]],
    ['Delete', 'Delete', false, [{ ...bySet, uid: 'former' }], undefined],
    ['Delete', 'Retain', false, [manager], undefined],
    ['Delete', 'Retain', false, [manager, bySet], [manager]],
    ['Retain', 'Retain', false, [manager], undefined],
  ] as const)
    test(`${whenDeleted} with the set, ${whenScaled} with scaling, ${
      isSurplus ? 'surplus' : 'wanted'
    }, owned by ${given.map(({ kind, uid }) => `${kind}/${uid}`).join() || 'nobody'}`, () => {
      const set = policy(whenDeleted, whenScaled)
      const wanted = wantedOwners(set, pod(set, 0), claim(...given), isSurplus)
      assert.deepEqual(wanted, expected)
    })

  test('are made before their pod, with their owner, and once', () => {
    const set = policy('Delete', 'Retain')
    const [[step] = []] = decide(set, []).phases
    assert.deepEqual(
      step?.claims?.create.map(({ metadata }) => [metadata.name, metadata.ownerReferences]),
      [['data-web-0', [bySet]]],
    )
    const [[again] = []] = decide(set, [], { claims: [claim(bySet)] }).phases
    assert.deepEqual([again?.verb, again?.claims?.create], ['create', []])
  })

  test('that are missing are made for a pod that waits for them', () => {
    const set = policy('Retain', 'Retain')
    const waiting = pod(set, 0, { phase: 'Pending', ready: false })
    assert.deepEqual(steps(set, [waiting]), ['claims web-0'])
    assert.deepEqual(steps(set, [waiting], { claims: [claim()] }), [])
  })

  test('that go are told of, and those of a former pod are waited for', () => {
    const set = policy('Retain', 'Delete')
    const going = { ...claim(), metadata: { ...claim().metadata, deletionTimestamp: time } }
    const [[step] = []] = decide(set, [], { claims: [going] }).phases
    assert.deepEqual([step?.verb, step?.claims?.going], ['create', ['data-web-0']])
    const former = claim({ ...byPod, uid: 'former' })
    assert.deepEqual(steps(set, [], { claims: [former] }), [])
    const made = podOf(set, undefined, 'new', 0)
    assert.ok(blocksCreation(set, made, former))
    assert.ok(!blocksCreation(policy('Delete', 'Retain'), made, former))
  })

  test('of a surplus pod become its own before it is deleted', () => {
    const set = { ...policy('Retain', 'Delete') }
    if (set.spec) set.spec.replicas = 0
    assert.deepEqual(steps(set, [pod(set, 0)], { claims: [claim()] }), [
      'claims web-0',
      'delete web-0',
    ])
  })
})

describe('stateful set, any order of events', () => {
  const event = fc.record({
    what: fc.constantFrom(
      ...(['decide', 'decide', 'decide', 'start', 'start', 'end', 'end'] as const),
      ...(['fail', 'break', 'template', 'scale', 'remove'] as const),
    ),
    index: fc.nat(7),
  })
  const parameters = fc.record({
    inOrder: fc.boolean(),
    start: fc.nat(3),
    partition: fc.nat(3),
    replicas: fc.nat(5),
    events: fc.array(event, { maxLength: 150 }),
  })

  test('one pod an ordinal, in order, at most one missing for an update, and it arrives', () => {
    fc.assert(
      fc.property(parameters, ({ events, ...given }) => {
        const world = new World(given)
        for (const { what, index } of events) world.happens(what, index)
        world.settle()
      }),
      { numRuns: 400 },
    )
  })
})

interface WorldGiven {
  readonly inOrder: boolean
  readonly start: number
  readonly partition: number
  readonly replicas: number
}

/** Pods and revisions of one set: applies decisions, and lets pods follow one by one. */
class World {
  #set: StatefulSet
  #pods: Pod[] = []
  #revisions = [revision('r0')]
  readonly #given: WorldGiven

  constructor(given: WorldGiven) {
    this.#given = given
    const { inOrder, start, partition, replicas } = given
    this.#set = statefulSet({
      ...{ replicas, ordinals: { start } },
      podManagementPolicy: inOrder ? 'OrderedReady' : 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
    })
  }

  happens(what: string, index: number): void {
    const one = this.#pods[index % Math.max(1, this.#pods.length)]
    if (what === 'decide') this.#decide()
    else if (what === 'template') this.#revisions.push(revision(`r${this.#revisions.length}`))
    else if (what === 'scale' && this.#set.spec) this.#set.spec.replicas = index % 6
    else if (!one) return
    else if (what === 'start') this.#tell(one, 'Running', true)
    else if (what === 'break') this.#tell(one, 'Running', false)
    else if (what === 'fail') this.#tell(one, 'Failed', false)
    else if (what === 'remove') this.#remove(one)
    else if (one.metadata.deletionTimestamp) this.#pods = this.#pods.filter((pod) => pod !== one)
  }

  settle(): void {
    const { start, partition } = this.#given
    const last = this.#revisions.at(-1)?.metadata.name
    for (let round = 0; round < 300; round += 1) {
      const idle = this.#decide()
      for (const one of [...this.#pods])
        if (one.metadata.deletionTimestamp) this.happens('end', this.#pods.indexOf(one))
        else if (one.status?.phase !== 'Failed') this.#tell(one, 'Running', true)
      const replicas = this.#set.spec?.replicas ?? 0
      const ordinals = this.#pods.map((pod) => ordinalOf(this.#set, pod)).sort()
      const wanted = Array.from({ length: replicas }, (_, at) => start + at)
      const updated = this.#pods
        .filter((pod) => (ordinalOf(this.#set, pod) ?? 0) >= start + partition)
        .every((pod) => pod.metadata.labels?.['controller-revision-hash'] === last)
      if (idle && updated && ordinals.join() === wanted.join()) return
    }
    assert.fail('it did not arrive')
  }

  #remove(one: Pod): void {
    const metadata = { ...one.metadata, deletionTimestamp: time }
    this.#pods = this.#pods.map((pod) => (pod === one ? { ...pod, metadata } : pod))
  }

  #tell(one: Pod, phase: string, ready: boolean): void {
    if (one.status?.phase === 'Failed') return
    const conditions = [
      { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time },
    ]
    this.#pods = this.#pods.map((pod) =>
      pod === one ? { ...pod, status: { phase, conditions } } : pod,
    )
  }

  #isAvailable(ordinal: number): boolean {
    return this.#pods.some(
      (pod) =>
        ordinalOf(this.#set, pod) === ordinal &&
        !pod.metadata.deletionTimestamp &&
        pod.status?.phase === 'Running' &&
        pod.status.conditions?.[0]?.status === 'True',
    )
  }

  /** Returns whether there was nothing to do. */
  #decide(): boolean {
    const update = this.#revisions.at(-1) ?? revision('none')
    const name = this.#set.status?.currentRevision
    const current = this.#revisions.find(({ metadata }) => metadata.name === name) ?? update
    const { phases, status } = decideStatefulSet({
      ...{ statefulSet: this.#set, pods: this.#pods, current, update },
      ...{ claim: () => undefined, nowMs: startMs + 1e9 },
    })
    const all = phases.flat()
    this.#check(all.map(({ verb, pod: { metadata } }) => [verb, metadata.name ?? '']))
    for (const { verb, pod: target } of all)
      if (verb === 'create')
        this.#pods.push({
          ...target,
          metadata: { ...target.metadata, uid: `u${this.#pods.length}` },
          status: { phase: 'Pending' },
        })
      else if (verb === 'delete') this.#remove(target)
    this.#set = { ...this.#set, status }
    return all.length === 0
  }

  #check(all: readonly (readonly [verb: string, name: string])[]): void {
    const { inOrder, start } = this.#given
    const replicas = this.#set.spec?.replicas ?? 0
    const ordinal = (name: string) => Number(name.slice('web-'.length))
    const below = (bound: number) =>
      Array.from({ length: bound - start }, (_, at) => start + at).every((at) =>
        this.#isAvailable(at),
      )
    if (inOrder) assert.ok(all.length <= 1, `${all.length} steps at once in order`)
    let healthy = 0
    for (const [verb, name] of all) {
      const at = ordinal(name)
      const there = this.#pods.filter((pod) => pod.metadata.name === name)
      const surplus = at < start || at >= start + replicas
      if (verb === 'create') {
        assert.equal(there.length, 0, `${name} is there`)
        assert.ok(!surplus, `${name} is not wanted`)
        if (inOrder) assert.ok(below(at), `${name} before those below it are available`)
      } else if (verb === 'delete') {
        assert.equal(there[0]?.metadata.deletionTimestamp, undefined, `${name} goes already`)
        if (surplus && inOrder) {
          assert.ok(below(start + replicas), `${name} went though a wanted one is not available`)
          const higher = this.#pods.filter((pod) => {
            const other = ordinalOf(this.#set, pod) ?? 0
            return other > at && (other < start || other >= start + replicas)
          })
          assert.equal(higher.length, 0, `${name} before a higher one`)
        }
        if (!surplus && this.#isAvailable(at)) healthy += 1
      }
    }
    assert.ok(healthy <= 1, `${healthy} available pods were taken at once`)
  }
}

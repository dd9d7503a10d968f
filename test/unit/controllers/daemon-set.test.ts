import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decideDaemonSet, sameStatus } from '../../../src/controllers/daemon-set/decide.ts'
import { FailedPods } from '../../../src/controllers/daemon-set/failed-pods.ts'
import { placementOf, podOf, targetNode } from '../../../src/controllers/daemon-set/placement.ts'
import { boundsOf } from '../../../src/controllers/daemon-set/rolling-update.ts'
import type { DaemonSet, Node, Pod, PodSpec, Taint } from '../../../src/kinds/types.ts'

const labels = { app: 'd' }
const startMs = Date.UTC(2026, 0, 1)
type Strategy = NonNullable<NonNullable<DaemonSet['spec']>['updateStrategy']>

function daemonSet(
  pod: Partial<PodSpec> = {},
  rollingUpdate: Strategy['rollingUpdate'] = { maxUnavailable: 1 },
): DaemonSet {
  return {
    metadata: { name: 'd', namespace: 'ns', uid: 'ds', generation: 2 },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c' }], ...pod } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    },
  }
}

function node(name: string, taints: Taint[] = [], own: Record<string, string> = {}): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...own } },
    spec: { taints },
  }
}

const taint = (key: string, effect = 'NoSchedule'): Taint => ({ key, effect })

let made = 0
interface Facts {
  hash?: string
  ready?: boolean
  phase?: string
  bound?: boolean
  going?: boolean
  name?: string
}
function podOn(set: DaemonSet, nodeName: string, facts: Facts = {}): Pod {
  const { hash = 'new', ready = true, phase = 'Running', bound = true, going = false } = facts
  made += 1
  const pod = podOf(set, hash)(nodeName)
  const time = new Date(startMs + made * 1_000).toISOString()
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: facts.name ?? `p${made}`,
      uid: `u${made}`,
      creationTimestamp: time,
      ...(going ? { deletionTimestamp: time } : {}),
    },
    spec: { containers: [], ...pod.spec, ...(bound ? { nodeName } : {}) },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time }],
    },
  }
}

function decide(set: DaemonSet, nodes: readonly Node[], pods: readonly Pod[], backOffMs = 0) {
  const nowMs = startMs + 3_600_000
  const state = { daemonSet: set, nodes, pods, hash: 'new', backOffMs: () => backOffMs, nowMs }
  const { status, requeueAfterMs, ...rest } = decideDaemonSet(state)
  return {
    status,
    requeueAfterMs,
    create: rest.create,
    delete: rest.delete.map(({ metadata }) => metadata.name),
    adopt: rest.adopt.map(({ metadata }) => metadata.name),
    release: rest.release.map(({ metadata }) => metadata.name),
    ended: rest.ended.map(({ pod }) => pod.metadata.name),
  }
}

describe('which nodes run a daemon pod', () => {
  const zone = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] },
        { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['special'] }] },
      ],
    },
  }
  const exists = (key: string, effect?: string) => ({
    tolerations: [{ key, operator: 'Exists', ...(effect ? { effect } : {}) }],
  })
  for (const [what, pod, given, shouldRun, shouldStay] of [
    ['any', {}, node('n'), true, true],
    ['the named one', { nodeName: 'n' }, node('n'), true, true],
    ['no other than the named one', { nodeName: 'm' }, node('n'), false, false],
    [
      'one with the label',
      { nodeSelector: { disk: 'ssd' } },
      node('n', [], { disk: 'ssd' }),
      true,
      true,
    ],
    [
      'not one without',
      { nodeSelector: { disk: 'ssd' } },
      node('n', [], { disk: 'hdd' }),
      false,
      false,
    ],
    [
      'one term of its affinity',
      { affinity: { nodeAffinity: zone } },
      node('n', [], { zone: 'b' }),
      true,
      true,
    ],
    ['the other term', { affinity: { nodeAffinity: zone } }, node('special'), true, true],
    [
      'neither term',
      { affinity: { nodeAffinity: zone } },
      node('n', [], { zone: 'c' }),
      false,
      false,
    ],
    ['tainted NoSchedule: it stays', {}, node('n', [taint('x')]), false, true],
    ['tainted NoExecute: it goes', {}, node('n', [taint('x', 'NoExecute')]), false, false],
    ['tainted PreferNoSchedule', {}, node('n', [taint('x', 'PreferNoSchedule')]), true, true],
    ['tolerated', exists('x'), node('n', [taint('x', 'NoExecute')]), true, true],
    [
      'tolerated for another effect',
      exists('x', 'NoSchedule'),
      node('n', [taint('x', 'NoExecute')]),
      false,
      false,
    ],
    ['not ready', {}, node('n', [taint('node.kubernetes.io/not-ready', 'NoExecute')]), true, true],
    [
      'unreachable',
      {},
      node('n', [taint('node.kubernetes.io/unreachable', 'NoExecute')]),
      true,
      true,
    ],
    ['cordoned', {}, node('n', [taint('node.kubernetes.io/unschedulable')]), true, true],
    ['under pressure', {}, node('n', [taint('node.kubernetes.io/disk-pressure')]), true, true],
    [
      'without a network',
      {},
      node('n', [taint('node.kubernetes.io/network-unavailable')]),
      false,
      true,
    ],
    [
      'without a network that it needs',
      { hostNetwork: true },
      node('n', [taint('node.kubernetes.io/network-unavailable')]),
      true,
      true,
    ],
  ] as const)
    test(what, () =>
      assert.deepEqual(placementOf(daemonSet(pod as Partial<PodSpec>))(given), {
        shouldRun,
        shouldStay,
      }),
    )
})

describe('daemon pod', () => {
  test('is for its node alone, whatever affinity the template has, and stays in trouble', () => {
    const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [] }
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } }
    const late = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }
    const set = daemonSet({
      affinity: { podAffinity: {}, nodeAffinity: { ...preferred, ...required } },
      tolerations: [{ ...late, tolerationSeconds: 5 }, { key: 'mine' }],
    })
    set.metadata.annotations = { 'deprecated.daemonset.template.generation': '7' }
    const pod = podOf(set, 'abc')('n1')
    assert.equal(pod.metadata.generateName, 'd-')
    assert.equal(pod.metadata.ownerReferences?.[0]?.uid, 'ds')
    assert.deepEqual(
      { ...pod.metadata.labels },
      { app: 'd', 'controller-revision-hash': 'abc', 'pod-template-generation': '7' },
    )
    assert.deepEqual(pod.spec?.affinity, {
      podAffinity: {},
      nodeAffinity: {
        ...preferred,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
          ],
        },
      },
    })
    assert.equal(targetNode(pod), 'n1')
    assert.deepEqual(pod.spec?.tolerations?.slice(0, 2), [late, { key: 'mine' }])
    assert.deepEqual(
      pod.spec?.tolerations?.slice(2).map(({ key, effect }) => `${key}:${effect}`),
      [
        'node.kubernetes.io/unreachable:NoExecute',
        'node.kubernetes.io/disk-pressure:NoSchedule',
        'node.kubernetes.io/memory-pressure:NoSchedule',
        'node.kubernetes.io/pid-pressure:NoSchedule',
        'node.kubernetes.io/unschedulable:NoSchedule',
      ],
    )
    assert.ok(!set.spec?.template.spec?.tolerations?.some(({ effect }) => effect === 'NoSchedule'))
  })

  test('of a template that names several nodes has no node of its own', () => {
    const named = { key: 'metadata.name', operator: 'In', values: ['a', 'b'] }
    const terms = { nodeSelectorTerms: [{ matchFields: [named] }] }
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: terms }
    assert.equal(
      targetNode({ metadata: {}, spec: { containers: [], affinity: { nodeAffinity } } }),
      undefined,
    )
  })
})

describe('one pod a node', () => {
  const set = daemonSet()
  const nodes = [node('n1'), node('n2')]
  const bad = node('bad', [taint('x')])
  const worse = node('worse', [taint('x', 'NoExecute')])
  for (const [what, pods, expected] of [
    ['none yet', [], { create: ['n1', 'n2'], delete: [] }],
    ['one each', ['n1', 'n2'].map((name) => podOn(set, name)), { create: [], delete: [] }],
    [
      'the elder of two stays, and one on the node before one that waits',
      [
        podOn(set, 'n1', { bound: false, name: 'waits' }),
        podOn(set, 'n1', { name: 'elder' }),
        podOn(set, 'n1', { name: 'younger' }),
        podOn(set, 'n2'),
      ],
      { create: [], delete: ['younger', 'waits'] },
    ],
    [
      'a node that no pod should be made on keeps its own',
      [podOn(set, 'bad')],
      { create: ['n1', 'n2'], delete: [] },
    ],
    [
      'a node that must not run it loses it',
      [podOn(set, 'worse', { name: 'w' }), podOn(set, 'worse', { going: true })],
      { create: ['n1', 'n2'], delete: ['w'] },
    ],
    [
      'a waiting pod of a lost node goes, a bound one is not ours',
      [podOn(set, 'lost', { bound: false, name: 'w' }), podOn(set, 'lost', { name: 'b' })],
      { create: ['n1', 'n2'], delete: ['w'] },
    ],
    [
      'what goes is waited for',
      [podOn(set, 'n1', { going: true }), podOn(set, 'n2')],
      { create: [], delete: [] },
    ],
    [
      'what ended and goes is not',
      [podOn(set, 'n1', { going: true, phase: 'Failed' }), podOn(set, 'n2')],
      { create: ['n1'], delete: [] },
    ],
  ] as const)
    test(what, () => {
      const all = decide(set, [...nodes, bad, worse], pods as readonly Pod[])
      assert.deepEqual({ create: all.create, delete: all.delete }, expected)
    })

  test('ended pods are deleted: failed ones with back-off, one a node and pass', () => {
    const pods = [
      podOn(set, 'n1', { phase: 'Failed', name: 'f1' }),
      podOn(set, 'n1', { phase: 'Failed', name: 'f2' }),
      podOn(set, 'n2', { phase: 'Succeeded', name: 's' }),
    ]
    const now = decide(set, nodes, pods)
    assert.deepEqual([now.delete, now.ended, now.create], [['f1', 's'], ['f1', 's'], []])
    const later = decide(set, nodes, pods, 700)
    assert.deepEqual([later.delete, later.requeueAfterMs], [['s'], 700])
  })

  test('orphans that match are adopted and count, own pods that match no more are let go', () => {
    const orphan = podOn(set, 'n1', { name: 'o' })
    delete orphan.metadata.ownerReferences
    const stray = podOn(set, 'n2', { name: 's' })
    stray.metadata.labels = {}
    const foreign = podOn(set, 'n2', { name: 'f' })
    foreign.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'e', uid: 'e', controller: true },
    ]
    const all = decide(set, nodes, [orphan, stray, foreign])
    assert.deepEqual([all.adopt, all.release, all.create], [['o'], ['s'], ['n2']])
  })

  test('no more than 250 are made or deleted in a pass', () => {
    const many = Array.from({ length: 300 }, (_, index) => node(`n${index}`))
    assert.equal(decide(set, many, []).create.length, 250)
    const none = daemonSet({ nodeSelector: { no: 'where' } })
    const pods = many.map(({ metadata }) => podOn(set, metadata.name ?? ''))
    assert.equal(decide(none, many, pods).delete.length, 250)
  })

  test('nothing is made or deleted for a set that is being deleted', () => {
    const going = {
      ...set,
      metadata: { ...set.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }
    const all = decide(going, [...nodes, worse], [podOn(set, 'worse')])
    assert.deepEqual([all.create, all.delete], [[], []])
  })
})

describe('status of a daemon set', () => {
  test('counts nodes', () => {
    const set = daemonSet({ nodeSelector: { on: 'yes' } })
    set.status = {
      ...{ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0 },
      ...{ numberReady: 0, collisionCount: 3 },
    }
    const nodes = ['n1', 'n2', 'n3', 'n4'].map((name) => node(name, [], { on: 'yes' }))
    const pods = [
      podOn(set, 'n1'),
      podOn(set, 'n2', { hash: 'old' }),
      podOn(set, 'n3', { ready: false }),
      podOn(set, 'off'),
    ]
    const { status } = decide(set, [...nodes, node('off')], pods)
    assert.deepEqual(status, {
      collisionCount: 3,
      observedGeneration: 2,
      desiredNumberScheduled: 4,
      currentNumberScheduled: 3,
      numberMisscheduled: 1,
      numberReady: 2,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
      numberUnavailable: 2,
    })
    assert.ok(sameStatus(status, { ...status }))
    assert.ok(!sameStatus(status, { ...status, numberReady: 1 }))
    assert.ok(!sameStatus(status, { ...status, observedGeneration: 1 }))
  })

  test('a pod is available once it has been ready for long enough', () => {
    const set = daemonSet()
    if (set.spec) set.spec.minReadySeconds = 10
    const pod = podOn(set, 'n1')
    const sinceMs = Date.parse(pod.status?.conditions?.[0]?.lastTransitionTime ?? '')
    const at = (nowMs: number) => {
      const state = { daemonSet: set, nodes: [node('n1')], pods: [pod], hash: 'new' }
      const { status, requeueAfterMs } = decideDaemonSet({ ...state, backOffMs: () => 0, nowMs })
      return [status.numberReady, status.numberAvailable, requeueAfterMs]
    }
    assert.deepEqual(at(sinceMs + 4_000), [1, 0, 6_000])
    assert.deepEqual(at(sinceMs + 10_000), [1, 1, undefined])
  })
})

describe('update of a daemon set', () => {
  const nodes = ['n1', 'n2', 'n3', 'n4'].map((name) => node(name))
  const old = (set: DaemonSet, name: string, facts: Facts = {}) =>
    podOn(set, name, { hash: 'old', name: `old-${name}`, ...facts })
  const step = (set: DaemonSet, pods: readonly Pod[], all = nodes) => {
    const { create, delete: unwanted } = decide(set, all, pods)
    return { create, delete: unwanted }
  }

  for (const [maxUnavailable, expected] of [
    [1, ['old-n1']],
    [3, ['old-n1', 'old-n2', 'old-n3']],
    ['50%', ['old-n1', 'old-n2']],
    ['1%', ['old-n1']],
    [0, ['old-n1']],
  ] as const)
    test(`with maxUnavailable ${maxUnavailable} deletes ${expected.length} of four`, () => {
      const set = daemonSet({}, { maxUnavailable, maxSurge: 0 })
      const pods = nodes.map(({ metadata }) => old(set, metadata.name ?? ''))
      assert.deepEqual(step(set, pods), { create: [], delete: expected })
    })

  test('replaces what is not available first, and counts it', () => {
    const set = daemonSet()
    const pods = [
      ...['n1', 'n2'].map((name) => old(set, name)),
      old(set, 'n3', { ready: false }),
      podOn(set, 'n4', { ready: false }),
    ]
    assert.deepEqual(step(set, pods), { create: [], delete: ['old-n3'] })
  })

  test('waits for a node whose pod goes', () => {
    const set = daemonSet()
    const pods = [
      old(set, 'n1', { going: true }),
      ...['n2', 'n3', 'n4'].map((name) => old(set, name)),
    ]
    assert.deepEqual(step(set, pods), { create: [], delete: [] })
  })

  test('leaves all to their owner with OnDelete', () => {
    const set = daemonSet()
    if (set.spec) set.spec.updateStrategy = { type: 'OnDelete' }
    const pods = nodes.map(({ metadata }) => old(set, metadata.name ?? ''))
    assert.deepEqual(step(set, pods), { create: [], delete: [] })
  })

  test('is not needed for pods of the same generation that an elder controller made', () => {
    const set = daemonSet()
    set.metadata.annotations = { 'deprecated.daemonset.template.generation': '7' }
    const pods = nodes.map(({ metadata }) => old(set, metadata.name ?? '', { hash: '' }))
    assert.deepEqual(step(set, pods), { create: [], delete: [] })
  })

  test('surges: new pods beside old ones, as many as allowed, then the old ones go', () => {
    const set = daemonSet({}, { maxUnavailable: 0, maxSurge: 2 })
    const olds = nodes.map(({ metadata }) => old(set, metadata.name ?? ''))
    assert.deepEqual(step(set, olds), { create: ['n1', 'n2'], delete: [] })
    const starting = [
      ...olds,
      podOn(set, 'n1', { ready: false }),
      podOn(set, 'n2', { ready: false }),
    ]
    assert.deepEqual(step(set, starting), { create: [], delete: [] })
    const ready = [...olds, podOn(set, 'n1'), podOn(set, 'n2', { ready: false })]
    assert.deepEqual(step(set, ready), { create: [], delete: ['old-n1'] })
  })

  test('surges at once where the old pod is not available', () => {
    const set = daemonSet({}, { maxUnavailable: 0, maxSurge: 1 })
    const pods = ['n1', 'n2', 'n3', 'n4'].map((name) => old(set, name, { ready: name === 'n1' }))
    assert.deepEqual(step(set, pods), { create: ['n2', 'n3', 'n4', 'n1'], delete: [] })
  })

  test('surging keeps an available pod of a node that the set leaves until another has one', () => {
    const set = daemonSet({ nodeSelector: { on: 'yes' } }, { maxUnavailable: 0, maxSurge: 1 })
    const all = [node('n1', [taint('x')], { on: 'yes' }), node('n2', [], { on: 'yes' })]
    const leaving = old(set, 'n1')
    assert.deepEqual(step(set, [leaving, podOn(set, 'n2', { ready: false })], all).delete, [])
    assert.deepEqual(step(set, [leaving, podOn(set, 'n2')], all).delete, ['old-n1'])
  })

  test('bounds round up', () => {
    assert.deepEqual(boundsOf(daemonSet({}, { maxUnavailable: '10%' }), 11), {
      maxSurge: 0,
      maxUnavailable: 2,
    })
    assert.deepEqual(boundsOf(daemonSet({}, { maxUnavailable: 0, maxSurge: '10%' }), 11), {
      maxSurge: 2,
      maxUnavailable: 0,
    })
  })
})

describe('failed daemon pods', () => {
  test('wait twice as long each time, fifteen minutes at most, and are forgotten', () => {
    const failed = new FailedPods()
    let nowMs = startMs
    assert.equal(failed.waitMs('k', nowMs), 0)
    const waits: number[] = []
    for (let tries = 0; tries < 12; tries += 1) {
      failed.replaced('k', nowMs)
      waits.push(failed.waitMs('k', nowMs))
      nowMs += failed.waitMs('k', nowMs)
      assert.equal(failed.waitMs('k', nowMs), 0)
    }
    assert.deepEqual(waits.slice(0, 4), [1_000, 2_000, 4_000, 8_000])
    assert.equal(waits.at(-1), 900_000)
    assert.equal(failed.waitMs('other', nowMs), 0)
    nowMs += 1_800_000
    failed.replaced('k', nowMs)
    assert.equal(failed.waitMs('k', nowMs), 1_000)
  })
})

describe('daemon set, any order of events', () => {
  const knob = fc.oneof(
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
  )
  const event = fc.record({
    what: fc.constantFrom(
      'decide',
      'decide',
      'start',
      'start',
      'end',
      'fail',
      'break',
      'template',
      'taint',
    ),
    index: fc.nat(7),
  })
  const parameters = fc.record({
    nodes: fc.integer({ min: 1, max: 6 }),
    surge: fc.boolean(),
    knob,
    events: fc.array(event, { maxLength: 120 }),
  })

  test('never crowds a node, never breaks more than it may, and arrives', () => {
    fc.assert(
      fc.property(parameters, ({ nodes, surge, knob: value, events }) => {
        const world = new World(
          nodes,
          surge ? { maxSurge: value, maxUnavailable: 0 } : { maxUnavailable: value },
        )
        for (const { what, index } of events) world.happens(what, index)
        world.settle()
      }),
      { numRuns: 300 },
    )
  })
})

/** Nodes and pods of one daemon set: applies decisions, and lets pods follow one by one. */
class World {
  #nodes: Node[]
  #pods: Pod[] = []
  #set: DaemonSet
  #hash = 0

  constructor(nodes: number, rollingUpdate: Strategy['rollingUpdate']) {
    this.#nodes = Array.from({ length: nodes }, (_, index) => node(`n${index}`))
    this.#set = daemonSet({}, rollingUpdate)
  }

  happens(what: string, index: number): void {
    const pod = this.#pods[index % Math.max(1, this.#pods.length)]
    const at = index % this.#nodes.length
    if (what === 'decide') this.#decide()
    else if (what === 'template') this.#hash += 1
    else if (what === 'taint') this.#toggle(at)
    else if (!pod) return
    else if (what === 'start') this.#tell(pod, 'Running', true)
    else if (what === 'break') this.#tell(pod, 'Running', false)
    else if (what === 'fail') this.#tell(pod, 'Failed', false)
    else if (pod.metadata.deletionTimestamp) this.#pods = this.#pods.filter((one) => one !== pod)
  }

  /** Where no node may get a pod, old ones stay for ever: all nodes are free in the end. */
  settle(): void {
    this.#nodes = this.#nodes.map(({ metadata }) => node(metadata.name ?? ''))
    for (let round = 0; round < 200; round += 1) {
      const idle = this.#decide()
      for (const pod of [...this.#pods])
        if (pod.metadata.deletionTimestamp) this.happens('end', this.#pods.indexOf(pod))
        else if (pod.status?.phase !== 'Failed') this.#tell(pod, 'Running', true)
      const wanted = this.#nodes.filter((one) => placementOf(this.#set)(one).shouldRun)
      const done =
        idle &&
        wanted.every(({ metadata }) => this.#on(metadata.name).length === 1) &&
        this.#pods.every(
          (pod) => pod.metadata.labels?.['controller-revision-hash'] === `h${this.#hash}`,
        )
      if (done) return
    }
    assert.fail('the update did not arrive')
  }

  #tell(pod: Pod, phase: string, ready: boolean): void {
    if (pod.status?.phase === 'Failed') return
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }]
    this.#pods = this.#pods.map((one) =>
      one === pod ? { ...pod, status: { phase, conditions } } : one,
    )
  }

  #toggle(at: number): void {
    const there = this.#nodes[at]
    if (!there) return
    const tainted = (there.spec?.taints ?? []).length > 0
    this.#nodes[at] = node(there.metadata.name ?? '', tainted ? [] : [taint('x')])
  }

  #on(name: string | undefined): Pod[] {
    return this.#pods.filter((pod) => targetNode(pod) === name && !pod.metadata.deletionTimestamp)
  }

  #available(): number {
    return this.#nodes.filter(
      (one) =>
        placementOf(this.#set)(one).shouldRun &&
        this.#on(one.metadata.name).some(
          (pod) => pod.status?.phase === 'Running' && pod.status.conditions?.[0]?.status === 'True',
        ),
    ).length
  }

  #hasTwoOld(hash: string): boolean {
    return this.#nodes.some(({ metadata }) => {
      const old = this.#on(metadata.name).filter(
        (pod) => pod.metadata.labels?.['controller-revision-hash'] !== hash,
      )
      return old.length > 1
    })
  }

  /** Returns whether there was nothing to do. */
  #decide(): boolean {
    const hash = `h${this.#hash}`
    // Of two old pods the elder stays, available or not, as in Kubernetes: then the count may drop.
    const before = this.#hasTwoOld(hash) ? 0 : this.#available()
    const wanted = this.#nodes.filter((one) => placementOf(this.#set)(one).shouldRun).length
    const decision = decideDaemonSet({
      ...{ daemonSet: this.#set, nodes: this.#nodes, pods: this.#pods, hash },
      ...{ backOffMs: () => 0, nowMs: startMs + 1e9 },
    })
    for (const name of decision.create)
      this.#pods.push(
        podOn(this.#set, name, { hash, ready: false, phase: 'Pending', bound: false }),
      )
    const going = new Set(decision.delete)
    this.#pods = this.#pods.map((pod) =>
      going.has(pod)
        ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
        : pod,
    )
    this.#check(before, wanted)
    return decision.create.length + decision.delete.length === 0
  }

  #check(before: number, wanted: number): void {
    const { maxSurge, maxUnavailable } = boundsOf(this.#set, wanted)
    for (const { metadata } of this.#nodes) {
      const crowd = this.#on(metadata.name).length
      assert.ok(crowd <= (maxSurge > 0 ? 2 : 1), `${crowd} pods on ${metadata.name}`)
    }
    const after = this.#available()
    assert.ok(
      after >= Math.min(before, wanted - maxUnavailable),
      `${before} → ${after} available of ${wanted}, ${maxUnavailable} may be missing`,
    )
  }
}

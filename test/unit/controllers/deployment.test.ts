import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decideDeployment } from '../../../src/controllers/deployment/decide.ts'
import { boundsOf, proportionalSizes, sizeOf } from '../../../src/controllers/deployment/sizes.ts'
import { sameTemplate, templateHash } from '../../../src/controllers/deployment/template.ts'
import type { Deployment, ReplicaSet } from '../../../src/kinds/types.ts'

const labels = { app: 'web' }
const startMs = Date.UTC(2026, 0, 1)

function deployment(spec: Partial<NonNullable<Deployment['spec']>> & { image?: string } = {}) {
  const { image = 'one', ...others } = spec
  const object: Deployment = {
    metadata: { name: 'web', namespace: 'ns', uid: 'd', generation: 1 },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
      ...others,
    },
  }
  return object
}

/** A cluster of one deployment: applies decisions, and lets replica sets and pods follow step by step. */
class World {
  deployment: Deployment
  sets: ReplicaSet[] = []
  /** Pods of each set: true for a ready one. */
  readonly pods = new Map<string, boolean[]>()
  nowMs = startMs
  #made = 0

  constructor(given: Deployment) {
    this.deployment = given
  }

  /** Returns whether anything was done. */
  decide(): boolean {
    const decision = decideDeployment({
      deployment: this.deployment,
      replicaSets: this.sets,
      podsOf: (uid) => this.pods.get(uid)?.length ?? 0,
      nowMs: this.nowMs,
    })
    if (decision.create) {
      this.#made += 1
      const uid = `rs${this.#made}`
      this.pods.set(uid, [])
      const creationTimestamp = new Date(this.nowMs + this.#made * 1_000).toISOString()
      const { metadata } = decision.create
      this.sets.push({
        ...decision.create,
        metadata: { ...metadata, uid, creationTimestamp, generation: 1 },
        status: { replicas: 0 },
      })
    }
    for (const { replicaSet, replicas, annotations } of decision.resize) {
      const index = this.sets.indexOf(replicaSet)
      const { spec, metadata } = replicaSet
      assert.ok(index >= 0 && spec && replicas >= 0)
      this.sets[index] = {
        ...replicaSet,
        metadata: { ...metadata, annotations: { ...annotations } },
        spec: { ...spec, replicas },
      }
    }
    this.sets = this.sets.filter((set) => !decision.delete.includes(set))
    const { metadata } = this.deployment
    const revision = decision.revision && {
      'deployment.kubernetes.io/revision': decision.revision,
    }
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...revision } },
      status: decision.status,
    }
    return (
      decision.create !== undefined ||
      decision.resize.length + decision.delete.length > 0 ||
      decision.revision !== undefined
    )
  }

  podsOf(set: ReplicaSet): boolean[] {
    return this.pods.get(set.metadata.uid ?? '') ?? []
  }

  /** The replica set controller's step for one set; a new pod is not ready, the unready go first. */
  follow(index: number): void {
    const set = this.sets[index]
    if (!set) return
    const pods = this.podsOf(set)
    pods.sort((one, other) => Number(other) - Number(one))
    pods.length = Math.min(pods.length, sizeOf(set))
    while (pods.length < sizeOf(set)) pods.push(false)
    this.report(index)
  }

  report(index: number): void {
    const set = this.sets[index]
    if (!set) return
    const pods = this.podsOf(set)
    const ready = pods.filter(Boolean).length
    this.sets[index] = {
      ...set,
      status: {
        replicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
        observedGeneration: set.metadata.generation,
      },
    }
  }

  makeReady(index: number): void {
    const set = this.sets[index]
    const pods = set ? this.podsOf(set) : []
    const at = pods.indexOf(false)
    if (at >= 0) pods[at] = true
    this.report(index)
  }

  settle(): void {
    for (let round = 0; round < 400; round += 1) {
      const did = this.decide()
      let moved = false
      for (const [index, set] of this.sets.entries()) {
        const before = JSON.stringify([this.podsOf(set), this.sets[index]?.status])
        this.follow(index)
        for (const _ of this.podsOf(set)) this.makeReady(index)
        moved ||= before !== JSON.stringify([this.podsOf(set), this.sets[index]?.status])
      }
      if (!did && !moved) return
    }
    assert.fail('does not settle')
  }

  change(spec: Parameters<typeof deployment>[0]): void {
    const { metadata, status } = this.deployment
    const next = deployment(spec)
    const generation = (metadata.generation ?? 0) + 1
    this.deployment = { ...next, metadata: { ...metadata, generation }, status }
  }

  totals() {
    const pods = [...this.pods.values()].flat()
    return { total: pods.length, available: pods.filter(Boolean).length }
  }

  sizes() {
    return this.sets.map(sizeOf)
  }
}

const condition = (world: World, type: string) =>
  world.deployment.status?.conditions?.find((one) => one.type === type)

describe('bounds of a rolling update', () => {
  for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of [
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [4, 0, 0, 0, 1],
    [3, '0%', '10%', 0, 1],
    [2, 5, 5, 5, 2],
    [0, '25%', '25%', 0, 0],
  ] as const)
    test(`${replicas} with ${maxSurge} and ${maxUnavailable}`, () => {
      const rollingUpdate = { maxSurge, maxUnavailable }
      const bounds = boundsOf(deployment({ replicas, strategy: { rollingUpdate } }))
      assert.deepEqual([bounds.maxSurge, bounds.maxUnavailable], [surge, unavailable])
    })
})

describe('templates', () => {
  test('are the same whatever the order of keys, the hash label and empty lists', () => {
    const one = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [] } }
    const other = {
      spec: { containers: [], volumes: [] },
      metadata: { labels: { b: '2', a: '1', 'pod-template-hash': 'x' } },
    }
    assert.ok(sameTemplate(one, other))
    assert.equal(templateHash(one, 0), templateHash(other, 0))
    assert.notEqual(templateHash(one, 0), templateHash(one, 1))
    assert.match(templateHash(one, 0), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/)
  })

  test('differ by the presence of an emptyDir', () => {
    const volume = { name: 'v' }
    const one = { spec: { containers: [], volumes: [{ ...volume, emptyDir: {} }] } }
    assert.ok(!sameTemplate(one, { spec: { containers: [], volumes: [volume] } }))
  })
})

describe('deployment', () => {
  test('makes its first replica set at full size and completes', () => {
    const world = new World(deployment())
    world.decide()
    const [set] = world.sets
    assert.equal(set?.spec?.replicas, 4)
    assert.match(set?.metadata.name ?? '', /^web-[a-z0-9]{10}$/)
    const hash = set?.metadata.labels?.['pod-template-hash']
    assert.deepEqual(set?.spec?.selector.matchLabels, { ...labels, 'pod-template-hash': hash })
    assert.equal(set?.metadata.ownerReferences?.[0]?.uid, 'd')
    assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetCreated')
    assert.equal(condition(world, 'Available')?.status, 'False')
    world.settle()
    assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetAvailable')
    assert.equal(condition(world, 'Available')?.reason, 'MinimumReplicasAvailable')
    const { conditions: _, ...status } = world.deployment.status ?? {}
    assert.deepEqual(status, {
      observedGeneration: 1,
      replicas: 4,
      updatedReplicas: 4,
      readyReplicas: 4,
      availableReplicas: 4,
      unavailableReplicas: 0,
      terminatingReplicas: 0,
    })
  })

  test('numbers its revisions, takes an old set again on undo, and copies the change-cause', () => {
    const world = new World(deployment({ image: 'one' }))
    world.settle()
    world.change({ image: 'two' })
    const { metadata } = world.deployment
    const annotations = { ...metadata.annotations, 'kubernetes.io/change-cause': 'to two' }
    world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } }
    world.settle()
    const revisions = () =>
      world.sets.map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'])
    assert.deepEqual(revisions(), ['1', '2'])
    assert.equal(world.sets[1]?.metadata.annotations?.['kubernetes.io/change-cause'], 'to two')
    assert.equal(world.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
    world.change({ image: 'one' })
    world.settle()
    assert.deepEqual(revisions(), ['3', '2'])
    assert.deepEqual(world.sizes(), [4, 0])
    assert.equal(
      world.sets[0]?.metadata.annotations?.['deployment.kubernetes.io/revision-history'],
      '1',
    )
  })

  test('keeps no more old sets than its history limit', () => {
    const world = new World(deployment({ revisionHistoryLimit: 2 }))
    for (const image of ['a', 'b', 'c', 'd', 'e']) {
      world.change({ image, revisionHistoryLimit: 2 })
      world.settle()
    }
    assert.equal(world.sets.length, 3)
  })

  test('paused: follows a new size, but not a new template', () => {
    const world = new World(deployment({ replicas: 2 }))
    world.settle()
    world.change({ replicas: 5, image: 'two', paused: true })
    world.settle()
    assert.deepEqual(world.sizes(), [5])
    assert.equal(condition(world, 'Progressing')?.reason, 'DeploymentPaused')
    world.change({ replicas: 5, image: 'two' })
    world.decide()
    assert.equal(condition(world, 'Progressing')?.reason, 'DeploymentResumed')
    world.settle()
    assert.deepEqual(world.sizes(), [0, 5])
  })

  test('Recreate: makes nothing new before the last old pod has ended', () => {
    const strategy = { type: 'Recreate' }
    const world = new World(deployment({ strategy }))
    world.settle()
    world.change({ strategy, image: 'two' })
    world.decide()
    assert.deepEqual(world.sizes(), [0])
    world.decide()
    assert.deepEqual(world.sizes(), [0])
    world.follow(0)
    world.decide()
    assert.deepEqual(world.sizes(), [0, 4])
  })

  test('a rollout that stands still exceeds its deadline, and says when to look', () => {
    const world = new World(deployment({ progressDeadlineSeconds: 10 }))
    world.decide()
    world.follow(0)
    world.decide()
    const decide = () =>
      decideDeployment({
        deployment: world.deployment,
        replicaSets: world.sets,
        podsOf: () => 0,
        nowMs: world.nowMs,
      })
    assert.equal(decide().requeueAfterMs, 11_000)
    world.nowMs += 11_000
    const late = decide().status.conditions?.find((one) => one.type === 'Progressing')
    assert.deepEqual([late?.status, late?.reason], ['False', 'ProgressDeadlineExceeded'])
    world.settle()
    assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetAvailable')
  })

  test('tells what refuses its pods, as long as it does', () => {
    const world = new World(deployment())
    world.decide()
    const [set] = world.sets
    assert.ok(set)
    const refused = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'no',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    world.sets[0] = { ...set, status: { replicas: 0, conditions: [refused] } }
    world.decide()
    assert.deepEqual(condition(world, 'ReplicaFailure'), {
      ...refused,
      lastUpdateTime: refused.lastTransitionTime,
    })
    world.settle()
    world.sets = world.sets.map((one) => ({ ...one, status: { replicas: 4 } }))
    world.decide()
    assert.equal(condition(world, 'ReplicaFailure'), undefined)
  })

  test('a deployment that is being deleted only reports', () => {
    const world = new World(deployment())
    world.settle()
    world.deployment.metadata.deletionTimestamp = new Date(startMs).toISOString()
    world.change({ image: 'two', replicas: 9 })
    assert.equal(world.decide(), false)
  })

  test('adopts matching orphans and leaves sets of others alone', () => {
    const world = new World(deployment())
    world.settle()
    const [set] = world.sets
    assert.ok(set)
    const orphan = { ...set, metadata: { ...set.metadata, ownerReferences: undefined } }
    const foreign = {
      ...set,
      metadata: {
        ...set.metadata,
        uid: 'f',
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'x', controller: true },
        ],
      },
    }
    const decision = decideDeployment({
      deployment: world.deployment,
      replicaSets: [orphan, foreign],
      podsOf: () => 0,
      nowMs: startMs,
    })
    assert.deepEqual([decision.adopt, decision.create], [[orphan], undefined])
  })
})

describe('rolling update, any order of events', () => {
  const knob = fc.oneof(
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
  )
  const parameters = fc.record({
    replicas: fc.integer({ min: 0, max: 12 }),
    maxSurge: knob,
    maxUnavailable: knob,
    steps: fc.array(
      fc.record({ what: fc.constantFrom('decide', 'follow', 'ready', 'report'), index: fc.nat(3) }),
      { maxLength: 120 },
    ),
    changes: fc.array(fc.constantFrom('one', 'two', 'three'), { minLength: 1, maxLength: 3 }),
  })

  test('keeps enough available, never has too many, and arrives', () => {
    fc.assert(
      fc.property(parameters, ({ replicas, maxSurge, maxUnavailable, steps, changes }) => {
        const strategy = { rollingUpdate: { maxSurge, maxUnavailable } }
        const world = new World(deployment({ replicas, strategy }))
        world.settle()
        const bounds = boundsOf(world.deployment)
        const check = () => {
          const { total, available } = world.totals()
          assert.ok(total <= replicas + bounds.maxSurge, `${total} pods of ${replicas}`)
          assert.ok(
            available >= replicas - bounds.maxUnavailable,
            `${available} available of ${replicas}`,
          )
        }
        check()
        const every = Math.ceil(steps.length / changes.length)
        for (const [at, { what, index }] of steps.entries()) {
          if (at % every === 0)
            world.change({ replicas, strategy, image: changes[Math.floor(at / every)] ?? 'two' })
          if (what === 'decide') world.decide()
          else if (what === 'follow') world.follow(index)
          else if (what === 'ready') world.makeReady(index)
          else world.report(index)
          check()
        }
        world.change({ replicas, strategy, image: 'last' })
        world.settle()
        check()
        const last = world.sets.find(
          (set) => set.spec?.template?.spec?.containers[0]?.image === 'last',
        )
        assert.equal(last ? sizeOf(last) : -1, replicas)
        assert.deepEqual(world.totals(), { total: replicas, available: replicas })
      }),
      { numRuns: 300 },
    )
  })

  test('a new size in the middle of a rollout is shared out and comes out exact', () => {
    const set = fc.record({ size: fc.integer({ min: 1, max: 20 }), age: fc.nat(5) })
    const input = fc.record({
      sets: fc.array(set, { minLength: 2, maxLength: 5 }),
      replicas: fc.integer({ min: 0, max: 40 }),
      surge: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(input, ({ sets, replicas, surge }) => {
        const rollingUpdate = { maxSurge: surge, maxUnavailable: 1 }
        const wanted = deployment({ replicas, strategy: { rollingUpdate } })
        const before = sets.reduce((sum, { size }) => sum + size, 0)
        const replicaSets = sets.map(({ size, age }, index) => ({
          metadata: {
            name: `s${index}`,
            creationTimestamp: new Date(startMs + age).toISOString(),
            annotations: { 'deployment.kubernetes.io/max-replicas': String(before) },
          },
          spec: { replicas: size, selector: {} },
        }))
        const sizes = [...proportionalSizes(wanted, replicaSets).values()]
        assert.ok(sizes.every((size) => size >= 0))
        const allowed = replicas > 0 ? replicas + surge : 0
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          allowed,
        )
      }),
      // Five sets of four become three pods: the first is too small to give all that rounding left.
      { examples: [[{ sets: Array(5).fill({ size: 4, age: 0 }), replicas: 1, surge: 2 }]] },
    )
  })
})

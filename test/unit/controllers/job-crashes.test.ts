import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Scope } from '../../../src/base/scope.ts'
import { statusError } from '../../../src/base/status.ts'
import { jobs, pods } from '../../../src/client/resources.ts'
import { countOf, parseIndexes } from '../../../src/controllers/job/indexes.ts'
import {
  completionIndex,
  finishedCondition,
  isTracked,
} from '../../../src/controllers/job/job-facts.ts'
import type { Job, Pod } from '../../../src/kinds/types.ts'
import { Cluster } from './cluster.ts'

/**
 * The whole controller while its writes are refused, or done without an answer, and leaders change
 * between any two of them. What the Job says in the end is held against what happened to the pods.
 */
const seeds = process.env['SEED'] ? [Number(process.env['SEED'])] : [1, 2, 7]

class Story {
  readonly random: SeededRandom
  readonly cluster = new Cluster()
  readonly job: Job
  /** By uid: how a pod ended. */
  readonly ended = new Map<string, { readonly well: boolean; readonly index: number | undefined }>()
  #faults = 0
  #masters: { readonly scope: Scope; readonly catchUp: () => void }[] = []

  constructor(seed: number, job: Job) {
    this.random = new SeededRandom(seed)
    this.job = job
    const { api } = this.cluster
    const concerned = (resource: string) => resource === 'pods' || resource === 'jobs'
    api.refuse = (_verb, resource, name) => {
      if (this.#faults > 0 && concerned(resource) && this.random.integer(0, 8) === 0) {
        this.#faults -= 1
        throw statusError('ServiceUnavailable', `${name} was not written`)
      }
    }
    api.lose = (_verb, resource, name) => {
      if (this.#faults > 0 && concerned(resource) && this.random.integer(0, 8) === 0) {
        this.#faults -= 1
        throw statusError('Timeout', `${name} was written, nobody hears of it`)
      }
    }
  }

  async run(): Promise<Job> {
    const { cluster, random } = this
    await cluster.addNode('n1')
    await cluster.lead()
    await jobs(cluster.api).create('ns', this.job)
    let next = this.standby()
    for (let round = 0; round < 400; round += 1) {
      const job = await this.read()
      // All pods ended, and nothing is left to be counted.
      if (finishedCondition(job)) return job
      await this.endPods()
      this.#faults = round < 150 ? random.integer(0, 4) : 0
      await cluster.run(random.integer(1, 6) * 10)
      if (random.integer(0, 5) === 0) {
        await this.lead(next)
        next = this.standby()
      }
      this.#faults = 0
      await cluster.clock.advanceAsync(random.integer(0, 3) * 1_000)
    }
    const pods = (await cluster.pods()).map(({ metadata, status }) => [metadata, status])
    assert.fail(`the Job did not end: ${JSON.stringify([await this.read(), pods])}`)
  }

  /** A master that follows, some time behind: its watches bring each event late. */
  standby() {
    const { cluster, random } = this
    const [jobsMs, podsMs] = [random.integer(0, 500), random.integer(0, 500)]
    let isLate = true
    let catchUp = () => {}
    const caughtUp = new Promise<void>((resolve) => {
      catchUp = () => {
        isLate = false
        resolve()
      }
    })
    cluster.api.lag = (resource) => {
      const lateMs = resource === 'jobs' ? jobsMs : resource === 'pods' ? podsMs : 0
      if (lateMs < 100 || !isLate) return Promise.resolve()
      const late = new Promise<void>((resolve) => cluster.clock.after(lateMs, resolve))
      return Promise.race([late, caughtUp])
    }
    const warmed = cluster.warm()
    this.#masters.push({ scope: warmed.scope, catchUp })
    return warmed
  }

  /** No watch waits for a clock that stands still while a master stops. */
  async lead(successor: ReturnType<Cluster['warm']>): Promise<void> {
    for (const master of this.#masters) if (master.scope !== successor.scope) master.catchUp()
    this.#masters = this.#masters.filter(({ scope }) => scope === successor.scope)
    await this.cluster.lead(successor)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { catchUp } of this.#masters) catchUp()
    for (const { scope } of this.#masters) await scope.close()
    // What events were late by.
    await this.cluster.clock.advanceAsync(500)
    await this.cluster[Symbol.asyncDispose]()
  }

  async read(): Promise<Job> {
    return await jobs(this.cluster.api).get('ns', 'j')
  }

  /** A kubelet whose containers end as they like, and somebody who deletes pods. */
  async endPods(): Promise<void> {
    const { cluster, random } = this
    for (const pod of await cluster.pods()) {
      const uid = pod.metadata.uid ?? ''
      const phase = pod.status?.phase
      if (phase === 'Succeeded' || phase === 'Failed') {
        if (random.integer(0, 6) === 0 && !pod.metadata.deletionTimestamp) await this.remove(pod)
        continue
      }
      if (pod.metadata.deletionTimestamp) {
        // Its own finalizer keeps it: what is terminating has failed.
        this.note(uid, false, pod)
        continue
      }
      const dice = random.integer(0, 10)
      if (dice < 3) await this.end(pod, 'Succeeded')
      else if (dice < 5) await this.end(pod, 'Failed')
      else if (dice === 5) {
        await this.remove(pod)
        this.note(uid, false, pod)
      }
    }
  }

  async end(pod: Pod, phase: 'Succeeded' | 'Failed'): Promise<void> {
    await pods(this.cluster.api).updateStatus({ ...pod, status: { phase } })
    this.note(pod.metadata.uid ?? '', phase === 'Succeeded', pod)
  }

  async remove({ metadata }: Pod): Promise<void> {
    await pods(this.cluster.api).delete(metadata.namespace ?? '', metadata.name ?? '')
  }

  note(uid: string, well: boolean, pod: Pod): void {
    if (!this.ended.has(uid)) this.ended.set(uid, { well, index: completionIndex(pod) })
  }
}

async function tell(seed: number, spec: Partial<NonNullable<Job['spec']>>): Promise<void> {
  const labels = { job: 'j' }
  const story = new Story(seed, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'ns' },
    spec: {
      ...{ completions: 6, parallelism: 3, backoffLimit: 1_000 },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [] } },
      ...spec,
    },
  })
  try {
    const { status = {}, spec: ended } = await story.run()
    const ends = [...story.ended.values()]
    const failures = ends.filter(({ well }) => !well).length
    const successes = ends.filter(({ well }) => well)
    assert.deepEqual(status.uncountedTerminatedPods, {}, 'nothing is left uncounted')
    assert.equal(status.failed ?? 0, failures, 'each failed pod counts once')
    if (ended?.completionMode === 'Indexed') {
      const indexes = new Set(successes.map(({ index }) => index))
      assert.equal(status.succeeded, indexes.size, 'each index counts once')
      assert.equal(countOf(parseIndexes(status.completedIndexes, 99)), indexes.size)
    } else assert.equal(status.succeeded ?? 0, successes.length, 'each good pod counts once')
    await story.cluster.run(5_000)
    const kept = (await pods(story.cluster.api).list()).items.filter(isTracked)
    assert.deepEqual(kept, [], 'no pod keeps the finalizer')
  } catch (error) {
    throw new Error(`SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  } finally {
    await story[Symbol.asyncDispose]()
  }
}

describe('Jobs through failing writes and changing leaders', () => {
  for (const seed of seeds) {
    test(`every pod counts exactly once: seed ${seed}`, async () => {
      await tell(seed, {})
    })
    test(`every index counts exactly once: seed ${seed}`, async () => {
      await tell(seed, { completionMode: 'Indexed' })
    })
  }
})

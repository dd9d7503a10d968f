import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { events, jobs, pods } from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import { isActive } from '../../../src/controllers/pod-facts.ts'
import type { Job, JobSpec, Pod, PodStatus } from '../../../src/kinds/types.ts'
import { addNodes, type Ends, namespace, type World, withApi } from './with-api.ts'

const indexKey = 'batch.kubernetes.io/job-completion-index'
const tracking = 'batch.kubernetes.io/job-tracking'
const mergePatch = 'application/merge-patch+json'

const jobOf = (spec: Partial<JobSpec>): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'work', namespace: 'default' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
})

const ended = (exitCode: number): PodStatus => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: [
    {
      ...{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0 },
      state: { terminated: { exitCode, finishedAt: '2026-01-01T00:00:00Z' } },
    },
  ],
})
const indexOf = (pod: Pod) => Number(pod.metadata.annotations?.[indexKey])

interface Work extends World {
  read(): Promise<Job>
  holds(type: string): () => Promise<boolean>
  own(): Promise<readonly Pod[]>
}

/** A Job on the real API, whose pods end as `ends` says. */
async function withJob(
  spec: Partial<JobSpec>,
  ends: Ends,
  body: (work: Work) => Promise<void>,
): Promise<void> {
  await withApi(
    async (world) => {
      const { client, failures } = world
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1')
      await jobs(client).create('default', jobOf(spec))
      const read = () => jobs(client).get('default', 'work')
      const holds = (type: string) => async () =>
        ((await read()).status?.conditions ?? []).some(
          (one) => one.type === type && one.status === 'True',
        )
      const own = async () => (await pods(client).list({ namespace: 'default' })).items
      await body({ ...world, read, holds, own })
      assert.deepEqual(failures, [])
    },
    {},
    ends,
  )
}

const reasons = async (client: Client) =>
  (await events(client).list({ namespace: 'default' })).items
    .filter(({ involvedObject }) => involvedObject.kind === 'Job')
    .map(({ reason, message }) => `${reason}: ${message}`)

const conditionsOf = ({ status }: Job) =>
  status?.conditions?.map(({ type, status: holds, reason }) => `${type}=${holds} ${reason}`)

describe('Jobs on the real API', () => {
  test('run to completion, are counted, told of, and leave pods without the finalizer', async () => {
    await withJob(
      { completions: 3, parallelism: 2 },
      () => ended(0),
      async (work) => {
        await work.until('the end', work.holds('Complete'))
        const job = await work.read()
        const { completionTime, startTime, conditions: _, ...counts } = job.status ?? {}
        assert.deepEqual(counts, {
          succeeded: 3,
          ready: 0,
          terminating: 0,
          uncountedTerminatedPods: {},
        })
        assert.ok(startTime && completionTime && startTime <= completionTime)
        assert.deepEqual(conditionsOf(job), [
          'SuccessCriteriaMet=True CompletionsReached',
          'Complete=True CompletionsReached',
        ])
        const own = await work.own()
        assert.equal(own.length, 3)
        assert.ok(own.every(({ metadata }) => !metadata.finalizers?.includes(tracking)))
        await work.clock.advanceAsync(100)
        const told = await reasons(work.client)
        assert.equal(
          told.filter((one) => one.startsWith('SuccessfulCreate: Created pod: ')).length,
          3,
        )
        assert.ok(told.includes('Completed: Job completed'))
      },
    )
  })

  test('[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]', async () => {
    const spec = { completionMode: 'Indexed', completions: 4, parallelism: 2 }
    await withJob(
      spec,
      () => ended(0),
      async (work) => {
        await work.until('the end', work.holds('Complete'))
        const { status } = await work.read()
        assert.deepEqual([status?.succeeded, status?.completedIndexes], [4, '0-3'])
        const own = await work.own()
        assert.deepEqual(own.map(indexOf).sort(), [0, 1, 2, 3])
        for (const pod of own) {
          assert.equal(pod.spec?.hostname, `work-${indexOf(pod)}`)
          assert.equal(pod.metadata.labels?.[indexKey], String(indexOf(pod)))
          assert.match(pod.metadata.name ?? '', new RegExp(`^work-${indexOf(pod)}-`))
        }
      },
    )
  })

  test('[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]', async () => {
    const spec = {
      ...{ completionMode: 'Indexed', completions: 4, parallelism: 2, backoffLimitPerIndex: 1 },
    }
    await withJob(
      spec,
      (pod) => ended(indexOf(pod) % 2),
      async (work) => {
        await work.until('the end', work.holds('Failed'))
        const job = await work.read()
        const { status } = job
        assert.deepEqual(
          [status?.failedIndexes, status?.completedIndexes, status?.failed, status?.succeeded],
          ['1,3', '0,2', 4, 2],
        )
        assert.deepEqual(conditionsOf(job), [
          'FailureTarget=True FailedIndexes',
          'Failed=True FailedIndexes',
        ])
      },
    )
  })

  test('[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]', async () => {
    const spec = {
      ...{ completionMode: 'Indexed', completions: 10, parallelism: 10, backoffLimitPerIndex: 0 },
      maxFailedIndexes: 4,
    }
    const ends = (pod: Pod) => (indexOf(pod) % 2 === 0 ? ended(1) : undefined)
    await withJob(spec, ends, async (work) => {
      await work.until('the end', work.holds('Failed'))
      const job = await work.read()
      assert.equal(job.status?.failedIndexes, '0,2,4,6,8')
      assert.deepEqual(conditionsOf(job), [
        'FailureTarget=True MaxFailedIndexesExceeded',
        'Failed=True MaxFailedIndexesExceeded',
      ])
      assert.deepEqual((await work.own()).filter(isActive), [])
    })
  })

  test('[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]', async () => {
    const spec = {
      ...{ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 },
      podFailurePolicy: {
        rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }],
      },
    }
    await withJob(
      spec,
      (pod) => ended(indexOf(pod) === 0 ? 42 : 0),
      async (work) => {
        await work.until('the end', work.holds('Failed'))
        const { status } = await work.read()
        assert.deepEqual(
          [status?.failedIndexes, status?.completedIndexes, status?.failed],
          ['0', '1', 1],
        )
      },
    )
  })

  test('[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]', async () => {
    const spec = {
      ...{ completions: 3, parallelism: 1, backoffLimit: 6 },
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }],
      },
    }
    await withJob(
      spec,
      () => ended(42),
      async (work) => {
        await work.until('the end', work.holds('Failed'))
        const job = await work.read()
        assert.equal(job.status?.failed, 1)
        assert.deepEqual(conditionsOf(job), [
          'FailureTarget=True PodFailurePolicy',
          'Failed=True PodFailurePolicy',
        ])
        assert.match(
          job.status?.conditions?.[1]?.message ?? '',
          /^Container c for pod default\/work-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
        )
      },
    )
  })

  test('[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]', async () => {
    const spec = {
      ...{ completions: 1, parallelism: 1, backoffLimit: 0 },
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }],
      },
    }
    let isEvicted = false
    await withJob(
      spec,
      () => (isEvicted ? ended(0) : undefined),
      async (work) => {
        const runs = async () =>
          (await work.own()).some(({ status }) => status?.phase === 'Running')
        await work.until('a pod that runs', runs)
        const name = (await work.own())[0]?.metadata.name ?? ''
        await pods(work.client).subresource('default', name, 'eviction', 'POST', {
          ...{ apiVersion: 'policy/v1', kind: 'Eviction' },
          metadata: { name, namespace: 'default' },
        })
        const evicted = await pods(work.client).get('default', name)
        const said = evicted.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
        assert.deepEqual(
          [said?.status, said?.reason, said?.message],
          ['True', 'EvictionByEvictionAPI', 'Eviction API: evicting'],
        )
        isEvicted = true
        await work.until('the end', work.holds('Complete'))
        const { status } = await work.read()
        assert.deepEqual([status?.succeeded, status?.failed], [1, undefined])
      },
    )
  })

  for (const [title, successPolicy, last] of [
    [
      '[sig-apps] Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending [Conformance]',
      { succeededIndexes: '0' },
      0,
    ],
    [
      '[sig-apps] Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending [Conformance]',
      { succeededCount: 1 },
      0,
    ],
    [
      '[sig-apps] Job with successPolicy should succeeded when all indexes succeeded [Conformance]',
      { succeededIndexes: '0-4' },
      4,
    ],
  ] as const)
    test(title, async () => {
      const spec: Partial<JobSpec> = {
        ...{ completionMode: 'Indexed', completions: 5, parallelism: 5 },
        successPolicy: { rules: [successPolicy] },
      }
      await withJob(
        spec,
        (pod) => (indexOf(pod) <= last ? ended(0) : undefined),
        async (work) => {
          await work.until('the end', work.holds('Complete'))
          const job = await work.read()
          assert.equal(job.status?.completedIndexes, last === 0 ? '0' : '0-4')
          assert.deepEqual(conditionsOf(job), [
            'SuccessCriteriaMet=True SuccessPolicy',
            'Complete=True SuccessPolicy',
          ])
          assert.deepEqual((await work.own()).filter(isActive), [])
        },
      )
    })

  test('[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]', async () => {
    await withJob(
      { completions: 2, parallelism: 2 },
      () => undefined,
      async (work) => {
        const ready = async () => ((await work.read()).status?.ready ?? 0) === 2
        await work.until('two pods', ready)
        const [first] = await work.own()
        const name = first?.metadata.name ?? ''
        const patch = (metadata: unknown) =>
          pods(work.client).patch('default', name, mergePatch, { metadata })
        const owned = async () => (await pods(work.client).get('default', name)).metadata
        await patch({ ownerReferences: null })
        await work.until(
          'the adoption',
          async () => (await owned()).ownerReferences?.[0]?.name === 'work',
        )
        assert.deepEqual((await owned()).finalizers, [tracking])
        await patch({ labels: null })
        await work.until('the release', async () => (await owned()).ownerReferences === undefined)
        await work.until('no finalizer', async () => (await owned()).finalizers === undefined)
      },
    )
  })

  test('suspended ones have no pods; resumed, they begin anew', async () => {
    await withJob(
      { completions: 1, suspend: true },
      () => undefined,
      async (work) => {
        await work.until('the condition', work.holds('Suspended'))
        assert.deepEqual(
          [(await work.own()).length, (await work.read()).status?.startTime],
          [0, undefined],
        )
        const suspend = (to: boolean) =>
          jobs(work.client).patch('default', 'work', mergePatch, { spec: { suspend: to } })
        await suspend(false)
        await work.until('a pod', async () => (await work.read()).status?.ready === 1)
        assert.deepEqual(conditionsOf(await work.read()), ['Suspended=False JobResumed'])
        assert.ok((await work.read()).status?.startTime)
        await suspend(true)
        await work.until('no pod', async () => (await work.own()).length === 0)
        const { status } = await work.read()
        assert.deepEqual(
          [status?.failed, status?.active, status?.startTime],
          [undefined, undefined, undefined],
        )
        await work.clock.advanceAsync(100)
        const told = await reasons(work.client)
        for (const one of ['Suspended: Job suspended', 'Resumed: Job resumed'])
          assert.ok(told.includes(one), one)
      },
    )
  })

  test('[sig-apps] Job should delete a job [Conformance]', async () => {
    await withJob(
      { completions: 2, parallelism: 2 },
      () => undefined,
      async (work) => {
        await work.until('two pods', async () => (await work.read()).status?.ready === 2)
        await jobs(work.client).delete('default', 'work', { propagationPolicy: 'Background' })
        await work.until('the end of its pods', async () => (await work.own()).length === 0)
      },
    )
  })

  test('one whose Job went without them loses the finalizer and stays', async () => {
    await withJob(
      { completions: 1 },
      () => undefined,
      async (work) => {
        await work.until('a pod', async () => (await work.read()).status?.ready === 1)
        await jobs(work.client).delete('default', 'work', { propagationPolicy: 'Orphan' })
        const free = async () => {
          const [pod] = await work.own()
          return pod !== undefined && !pod.metadata.finalizers && !pod.metadata.ownerReferences
        }
        await work.until('its freedom', free)
      },
    )
  })

  test('finished ones go when their time is over, and their pods with them', async () => {
    await withJob(
      { completions: 1, ttlSecondsAfterFinished: 3 },
      () => ended(0),
      async (work) => {
        await work.until('the end', work.holds('Complete'))
        assert.equal((await work.own()).length, 1)
        await work.until('the deletion', async () => (await work.own()).length === 0)
        assert.deepEqual((await jobs(work.client).list({ namespace: 'default' })).items, [])
      },
    )
  })

  test('Jobs of another controller are left alone', async () => {
    await withJob(
      { completions: 1, managedBy: 'example.com/queue' },
      () => undefined,
      async (work) => {
        await work.clock.advanceAsync(5_000)
        assert.deepEqual([await work.own(), (await work.read()).status ?? {}], [[], {}])
      },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cronJobs, events, jobs, pods } from '../../../src/client/resources.ts'
import type { CronJobSpec, PodStatus } from '../../../src/kinds/types.ts'
import { addNodes, type Ends, namespace, type World, withApi } from './with-api.ts'

const mergePatch = 'application/merge-patch+json'
const minuteMs = 60_000
const done: PodStatus = { phase: 'Succeeded' }

interface Work extends World {
  made(): Promise<readonly string[]>
  active(): Promise<readonly (string | undefined)[]>
  /** Lets minutes pass, a few at a time, so that pods can run and end. */
  pass(minutes: number): Promise<void>
  reasons(): Promise<readonly string[]>
}

async function withCronJob(
  spec: Partial<CronJobSpec>,
  ends: Ends,
  body: (work: Work) => Promise<void>,
): Promise<void> {
  await withApi(
    async (world) => {
      const { client, clock, until, failures } = world
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1')
      const container = { name: 'c', image: 'i' }
      const template = { spec: { restartPolicy: 'OnFailure', containers: [container] } }
      await cronJobs(client).create('default', {
        ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick' } },
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template } }, ...spec },
      })
      const made = async () =>
        (await jobs(client).list({ namespace: 'default' })).items
          .map(({ metadata }) => metadata.name ?? '')
          .sort()
      const active = async () =>
        ((await cronJobs(client).get('default', 'tick')).status?.active ?? []).map(
          ({ name }) => name,
        )
      const reasons = async () =>
        (await events(client).list({ namespace: 'default' })).items
          .filter(({ involvedObject }) => involvedObject.kind === 'CronJob')
          .map(({ reason }) => reason ?? '')
      const pass = async (minutes: number) => {
        const endMs = clock.wallMs() + minutes * minuteMs
        for (let left = minutes * 60; left > 0; left -= 2) {
          await clock.advanceAsync(1_800)
          let looks = 0
          // Of the two looks the kubelet has its turn between.
          await until('the kubelet', async () => {
            looks += 1
            return looks === 2
          })
        }
        await clock.advanceAsync(Math.max(0, endMs - clock.wallMs()))
      }
      await body({ ...world, made, active, pass, reasons })
      assert.deepEqual(failures, [])
    },
    { monitorGraceSeconds: 3_600 },
    ends,
  )
}

describe('CronJobs on the real API', () => {
  test('make a job each minute, named by it, and remember what became of it', async () => {
    await withCronJob(
      { successfulJobsHistoryLimit: 2 },
      () => done,
      async (work) => {
        const startMs = work.clock.wallMs()
        const first = Math.floor(startMs / minuteMs) + 1
        await work.pass(4)
        const kept = [`tick-${first + 2}`, `tick-${first + 3}`].join(' ')
        await work.until('the two last jobs', async () => (await work.made()).join(' ') === kept)
        const { status } = await cronJobs(work.client).get('default', 'tick')
        assert.deepEqual(status?.active ?? [], [])
        assert.equal(Date.parse(status?.lastScheduleTime ?? ''), (first + 3) * minuteMs)
        assert.ok(Date.parse(status?.lastSuccessfulTime ?? '') > (first + 3) * minuteMs - 1)
        const [job] = (await jobs(work.client).list({ namespace: 'default' })).items
        assert.equal(job?.metadata.ownerReferences?.[0]?.name, 'tick')
        assert.match(
          job?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '',
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/,
        )
        const told = await work.reasons()
        for (const reason of ['SuccessfulCreate', 'SawCompletedJob', 'SuccessfulDelete'])
          assert.ok(told.includes(reason), reason)
      },
    )
  })

  test('[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]', async () => {
    await withCronJob(
      { concurrencyPolicy: 'Allow' },
      () => undefined,
      async (work) => {
        await work.pass(3)
        assert.ok((await work.active()).length >= 2)
        assert.deepEqual([...(await work.active())].sort(), await work.made())
      },
    )
  })

  test('[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]', async () => {
    await withCronJob(
      { concurrencyPolicy: 'Forbid' },
      () => undefined,
      async (work) => {
        await work.pass(3)
        assert.equal((await work.active()).length, 1)
        assert.deepEqual(await work.active(), await work.made())
        assert.ok((await work.reasons()).includes('JobAlreadyActive'))
      },
    )
  })

  test('[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]', async () => {
    await withCronJob(
      { concurrencyPolicy: 'Replace' },
      () => undefined,
      async (work) => {
        await work.pass(1)
        const [before] = await work.active()
        assert.ok(before)
        await work.pass(1)
        const after = await work.active()
        assert.equal(after.length, 1)
        assert.notEqual(after[0], before)
        await work.until('the end of the first', async () => !(await work.made()).includes(before))
        const left = async () =>
          (await pods(work.client).list({ namespace: 'default' })).items.length
        await work.until('the end of its pods', async () => (await left()) === 1)
      },
    )
  })

  test('[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]', async () => {
    await withCronJob(
      { suspend: true },
      () => undefined,
      async (work) => {
        await work.pass(3)
        assert.deepEqual(await work.made(), [])
        await cronJobs(work.client).patch('default', 'tick', mergePatch, {
          spec: { suspend: false },
        })
        await work.pass(1)
        assert.ok((await work.made()).length > 0)
      },
    )
  })

  test('a job made before the status told of it is taken up by its name', async () => {
    await withCronJob(
      { suspend: true },
      () => undefined,
      async (work) => {
        const minute = Math.floor(work.clock.wallMs() / minuteMs) + 1
        const { spec, metadata } = await cronJobs(work.client).get('default', 'tick')
        const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', controller: true }
        await jobs(work.client).create('default', {
          metadata: {
            name: `tick-${minute}`,
            ownerReferences: [{ ...owner, uid: metadata.uid ?? '' }],
          },
          ...(spec.jobTemplate.spec ? { spec: spec.jobTemplate.spec } : {}),
        })
        await cronJobs(work.client).patch('default', 'tick', mergePatch, {
          spec: { suspend: false },
        })
        await work.pass(1)
        assert.deepEqual(await work.made(), [`tick-${minute}`])
        assert.deepEqual(await work.active(), [`tick-${minute}`])
      },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backoffLeftMs, noFailures, withEnded } from '../../../src/controllers/job/backoff.ts'
import { decidePods } from '../../../src/controllers/job/decide.ts'
import { orderOf } from '../../../src/controllers/job/job-facts.ts'
import { podOf } from '../../../src/controllers/job/pods.ts'
import { countPods, settle } from '../../../src/controllers/job/status.ts'
import { lifeLeftMs } from '../../../src/controllers/job/ttl-after-finished.ts'
import { viewOf } from '../../../src/controllers/job/view.ts'
import type { Job, JobSpec, JobStatus, Pod } from '../../../src/kinds/types.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const now = '2026-01-01T12:00:00Z'
const ago = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString()
const index = 'batch.kubernetes.io/job-completion-index'
const tracking = 'batch.kubernetes.io/job-tracking'

const job = (spec: Partial<JobSpec>, status: JobStatus = {}): Job => ({
  metadata: { name: 'j', namespace: 'ns', uid: 'j' },
  spec: { parallelism: 1, backoffLimit: 6, template: { spec: { containers: [] } }, ...spec },
  status: { startTime: ago(60), ...status },
})

interface Shape {
  phase?: string
  at?: number
  going?: boolean
  tracked?: boolean
  ready?: boolean
  exit?: number
  condition?: string
  endedS?: number
  restarts?: number
  failures?: number
}

const pod = (name: string, shape: Shape = {}): Pod => {
  const { phase = 'Running', at, going = false, tracked = true, exit, condition } = shape
  const finishedAt = ago(shape.endedS ?? 3_600)
  const state =
    exit === undefined ? { running: {} } : { terminated: { exitCode: exit, finishedAt } }
  return {
    metadata: {
      ...{ name, namespace: 'ns', uid: name, creationTimestamp: ago(shape.endedS ?? 3_600) },
      ...(tracked ? { finalizers: [tracking] } : {}),
      ...(going ? { deletionTimestamp: ago(60), deletionGracePeriodSeconds: 0 } : {}),
      annotations: {
        ...(at === undefined ? {} : { [index]: String(at) }),
        ...(shape.failures === undefined
          ? {}
          : { 'batch.kubernetes.io/job-index-failure-count': String(shape.failures) }),
      },
    },
    status: {
      phase,
      conditions: [
        ...(shape.ready ? [{ type: 'Ready', status: 'True' }] : []),
        ...(condition ? [{ type: condition, status: 'True' }] : []),
      ],
      containerStatuses: [
        {
          ...{ name: 'c', image: 'i', imageID: '', ready: false, state },
          restartCount: shape.restarts ?? 0,
        },
      ],
    },
  }
}

/** One pass in which everything that was planned succeeds. */
function pass(given: Job, pods: readonly Pod[], run = noFailures) {
  const view = viewOf({ job: given, pods, run, nowMs })
  const plan = decidePods(view)
  const deletedReady = plan.delete.filter((one) =>
    one.status?.conditions?.some(({ type }) => type === 'Ready'),
  ).length
  const done = { deleted: plan.delete.length, deletedReady, created: plan.create.length }
  const count = countPods(view, plan, done)
  const released = new Set(count.release.map(({ metadata }) => metadata.uid ?? ''))
  return { view, plan, count, end: settle(count, count.status, released, nowMs) }
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)
const failed = { phase: 'Failed', exit: 1 }
const good = { phase: 'Succeeded', exit: 0 }

describe('job: which pods', () => {
  for (const [title, spec, pods, create, remove] of [
    ['none yet', { completions: 3, parallelism: 2 }, [], 2, []],
    [
      'no more than are left',
      { completions: 3, parallelism: 2 },
      [pod('a', good), pod('b', good)],
      1,
      [],
    ],
    ['enough', { completions: 2, parallelism: 2 }, [pod('a'), pod('b')], 0, []],
    ['a failed one is replaced', { completions: 1 }, [pod('a', failed)], 1, []],
    ['a deleted one is replaced', { completions: 1 }, [pod('a', { going: true })], 1, []],
    [
      'a deleted one is waited for when only failed ones are replaced',
      { completions: 1, podReplacementPolicy: 'Failed' },
      [pod('a', { going: true })],
      0,
      [],
    ],
    [
      'less at a time',
      { completions: 9, parallelism: 1 },
      [pod('a', { ready: true }), pod('b')],
      0,
      ['b'],
    ],
    ['suspended', { completions: 2, parallelism: 2, suspend: true }, [pod('a')], 0, ['a']],
    ['a queue: all at once', { parallelism: 3 }, [], 3, []],
    ['a queue with one success', { parallelism: 3 }, [pod('a', good), pod('b')], 0, []],
    ['more than a pass makes', { completions: 900, parallelism: 900 }, [], 500, []],
  ] as const)
    test(title, () => {
      const { plan } = pass(job(spec), pods)
      assert.deepEqual([plan.create.length, names(plan.delete)], [create, remove])
      assert.ok(!plan.delete.length || plan.forgets, 'they count for nothing')
    })

  const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 4 }
  test('of indexes the lowest that neither succeeded nor run', () => {
    const pods = [pod('a', { ...good, at: 0 }), pod('b', { at: 2 })]
    assert.deepEqual(pass(job(indexed, { completedIndexes: '' }), pods).plan.create, [1, 3])
    assert.deepEqual(
      pass(job(indexed, { completedIndexes: '0,1' }), [pod('b', { at: 2 })]).plan.create,
      [3],
    )
  })

  test('of one index one; none without an index or beyond the last', () => {
    const pods = [
      pod('a', { at: 0 }),
      pod('b', { at: 0, ready: true }),
      pod('c', { at: 9 }),
      pod('d'),
      pod('e', { at: 1 }),
    ]
    const { plan } = pass(job(indexed), pods)
    assert.deepEqual(names(plan.delete).sort(), ['a', 'c', 'd'])
    assert.deepEqual(plan.create, [], 'never both in one pass')
  })

  test('pods of an index say their index in annotation, label, hostname and environment', () => {
    const template = {
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        initContainers: [{ name: 'd', image: 'i' }],
      },
    }
    const one = job({ ...indexed, template })
    const made = podOf(one, orderOf(one), 7)
    assert.equal(made.metadata.generateName, 'j-7-')
    assert.deepEqual(made.metadata.annotations, { [index]: '7' })
    assert.deepEqual(made.metadata.labels, { [index]: '7' })
    assert.deepEqual(made.metadata.finalizers, [tracking])
    assert.equal(made.spec?.hostname, 'j-7')
    const env = [
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { fieldPath: `metadata.labels['${index}']` } },
      },
    ]
    assert.deepEqual(
      [made.spec?.containers[0]?.env, made.spec?.initContainers?.[0]?.env],
      [env, env],
    )
    const long = job({ ...indexed, template })
    long.metadata.name = 'n'.repeat(63)
    assert.equal(podOf(long, orderOf(long), 12).metadata.generateName, `${'n'.repeat(54)}-12-`)
  })

  test('a pod goes on with the failures of the one that it replaces', () => {
    const one = job({
      ...indexed,
      backoffLimitPerIndex: 3,
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }],
      },
    })
    const counts = (replaced?: Pod) =>
      Object.entries(podOf(one, orderOf(one), 1, replaced).metadata.annotations ?? {})
        .filter(([key]) => key.includes('failure'))
        .map(([key, value]) => `${key.split('job-index-')[1]}=${value}`)
    assert.deepEqual(counts(), ['failure-count=0'])
    assert.deepEqual(counts(pod('a', { ...failed, failures: 1 })), ['failure-count=2'])
    assert.deepEqual(counts(pod('a', { phase: 'Failed', exit: 42, failures: 1 })), [
      'failure-count=1',
      'ignored-failure-count=1',
    ])
  })

  test('ten seconds after a failure, doubled by each, ten minutes at most, forgotten by a success', () => {
    const one = job({ completions: 9 })
    const fails = (endedS: number) => pod('a', { ...failed, endedS })
    assert.equal(pass(one, [fails(4)]).plan.requeueAfterMs, 6_000)
    assert.deepEqual(pass(one, [fails(4)]).plan.create, [])
    assert.equal(pass(one, [fails(10)]).plan.create.length, 1)
    const run = (failures: number) => ({ failures, lastFailureMs: nowMs })
    assert.deepEqual(
      [1, 2, 3, 6, 7, 99].map((n) => backoffLeftMs(run(n), nowMs) / 1_000),
      [10, 20, 40, 320, 600, 600],
    )
    assert.deepEqual(withEnded(run(5), [pod('b', { ...good, endedS: 2 })], []), noFailures)
    const mixed = withEnded(run(5), [pod('b', { ...good, endedS: 9 })], [fails(4), fails(20)])
    assert.deepEqual(mixed, { failures: 1, lastFailureMs: nowMs - 4_000 })
  })
})

describe('job: how it ends', () => {
  const conditions = ({ end }: ReturnType<typeof pass>) =>
    end.status.conditions?.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
  const both = (first: string, last: string, text: string) => [
    `${first} ${text}`,
    `${last} ${text}`,
  ]
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 }
  const rule = (action: string, values = [42]) => ({
    rules: [{ action, onExitCodes: { operator: 'In', values } }],
  })

  for (const [title, spec, pods, how, text] of [
    [
      'all completions',
      { completions: 1 },
      [pod('a', good)],
      'Complete',
      'CompletionsReached: Reached expected number of succeeded pods',
    ],
    [
      'a queue whose last pod ended',
      { parallelism: 2 },
      [pod('a', good), pod('b', failed)],
      'Complete',
      'CompletionsReached: Reached expected number of succeeded pods',
    ],
    [
      'more failures than the limit',
      { completions: 3, backoffLimit: 1 },
      [pod('a', failed), pod('b', failed)],
      'Failed',
      'BackoffLimitExceeded: Job has reached the specified backoff limit',
    ],
    [
      'restarts in place up to the limit',
      {
        completions: 3,
        backoffLimit: 2,
        template: { spec: { containers: [], restartPolicy: 'OnFailure' } },
      },
      [pod('a', { restarts: 2 })],
      'Failed',
      'BackoffLimitExceeded: Job has reached the specified backoff limit',
    ],
    [
      'its time is over',
      { completions: 1, activeDeadlineSeconds: 60 },
      [pod('a')],
      'Failed',
      'DeadlineExceeded: Job was active longer than specified deadline',
    ],
    [
      'a rule on exit codes',
      { completions: 3, podFailurePolicy: rule('FailJob') },
      [pod('a', { phase: 'Failed', exit: 42 })],
      'Failed',
      'PodFailurePolicy: Container c for pod ns/a failed with exit code 42 matching FailJob rule at index 0',
    ],
    [
      'a rule on conditions',
      {
        completions: 3,
        podFailurePolicy: {
          rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget' }] }],
        },
      },
      [pod('a', { phase: 'Failed', condition: 'DisruptionTarget' })],
      'Failed',
      'PodFailurePolicy: Pod ns/a has condition DisruptionTarget matching FailJob rule at index 0',
    ],
    [
      'more failed indexes than allowed',
      { ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 },
      [pod('a', { ...failed, at: 1 })],
      'Failed',
      'MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
    ],
    [
      'every index ended, one of them failed',
      { ...indexed, backoffLimitPerIndex: 1 },
      [
        pod('a', { ...failed, at: 1, failures: 1 }),
        pod('b', { ...good, at: 0 }),
        pod('c', { ...good, at: 2 }),
      ],
      'Failed',
      'FailedIndexes: Job has failed indexes',
    ],
    [
      'a success policy by indexes',
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: '1,2', succeededCount: 1 }] } },
      [pod('a', { ...good, at: 1 }), pod('b', { at: 0 })],
      'Complete',
      'SuccessPolicy: Matched rules at index 0',
    ],
    [
      'a success policy by count',
      {
        ...indexed,
        successPolicy: { rules: [{ succeededIndexes: '0' }, { succeededCount: 2 }] },
      },
      [pod('a', { ...good, at: 1 }), pod('b', { ...good, at: 2 })],
      'Complete',
      'SuccessPolicy: Matched rules at index 1',
    ],
  ] as const)
    test(title, () => {
      const given = job(spec as Partial<JobSpec>)
      const first = pass(given, pods)
      // Pods that were deleted just now are still going: the last condition waits for them.
      const gone = pods.filter((one) => !first.plan.delete.includes(one))
      const { end } = first.end.finished
        ? first
        : pass({ ...given, status: { ...first.end.status, terminating: 0 } }, gone.map(untracked))
      const target = how === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet'
      assert.ok(end.finished)
      assert.deepEqual(conditions({ ...first, end }), both(target, how, text))
      assert.equal(end.status.completionTime, how === 'Complete' ? now : undefined)
      assert.deepEqual(end.status.uncountedTerminatedPods, {})
    })

  const untracked = (one: Pod): Pod => ({ ...one, metadata: { ...one.metadata, finalizers: [] } })

  test('goes on while an ignored failure, or one of an index with patience, is all there is', () => {
    const ignoring = job({ completions: 1, backoffLimit: 0, podFailurePolicy: rule('Ignore') })
    const ignored = pass(ignoring, [pod('a', { phase: 'Failed', exit: 42 })])
    assert.equal(ignored.end.status.failed, undefined)
    assert.equal(ignored.plan.create.length, 1)
    assert.deepEqual(names(ignored.count.release), ['a'])
    const patient = pass(job({ ...indexed, backoffLimit: 9, backoffLimitPerIndex: 1 }), [
      pod('a', { ...failed, at: 1, failures: 0 }),
    ])
    assert.deepEqual(patient.plan.create, [0, 1, 2])
    assert.deepEqual(names(patient.count.release), [], 'it stays until its successor is there')
    assert.equal(patient.end.status.failedIndexes, '')
  })

  test('an index fails at once by a rule', () => {
    const given = job({
      ...indexed,
      backoffLimit: 9,
      backoffLimitPerIndex: 5,
      podFailurePolicy: rule('FailIndex'),
    })
    const { end, plan } = pass(given, [pod('a', { phase: 'Failed', exit: 42, at: 1 })])
    assert.equal(end.status.failedIndexes, '1')
    assert.deepEqual(plan.create, [0, 2])
  })

  test('the last word waits for pods that are still going, and says nothing twice', () => {
    const given = job({ completions: 3, activeDeadlineSeconds: 1 })
    const { end, plan, count } = pass(given, [pod('a'), pod('b', { going: true })])
    assert.deepEqual(names(plan.delete), ['a'])
    assert.equal(plan.forgets, false, 'they count as failed')
    assert.deepEqual(names(count.release), ['a', 'b'])
    assert.deepEqual(conditions({ end } as ReturnType<typeof pass>), [
      'FailureTarget DeadlineExceeded: Job was active longer than specified deadline',
    ])
    assert.deepEqual([end.finished, end.status.failed, end.status.terminating], [false, 2, 2])
  })

  test('suspended: no start, a condition; resumed: a new start', () => {
    const resting = pass(job({ suspend: true }), [pod('a', { ready: true })])
    assert.equal(resting.count.told, 'Suspended')
    assert.equal(resting.end.status.startTime, undefined)
    assert.deepEqual(conditions(resting), ['Suspended JobSuspended: Job suspended'])
    const again = pass(job({}, { ...resting.end.status, startTime: undefined }), [])
    assert.equal(again.count.told, 'Resumed')
    assert.equal(again.end.status.startTime, now)
    assert.deepEqual(
      again.end.status.conditions?.map(({ status, reason }) => [status, reason]),
      [['False', 'JobResumed']],
    )
    const calm = pass(job({}, {}), [pod('a')])
    assert.deepEqual([calm.count.told, calm.end.status.conditions], [undefined, undefined])
  })

  test('five hundred pods are noted at most; the Job does not end before the others', () => {
    const many = Array.from({ length: 620 }, (_, n) => pod(`p${n}`, good))
    const first = pass(job({ completions: 620, parallelism: 620 }), many)
    assert.equal(first.count.status.uncountedTerminatedPods?.succeeded?.length, 500)
    assert.equal(first.count.release.length, 500)
    assert.deepEqual([first.end.finished, first.end.status.succeeded], [false, 500])
    const second = pass(job({ completions: 620 }, first.end.status), many.slice(500))
    assert.deepEqual([second.end.finished, second.end.status.succeeded], [true, 620])
  })

  test('its life after that: counted from the last condition', () => {
    const ended = (spec: Partial<JobSpec>) =>
      job(spec, { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: ago(30) }] })
    assert.equal(lifeLeftMs(ended({ ttlSecondsAfterFinished: 100 }), nowMs), 70_000)
    assert.equal(lifeLeftMs(ended({ ttlSecondsAfterFinished: 0 }), nowMs), 0)
    assert.equal(lifeLeftMs(ended({}), nowMs), undefined)
    assert.equal(lifeLeftMs(job({ ttlSecondsAfterFinished: 1 }), nowMs), undefined)
  })
})

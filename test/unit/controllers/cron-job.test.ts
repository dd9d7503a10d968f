import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decideCronJob,
  jobOf,
  nextDueAfterChangeMs,
} from '../../../src/controllers/cron-job/decide.ts'
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '../../../src/kinds/types.ts'

const at = (text: string) => Date.parse(`2026-01-01T${text}Z`)
const time = (text: string) => `2026-01-01T${text}Z`

const cron = (spec: Partial<CronJobSpec> = {}, status: CronJobStatus = {}): CronJob => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'c', creationTimestamp: time('10:00:30') },
  spec: {
    ...{ schedule: '0 * * * *', concurrencyPolicy: 'Allow' },
    ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
    jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { n: 'x' } } },
    ...spec,
  },
  status,
})

const job = (name: string, end?: 'Complete' | 'Failed', startTime = time('10:00:00')): Job => ({
  metadata: { name, namespace: 'ns', uid: name },
  status: {
    startTime,
    ...(end ? { conditions: [{ type: end, status: 'True' }] } : {}),
    ...(end === 'Complete' ? { completionTime: time('10:30:00') } : {}),
  },
})
const reference = (name: string) => ({ kind: 'Job', name, namespace: 'ns', uid: name })

const decide = (cronJob: CronJob, nowMs: number, jobs: readonly Job[] = [], gone: string[] = []) =>
  decideCronJob({ cronJob, jobs, gone: new Set(gone), nowMs })
const told = ({ told: all }: ReturnType<typeof decide>) =>
  all.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
const isoOf = (ms: number | undefined) => ms && new Date(ms).toISOString().slice(11, 19)

describe('cron job: when', () => {
  for (const [title, spec, status, now, start, next] of [
    ['before its first time', {}, {}, '10:59:00', undefined, '11:00:00'],
    ['at its time', {}, {}, '11:00:00', '11:00:00', '12:00:00'],
    ['late', {}, {}, '11:40:00', '11:00:00', '12:00:00'],
    ['the last of several', {}, {}, '14:10:00', '14:00:00', '15:00:00'],
    ['not twice', {}, { lastScheduleTime: time('11:00:00') }, '11:20:00', undefined, '12:00:00'],
    ['suspended', { suspend: true }, {}, '11:00:00', undefined, undefined],
    ['in time enough', { startingDeadlineSeconds: 600 }, {}, '11:09:00', '11:00:00', '12:00:00'],
    ['too late', { startingDeadlineSeconds: 60 }, {}, '11:09:00', undefined, '12:00:00'],
    ['in its zone', { timeZone: 'Asia/Kolkata' }, {}, '11:00:00', '10:30:00', '11:30:00'],
    ['at distances', { schedule: '@every 20m' }, {}, '11:30:00', '11:20:30', '11:40:30'],
  ] as const)
    test(title, () => {
      const { startMs, requeueAfterMs } = decide(cron(spec, status), at(now))
      assert.equal(isoOf(startMs), start)
      const dueMs = requeueAfterMs === undefined ? undefined : at(now) + requeueAfterMs
      assert.equal(dueMs && isoOf(dueMs - 100), next)
    })

  test('many missed times are told, and only the last one is made up for', () => {
    const decision = decide(cron({ schedule: '* * * * *' }), at('12:00:00'))
    assert.equal(isoOf(decision.startMs), '12:00:00')
    assert.deepEqual(told(decision), [
      'Warning TooManyMissedTimes: too many missed start times. ' +
        'Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    ])
    const patient = cron({ schedule: '* * * * *', startingDeadlineSeconds: 200 })
    assert.deepEqual(told(decide(patient, at('12:00:00'))), [])
  })

  for (const [title, spec, expected] of [
    [
      'a schedule that cannot be read',
      { schedule: '61 * * * *' },
      'Warning UnparseableSchedule: unparseable schedule: "61 * * * *" : ' +
        'end of range (61) above maximum (59): 61',
    ],
    [
      'a day that never is',
      { schedule: '0 0 31 2 *' },
      'Warning InvalidSchedule: invalid schedule: 0 0 31 2 * : ' +
        'time difference between two schedules is less than 1 second',
    ],
    [
      'a zone that is not known',
      { timeZone: 'Mars/Olympus' },
      'Warning UnknownTimeZone: invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
    ],
  ] as const)
    test(`${title} is told`, () => {
      const decision = decide(cron(spec), at('11:00:00'))
      assert.deepEqual(told(decision), [expected])
      assert.deepEqual([decision.startMs, decision.requeueAfterMs], [undefined, undefined])
    })

  test('a time whose window is over is not made up for', () => {
    const { startMs } = decide(cron({ startingDeadlineSeconds: 0 }), at('11:00:00') + 500)
    assert.equal(startMs, undefined)
  })

  test('with another schedule what it would have missed is let go', () => {
    const changed = cron({ schedule: '30 10 * * *' })
    const waitMs = nextDueAfterChangeMs(changed, at('11:00:00'))
    assert.equal(waitMs, 23.5 * 3_600_000 + 100)
  })
})

describe('cron job: beside jobs that run', () => {
  const running = { active: [reference('c-1')] }
  test('Allow starts another one, Forbid says why not, Replace makes place', () => {
    const of = (concurrencyPolicy: string) =>
      decide(cron({ concurrencyPolicy }, running), at('11:00:00'), [job('c-1')])
    assert.deepEqual([isoOf(of('Allow').startMs), of('Allow').replace], ['11:00:00', []])
    assert.equal(of('Forbid').startMs, undefined)
    assert.deepEqual(told(of('Forbid')), [
      'Normal JobAlreadyActive: Not starting job because prior execution is running and ' +
        'concurrency policy is Forbid',
    ])
    assert.deepEqual(of('Replace').replace, [reference('c-1')])
  })

  test('the job of a time is made once, whatever its status has lost', () => {
    const name = `c-${at('11:00:00') / 60_000}`
    const known = cron({}, { active: [reference(name)] })
    assert.equal(decide(known, at('11:10:00'), [job(name)]).startMs, undefined)
    const made = jobOf(cron({ timeZone: 'Europe/Berlin' }), at('11:00:00'))
    assert.equal(made.metadata.name, name)
    assert.deepEqual(made.metadata.labels, { a: 'b' })
    assert.deepEqual(made.metadata.annotations, {
      n: 'x',
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T12:00:00+01:00',
    })
  })

  test('ended ones are no more active, their success is remembered, lost ones are missed', () => {
    const active = ['c-1', 'c-2', 'c-3'].map(reference)
    const decision = decide(
      cron({}, { active }),
      at('10:40:00'),
      [job('c-1', 'Complete'), job('c-2'), job('c-9')],
      ['c-3'],
    )
    assert.deepEqual(decision.status, {
      active: [reference('c-2')],
      lastSuccessfulTime: time('10:30:00'),
    })
    assert.deepEqual(told(decision), [
      'Normal SawCompletedJob: Saw completed job: c-1, condition: Complete',
      'Warning UnexpectedJob: Saw a job that the controller did not create or forgot: c-9',
      'Normal MissingJob: Active job went missing: c-3',
    ])
  })

  test('of ended ones the youngest stay, as many as its history keeps', () => {
    const jobs = [
      job('a', 'Complete', time('10:03:00')),
      job('b', 'Complete', time('10:01:00')),
      job('c', 'Complete', time('10:02:00')),
      job('d', 'Failed', time('10:01:00')),
      job('e', 'Failed', time('10:02:00')),
      job('f'),
    ]
    const names = (spec: Partial<CronJobSpec>) =>
      decide(cron(spec), at('10:40:00'), jobs).forget.map(({ metadata }) => metadata.name)
    assert.deepEqual(names({}), ['d'])
    assert.deepEqual(names({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 2 }), [
      'b',
      'c',
    ])
    assert.deepEqual(names({ successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 }), [
      ...['b', 'c', 'a'],
      ...['d', 'e'],
    ])
  })

  test('one that is being deleted starts nothing', () => {
    const going = cron()
    going.metadata.deletionTimestamp = time('10:59:00')
    assert.equal(decide(going, at('11:00:00')).startMs, undefined)
  })
})

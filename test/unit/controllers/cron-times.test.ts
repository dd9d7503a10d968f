import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { lastTimeMs, nextTimeMs } from '../../../src/controllers/cron-job/schedule-times.ts'
import { timeZone } from '../../../src/controllers/cron-job/time-zone.ts'
import { parseSchedule } from '../../../src/kinds/batch/cron-schedule.ts'

const scheduleOf = (text: string) => {
  const parsed = parseSchedule(text)
  assert.ok('schedule' in parsed, text)
  return parsed.schedule
}
const zoneOf = (name: string) => {
  const zone = timeZone(name)
  assert.ok(zone, name)
  return zone
}

/** Each was told by robfig/cron v3.0.1, which Kubernetes uses. */
const told: readonly (readonly [string, string, string, string, readonly string[]])[] = [
  [
    'an hour that clocks skip is skipped',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00Z',
    ['2026-03-30T00:30Z', '2026-03-31T00:30Z'],
  ],
  [
    'an hour that clocks repeat is repeated',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00Z',
    ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-26T01:30Z'],
  ],
  [
    'hours pass one after the other through both',
    '0 * * * *',
    'Europe/Berlin',
    '2026-10-24T23:30Z',
    ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
  ],
  [
    'a day without a midnight has none',
    '0 0 * * *',
    'Africa/Cairo',
    '2026-04-23T12:00Z',
    ['2026-04-24T21:00Z', '2026-04-25T21:00Z'],
  ],
  [
    'clocks that go back by half an hour',
    '30 1 * * *',
    'Australia/Lord_Howe',
    '2026-04-03T12:00Z',
    ['2026-04-03T14:30Z', '2026-04-04T14:30Z', '2026-04-04T15:00Z', '2026-04-05T15:00Z'],
  ],
  ['leap days', '0 12 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29T12:00Z']],
  [
    'of two restricted fields of days one is enough',
    '0 0 13 * 5',
    'UTC',
    '2026-01-01T00:00Z',
    ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z'],
  ],
  [
    'a star with a step restricts',
    '0 0 */10 * 5',
    'UTC',
    '2026-01-01T00:00Z',
    ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-11T00:00Z'],
  ],
  [
    'names and ranges',
    '*/15 9-10 * * mon-fri',
    'America/New_York',
    '2026-01-02T15:31Z',
    ['2026-01-02T15:45Z', '2026-01-05T14:00Z'],
  ],
  ['distances', '@every 90m', 'UTC', '2026-01-01T00:00Z', ['2026-01-01T01:30Z']],
  ['macros', '@weekly', 'UTC', '2026-01-01T00:00Z', ['2026-01-04T00:00Z']],
]

describe('times of a schedule', () => {
  for (const [title, text, zone, after, expected] of told)
    test(`${title}: ${text} in ${zone}`, () => {
      let atMs = Date.parse(after)
      const times = expected.map(() => {
        atMs = nextTimeMs(scheduleOf(text), zoneOf(zone), atMs) ?? Number.NaN
        return new Date(atMs).toISOString().replace(':00.000Z', 'Z')
      })
      assert.deepEqual(times, expected)
    })

  test('a day that no month has is never', () => {
    assert.equal(nextTimeMs(scheduleOf('0 0 31 2 *'), zoneOf(''), 0), undefined)
  })

  test('moments are written in their zone', () => {
    const atMs = Date.parse('2026-07-01T10:00Z')
    assert.equal(zoneOf('').format(atMs), '2026-07-01T10:00:00Z')
    assert.equal(zoneOf('Asia/Kolkata').format(atMs), '2026-07-01T15:30:00+05:30')
    assert.equal(zoneOf('America/St_Johns').format(atMs), '2026-07-01T07:30:00-02:30')
    assert.equal(timeZone('Mars/Olympus'), undefined)
    assert.equal(timeZone('Local'), undefined)
  })

  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max: 20 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)].join('-')),
    )
  const text = fc
    .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
    .map((fields) => fields.join(' '))
  const zones = fc.constantFrom('', 'Europe/Berlin', 'Africa/Cairo', 'Australia/Lord_Howe')
  const moment = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) })

  test('any schedule: its next time is the next minute that fits, and the last one seen from there', () => {
    fc.assert(
      fc.property(text, zones, moment, (given, name, afterMs) => {
        const schedule = scheduleOf(given)
        const zone = zoneOf(name)
        assert.ok('minutes' in schedule)
        const nextMs = nextTimeMs(schedule, zone, afterMs)
        assert.ok(nextMs !== undefined && nextMs > afterMs && nextMs % 60_000 === 0)
        const { month, day, weekday, hour, minute } = zone.wall(nextMs)
        assert.ok(schedule.months.has(month) && schedule.hours.has(hour))
        assert.ok(schedule.minutes.has(minute))
        assert.ok(schedule.days.has(day) || schedule.weekdays.has(weekday))
        assert.equal(lastTimeMs(schedule, zone, nextMs, afterMs), nextMs)
        assert.equal(lastTimeMs(schedule, zone, nextMs - 60_000, afterMs), undefined)
        assert.equal(nextTimeMs(schedule, zone, nextMs - 1), nextMs)
      }),
      { numRuns: 60 },
    )
  })
})

import type { FieldSchedule, Schedule } from '../../kinds/batch/cron-schedule.ts'
import type { TimeZone, WallTime } from './time-zone.ts'

const minuteMs = 60_000
/** A schedule that names no day within so many years names none, such as the 31st of February. */
const yearsLookedAt = 5

/** The first time of a schedule after a moment; undefined when there is none. */
export function nextTimeMs(
  schedule: Schedule,
  zone: TimeZone,
  afterMs: number,
): number | undefined {
  if ('everyMs' in schedule) return Math.floor(afterMs / 1_000) * 1_000 + schedule.everyMs
  let atMs = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs
  const lastYear = zone.wall(atMs).year + yearsLookedAt
  for (;;) {
    const wall = zone.wall(atMs)
    if (wall.year > lastYear) return undefined
    const { year, month, day, hour, minute } = wall
    if (!schedule.months.has(month)) atMs = zone.dayStartMs(year, month + 1, 1)
    else if (!dayFits(schedule, wall)) atMs = zone.dayStartMs(year, month, day + 1)
    // Hours and minutes pass as they do: one that clocks skip is skipped, one that they repeat too.
    else if (!schedule.hours.has(hour)) atMs += (60 - minute) * minuteMs
    else if (!schedule.minutes.has(minute)) atMs += minuteMs
    else return atMs
  }
}

/** The last time of a schedule up to a moment, but after another one; undefined when there is none. */
export function lastTimeMs(
  schedule: FieldSchedule,
  zone: TimeZone,
  untilMs: number,
  afterMs: number,
): number | undefined {
  let atMs = Math.floor(untilMs / minuteMs) * minuteMs
  while (atMs > afterMs) {
    const wall = zone.wall(atMs)
    const { year, month, day, hour, minute } = wall
    if (!schedule.months.has(month)) atMs = zone.dayStartMs(year, month, 1) - minuteMs
    else if (!dayFits(schedule, wall)) atMs = zone.dayStartMs(year, month, day) - minuteMs
    else if (!schedule.hours.has(hour)) atMs -= (minute + 1) * minuteMs
    else if (!schedule.minutes.has(minute)) atMs -= minuteMs
    else return atMs
  }
  return undefined
}

function dayFits({ days, weekdays, bothDays }: FieldSchedule, { day, weekday }: WallTime): boolean {
  return bothDays ? days.has(day) && weekdays.has(weekday) : days.has(day) || weekdays.has(weekday)
}

import { CelRuntimeError } from '../errors.ts'
import { method, type Overload } from '../functions.ts'
import { durationType, intType, stringType, timestampType } from '../types.ts'
import type { Duration, Timestamp } from '../values.ts'

/** Parts of times, in UTC or a zone, and of durations (cel-spec "Timezones"). */

const millisecondNanos = 1_000_000n
const dayMs = 86_400_000

function floorDivide(nanos: bigint, by: bigint): bigint {
  const quotient = nanos / by
  return nanos % by < 0n ? quotient - 1n : quotient
}

/** A time whose UTC parts are those that clocks of the zone show. */
function localTime({ nanos }: Timestamp, zone: string): Date {
  const ms = Number(floorDivide(nanos, millisecondNanos))
  const offset = /^([+-])?(\d{2}):(\d{2})$/.exec(zone)
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3])
    return new Date(ms + (offset[1] === '-' ? -minutes : minutes) * 60_000)
  }
  if (zone === 'UTC') return new Date(ms)
  return new Date(ms + zoneOffsetMs(ms, zone))
}

function zoneOffsetMs(ms: number, zone: string): number {
  const format = zoneFormat(zone)
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return shown - Math.floor(ms / 1_000) * 1_000
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new CelRuntimeError(`unknown time zone ${timeZone}`)
  }
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs)
}

const dateParts: readonly (readonly [string, (date: Date) => number])[] = [
  ['getFullYear', (date) => date.getUTCFullYear()],
  ['getMonth', (date) => date.getUTCMonth()],
  ['getDayOfYear', dayOfYear],
  ['getDayOfMonth', (date) => date.getUTCDate() - 1],
  ['getDate', (date) => date.getUTCDate()],
  ['getDayOfWeek', (date) => date.getUTCDay()],
  ['getHours', (date) => date.getUTCHours()],
  ['getMinutes', (date) => date.getUTCMinutes()],
  ['getSeconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', (date) => date.getUTCMilliseconds()],
]

const durationParts: readonly (readonly [string, bigint])[] = [
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
]

export const timeFunctions: readonly Overload[] = [
  ...dateParts.flatMap(([name, part]) => [
    method<[Timestamp]>(timestampType, name, [], intType, (time) =>
      BigInt(part(localTime(time, 'UTC'))),
    ),
    method<[Timestamp, string]>(timestampType, name, [stringType], intType, (time, zone) =>
      BigInt(part(localTime(time, zone))),
    ),
  ]),
  ...durationParts.map(([name, nanos]) =>
    method<[Duration]>(durationType, name, [], intType, (duration) => duration.nanos / nanos),
  ),
  method<[Duration]>(
    durationType,
    'getMilliseconds',
    [],
    intType,
    (duration) => (duration.nanos / millisecondNanos) % 1_000n,
  ),
]

/** What a clock on the wall shows, as if it were UTC: the fields that a schedule is written in. */
export interface WallTime {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  /** 0 is Sunday. */
  readonly weekday: number
}

export interface TimeZone {
  wall(atMs: number): WallTime
  /** The first moment of a day. A day outside of its month is one of another month. */
  dayStartMs(year: number, month: number, day: number): number
  /** RFC 3339 in whole seconds: `2026-11-23T18:00:00+01:00`. */
  format(atMs: number): string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** There are about 600; names are taken in any case of letters. */
const zonesKeptMax = 1_000

const zones = new Map<string, TimeZone>()

/** The zone of this name of the IANA's list; undefined for none, and the empty name is UTC. */
export function timeZone(name: string): TimeZone | undefined {
  const known = zones.get(name)
  if (known) return known
  const offset = offsetOf(name)
  if (!offset) return undefined
  if (zones.size >= zonesKeptMax) zones.clear()
  const zone = zoneOf(offset)
  zones.set(name, zone)
  return zone
}

/** Milliseconds by which a zone's clocks are ahead of UTC. */
type Offset = (atMs: number) => number

function offsetOf(name: string): Offset | undefined {
  if (name === '' || name === 'UTC' || name === 'Etc/UTC') return () => 0
  if (name.toLowerCase() === 'local') return undefined
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: name, hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
  } catch {
    return undefined
  }
  return (atMs) => {
    const wholeMs = Math.floor(atMs / 1_000) * 1_000
    const parts = new Map(format.formatToParts(wholeMs).map(({ type, value }) => [type, value]))
    const field = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type))
    const date = [field('year'), field('month') - 1, field('day')] as const
    return Date.UTC(...date, field('hour'), field('minute'), field('second')) - wholeMs
  }
}

function zoneOf(offset: Offset): TimeZone {
  return {
    wall(atMs) {
      const shown = new Date(atMs + offset(atMs))
      return {
        year: shown.getUTCFullYear(),
        month: shown.getUTCMonth() + 1,
        day: shown.getUTCDate(),
        hour: shown.getUTCHours(),
        minute: shown.getUTCMinutes(),
        weekday: shown.getUTCDay(),
      }
    },
    dayStartMs(year, month, day) {
      const wantedMs = Date.UTC(year, month - 1, day)
      // Of the moments that show midnight the first; where none does, the first one after the gap.
      const candidates = [wantedMs - dayMs, wantedMs + dayMs].map((near) => wantedMs - offset(near))
      const shows = candidates.filter((atMs) => atMs + offset(atMs) === wantedMs)
      if (shows.length > 0) return Math.min(...shows)
      return firstAfterGap(Math.min(...candidates) - minuteMs, wantedMs, offset)
    },
    format(atMs) {
      const aheadMs = offset(atMs)
      const text = new Date(atMs + aheadMs).toISOString().slice(0, 19)
      if (aheadMs === 0) return `${text}Z`
      const minutes = Math.round(Math.abs(aheadMs) / minuteMs)
      const two = (value: number) => String(value).padStart(2, '0')
      const sign = aheadMs < 0 ? '-' : '+'
      return `${text}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
    },
  }
}

/** The first minute from `fromMs` on at which clocks show `wantedMs` or later. */
function firstAfterGap(fromMs: number, wantedMs: number, offset: Offset): number {
  let atMs = fromMs
  for (const stepMs of [hourMs, minuteMs])
    while (atMs + stepMs + offset(atMs + stepMs) < wantedMs) atMs += stepMs
  return atMs + minuteMs
}

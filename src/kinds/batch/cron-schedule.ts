/** The times of a cron job: five fields or a macro, as robfig/cron's standard parser reads them. */
export type Schedule = FieldSchedule | EverySchedule

export interface EverySchedule {
  readonly everyMs: number
}

/** The values that each field allows. */
export interface FieldSchedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** One of the two fields of days is `*`: a day must fit both, else one of them is enough. */
  readonly bothDays: boolean
}

export type ParsedSchedule = { readonly schedule: Schedule } | { readonly problem: string }

interface CronField {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const monthNames = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
]
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const cronFields: readonly CronField[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: monthNames },
  { min: 0, max: 6, names: dayNames },
]

const macros: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
])

/** What is wrong with a text, undefined when nothing is. */
export function scheduleProblem(text: string): string | undefined {
  const parsed = parseSchedule(text)
  return 'problem' in parsed ? parsed.problem : undefined
}

export function parseSchedule(text: string): ParsedSchedule {
  if (text.startsWith('@')) return parseMacro(text)
  const texts = text.trim().split(/\s+/)
  if (texts.length !== cronFields.length) {
    const found = `found ${texts.length}: [${texts.join(' ')}]`
    return { problem: `expected exactly ${cronFields.length} fields, ${found}` }
  }
  const values: FieldValues[] = []
  for (const [index, field] of cronFields.entries()) {
    const parsed = parseField(texts[index] ?? '', field)
    if (typeof parsed === 'string') return { problem: parsed }
    values.push(parsed)
  }
  const [minutes, hours, days, months, weekdays] = values
  const none: ReadonlySet<number> = new Set()
  return {
    schedule: {
      minutes: minutes?.allowed ?? none,
      hours: hours?.allowed ?? none,
      days: days?.allowed ?? none,
      months: months?.allowed ?? none,
      weekdays: weekdays?.allowed ?? none,
      bothDays: (days?.isAny ?? false) || (weekdays?.isAny ?? false),
    },
  }
}

function parseMacro(text: string): ParsedSchedule {
  const fields = macros.get(text)
  if (fields !== undefined) return parseSchedule(fields)
  const every = /^@every (.*)$/.exec(text)
  if (!every) return { problem: `unrecognized descriptor: ${text}` }
  const ms = durationMs(every[1] ?? '')
  if (ms !== undefined)
    return { schedule: { everyMs: Math.max(1_000, Math.floor(ms / 1_000) * 1_000) } }
  const why = `time: invalid duration ${JSON.stringify(every[1])}`
  return { problem: `failed to parse duration ${text}: ${why}` }
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
  ['us', 1e-3],
  ['ns', 1e-6],
])

function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms|us|ns))+$/.test(text)) return undefined
  let sum = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g))
    sum += Number(count) * (unitMs.get(unit ?? '') ?? 0)
  return sum
}

interface FieldValues {
  readonly allowed: ReadonlySet<number>
  readonly isAny: boolean
}

/** What a field allows, or what is wrong with it. */
function parseField(text: string, field: CronField): FieldValues | string {
  const allowed = new Set<number>()
  let isAny = false
  for (const part of text.split(',').filter((one) => one !== '')) {
    const range = parseRange(part, field)
    if (typeof range === 'string') return range
    for (let value = range.start; value <= range.end; value += range.step) allowed.add(value)
    isAny ||= range.isAny
  }
  return { allowed, isAny }
}

interface Range {
  readonly start: number
  readonly end: number
  readonly step: number
  readonly isAny: boolean
}

/** `*`, `n`, `n-m`, each with an optional `/step`. */
function parseRange(text: string, field: CronField): Range | string {
  const [range = '', stepText, ...more] = text.split('/')
  if (more.length > 0) return `too many slashes: ${text}`
  const [low = '', high, ...rest] = range.split('-')
  const isStar = low === '*' || low === '?'
  if (rest.length > 0 && !isStar) return `too many hyphens: ${text}`
  if (stepText !== undefined && !/^\d+$/.test(stepText)) return unparsable(stepText)
  const step = Number(stepText ?? 1)
  if (step === 0) return `step of range should be a positive number: ${text}`
  if (isStar) return { start: field.min, end: field.max, step, isAny: step === 1 }
  const start = numberOf(low, field)
  if (start === undefined) return unparsable(low)
  const last = stepText === undefined ? start : field.max
  const end = high === undefined ? last : numberOf(high, field)
  if (end === undefined) return unparsable(high ?? '')
  if (start < field.min)
    return `beginning of range (${start}) below minimum (${field.min}): ${text}`
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`
  return { start, end, step, isAny: false }
}

function numberOf(text: string, field: CronField): number | undefined {
  const named = field.names.indexOf(text.toLowerCase())
  if (named >= 0) return named + field.min
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function unparsable(text: string): string {
  return (
    `failed to parse int from ${text}: strconv.Atoi: ` +
    `parsing ${JSON.stringify(text)}: invalid syntax`
  )
}

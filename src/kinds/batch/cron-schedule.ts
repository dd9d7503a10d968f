/**
 * The times of a cron job: five fields or a macro, as robfig/cron's standard parser reads them.
 * `scheduleProblem` says what is wrong with a text, undefined when nothing is.
 */

interface CronField {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const cronFields: readonly CronField[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
]

const macros: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
])

export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.startsWith('@')) return macroProblem(schedule)
  const texts = schedule.trim().split(/\s+/)
  if (texts.length !== cronFields.length)
    return `expected exactly ${cronFields.length} fields, found ${texts.length}: [${texts.join(' ')}]`
  for (const [index, field] of cronFields.entries()) {
    const problem = fieldProblem(texts[index] ?? '', field)
    if (problem !== undefined) return problem
  }
  return undefined
}

function macroProblem(schedule: string): string | undefined {
  if (macros.has(schedule)) return undefined
  const every = /^@every (.*)$/.exec(schedule)
  if (!every) return `unrecognized descriptor: ${schedule}`
  if (/^(\d+(\.\d+)?(h|m|s|ms|us|ns))+$/.test(every[1] ?? '')) return undefined
  return `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(every[1])}`
}

function fieldProblem(text: string, field: CronField): string | undefined {
  for (const part of text.split(',')) {
    const problem = rangeProblem(part, field)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** `*`, `n`, `n-m`, each with an optional `/step`. */
function rangeProblem(text: string, field: CronField): string | undefined {
  const [range = '', step, ...more] = text.split('/')
  if (more.length > 0) return `too many slashes: ${text}`
  const [low = '', high, ...rest] = range.split('-')
  if (rest.length > 0) return `too many hyphens: ${text}`
  if (step !== undefined && !/^\d+$/.test(step)) return unparsable(step)
  if (step !== undefined && Number(step) === 0)
    return `step of range should be a positive number: ${text}`
  if (low === '*' || low === '?') return undefined
  const start = numberOf(low, field)
  if (start === undefined) return unparsable(low)
  const end = high === undefined ? (step === undefined ? start : field.max) : numberOf(high, field)
  if (end === undefined) return unparsable(high ?? '')
  if (start < field.min)
    return `beginning of range (${start}) below minimum (${field.min}): ${text}`
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`
  return undefined
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

import type { LedgerVerdict } from './ledger.ts'

/** The figures of one leader's death. Durations from the SIGKILL on. */
export interface RoundFigures {
  readonly electionMs: number
  readonly firstWriteMs: number
  readonly watchGapMs: number
  readonly controllerResumeMs: number
}

/** The object that the demo ends with; field names stay. Durations are the worst of all rounds. */
export interface FailoverSummary extends RoundFigures, LedgerVerdict {
  readonly rounds: number
  readonly runtime: string
  /** From the worker's death until all its pods' replacements were ready elsewhere. */
  readonly podsRescheduledMs: number
  /** Failed HTTP requests through the Service, all phases. */
  readonly serviceErrors: number
  /** Of these, while only masters died: there must be none. */
  readonly serviceErrorsOfLeaderDeath: number
  readonly serviceRequests: number
  readonly broken: readonly string[]
}

/** What the demo promises. A bound is not a benchmark: it fails when something is wrong. */
export const bounds = {
  electionMs: 2_000,
  firstWriteMs: 3_000,
  watchGapMs: 4_000,
  controllerResumeMs: 5_000,
  podsRescheduledMs: 60_000,
  serviceErrorsOfLeaderDeath: 0,
} as const

export interface SummaryInput {
  readonly runtime: string
  readonly rounds: readonly RoundFigures[]
  readonly podsRescheduledMs: number
  readonly serviceErrors: number
  readonly serviceErrorsOfLeaderDeath: number
  readonly serviceRequests: number
  readonly verdict: LedgerVerdict
}

export function summarize(input: SummaryInput): FailoverSummary {
  const worst = (field: keyof RoundFigures) =>
    Math.round(Math.max(...input.rounds.map((round) => round[field])))
  const figures = {
    electionMs: worst('electionMs'),
    firstWriteMs: worst('firstWriteMs'),
    watchGapMs: worst('watchGapMs'),
    duplicateOrLostWatchEvents: input.verdict.duplicateOrLostWatchEvents,
    controllerResumeMs: worst('controllerResumeMs'),
    podsRescheduledMs: Math.round(input.podsRescheduledMs),
    serviceErrors: input.serviceErrors,
    writesAcknowledged: input.verdict.writesAcknowledged,
    writesPresent: input.verdict.writesPresent,
    writesLost: input.verdict.writesLost,
    rounds: input.rounds.length,
    runtime: input.runtime,
    serviceErrorsOfLeaderDeath: input.serviceErrorsOfLeaderDeath,
    serviceRequests: input.serviceRequests,
  }
  return { ...figures, broken: brokenPromises(figures) }
}

/** NaN, which stands for "never happened", breaks every bound. */
function brokenPromises(figures: Omit<FailoverSummary, 'broken'>): string[] {
  const broken = Object.entries(bounds).flatMap(([name, bound]) => {
    const value = figures[name as keyof typeof bounds]
    return value <= bound ? [] : [`${name} is ${value}, more than ${bound}`]
  })
  if (figures.writesLost > 0) broken.push(`${figures.writesLost} acknowledged writes are lost`)
  if (figures.duplicateOrLostWatchEvents > 0)
    broken.push(`${figures.duplicateOrLostWatchEvents} watch events were lost or came twice`)
  if (figures.writesAcknowledged === 0) broken.push('no write was acknowledged')
  if (figures.serviceRequests === 0) broken.push('no request went through the Service')
  return broken
}

/** The table that people read. */
export function summaryRows(summary: FailoverSummary): [string, string][] {
  const ms = (value: number) => (Number.isNaN(value) ? 'never' : `${value} ms`)
  return [
    ['leaders killed', `${summary.rounds}`],
    ['new leader after', ms(summary.electionMs)],
    ['first write after', ms(summary.firstWriteMs)],
    ['longest gap of the watch', ms(summary.watchGapMs)],
    ['controllers resumed after', ms(summary.controllerResumeMs)],
    ['pods of the dead worker replaced after', ms(summary.podsRescheduledMs)],
    ['watch events lost or twice', `${summary.duplicateOrLostWatchEvents}`],
    [
      'failed requests through the Service',
      `${summary.serviceErrors} of ${summary.serviceRequests} ` +
        `(${summary.serviceErrorsOfLeaderDeath} while leaders died)`,
    ],
    ['writes acknowledged', `${summary.writesAcknowledged}`],
    ['writes present', `${summary.writesPresent}`],
    ['writes lost', `${summary.writesLost}`],
  ]
}

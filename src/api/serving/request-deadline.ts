import { InvariantError } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import { CelRuntimeError } from '../../kinds/cel/errors.ts'
import { parseDuration } from '../../kinds/cel/library/time-text.ts'
import { badRequest } from '../errors.ts'

/** How much later than asked for a request may be refused. */
const timerStepMs = 100

/**
 * The time that a request has which is no watch, log or stream (apiserver
 * pkg/server/filters/request_deadline.go, pkg/endpoints/handlers/finisher). What is not answered by then
 * is refused; a write that has not reached the log by then never will.
 */
export class RequestDeadline {
  readonly #clock: Clock
  readonly #endMs: number

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#endMs = clock.monotonicMs() + timeoutMs
  }

  /** 0 and less once it is over. */
  get leftMs(): number {
    return this.#endMs - this.#clock.monotonicMs()
  }

  /** Throws Timeout once it is over: before work begins that nobody waits for. */
  check(): void {
    if (this.leftMs <= 0) throw requestTimedOut()
  }

  /**
   * What `work` comes to, or Timeout when that takes too long. Then nobody waits for it any more;
   * a bug that it shows later still ends the process.
   */
  answerOf<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false
      // Timers that are due after the same time share a list: it costs next to nothing to set and cancel one.
      const dueMs = Math.ceil(Math.max(0, this.leftMs) / timerStepMs) * timerStepMs
      const timer = this.#clock.after(dueMs, () => {
        isOver = true
        reject(requestTimedOut())
      })
      work().then(
        (answer) => {
          timer.cancel()
          resolve(answer)
        },
        (error: unknown) => {
          timer.cancel()
          if (isOver && error instanceof InvariantError) throw error
          reject(error)
        },
      )
    })
  }
}

export function requestTimedOut(): StatusError {
  const why = 'request did not complete within requested timeout - context deadline exceeded'
  return statusError('Timeout', `Timeout: ${why}`, {})
}

/**
 * How long a request may take: what its `timeout` asks for, in Go's form (`30s`), up to
 * `limits.requestMsMax`; 0 asks for nothing. Throws BadRequest.
 */
export function requestTimeoutMs(query: URLSearchParams): number {
  const text = query.get('timeout') ?? ''
  if (text === '') return limits.requestMsMax
  const askedMs = durationMs(text)
  return askedMs > 0 ? Math.min(askedMs, limits.requestMsMax) : limits.requestMsMax
}

function durationMs(text: string): number {
  try {
    return Number(parseDuration(text).nanos) / 1e6
  } catch (error) {
    if (!(error instanceof CelRuntimeError)) throw error
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`)
  }
}

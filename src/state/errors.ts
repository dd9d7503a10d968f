import type { LogIndex, Revision, Term } from '../base/brand.ts'
import { type StatusError, statusError } from '../base/status.ts'

/** The store's expected failures, in Kubernetes' words where it has words for them. */

/** A read of a revision that history no longer holds (apiserver pkg/storage/etcd3/errors.go). */
export function expiredRead(): StatusError {
  return statusError('Expired', 'The resourceVersion for the provided list is too old.')
}

/** A watch from before the history, or one that fell out of it (apiserver pkg/storage/cacher). */
export function expiredWatch(after: Revision, oldest: Revision): StatusError {
  return statusError('Expired', `too old resource version: ${after} (${oldest})`)
}

/** A revision that this replica has not reached (apiserver pkg/storage/errors.go). */
export function tooLargeRevision(revision: Revision, current: Revision): StatusError {
  return statusError('Timeout', `Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** The leader that made this write leads no more (DESIGN decision 9). */
export function staleFence(fence: Term, term: Term): StatusError {
  return statusError(
    'Conflict',
    `the write was fenced by term ${fence}, but the log is in term ${term}: ` +
      'its leadership is over and nothing was written',
  )
}

export function storeFull(bytes: number, bytesMax: number): StatusError {
  return statusError(
    'ServiceUnavailable',
    `the cluster store is full (${bytes} of ${bytesMax} bytes): delete objects that are not needed`,
  )
}

export function invalidTxn(problem: string): StatusError {
  return statusError('BadRequest', `the store refused the transaction: ${problem}`)
}

export function tooManyUnfinished(unfinishedMax: number): StatusError {
  return statusError(
    'TooManyRequests',
    `this member has ${unfinishedMax} unfinished writes: try again in a second`,
    { retryAfterSeconds: 1 },
  )
}

/** A duplicate whose first copy was applied inside a snapshot: written, but its answer is lost. */
export function answerLost(index: LogIndex): StatusError {
  return statusError(
    'Timeout',
    `the write was applied before log index ${index}, but its answer was lost when this member ` +
      'caught up by snapshot: read the object before trying again',
  )
}

export function compactionRefused(revision: Revision, problem: string): StatusError {
  return statusError('BadRequest', `cannot compact to revision ${revision}: ${problem}`)
}

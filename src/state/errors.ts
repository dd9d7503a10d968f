import type { LogIndex, Revision, Term } from '../base/brand.ts'
import {
  type StatusDetails,
  StatusError,
  type StatusReason,
  statusCodes,
  statusError,
} from '../base/status.ts'
import type { LeaseId } from './leases.ts'

/** Which rule of the store was broken; an etcd listener has a code and a text for each. */
export type Refusal =
  | 'compacted'
  | 'future revision'
  | 'stale fence'
  | 'no space'
  | 'invalid'
  | 'empty key'
  | 'duplicate key'
  | 'too many operations'
  | 'value provided'
  | 'lease provided'
  | 'key not found'
  | 'lease not found'
  | 'lease exists'
  | 'lease ttl too large'
  | 'too many leases'
  | 'too many requests'
  /** The write may have been applied, or may yet be. */
  | 'outcome unknown'

/** An expected failure of the store, in Kubernetes' words where it has words for it. */
export class StoreError extends StatusError {
  readonly refusal: Refusal
  /** The first revision that a watch can get, where a watch was refused. */
  readonly resumeRevision: Revision | undefined

  constructor(
    refusal: Refusal,
    reason: StatusReason,
    message: string,
    details?: StatusDetails,
    resumeRevision?: Revision,
  ) {
    super({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details } : {}),
      code: statusCodes[reason],
    })
    this.refusal = refusal
    this.resumeRevision = resumeRevision
  }
}

/** A read of a revision that history no longer holds (apiserver pkg/storage/etcd3/errors.go). */
export function expiredRead(): StoreError {
  const message = 'The resourceVersion for the provided list is too old.'
  return new StoreError('compacted', 'Expired', message)
}

/** A watch from before the history, or one that fell out of it (apiserver pkg/storage/cacher). */
export function expiredWatch(after: Revision, oldest: Revision): StoreError {
  const message = `too old resource version: ${after} (${oldest})`
  const resumeRevision = (oldest + 1) as Revision
  return new StoreError('compacted', 'Expired', message, undefined, resumeRevision)
}

/** A revision that this replica has not reached (apiserver pkg/storage/errors.go). */
export function tooLargeRevision(revision: Revision, current: Revision): StoreError {
  const message = `Timeout: Too large resource version: ${revision}, current: ${current}`
  return new StoreError('future revision', 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** The leader that made this write leads no more (DESIGN decision 9). */
export function staleFence(fence: Term, term: Term): StoreError {
  return new StoreError(
    'stale fence',
    'Conflict',
    `the write was fenced by term ${fence}, but the log is in term ${term}: ` +
      'its leadership is over and nothing was written',
  )
}

export function storeFull(bytes: number, bytesMax: number): StoreError {
  return new StoreError(
    'no space',
    'ServiceUnavailable',
    `the cluster store is full (${bytes} of ${bytesMax} bytes): delete objects that are not needed`,
  )
}

export function invalidTxn(problem: string): StoreError {
  return refusedTxn('invalid', problem)
}

export function emptyKey(): StoreError {
  return refusedTxn('empty key', 'a key is empty')
}

export function duplicateKey(key: string): StoreError {
  return refusedTxn('duplicate key', `duplicate key given in txn request: ${key}`)
}

export function tooManyOperations(operations: number, operationsMax: number): StoreError {
  const problem = `it has ${operations} operations; at most ${operationsMax} may be`
  return refusedTxn('too many operations', problem)
}

export function valueProvided(key: string): StoreError {
  return refusedTxn('value provided', `the put of ${key} both has a value and keeps the old one`)
}

export function leaseProvided(key: string): StoreError {
  return refusedTxn('lease provided', `the put of ${key} both has a lease and keeps the old one`)
}

export function keyNotFound(key: string): StoreError {
  return refusedTxn('key not found', `the put of ${key} keeps what is not there`)
}

function refusedTxn(refusal: Refusal, problem: string): StoreError {
  return new StoreError(refusal, 'BadRequest', `the store refused the transaction: ${problem}`)
}

export function leaseNotFound(id: LeaseId): StoreError {
  return new StoreError('lease not found', 'NotFound', `there is no lease ${id}`)
}

export function leaseExists(id: LeaseId): StoreError {
  return new StoreError('lease exists', 'AlreadyExists', `lease ${id} exists already`)
}

export function leaseTtlTooLarge(ttlSeconds: number, ttlSecondsMax: number): StoreError {
  const message = `a lease cannot last ${ttlSeconds} s, only up to ${ttlSecondsMax} s`
  return new StoreError('lease ttl too large', 'BadRequest', message)
}

export function tooManyLeases(leasesMax: number): StoreError {
  const message = `the store holds ${leasesMax} leases: revoke some, or let them run out`
  return new StoreError('too many leases', 'TooManyRequests', message)
}

export function tooManyUnfinished(unfinishedMax: number): StoreError {
  return new StoreError(
    'too many requests',
    'TooManyRequests',
    `this member has ${unfinishedMax} unfinished writes: try again in a second`,
    { retryAfterSeconds: 1 },
  )
}

/** A duplicate whose first copy was applied inside a snapshot: written, but its answer is lost. */
export function answerLost(index: LogIndex): StoreError {
  return new StoreError(
    'outcome unknown',
    'Timeout',
    `the write was applied before log index ${index}, but its answer was lost when this member ` +
      'caught up by snapshot: read the object before trying again',
  )
}

/** A transaction was applied, but one of its ranges reads a past that this member does not hold. */
export function pastLost(revision: Revision): StoreError {
  return new StoreError(
    'outcome unknown',
    'Timeout',
    `the transaction was applied, but this member no longer holds revision ${revision}, which it ` +
      'reads: read again what it wrote',
  )
}

export function outcomeUnknown(why: string): StoreError {
  return new StoreError(
    'outcome unknown',
    'Timeout',
    `the outcome of the write is unknown (${why}): read the object before trying again`,
  )
}

/** The caller's time was over before the write began. */
export function nothingSent(): StatusError {
  const message = 'Timeout: the time of the request is over: nothing was written'
  return statusError('Timeout', message, {})
}

export function compactionRefused(
  refusal: 'compacted' | 'future revision',
  revision: Revision,
  problem: string,
): StoreError {
  const message = `cannot compact to revision ${revision}: ${problem}`
  return new StoreError(refusal, 'BadRequest', message)
}

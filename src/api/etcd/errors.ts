import { status as codes } from '@grpc/grpc-js'
import { StatusError } from '../../base/status.ts'
import { type Refusal, StoreError } from '../../state/errors.ts'

/**
 * A refusal on the wire. Clients of etcd compare both, code and text
 * (etcd api/v3rpc/rpctypes/error.go), so both are as etcd has them.
 */
export class EtcdError extends Error {
  override readonly name = 'EtcdError'
  readonly code: codes
  readonly details: string

  constructor(code: codes, details: string) {
    super(details)
    this.code = code
    this.details = details
  }
}

const refusal = (code: codes, text: string) => () => new EtcdError(code, `etcdserver: ${text}`)

export const refusals = {
  emptyKey: refusal(codes.INVALID_ARGUMENT, 'key is not provided'),
  keyNotFound: refusal(codes.INVALID_ARGUMENT, 'key not found'),
  valueProvided: refusal(codes.INVALID_ARGUMENT, 'value is provided'),
  leaseProvided: refusal(codes.INVALID_ARGUMENT, 'lease is provided'),
  tooManyOperations: refusal(codes.INVALID_ARGUMENT, 'too many operations in txn request'),
  duplicateKey: refusal(codes.INVALID_ARGUMENT, 'duplicate key given in txn request'),
  invalidSortOption: refusal(codes.INVALID_ARGUMENT, 'invalid sort option'),
  requestTooLarge: refusal(codes.INVALID_ARGUMENT, 'request is too large'),
  compacted: refusal(codes.OUT_OF_RANGE, 'mvcc: required revision has been compacted'),
  futureRevision: refusal(codes.OUT_OF_RANGE, 'mvcc: required revision is a future revision'),
  noSpace: refusal(codes.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded'),
  tooManyRequests: refusal(codes.RESOURCE_EXHAUSTED, 'too many requests'),
  leaseNotFound: refusal(codes.NOT_FOUND, 'requested lease not found'),
  leaseExists: refusal(codes.FAILED_PRECONDITION, 'lease already exists'),
  leaseTtlTooLarge: refusal(codes.OUT_OF_RANGE, 'too large lease TTL'),
  memberExists: refusal(codes.FAILED_PRECONDITION, 'Peer URLs already exists'),
  memberNotFound: refusal(codes.NOT_FOUND, 'member not found'),
  memberNotLearner: refusal(codes.FAILED_PRECONDITION, 'can only promote a learner member'),
  memberBadUrls: refusal(codes.INVALID_ARGUMENT, 'given member URLs are invalid'),
  learnerNotReady: refusal(
    codes.FAILED_PRECONDITION,
    'can only promote a learner member which is in sync with leader',
  ),
  notLeader: refusal(codes.FAILED_PRECONDITION, 'not leader'),
  badTransferee: refusal(codes.FAILED_PRECONDITION, 'bad leader transferee'),
  authNotEnabled: refusal(codes.FAILED_PRECONDITION, 'authentication is not enabled'),
  permissionDenied: refusal(codes.PERMISSION_DENIED, 'permission denied'),
  noLeader: refusal(codes.UNAVAILABLE, 'no leader'),
  leaderChanged: refusal(codes.UNAVAILABLE, 'leader changed'),
  stopped: refusal(codes.UNAVAILABLE, 'server stopped'),
  timeout: refusal(codes.UNAVAILABLE, 'request timed out'),
  corrupt: refusal(codes.DATA_LOSS, 'corrupt cluster'),
}

/** For what etcd has and kijabi does not: says so, and what to do instead. */
export function unimplemented(sentence: string): EtcdError {
  return new EtcdError(codes.UNIMPLEMENTED, `kijabi: ${sentence}`)
}

export function failedPrecondition(sentence: string): EtcdError {
  return new EtcdError(codes.FAILED_PRECONDITION, `kijabi: ${sentence}`)
}

export function invalidArgument(sentence: string): EtcdError {
  return new EtcdError(codes.INVALID_ARGUMENT, `kijabi: ${sentence}`)
}

const ofRefusal: Readonly<Partial<Record<Refusal, () => EtcdError>>> = {
  compacted: refusals.compacted,
  'future revision': refusals.futureRevision,
  'no space': refusals.noSpace,
  'empty key': refusals.emptyKey,
  'duplicate key': refusals.duplicateKey,
  'too many operations': refusals.tooManyOperations,
  'value provided': refusals.valueProvided,
  'lease provided': refusals.leaseProvided,
  'key not found': refusals.keyNotFound,
  'lease not found': refusals.leaseNotFound,
  'lease exists': refusals.leaseExists,
  'lease ttl too large': refusals.leaseTtlTooLarge,
  'too many leases': refusals.tooManyRequests,
  'too many requests': refusals.tooManyRequests,
  'outcome unknown': refusals.timeout,
}

/**
 * A failure of the store in etcd's words. A write whose outcome is open stays visibly open:
 * Unavailable, with the texts that clients know. Undefined for what is no expected failure.
 */
export function etcdErrorOf(error: unknown): EtcdError | undefined {
  if (error instanceof EtcdError) return error
  if (!(error instanceof StatusError)) return undefined
  const known = error instanceof StoreError ? ofRefusal[error.refusal] : undefined
  if (known) return known()
  switch (error.reason) {
    case 'TooManyRequests':
      return refusals.tooManyRequests()
    case 'Conflict':
      return failedPrecondition(error.message)
    case 'RequestEntityTooLarge':
      return refusals.requestTooLarge()
    case 'Timeout':
      return refusals.timeout()
    case 'ServiceUnavailable':
      return /no leader|no quorum/.test(error.message) ? refusals.noLeader() : refusals.timeout()
    default:
      return new EtcdError(codes.INVALID_ARGUMENT, `kijabi: ${error.message}`)
  }
}

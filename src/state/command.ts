import { Packr } from 'msgpackr'
import { assert, unreachable } from '../base/assert.ts'
import type { LogIndex, MemberId, Revision, Term } from '../base/brand.ts'
import type { Compare, Operation, PutOperation, RangeOperation, Txn } from './cluster-store.ts'
import type { HashVote } from './hash-votes.ts'
import type { LeaseId } from './leases.ts'

/**
 * What a log entry carries: one or more commands of one session, packed together because they were
 * made in the same turn. Each command is applied by itself and answered by itself.
 *
 * The session is the proposing member's incarnation. A proposer may put the same command into the log
 * several times (its leader died; was it taken?): (session, sequence) is applied once.
 */
export interface CommandBatch {
  /** A random positive integer below 2^47. */
  readonly session: number
  /** Every sequence below is finished at the proposer: no copy of it needs an answer. */
  readonly floor: number
  readonly commands: readonly Command[]
}

export interface Command {
  /** From 1 on, each used once per session. */
  readonly sequence: number
  /** The term that the writer believes to lead; 0 for writes that need no leadership. */
  readonly fence: Term
  readonly body: CommandBody
}

export type CommandBody =
  | { readonly kind: 'txn'; readonly txn: Txn }
  /** Forget history before `revision`; that revision stays readable. */
  | { readonly kind: 'compact'; readonly revision: Revision }
  /** `id` 0 has the state machine choose one. */
  | { readonly kind: 'lease grant'; readonly id: LeaseId; readonly ttlSeconds: number }
  | { readonly kind: 'lease keep alive'; readonly id: LeaseId }
  /** Deletes the keys of the lease with it. */
  | { readonly kind: 'lease revoke'; readonly id: LeaseId }
  /** The leader holds that its time is over: a revocation, unless it was renewed since. */
  | { readonly kind: 'lease expire'; readonly id: LeaseId; readonly renewals: number }
  /** A member tells what its state was: see hash-votes.ts. Changes nothing. */
  | { readonly kind: 'state hash'; readonly vote: HashVote }

/**
 * The first field of every entry. A reader refuses what it does not know. Format 2 added leases, and
 * fields at the end of puts and ranges; entries of format 1 read the same.
 */
const formatVersion = 2
const formatVersionMin = 1
const kindTxn = 1
const kindCompact = 2
const kindLeaseGrant = 3
const kindLeaseKeepAlive = 4
const kindLeaseRevoke = 5
const kindLeaseExpire = 6
const kindStateHash = 7
const operationPut = 1
const operationDelete = 2
const operationRange = 3
const operationTxn = 4
const targets = ['version', 'create', 'mod', 'value', 'lease'] as const
const results = ['=', '!=', '<', '>'] as const
const sortTargets = ['key', 'version', 'create', 'mod', 'value'] as const
const sortOrders = ['none', 'ascend', 'descend'] as const
const flagIgnoreValue = 1
const flagIgnoreLease = 2
const flagKeysOnly = 1
const flagCountOnly = 2
// `useRecords: false`: an entry must decode alone, so no structure may live outside it.
const packr = new Packr({ useRecords: false })

/**
 * The bytes of a log entry: msgpack arrays by position, values as raw bytes. The layout is pinned by
 * test/golden/state/commands.txt.
 */
export function encodeCommands(batch: CommandBatch): Uint8Array {
  return packr.pack([
    formatVersion,
    batch.session,
    batch.floor,
    batch.commands.map(({ sequence, fence, body }) => [sequence, fence, ...packBody(body)]),
  ])
}

/** The inverse. Values are views into `bytes`. Throws InvariantError on what encode never made. */
export function decodeCommands(bytes: Uint8Array): CommandBatch {
  const [version, session, floor, commands] = list(packr.unpack(bytes))
  const known = number(version)
  assert(
    known >= formatVersionMin && known <= formatVersion,
    `log entries have format ${formatVersionMin} to ${formatVersion}, not ${known}`,
  )
  return {
    session: number(session),
    floor: number(floor),
    commands: list(commands).map((packed) => {
      const [sequence, fence, kind, payload] = list(packed)
      return {
        sequence: number(sequence),
        fence: number(fence) as Term,
        body: unpackBody(kind, payload),
      }
    }),
  }
}

function packBody(body: CommandBody): [number, unknown] {
  switch (body.kind) {
    case 'txn':
      return [kindTxn, packTxn(body.txn)]
    case 'compact':
      return [kindCompact, body.revision]
    case 'lease grant':
      return [kindLeaseGrant, [body.id, body.ttlSeconds]]
    case 'lease keep alive':
      return [kindLeaseKeepAlive, body.id]
    case 'lease revoke':
      return [kindLeaseRevoke, body.id]
    case 'lease expire':
      return [kindLeaseExpire, [body.id, body.renewals]]
    case 'state hash': {
      const { member, index, version, hash, asks } = body.vote
      return [kindStateHash, [member, index, version, hash, asks]]
    }
    default:
      return unreachable(body, 'command')
  }
}

function unpackBody(kind: unknown, payload: unknown): CommandBody {
  switch (kind) {
    case kindTxn:
      return { kind: 'txn', txn: unpackTxn(payload) }
    case kindCompact:
      return { kind: 'compact', revision: number(payload) as Revision }
    case kindLeaseGrant: {
      const [id, ttlSeconds] = list(payload)
      return { kind: 'lease grant', id: leaseId(id), ttlSeconds: number(ttlSeconds) }
    }
    case kindLeaseKeepAlive:
      return { kind: 'lease keep alive', id: leaseId(payload) }
    case kindLeaseRevoke:
      return { kind: 'lease revoke', id: leaseId(payload) }
    case kindLeaseExpire: {
      const [id, renewals] = list(payload)
      return { kind: 'lease expire', id: leaseId(id), renewals: number(renewals) }
    }
    default:
      assert(kind === kindStateHash, `a command has a known kind, not ${kind}`)
      return { kind: 'state hash', vote: unpackVote(payload) }
  }
}

function unpackVote(payload: unknown): HashVote {
  const [member, index, version, hash, asks] = list(payload)
  return {
    member: number(member) as MemberId,
    index: number(index) as LogIndex,
    version: number(version),
    hash: text(hash),
    asks: asks === true,
  }
}

function packTxn(txn: Txn): unknown[] {
  return [
    txn.compares.map(packCompare),
    txn.success.map(packOperation),
    txn.failure.map(packOperation),
  ]
}

function unpackTxn(packed: unknown): Txn {
  const [compares, success, failure] = list(packed)
  return {
    compares: list(compares).map(unpackCompare),
    success: list(success).map(unpackOperation),
    failure: list(failure).map(unpackOperation),
  }
}

function packCompare(compare: Compare): unknown[] {
  const { value } = compare
  return [
    compare.key,
    compare.rangeEnd ?? null,
    targets.indexOf(compare.target),
    results.indexOf(compare.result),
    value instanceof Uint8Array ? raw(value) : value,
  ]
}

function unpackCompare(packed: unknown): Compare {
  const [key, rangeEnd, target, result, value] = list(packed)
  return {
    key: text(key),
    ...optionalEnd(rangeEnd),
    target: known(targets, target),
    result: known(results, result),
    value: value instanceof Uint8Array ? value : leaseId(value),
  }
}

function packOperation(operation: Operation): unknown[] {
  switch (operation.op) {
    case 'put': {
      const { key, value, revisionOffset, lease = 0, previous = false } = operation
      const flags =
        (operation.ignoreValue ? flagIgnoreValue : 0) |
        (operation.ignoreLease ? flagIgnoreLease : 0)
      const packed = [operationPut, key, raw(value), revisionOffset, lease, previous]
      return flags === 0 ? packed : [...packed, flags]
    }
    case 'delete': {
      const { key, rangeEnd = null, previous = false } = operation
      return [operationDelete, key, rangeEnd, previous]
    }
    case 'range':
      return packRange(operation)
    case 'txn':
      return [operationTxn, packTxn(operation.txn)]
    default:
      return unreachable(operation, 'operation')
  }
}

function unpackOperation(packed: unknown): Operation {
  const fields = list(packed)
  switch (fields[0]) {
    case operationPut:
      return unpackPut(fields)
    case operationDelete:
      return {
        op: 'delete',
        key: text(fields[1]),
        ...optionalEnd(fields[2]),
        previous: fields[3] === true,
      }
    case operationRange:
      return unpackRange(fields)
    default:
      assert(fields[0] === operationTxn, `an operation has a known kind, not ${fields[0]}`)
      return { op: 'txn', txn: unpackTxn(fields[1]) }
  }
}

function unpackPut(fields: readonly unknown[]): PutOperation {
  const [, key, value, revisionOffset, lease, previous, flags = 0] = fields
  return {
    op: 'put',
    key: text(key),
    value: bytesOf(value),
    revisionOffset: number(revisionOffset),
    lease: leaseId(lease),
    previous: previous === true,
    ...(number(flags) & flagIgnoreValue ? { ignoreValue: true } : {}),
    ...(number(flags) & flagIgnoreLease ? { ignoreLease: true } : {}),
  }
}

/** What few ranges ask for comes last, and only when one does. */
function packRange(range: RangeOperation): unknown[] {
  const packed = [operationRange, range.key, range.rangeEnd ?? null, range.limit ?? 0]
  const flags = (range.keysOnly ? flagKeysOnly : 0) | (range.countOnly ? flagCountOnly : 0)
  const rest = [
    range.revision ?? 0,
    flags,
    sortTargets.indexOf(range.sortTarget ?? 'key'),
    sortOrders.indexOf(range.sortOrder ?? 'none'),
    range.minModRevision ?? 0,
    range.maxModRevision ?? 0,
    range.minCreateRevision ?? 0,
    range.maxCreateRevision ?? 0,
  ]
  return rest.every((field) => field === 0) ? packed : [...packed, rest]
}

function unpackRange([, key, rangeEnd, limit, rest]: readonly unknown[]): RangeOperation {
  const plain: RangeOperation = {
    op: 'range',
    key: text(key),
    ...optionalEnd(rangeEnd),
    limit: number(limit),
  }
  if (rest === undefined) return plain
  const [revision, flags, target, order, ...bounds] = list(rest).map(number)
  const [minMod, maxMod, minCreate, maxCreate] = bounds as Revision[]
  return {
    ...plain,
    ...(revision ? { revision: revision as Revision } : {}),
    ...((flags ?? 0) & flagKeysOnly ? { keysOnly: true } : {}),
    ...((flags ?? 0) & flagCountOnly ? { countOnly: true } : {}),
    sortTarget: known(sortTargets, target),
    sortOrder: known(sortOrders, order),
    ...(minMod ? { minModRevision: minMod } : {}),
    ...(maxMod ? { maxModRevision: maxMod } : {}),
    ...(minCreate ? { minCreateRevision: minCreate } : {}),
    ...(maxCreate ? { maxCreateRevision: maxCreate } : {}),
  }
}

/** msgpackr writes a Buffer as raw bytes; this makes one over the same memory. */
function raw(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function optionalEnd(packed: unknown): { rangeEnd?: string } {
  return packed === null ? {} : { rangeEnd: text(packed) }
}

function list(packed: unknown): unknown[] {
  assert(Array.isArray(packed), 'a packed command is made of lists')
  return packed
}

function number(packed: unknown): number {
  assert(Number.isSafeInteger(packed), 'a packed number is a whole number')
  return packed as number
}

/** Beyond 2^53 msgpack has it as an integer of 64 bits, which is read as a big one. */
function leaseId(packed: unknown): LeaseId {
  return typeof packed === 'bigint' ? packed : number(packed)
}

function text(packed: unknown): string {
  assert(typeof packed === 'string', 'a packed key is text')
  return packed
}

function bytesOf(packed: unknown): Uint8Array {
  assert(packed instanceof Uint8Array, 'a packed value is bytes')
  return packed
}

function known<Name>(names: readonly Name[], packed: unknown): Name {
  const name = names[number(packed)]
  assert(name !== undefined, 'a packed name is a known one')
  return name
}

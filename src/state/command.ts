import { Packr } from 'msgpackr'
import { assert, unreachable } from '../base/assert.ts'
import type { Revision, Term } from '../base/brand.ts'
import type { Compare, Operation, Txn } from './cluster-store.ts'

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

/** The first field of every entry. A reader refuses what it does not know. */
const formatVersion = 1
const kindTxn = 1
const kindCompact = 2
const operationPut = 1
const operationDelete = 2
const operationRange = 3
const operationTxn = 4
const targets = ['version', 'create', 'mod', 'value', 'lease'] as const
const results = ['=', '!=', '<', '>'] as const
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
  assert(version === formatVersion, `log entries have format ${formatVersion}, not ${version}`)
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
    default:
      return unreachable(body, 'command')
  }
}

function unpackBody(kind: unknown, payload: unknown): CommandBody {
  if (kind === kindTxn) return { kind: 'txn', txn: unpackTxn(payload) }
  assert(kind === kindCompact, `a command has a known kind, not ${kind}`)
  return { kind: 'compact', revision: number(payload) as Revision }
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
    typeof value === 'number' ? value : raw(value),
  ]
}

function unpackCompare(packed: unknown): Compare {
  const [key, rangeEnd, target, result, value] = list(packed)
  return {
    key: text(key),
    ...optionalEnd(rangeEnd),
    target: known(targets, target),
    result: known(results, result),
    value: typeof value === 'number' ? value : bytesOf(value),
  }
}

function packOperation(operation: Operation): unknown[] {
  switch (operation.op) {
    case 'put': {
      const { key, value, revisionOffset, lease = 0, previous = false } = operation
      return [operationPut, key, raw(value), revisionOffset, lease, previous]
    }
    case 'delete': {
      const { key, rangeEnd = null, previous = false } = operation
      return [operationDelete, key, rangeEnd, previous]
    }
    case 'range':
      return [operationRange, operation.key, operation.rangeEnd ?? null, operation.limit ?? 0]
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
      return {
        op: 'put',
        key: text(fields[1]),
        value: bytesOf(fields[2]),
        revisionOffset: number(fields[3]),
        lease: number(fields[4]),
        previous: fields[5] === true,
      }
    case operationDelete:
      return {
        op: 'delete',
        key: text(fields[1]),
        ...optionalEnd(fields[2]),
        previous: fields[3] === true,
      }
    case operationRange:
      return {
        op: 'range',
        key: text(fields[1]),
        ...optionalEnd(fields[2]),
        limit: number(fields[3]),
      }
    default:
      assert(fields[0] === operationTxn, `an operation has a known kind, not ${fields[0]}`)
      return { op: 'txn', txn: unpackTxn(fields[1]) }
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

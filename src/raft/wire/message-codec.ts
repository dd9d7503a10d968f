import { Packr } from 'msgpackr'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type {
  ConfState,
  Entry,
  EntryType,
  Message,
  MessageType,
  SnapshotMetadata,
} from '../core/message.ts'
import { WireError } from './frame.ts'
import { ownProtocols, type Protocol } from './protocol.ts'

/**
 * A message is {head length (4 bytes), head, data of the entries one after the other}. The head is
 * msgpack; the data are the bytes that the log holds: never decoded or copied on their way out.
 */
const packr = new Packr({ useRecords: false })

const entryTypes: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2']

/** Storage messages never leave a member. */
const wireTypes: readonly MessageType[] = [
  'MsgProp',
  'MsgApp',
  'MsgAppResp',
  'MsgVote',
  'MsgVoteResp',
  'MsgSnap',
  'MsgHeartbeat',
  'MsgHeartbeatResp',
  'MsgTransferLeader',
  'MsgTimeoutNow',
  'MsgReadIndex',
  'MsgReadIndexResp',
  'MsgPreVote',
  'MsgPreVoteResp',
  'MsgForgetLeader',
]

type PackedConfState = [number[], number[], number[], number[], boolean]
type PackedSnapshot = [number, number, PackedConfState]
/** In protocol 1, term, index, type and length of each entry, one after the other. */
type PackedEntries = number[]
/** Since protocol 2: term, index of the first and type of a run, then the length of each of its entries. */
type PackedRuns = number[][]
type PackedHead = [
  type: number,
  to: number,
  from: number,
  term: number,
  logTerm: number,
  index: number,
  commit: number,
  vote: number,
  reject: boolean,
  rejectHint: number,
  context: Uint8Array | null,
  snapshot: PackedSnapshot | null,
  entries: PackedEntries | PackedRuns,
  /** Since protocol 3, and only where it says something. */
  commitTerm?: number,
]
const headFieldsMin = 13

/** The parts of a message's payload. Entry data are passed on, not copied. */
export function encodeMessage(message: Message, protocol: Protocol): Uint8Array[] {
  const { entries } = message
  const type = wireTypes.indexOf(message.type)
  if (type < 0) throw new WireError(`${message.type} does not travel`)
  const head: PackedHead = [
    type,
    message.to,
    message.from,
    message.term,
    message.logTerm,
    message.index,
    message.commit,
    message.vote,
    message.reject,
    message.rejectHint,
    message.context ?? null,
    message.snapshot ? packSnapshot(message.snapshot.metadata) : null,
    protocol === 1 ? packEntries(entries) : packRuns(entries),
  ]
  if (protocol >= 3 && message.commitTerm > 0) head.push(message.commitTerm)
  const packed = packr.pack(head)
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(packed.length, 0)
  return [length, packed, ...entries.map(({ data }) => data)]
}

/**
 * Entry data are copied into one block of their own, so that they keep nothing else alive. `newest` is the
 * newest protocol that this member speaks.
 */
export function decodeMessage(payload: Buffer, newest: Protocol = ownProtocols.newest): Message {
  const headBytes = payload.length >= 4 ? payload.readUInt32BE(0) : payload.length
  if (4 + headBytes > payload.length) throw new WireError('a message is cut short')
  const head = unpackHead(payload.subarray(4, 4 + headBytes), newest)
  const type = wireTypes[head[0]]
  if (!type) throw new WireError(`unknown message type ${head[0]}`)
  return {
    type,
    to: head[1] as MemberId,
    from: head[2] as MemberId,
    term: head[3] as Term,
    logTerm: head[4] as Term,
    index: head[5] as LogIndex,
    commit: head[6] as LogIndex,
    commitTerm: (head[13] ?? 0) as Term,
    vote: head[7] as MemberId,
    reject: head[8],
    rejectHint: head[9] as LogIndex,
    context: head[10] ? new Uint8Array(head[10]) : undefined,
    snapshot: head[11]
      ? { metadata: unpackSnapshot(head[11]), data: new Uint8Array(0) }
      : undefined,
    entries: unpackEntries(head[12], payload.subarray(4 + headBytes), newest),
    responses: [],
  }
}

function unpackHead(bytes: Uint8Array, newest: Protocol): PackedHead {
  const headFieldsMax = newest < 3 ? headFieldsMin : headFieldsMin + 1
  try {
    const head: unknown = packr.unpack(bytes)
    const isHead =
      Array.isArray(head) &&
      head.length >= headFieldsMin &&
      head.length <= headFieldsMax &&
      Array.isArray(head[12])
    if (isHead) return head as unknown as PackedHead
  } catch (error) {
    throw new WireError('the head of a message cannot be read', { cause: error })
  }
  throw new WireError('the head of a message has another shape')
}

function packEntries(entries: readonly Entry[]): PackedEntries {
  const packed: PackedEntries = []
  for (const { term, index, type, data } of entries)
    packed.push(term, index, entryTypes.indexOf(type), data.length)
  return packed
}

function packRuns(entries: readonly Entry[]): PackedRuns {
  const runs: PackedRuns = []
  let run: number[] = []
  let before: Entry | undefined
  for (const entry of entries) {
    const { term, index, type, data } = entry
    if (before?.term !== term || before.type !== type || before.index + 1 !== index) {
      run = [term, index, entryTypes.indexOf(type)]
      runs.push(run)
    }
    run.push(data.length)
    before = entry
  }
  return runs
}

function unpackEntries(
  packed: PackedEntries | PackedRuns,
  data: Uint8Array,
  newest: Protocol,
): Entry[] {
  const own = Buffer.allocUnsafeSlow(data.length)
  own.set(data)
  const entries: Entry[] = []
  let at = 0
  const take = (term: number, index: number, code: number, length: number) => {
    const type = entryTypes[code]
    const fits = length >= 0 && at + length <= own.length
    if (!type || !fits) throw new WireError('an entry is cut short')
    const bytes = own.subarray(at, at + length)
    entries.push({ term: term as Term, index: index as LogIndex, type, data: bytes })
    at += length
  }
  if (isRuns(packed)) {
    if (newest < 2) throw new WireError('entries come in runs, which are not spoken here')
    for (const [term = 0, first = 0, code = -1, ...lengths] of packed)
      for (const [offset, length] of lengths.entries()) take(term, first + offset, code, length)
  } else {
    for (let next = 0; next + 3 < packed.length; next += 4) {
      const [term = 0, index = 0, code = -1, length = 0] = packed.slice(next, next + 4)
      take(term, index, code, length)
    }
  }
  if (at !== own.length) throw new WireError('a message has bytes left over')
  return entries
}

function isRuns(packed: PackedEntries | PackedRuns): packed is PackedRuns {
  return packed.length > 0 && packed.every((run) => Array.isArray(run))
}

function packSnapshot({ index, term, confState }: SnapshotMetadata): PackedSnapshot {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState
  return [
    index,
    term,
    [[...voters], [...votersOutgoing], [...learners], [...learnersNext], autoLeave],
  ]
}

function unpackSnapshot([index, term, packed]: PackedSnapshot): SnapshotMetadata {
  const [voters, votersOutgoing, learners, learnersNext, autoLeave] = packed
  const confState = { voters, votersOutgoing, learners, learnersNext, autoLeave } as ConfState
  return { index: index as LogIndex, term: term as Term, confState }
}

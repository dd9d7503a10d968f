import { Packr } from 'msgpackr'
import { assert, present } from '../../base/assert.ts'
import type { LogIndex, Revision, Term } from '../../base/brand.ts'
import type { PackedSession } from '../dedupe.ts'
import { mixBytes } from '../hash.ts'
import type { Past, RestoredPast } from '../history.ts'
import type { OrderedRecords } from '../key-index.ts'
import type { PackedLease } from '../leases.ts'
import { Store } from '../store.ts'
import { BlockWriter, FrameReader } from './blocks.ts'
import {
  eventFrame,
  type PackedRecord,
  packableEvent,
  packableRecord,
  recordFrame,
  unpackRecord,
} from './packed-record.ts'
import { mixEvent, type PackedEvent, PastDecoder } from './past.ts'

/** The whole replicated state at one log index, and of its past as much as this member tells of. */
export interface FrozenState extends ReplicatedState {
  readonly records: OrderedRecords
  readonly past: Past
}

interface ReplicatedState extends StateHeader {
  readonly sessions: readonly PackedSession[]
  readonly leases: readonly PackedLease[]
}

interface StateHeader {
  readonly index: LogIndex
  readonly term: Term
  readonly revision: Revision
  readonly compacted: Revision
  /** The lanes of the rolling hash. */
  readonly hash: readonly [number, number]
  readonly contentHash: number
}

/** A decoded snapshot: what `Machine.replace` takes. */
export interface DecodedState {
  readonly state: RestoredState
  readonly store: Store
}

export interface RestoredState extends ReplicatedState {
  readonly past: RestoredPast
}

/**
 * Format 2 added leases. Format 3 leaves records out of the hash in the trailer: the content hash in the
 * header, which is checked once they are loaded, covers them, and costs nothing to write.
 */
const formatVersion = 3
const formatVersionMin = 1
const frameHeader = 'kijabi-state'
const frameSession = 1
const frameEnd = 3
const frameLease = 4
/** The past has a version of its own: an earlier build reads no further than the state. */
const pastVersion = 1
const framePast = 6
const framePastEnd = 7
const packr = new Packr({ useRecords: false })

/**
 * The state as blocks of at most `limits.snapshotBlockBytes`. Inside is one stream of frames (length,
 * msgpack): a header, the sessions, the leases, every record in key order, a trailer with the number
 * of frames and the hash of those that are no records. After it comes the past, if any, behind an empty
 * block: who ends a snapshot there has the whole state. A block is made when it is asked for, in about
 * a millisecond: the caller decides how much of a turn a snapshot may take.
 */
export async function* encodeSnapshot(state: FrozenState): AsyncGenerator<Uint8Array, void, void> {
  const blocks = new BlockWriter()
  for (const frame of frames(state)) blocks.add(frame)
  yield* blocks.take()
  for (const record of state.records.values()) {
    blocks.addPacked(packableRecord(record))
    if (blocks.isFull) yield* blocks.take()
  }
  blocks.add(packr.pack([frameEnd, blocks.frames, blocks.hash]))
  blocks.end()
  yield* blocks.take()
  if (state.past.events.length === 0) return
  yield new Uint8Array(0)
  yield* pastBlocks(state.past, blocks)
}

async function* pastBlocks(
  { since, events }: Past,
  blocks: BlockWriter,
): AsyncGenerator<Uint8Array, void, void> {
  let hash = 0
  blocks.add(packr.pack([framePast, pastVersion, since]))
  for (let at = events.length - 1; at >= 0; at -= 1) {
    const event = present(events[at], 'an event of the past')
    blocks.addPacked(packableEvent(event))
    hash = mixEvent(hash, event)
    if (blocks.isFull) yield* blocks.take()
  }
  blocks.add(packr.pack([framePastEnd, events.length, hash]))
  blocks.end()
  yield* blocks.take()
}

/**
 * Rebuilds what encodeSnapshot took apart, block by block, whatever the sizes of the blocks are.
 * Throws InvariantError when the stream is not whole and unchanged.
 */
export async function decodeSnapshot(blocks: AsyncIterable<Uint8Array>): Promise<DecodedState> {
  const reader = new FrameReader()
  const decoder = new StateDecoder()
  for await (const block of blocks) {
    for (const frame of reader.add(block)) decoder.add(frame)
  }
  assert(reader.empty, 'a snapshot does not end within a frame')
  return decoder.finish()
}

/** All but the records and the trailer. */
function* frames(state: FrozenState): Generator<Uint8Array, void, void> {
  const { index, term, revision, compacted, hash, contentHash } = state
  const header = [index, term, revision, compacted, hash, contentHash]
  yield packr.pack([frameHeader, formatVersion, header])
  for (const session of state.sessions) yield packr.pack([frameSession, session])
  for (const lease of state.leases) yield packr.pack([frameLease, lease])
}

class StateDecoder {
  readonly #store = new Store()
  readonly #sessions: PackedSession[] = []
  readonly #leases: PackedLease[] = []
  #header: StateHeader | undefined
  #frames = 0
  #hash = 0
  #at: 'state' | 'end of the state' | 'past' | 'end' = 'state'
  #hashesRecords = false
  #pastDecoder: PastDecoder | undefined
  #past: RestoredPast | undefined

  add(frame: Uint8Array): void {
    const [kind, first, second] = packr.unpack(frame) as [unknown, unknown, unknown]
    if (this.#at === 'state') this.#addOfState(frame, kind, first, second)
    else this.#addOfPast(kind, first, second)
  }

  finish(): DecodedState {
    assert(this.#at !== 'state', 'a snapshot ends with its trailer')
    assert(this.#at !== 'past', 'the past in a snapshot ends with its trailer')
    const header = present(this.#header, 'the header of a snapshot')
    const past = this.#past ?? { since: header.revision, events: [], checkpoints: [] }
    const state = { ...header, sessions: this.#sessions, leases: this.#leases, past }
    return { state, store: this.#store }
  }

  #addOfState(frame: Uint8Array, kind: unknown, first: unknown, second: unknown): void {
    switch (kind) {
      case frameHeader:
        this.#readHeader(first, second)
        break
      case frameSession:
        this.#sessions.push(first as PackedSession)
        break
      case frameLease:
        this.#leases.push(first as PackedLease)
        break
      case recordFrame:
        this.#store.load(unpackRecord(first as PackedRecord))
        break
      default:
        assert(kind === frameEnd, `a snapshot has no frame of kind ${kind}`)
        assert(first === this.#frames && second === this.#hash, 'a snapshot is whole and unchanged')
        this.#endState()
    }
    this.#frames += 1
    if (kind !== recordFrame || this.#hashesRecords) this.#hash = mixBytes(this.#hash, frame)
  }

  #endState(): void {
    assert(this.#header, 'a snapshot begins with its header')
    const isWhole = this.#store.contentHash === this.#header.contentHash
    assert(isWhole, 'the records of a snapshot are whole and unchanged')
    this.#at = 'end of the state'
  }

  #addOfPast(kind: unknown, first: unknown, second: unknown): void {
    if (kind === framePast) {
      assert(this.#at === 'end of the state', 'the past in a snapshot comes once')
      assert(
        first === pastVersion,
        `the past in a snapshot has format ${pastVersion}, not ${first}`,
      )
      const { revision } = present(this.#header, 'the header of a snapshot')
      this.#pastDecoder = new PastDecoder(this.#store, revision, second as Revision)
      this.#at = 'past'
      return
    }
    assert(this.#at === 'past', 'nothing follows the trailer of a snapshot but its past')
    const decoder = present(this.#pastDecoder, 'the reader of the past')
    if (kind === eventFrame) {
      decoder.add(first as PackedEvent)
      return
    }
    assert(kind === framePastEnd, `the past in a snapshot has no frame of kind ${kind}`)
    this.#past = decoder.finish(first as number, second as number)
    this.#at = 'end'
  }

  #readHeader(version: unknown, packed: unknown): void {
    assert(this.#frames === 0, 'the header of a snapshot comes first')
    assert(
      Number(version) >= formatVersionMin && Number(version) <= formatVersion,
      `snapshots have format ${formatVersionMin} to ${formatVersion}, not ${version}`,
    )
    this.#hashesRecords = Number(version) < 3
    const [index, term, revision, compacted, hash, contentHash] = packed as PackedHeader
    this.#header = {
      index: index as LogIndex,
      term: term as Term,
      revision: revision as Revision,
      compacted: compacted as Revision,
      hash,
      contentHash,
    }
  }
}

type PackedHeader = [number, number, number, number, [number, number], number]

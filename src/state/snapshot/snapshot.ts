import { Packr } from 'msgpackr'
import { assert } from '../../base/assert.ts'
import type { LogIndex, Revision, Term } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { KeyValue } from '../cluster-store.ts'
import type { PackedSession } from '../dedupe.ts'
import { mixBytes } from '../hash.ts'
import type { OrderedRecords } from '../key-index.ts'
import type { LeaseId, PackedLease } from '../leases.ts'
import { Store } from '../store.ts'
import { packedRecordBytesMax, packRecord, recordFrame } from './packed-record.ts'

/** The whole replicated state at one log index. */
export interface FrozenState extends StateHeader {
  readonly sessions: readonly PackedSession[]
  readonly leases: readonly PackedLease[]
  readonly records: OrderedRecords
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
  readonly state: Omit<FrozenState, 'records'>
  readonly store: Store
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
const lengthBytes = 4
/** The largest value with its key, and room for what is around them; also a full session. */
const frameBytesMax = limits.objectBytesMax + limits.keyBytesMax + 64 * 1024
const packr = new Packr({ useRecords: false })

/**
 * The state as blocks of at most `limits.snapshotBlockBytes`. Inside is one stream of frames (length,
 * msgpack): a header, the sessions, the leases, every record in key order, a trailer with the number
 * of frames and the hash of those that are no records. A block is made when it is asked for, in about
 * a millisecond: the caller decides how much of a turn a snapshot may take.
 */
export async function* encodeSnapshot(state: FrozenState): AsyncGenerator<Uint8Array, void, void> {
  const blocks = new BlockWriter()
  for (const frame of frames(state)) blocks.add(frame)
  yield* blocks.take()
  for (const record of state.records.values()) {
    blocks.addRecord(record)
    if (blocks.isFull) yield* blocks.take()
  }
  blocks.add(packr.pack([frameEnd, blocks.frames, blocks.hash]))
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

/** Cuts a stream of frames into blocks of one size. */
class BlockWriter {
  #block = Buffer.allocUnsafeSlow(limits.snapshotBlockBytes)
  #used = 0
  #full: Uint8Array[] = []
  frames = 0
  hash = 0

  add(frame: Uint8Array): void {
    this.hash = mixBytes(this.hash, frame)
    this.#add(frame)
  }

  /** Not in the hash: it is in that of the content. */
  addRecord(record: KeyValue): void {
    const bytesMax = packedRecordBytesMax(record)
    const start = this.#used + lengthBytes
    if (start + bytesMax > this.#block.length) {
      // It goes on in the next block.
      const frame = Buffer.allocUnsafe(bytesMax)
      this.#add(frame.subarray(0, packRecord(frame, 0, record)))
      return
    }
    this.frames += 1
    const end = packRecord(this.#block, start, record)
    this.#block.writeUInt32LE(end - start, this.#used)
    this.#used = end
  }

  #add(frame: Uint8Array): void {
    this.frames += 1
    if (this.#block.length - this.#used < lengthBytes) {
      const length = Buffer.allocUnsafe(lengthBytes)
      length.writeUInt32LE(frame.length)
      this.#write(length)
    } else {
      this.#block.writeUInt32LE(frame.length, this.#used)
      this.#used += lengthBytes
    }
    this.#write(frame)
  }

  get isFull(): boolean {
    return this.#full.length > 0
  }

  /** The blocks that are full. They are not written again: who takes one may keep it. */
  take(): Uint8Array[] {
    const full = this.#full
    this.#full = []
    return full
  }

  end(): void {
    if (this.#used > 0) this.#full.push(this.#block.subarray(0, this.#used))
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      if (this.#used === this.#block.length) {
        this.#full.push(this.#block)
        this.#block = Buffer.allocUnsafeSlow(limits.snapshotBlockBytes)
        this.#used = 0
      }
      const left = this.#block.length - this.#used
      const part = done === 0 && bytes.length <= left ? bytes : bytes.subarray(done, done + left)
      this.#block.set(part, this.#used)
      this.#used += part.length
      done += part.length
    }
  }
}

/** Puts frames together again out of blocks. */
class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  get empty(): boolean {
    return this.#rest.length === 0
  }

  *add(block: Uint8Array): Generator<Uint8Array, void, void> {
    let bytes: Buffer = Buffer.concat([this.#rest, block])
    while (bytes.length >= lengthBytes) {
      const end = lengthBytes + bytes.readUInt32LE(0)
      assert(end - lengthBytes <= frameBytesMax, 'a snapshot has no frame that large')
      if (bytes.length < end) break
      yield bytes.subarray(lengthBytes, end)
      bytes = bytes.subarray(end)
    }
    this.#rest = bytes
  }
}

class StateDecoder {
  readonly #store = new Store()
  readonly #sessions: PackedSession[] = []
  readonly #leases: PackedLease[] = []
  #header: StateHeader | undefined
  #frames = 0
  #hash = 0
  #ended = false
  #hashesRecords = false

  add(frame: Uint8Array): void {
    assert(!this.#ended, 'nothing follows the trailer of a snapshot')
    const [kind, first, second] = packr.unpack(frame) as [unknown, unknown, unknown]
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
        this.#ended = true
    }
    this.#frames += 1
    if (kind !== recordFrame || this.#hashesRecords) this.#hash = mixBytes(this.#hash, frame)
  }

  finish(): DecodedState {
    assert(this.#ended, 'a snapshot ends with its trailer')
    assert(this.#header, 'a snapshot begins with its header')
    const isWhole = this.#store.contentHash === this.#header.contentHash
    assert(isWhole, 'the records of a snapshot are whole and unchanged')
    const state = { ...this.#header, sessions: this.#sessions, leases: this.#leases }
    return { state, store: this.#store }
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
type PackedRecord = [string, number, number, number, LeaseId, Uint8Array]

function unpackRecord(packed: PackedRecord): KeyValue {
  const [key, createRevision, modRevision, version, lease, value] = packed
  return {
    key,
    value,
    createRevision: createRevision as Revision,
    modRevision: modRevision as Revision,
    version,
    lease,
  }
}

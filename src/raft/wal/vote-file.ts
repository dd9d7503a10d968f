import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { MemberId, Term } from '../../base/brand.ts'
import type { Disk, DiskFile } from '../../base/disk.ts'
import type { HardState } from '../core/message.ts'
import { readUInt64, writeUInt64 } from './record.ts'
import { readWhole } from './unreadable.ts'

export interface Vote {
  readonly term: Term
  readonly vote: MemberId
}

const fileName = 'vote'
const magic = 0x4b4a_564f
const slotBytes = 4096
const recordBytes = 32

/**
 * The second copy of term and vote, outside the log: a member that forgets its vote could vote twice
 * in a term (Raft section 5.2). Two slots are written in turn, so that a torn write leaves the vote
 * before it, which is the one that was acknowledged.
 *
 *     0 magic   4 sequence   12 term   20 vote   28 CRC of the 28 bytes before it
 */
export class VoteFile {
  readonly #file: DiskFile
  #sequence: number
  #held: Vote | undefined
  #last: Promise<void> = Promise.resolve()

  private constructor(file: DiskFile, sequence: number, held: Vote | undefined) {
    this.#file = file
    this.#sequence = sequence
    this.#held = held
  }

  /** Opens the copy in `directory`, or begins it. What cannot be read counts as not there. */
  static async open(disk: Disk, directory: string): Promise<VoteFile> {
    const path = join(directory, fileName)
    const isNew = !(await disk.list(directory)).includes(fileName)
    const file = await disk.open(path, isNew ? 'create' : 'existing')
    if (isNew) {
      await file.write(0, [new Uint8Array(2 * slotBytes)])
      await file.sync()
      await disk.syncDirectory(directory)
    }
    const newest = await newestSlot(file)
    if (newest) {
      // As with the log: what was read may never have reached the disk.
      const { sequence, vote } = newest
      await file.write((sequence % 2) * slotBytes, [encode(sequence, vote)])
      await file.sync()
    }
    return new VoteFile(file, newest?.sequence ?? 0, newest?.vote)
  }

  /** Undefined when nothing was remembered, or nothing can be read. */
  get held(): Vote | undefined {
    return this.#held
  }

  /** Resolves once durable. Costs nothing when it is what the file holds. */
  remember({ term, vote }: Vote): Promise<void> {
    if (this.#held?.term === term && this.#held.vote === vote) return this.#last
    this.#held = { term, vote }
    this.#sequence += 1
    const sequence = this.#sequence
    this.#last = this.#last.then(async () => {
      await this.#file.write((sequence % 2) * slotBytes, [encode(sequence, { term, vote })])
      await this.#file.sync()
    })
    // Whoever asked gets the failure; so does everybody who asks later.
    this.#last.catch(() => {})
    return this.#last
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {})
    await this.#file.close()
  }
}

/** What the file in `directory` holds, without changing anything. */
export async function readVoteFile(disk: Disk, directory: string): Promise<Vote | undefined> {
  if (!(await disk.list(directory)).includes(fileName)) return undefined
  const file = await disk.open(join(directory, fileName), 'existing')
  try {
    return (await newestSlot(file))?.vote
  } finally {
    await file.close()
  }
}

/** The newer of what two copies say. In one term there is one vote, and none is less than one. */
export function newerVote(left: Vote | undefined, right: Vote | undefined): Vote | undefined {
  if (!left || !right) return left ?? right
  if (left.term !== right.term) return left.term > right.term ? left : right
  return left.vote === 0 ? right : left
}

/** `state` with the vote of a newer copy. */
export function withVote(state: HardState | undefined, copy: Vote | undefined) {
  const newest = newerVote(state, copy)
  if (!newest) return undefined
  return { term: newest.term, vote: newest.vote, commit: state?.commit ?? 0 }
}

function encode(sequence: number, { term, vote }: Vote): Buffer {
  const bytes = Buffer.alloc(recordBytes)
  bytes.writeUInt32BE(magic, 0)
  writeUInt64(bytes, sequence, 4)
  writeUInt64(bytes, term, 12)
  writeUInt64(bytes, vote, 20)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 28)), 28)
  return bytes
}

async function newestSlot(file: DiskFile) {
  const slots = [await readSlot(file, 0), await readSlot(file, 1)]
  return slots
    .filter((slot) => slot !== undefined)
    .toSorted((left, right) => right.sequence - left.sequence)[0]
}

async function readSlot(file: DiskFile, slot: number) {
  const bytes = await readWhole(file, slot * slotBytes, recordBytes)
  if (bytes.length < recordBytes || bytes.readUInt32BE(0) !== magic) return undefined
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32BE(28)) return undefined
  const vote = { term: readUInt64(bytes, 12) as Term, vote: readUInt64(bytes, 20) as MemberId }
  return { sequence: readUInt64(bytes, 4), vote }
}

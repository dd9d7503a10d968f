import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { assert } from '../../base/assert.ts'
import type { LogIndex, Term } from '../../base/brand.ts'
import { type Disk, type DiskFile, diskErrorCode } from '../../base/disk.ts'
import type { ConfState } from '../core/message.ts'
import type { MemberAddress } from '../membership/members.ts'
import { LogCorruptError } from './corrupt.ts'
import { isUnreadable, readAgain } from './unreadable.ts'

/** What a snapshot says about itself. */
export interface SnapshotHeader {
  readonly index: LogIndex
  readonly term: Term
  readonly confState: ConfState
  /** Members that joined later are known to a member that is restored only from here. */
  readonly members: readonly MemberAddress[]
}

export interface OpenSnapshot {
  readonly header: SnapshotHeader
  /** Of the whole file. */
  readonly bytes: number
  /** An empty one is before what may be left out. */
  readonly blocks: AsyncGenerator<Uint8Array, void, void>
}

/**
 * A file is `magic`, then blocks of {length, CRC, bytes}: first the header as JSON, then the state's
 * own blocks, then an empty block, then the SHA-256 of everything before it. What may be left out of the
 * state follows in the same way, with an empty block and a hash at its end: versions that know of no such
 * part stop reading before it.
 */
const magic = Buffer.from('kijabi-snapshot1')
const frameBytes = 8
const hashBytes = 32
const syncEveryBytes = 4 * 1024 * 1024
const readBytes = 1024 * 1024
const namePattern = /^([0-9a-f]{14})-([0-9a-f]{14})\.snap$/

/** The snapshots of one member: written whole or not at all, read with every block checked. */
export class SnapshotFiles {
  readonly #disk: Disk
  readonly #directory: string
  #temporary = 0

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  path(index: LogIndex, term: Term): string {
    return join(this.#directory, `${hex(index)}-${hex(term)}.snap`)
  }

  /**
   * Resolves with its size once the file is durable under its name. Leaves nothing behind when it fails.
   */
  async write(header: SnapshotHeader, blocks: AsyncIterable<Uint8Array>): Promise<number> {
    this.#temporary += 1
    const temporary = join(this.#directory, `${this.#temporary}.tmp`)
    const file = await this.#disk.open(temporary, 'create')
    try {
      const bytes = await writeAll(file, header, blocks)
      await file.close()
      await this.#disk.rename(temporary, this.path(header.index, header.term))
      await this.#disk.syncDirectory(this.#directory)
      return bytes
    } catch (error) {
      await file.close().catch(() => {})
      await this.#disk.remove(temporary).catch(() => {})
      throw error
    }
  }

  /**
   * Opens a snapshot. `blocks` ends well only when every block and the hash of the whole were right;
   * otherwise it throws LogCorruptError. It closes the file when it ends or is left.
   */
  async read(index: LogIndex, term: Term): Promise<OpenSnapshot> {
    const path = this.path(index, term)
    const file = await this.#disk.open(path, 'existing')
    try {
      const reader = new BlockReader(file, path)
      await reader.start()
      const first = await reader.next()
      if (!first) throw new LogCorruptError(path, magic.length, 'the header is missing')
      const header = JSON.parse(Buffer.from(first).toString()) as SnapshotHeader
      assert(header.index === index && header.term === term, `${path} is named after its header`)
      return { header, bytes: await file.size(), blocks: readAll(reader, file) }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Reads the whole file. Rejects with LogCorruptError when it is damaged or missing. */
  async check(index: LogIndex, term: Term): Promise<SnapshotHeader> {
    try {
      const { header, blocks } = await this.read(index, term)
      for await (const block of blocks) assert(block, 'a snapshot consists of blocks')
      return header
    } catch (error) {
      if (diskErrorCode(error) !== 'ENOENT') throw error
      throw new LogCorruptError(this.path(index, term), 0, 'the snapshot is missing')
    }
  }

  /** Every snapshot that is there, the newest last. */
  async list(): Promise<{ index: LogIndex; term: Term }[]> {
    const found = (await this.#disk.list(this.#directory)).map((name) => namePattern.exec(name))
    return found
      .filter((match) => match !== null)
      .map((match) => ({
        index: Number.parseInt(match[1] ?? '', 16) as LogIndex,
        term: Number.parseInt(match[2] ?? '', 16) as Term,
      }))
      .sort((left, right) => left.index - right.index)
  }

  /** Removes what a crash left half-written. Only before the first write. */
  async removeLeftovers(): Promise<void> {
    for (const name of await this.#disk.list(this.#directory))
      if (name.endsWith('.tmp')) await this.#disk.remove(join(this.#directory, name))
  }

  /** Removes every snapshot before the one at `index`. */
  async removeBefore(index: LogIndex): Promise<void> {
    for (const name of await this.#disk.list(this.#directory)) {
      const found = namePattern.exec(name)
      if (!found || Number.parseInt(found[1] ?? '', 16) >= index) continue
      try {
        await this.#disk.remove(join(this.#directory, name))
      } catch (error) {
        // Another removal was faster.
        if (diskErrorCode(error) !== 'ENOENT') throw error
      }
    }
  }
}

async function writeAll(
  file: DiskFile,
  header: SnapshotHeader,
  blocks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const hash = createHash('sha256')
  let position = 0
  let synced = 0
  const put = async (...chunks: Uint8Array[]) => {
    await file.write(position, chunks)
    for (const chunk of chunks) {
      hash.update(chunk)
      position += chunk.length
    }
    if (position - synced < syncEveryBytes) return
    await file.sync()
    synced = position
  }
  await put(magic)
  const endPart = async () => {
    await put(frame(new Uint8Array(0)))
    await put(hash.copy().digest())
  }
  const first = Buffer.from(JSON.stringify(header))
  await put(frame(first), first)
  for await (const block of blocks)
    if (block.length > 0) await put(frame(block), block)
    else await endPart()
  await endPart()
  await file.sync()
  return position
}

async function* readAll(
  reader: BlockReader,
  file: DiskFile,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    for (;;) {
      for (let block = await reader.next(); block; block = await reader.next()) yield block
      await reader.checkHash()
      if (await reader.isAtEnd()) return
      yield new Uint8Array(0)
    }
  } finally {
    await file.close()
  }
}

class BlockReader {
  readonly #file: DiskFile
  readonly #path: string
  readonly #hash: Hash = createHash('sha256')
  #buffered: Uint8Array = new Uint8Array(0)
  /** Of the first buffered byte. */
  #position = 0

  constructor(file: DiskFile, path: string) {
    this.#file = file
    this.#path = path
  }

  async start(): Promise<void> {
    const found = await this.#take(magic.length)
    if (!magic.equals(found)) throw this.#corrupt('this is no snapshot')
  }

  /** The next block; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const head = Buffer.from(await this.#take(frameBytes))
    const length = head.readUInt32BE(0)
    if (length === 0) return undefined
    const block = await this.#take(length)
    if (crc32(block) !== head.readUInt32BE(4))
      throw this.#corrupt('a block does not match its checksum')
    return block
  }

  /** Of everything before it. */
  async checkHash(): Promise<void> {
    const expected = this.#hash.copy().digest()
    if (!expected.equals(await this.#take(hashBytes)))
      throw this.#corrupt('the whole does not match its hash')
  }

  async isAtEnd(): Promise<boolean> {
    return this.#buffered.length === 0 && this.#position === (await this.#file.size())
  }

  async #take(length: number): Promise<Uint8Array> {
    const from = await this.#fill(length)
    const taken = from.subarray(0, length)
    this.#hash.update(taken)
    this.#buffered = from.subarray(length)
    this.#position += length
    return taken
  }

  async #fill(length: number): Promise<Uint8Array> {
    if (this.#buffered.length >= length) return this.#buffered
    const held = this.#buffered
    const wanted = Math.max(length - held.length, readBytes)
    const size = await this.#file.size()
    if (this.#position + length > size) throw this.#corrupt('the file is cut short')
    const more = await this.#read(this.#position + held.length, wanted)
    this.#buffered = held.length === 0 ? more : Buffer.concat([held, more])
    return this.#buffered
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    try {
      return await readAgain(() => this.#file.read(position, length))
    } catch (error) {
      if (!isUnreadable(error)) throw error
      throw this.#corrupt('the disk cannot read it any more')
    }
  }

  #corrupt(what: string): LogCorruptError {
    return new LogCorruptError(this.#path, this.#position, what)
  }
}

function frame(block: Uint8Array): Uint8Array {
  const head = Buffer.alloc(frameBytes)
  head.writeUInt32BE(block.length, 0)
  head.writeUInt32BE(crc32(block), 4)
  return head
}

function hex(value: number): string {
  return value.toString(16).padStart(14, '0')
}

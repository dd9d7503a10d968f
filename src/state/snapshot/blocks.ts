import { assert } from '../../base/assert.ts'
import { limits } from '../../base/limits.ts'
import { mixBytes } from '../hash.ts'
import type { Packable } from './packed-record.ts'

const lengthBytes = 4
/** The largest value with its key, and room for what is around them; also a full session. */
const frameBytesMax = limits.objectBytesMax + limits.keyBytesMax + 64 * 1024

/** Cuts a stream of frames into blocks of one size. */
export class BlockWriter {
  #block = Buffer.allocUnsafeSlow(limits.snapshotBlockBytes)
  #used = 0
  #full: Uint8Array[] = []
  frames = 0
  hash = 0

  add(frame: Uint8Array): void {
    this.hash = mixBytes(this.hash, frame)
    this.#add(frame)
  }

  /** Not in the hash: a record is in that of the content, an event in that of the past. */
  addPacked({ bytesMax, pack }: Packable): void {
    const start = this.#used + lengthBytes
    if (start + bytesMax > this.#block.length) {
      // It goes on in the next block.
      const frame = Buffer.allocUnsafe(bytesMax)
      this.#add(frame.subarray(0, pack(frame, 0)))
      return
    }
    this.frames += 1
    const end = pack(this.#block, start)
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

  /** What comes next begins a block of its own. */
  end(): void {
    if (this.#used === 0) return
    this.#full.push(this.#block.subarray(0, this.#used))
    this.#block = Buffer.allocUnsafeSlow(limits.snapshotBlockBytes)
    this.#used = 0
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
export class FrameReader {
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

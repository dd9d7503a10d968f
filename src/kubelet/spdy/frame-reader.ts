import { limits } from '../../base/limits.ts'
import {
  type Frame,
  frameHeaderBytes,
  readControlFrame,
  readFrameHeader,
  SpdyError,
} from './frames.ts'

const nothing = Buffer.alloc(0)

/** A data frame of which not all has come yet. */
interface OpenFrame {
  readonly streamId: number
  readonly fin: boolean
  left: number
}

/**
 * PURE: cuts a byte stream into frames. Holds back at most one control frame; the content of data frames
 * is passed on as it comes, so that a long one takes no memory here.
 */
export class FrameReader {
  #pending: Buffer = nothing
  #data: OpenFrame | undefined

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#pending.length
  }

  /** The frames that `chunk` completes, lazily. Throws SpdyError: then nothing more can be read. */
  *read(chunk: Buffer): Generator<Frame> {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#pending = nothing
    while (rest.length > 0) {
      if (this.#data) {
        const part = rest.subarray(0, this.#data.left)
        rest = rest.subarray(part.length)
        yield this.#dataPart(this.#data, part)
        continue
      }
      if (rest.length < frameHeaderBytes) break
      const header = readFrameHeader(rest)
      if (header.is === 'data') {
        const { streamId, fin, bytes } = header
        rest = rest.subarray(frameHeaderBytes)
        if (bytes > 0) this.#data = { streamId, fin, left: bytes }
        else if (fin) yield { is: 'data', streamId, fin, bytes: nothing }
        continue
      }
      if (header.bytes > limits.spdyControlFrameBytesMax)
        throw new SpdyError(`a control frame of ${header.bytes} bytes`)
      const end = frameHeaderBytes + header.bytes
      if (rest.length < end) break
      const frame = readControlFrame(
        header.type,
        header.flags,
        rest.subarray(frameHeaderBytes, end),
      )
      rest = rest.subarray(end)
      if (frame) yield frame
    }
    // A copy: the rest of a large chunk would keep all of it in memory.
    this.#pending = rest.length === 0 ? nothing : Buffer.from(rest)
  }

  #dataPart(data: OpenFrame, bytes: Buffer): Frame {
    const { streamId } = data
    data.left -= bytes.length
    const last = data.left === 0
    if (last) this.#data = undefined
    return { is: 'data', streamId, fin: last && data.fin, bytes }
  }
}

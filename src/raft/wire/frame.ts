import { limits } from '../../base/limits.ts'

/**
 * What goes over a connection between masters: frames of {length (4 bytes, what follows), kind (1),
 * payload}. The first frame of a connection is a hello.
 */
export const frameKind = {
  hello: 1,
  message: 2,
  /** The other side has read so far: the connection is alive. Also: a snapshot is stored. */
  ack: 3,
  refused: 4,
  block: 5,
  end: 6,
} as const
export type FrameKind = (typeof frameKind)[keyof typeof frameKind]

const headBytes = 5

export interface Frame {
  readonly kind: FrameKind
  /** A view into what was received: copy what is to be kept. */
  readonly payload: Buffer
}

/** The peer does not speak this protocol, or sent more than a limit allows. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** The pieces of one frame, to be written one after the other. */
export function encodeFrame(kind: FrameKind, ...payload: readonly Uint8Array[]): Uint8Array[] {
  const head = Buffer.allocUnsafe(headBytes)
  head.writeUInt32BE(
    payload.reduce((sum, part) => sum + part.length, 1),
    0,
  )
  head.writeUInt8(kind, 4)
  return [head, ...payload]
}

export function framesBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** Cuts a byte stream into frames. Throws WireError past `limits.raftFrameBytesMax`. */
export class FrameReader {
  #held: Buffer[] = []
  #heldBytes = 0
  #wanted = headBytes

  push(chunk: Buffer): Frame[] {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    const frames: Frame[] = []
    if (this.#heldBytes < this.#wanted) return frames
    let bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held)
    for (;;) {
      this.#wanted = wantedBytes(bytes)
      if (bytes.length < this.#wanted) break
      const kind = bytes.readUInt8(4) as FrameKind
      frames.push({ kind, payload: bytes.subarray(headBytes, 4 + bytes.readUInt32BE(0)) })
      bytes = bytes.subarray(this.#wanted)
    }
    this.#held = bytes.length > 0 ? [bytes] : []
    this.#heldBytes = bytes.length
    return frames
  }
}

function wantedBytes(bytes: Buffer): number {
  if (bytes.length < headBytes) return headBytes
  const length = bytes.readUInt32BE(0)
  if (length < 1 || length > limits.raftFrameBytesMax)
    throw new WireError(`a frame of ${length} bytes; at most ${limits.raftFrameBytesMax} may come`)
  return 4 + length
}

/** RFC 9113, section 6. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
}

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 }

export const setting = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
}

/** RFC 9113, section 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
}

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
export const headerBytes = 9
/** What every peer may send; larger frames would gain nothing. */
export const frameBytesMax = 16_384
export const windowBytesDefault = 65_535
export const windowBytesMax = 2 ** 31 - 1

/** Ends a connection: both sides would differ on what was said. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** Cuts what a client sends into frames. */
export class FrameReader {
  #rest: Buffer | undefined
  #hasPreface = false

  /** Hands on every frame that is complete; their payloads are parts of the chunks. */
  read(chunk: Buffer, handle: (frame: Frame) => void): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    if (!this.#hasPreface) {
      const seen = Math.min(bytes.length, preface.length)
      if (bytes.compare(preface, 0, seen, 0, seen) !== 0)
        throw new ConnectionError(errorCode.protocol, 'the client does not speak HTTP/2')
      if (seen === preface.length) {
        this.#hasPreface = true
        at = preface.length
      }
    }
    this.#rest = undefined
    while (this.#hasPreface && at + headerBytes <= bytes.length) {
      const length = bytes.readUIntBE(at, 3)
      if (length > frameBytesMax)
        throw new ConnectionError(errorCode.frameSize, `a frame has ${length} bytes`)
      const end = at + headerBytes + length
      if (end > bytes.length) break
      handle({
        type: bytes[at + 3] as number,
        flags: bytes[at + 4] as number,
        stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
        payload: bytes.subarray(at + headerBytes, end),
      })
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
  }
}

/** A payload without its padding. */
export function unpadded({ flags, payload }: Frame): Buffer {
  if ((flags & flag.padded) === 0) return payload
  const padding = payload[0] ?? 0
  if (padding >= payload.length)
    throw new ConnectionError(errorCode.protocol, 'a frame is nothing but padding')
  return payload.subarray(1, payload.length - padding)
}

/** Writes the header of a frame; where its payload begins. */
export function writeFrameHeader(
  into: Buffer,
  at: number,
  frame: Pick<Frame, 'type' | 'flags' | 'stream'> & { readonly length: number },
): number {
  into.writeUIntBE(frame.length, at, 3)
  into[at + 3] = frame.type
  into[at + 4] = frame.flags
  return into.writeUInt32BE(frame.stream, at + 5)
}

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  const at = writeFrameHeader(frame, 0, { type, flags, stream, length: payload.length })
  frame.set(payload, at)
  return frame
}

/** Frames whose payload is one or two numbers of 32 bits. */
export function numbersFrame(type: number, stream: number, ...numbers: number[]): Buffer {
  const payload = Buffer.allocUnsafe(4 * numbers.length)
  numbers.forEach((number, at) => {
    payload.writeUInt32BE(number, 4 * at)
  })
  return frameOf(type, 0, stream, payload)
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(6 * settings.length)
  settings.forEach(([id, value], nth) => {
    payload.writeUInt16BE(id, 6 * nth)
    payload.writeUInt32BE(value, 6 * nth + 2)
  })
  return frameOf(frameType.settings, 0, 0, payload)
}

/** Fields that are sent as they are: no table is kept for them (RFC 7541, section 6.2.2). */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) =>
      name === ':status' && value === '200'
        ? [Buffer.of(0x88)]
        : [Buffer.of(0x00), plainString(name), plainString(value)],
    ),
  )
}

function plainString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length: number[] = []
  if (bytes.length < 0x7f) length.push(bytes.length)
  else {
    let rest = bytes.length - 0x7f
    length.push(0x7f)
    for (; rest >= 0x80; rest = rest >>> 7) length.push((rest & 0x7f) | 0x80)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/**
 * PURE: the frames of SPDY/3.1 (spdy-protocol draft 3.1, 2.2 and 2.6), as `kubectl` and other clients
 * of Kubernetes send them. Header blocks stay as they are on the wire: `header-block.ts` reads them.
 */
export type Frame =
  | {
      readonly is: 'synStream'
      readonly streamId: number
      readonly fin: boolean
      readonly unidirectional: boolean
      readonly block: Buffer
    }
  | {
      readonly is: 'synReply' | 'headers'
      readonly streamId: number
      readonly fin: boolean
      readonly block: Buffer
    }
  | { readonly is: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly is: 'settings'; readonly values: ReadonlyMap<number, number> }
  | { readonly is: 'ping'; readonly id: number }
  | { readonly is: 'goAway'; readonly lastStreamId: number; readonly status: number }
  /** Stream 0 stands for the whole session. */
  | { readonly is: 'windowUpdate'; readonly streamId: number; readonly delta: number }
  /** A part of a data frame, as it came; `fin` comes with its last part. */
  | {
      readonly is: 'data'
      readonly streamId: number
      readonly fin: boolean
      readonly bytes: Buffer
    }

export const rstStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
} as const

export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const

/** A peer that does not speak SPDY/3.1, or asks for more than it may: the session cannot go on. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError'
}

const version = 3
const controlBit = 0x80
const types = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const
const flagFin = 1
const flagUnidirectional = 2
/** 31 bits: the first one of a stream's number is reserved. */
export const idMask = 0x7fff_ffff

export const frameHeaderBytes = 8
export const frameBytesMax = 0xff_ffff

/** The first eight bytes of a frame. */
export type FrameHeader =
  | {
      readonly is: 'data'
      readonly streamId: number
      readonly fin: boolean
      readonly bytes: number
    }
  | {
      readonly is: 'control'
      readonly type: number
      readonly flags: number
      readonly bytes: number
    }

/** Throws SpdyError for another version of the protocol. */
export function readFrameHeader(header: Buffer): FrameHeader {
  const first = header.readUInt32BE(0)
  const flags = header[4] ?? 0
  const bytes = header.readUIntBE(5, 3)
  if (((header[0] ?? 0) & controlBit) === 0)
    return { is: 'data', streamId: first, fin: (flags & flagFin) !== 0, bytes }
  const spoken = (first >>> 16) & 0x7fff
  if (spoken !== version) throw new SpdyError(`version ${spoken} of SPDY, only 3.1 is served`)
  return { is: 'control', type: first & 0xffff, flags, bytes }
}

/** A control frame's content; undefined for a type that is not known, which counts for nothing. */
export function readControlFrame(type: number, flags: number, body: Buffer): Frame | undefined {
  const fin = (flags & flagFin) !== 0
  switch (type) {
    case types.synStream:
      need(body, 10)
      return {
        is: 'synStream',
        streamId: idAt(body, 0),
        fin,
        unidirectional: (flags & flagUnidirectional) !== 0,
        block: body.subarray(10),
      }
    case types.synReply:
    case types.headers:
      need(body, 4)
      return {
        is: type === types.headers ? 'headers' : 'synReply',
        streamId: idAt(body, 0),
        fin,
        block: body.subarray(4),
      }
    case types.rstStream:
      need(body, 8)
      return { is: 'rstStream', streamId: idAt(body, 0), status: body.readUInt32BE(4) }
    case types.settings:
      return { is: 'settings', values: readSettings(body) }
    case types.ping:
      need(body, 4)
      return { is: 'ping', id: body.readUInt32BE(0) }
    case types.goAway:
      need(body, 8)
      return { is: 'goAway', lastStreamId: idAt(body, 0), status: body.readUInt32BE(4) }
    case types.windowUpdate:
      need(body, 8)
      return { is: 'windowUpdate', streamId: idAt(body, 0), delta: idAt(body, 4) }
    default:
      return undefined
  }
}

function readSettings(body: Buffer): ReadonlyMap<number, number> {
  need(body, 4)
  const count = body.readUInt32BE(0)
  if (body.length !== 4 + 8 * count) throw new SpdyError(`SETTINGS of ${body.length} bytes`)
  const values = new Map<number, number>()
  for (let at = 4; at < body.length; at += 8)
    values.set(body.readUIntBE(at + 1, 3), body.readUInt32BE(at + 4))
  return values
}

function idAt(body: Buffer, at: number): number {
  return body.readUInt32BE(at) & idMask
}

function need(body: Buffer, bytes: number): void {
  if (body.length < bytes) throw new SpdyError(`a control frame of ${body.length} bytes`)
}

/** A frame as it goes over the wire. */
export function encodeFrame(frame: Frame): Buffer {
  switch (frame.is) {
    case 'data':
      return dataFrame(frame.streamId, frame.fin, frame.bytes)
    case 'synStream': {
      const flags = (frame.fin ? flagFin : 0) | (frame.unidirectional ? flagUnidirectional : 0)
      return control(types.synStream, flags, words(frame.streamId, 0), Buffer.alloc(2), frame.block)
    }
    case 'synReply':
    case 'headers':
      return control(types[frame.is], frame.fin ? flagFin : 0, words(frame.streamId), frame.block)
    case 'rstStream':
      return control(types.rstStream, 0, words(frame.streamId, frame.status))
    case 'settings':
      return control(types.settings, 0, words(frame.values.size, ...[...frame.values].flat()))
    case 'ping':
      return control(types.ping, 0, words(frame.id))
    case 'goAway':
      return control(types.goAway, 0, words(frame.lastStreamId, frame.status))
    case 'windowUpdate':
      return control(types.windowUpdate, 0, words(frame.streamId, frame.delta))
  }
}

function dataFrame(streamId: number, fin: boolean, bytes: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + bytes.length)
  frame.writeUInt32BE(streamId, 0)
  frame[4] = fin ? flagFin : 0
  frame.writeUIntBE(bytes.length, 5, 3)
  bytes.copy(frame, frameHeaderBytes)
  return frame
}

function control(type: number, flags: number, ...parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(frameHeaderBytes)
  header.writeUInt16BE((controlBit << 8) | version, 0)
  header.writeUInt16BE(type, 2)
  header[4] = flags
  header.writeUIntBE(
    parts.reduce((sum, part) => sum + part.length, 0),
    5,
    3,
  )
  return Buffer.concat([header, ...parts])
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * at)
  return bytes
}

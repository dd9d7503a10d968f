import { status as codes } from '@grpc/grpc-js'
import type { Timer } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import { EtcdError, refusals } from '../errors.ts'
import type { Call, CallListener } from './call.ts'
import { headerBlock } from './frames.ts'
import type { HeldBytes } from './held-bytes.ts'
import type { Http2Stream, StreamListener } from './http2-stream.ts'
import type { LongMessage } from './long-message.ts'

const prefixBytes = 5
const copiedBytesMax = 4 * 1_024
const answerHeaders = headerBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
])
const okTrailers = headerBlock([['grpc-status', '0']])
const nothing = Buffer.alloc(0)

/**
 * One call on a stream: messages with their length before them, a status at the end
 * (gRPC's PROTOCOL-HTTP2.md). After the end, or when the client is gone, nothing more is sent.
 */
export class GrpcCall implements Call, StreamListener {
  readonly metadata: ReadonlyMap<string, string>
  listener: CallListener | undefined
  onDrained: (() => void) | undefined
  readonly #stream: Http2Stream
  readonly #held: HeldBytes
  #hangUp: AbortController | undefined
  #isOver = false
  #hasAnswered = false
  #partial: Buffer[] = []
  #partialBytes = 0
  #deadline: Timer | undefined

  constructor(stream: Http2Stream, metadata: ReadonlyMap<string, string>, held: HeldBytes) {
    this.#stream = stream
    this.#held = held
    this.metadata = metadata
    stream.listener = this
  }

  get signal(): AbortSignal {
    if (!this.#hangUp) {
      this.#hangUp = new AbortController()
      if (this.#isOver) this.#hangUp.abort()
    }
    return this.#hangUp.signal
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Fails the call when the timer fires. */
  endsWith(deadline: Timer): void {
    this.#deadline = deadline
  }

  send(parts: readonly Buffer[]): boolean {
    let bytes = 0
    for (const part of parts) bytes += part.length
    return this.#send(bytes, (prefix) => [prefix, ...parts])
  }

  sendLong({ bytes, parts }: LongMessage): boolean {
    return this.#send(bytes, function* (prefix) {
      yield prefix
      yield* parts
    })
  }

  #send(bytes: number, partsAfter: (prefix: Buffer) => Iterable<Buffer>): boolean {
    if (this.#isOver) return true
    if (!this.#hasAnswered) {
      this.#hasAnswered = true
      this.#stream.respond(answerHeaders)
    }
    const prefix = Buffer.allocUnsafe(prefixBytes)
    prefix[0] = 0
    prefix.writeUInt32BE(bytes, 1)
    return this.#stream.write(prefixBytes + bytes, partsAfter(prefix))
  }

  finish(): void {
    this.#end(okTrailers)
  }

  fail(error: EtcdError): void {
    this.#end(
      headerBlock([
        ['grpc-status', String(error.code)],
        ['grpc-message', percentEncoded(error.details)],
        ...(error.code === codes.UNIMPLEMENTED
          ? ([['grpc-accept-encoding', 'identity']] as const)
          : []),
      ]),
    )
  }

  data(payload: Buffer): void {
    if (this.#isOver) return
    let bytes = payload
    if (this.#partialBytes > 0) {
      if (!this.#keep(payload) || this.#partialBytes < this.#wantedBytes()) return
      bytes = Buffer.concat(this.#partial, this.#partialBytes)
      this.#drop()
    }
    const rest = this.#messages(bytes)
    if (rest.length > 0 && !this.#isOver) this.#keep(rest)
  }

  ended(): void {
    if (this.#isOver) return
    if (this.#partialBytes > 0)
      this.fail(new EtcdError(codes.INTERNAL, 'kijabi: the request ends within a message'))
    else this.listener?.ended()
  }

  drained(): void {
    this.onDrained?.()
  }

  gone(): void {
    this.#over()
  }

  /** Hands on the complete messages; returns what is left. */
  #messages(bytes: Buffer): Buffer {
    let at = 0
    while (at + prefixBytes <= bytes.length) {
      const length = bytes.readUInt32BE(at + 1)
      if (!this.#accepts(bytes[at] as number, length)) return nothing
      const start = at + prefixBytes
      if (start + length > bytes.length) break
      at = start + length
      this.listener?.message(bytes.subarray(start, at))
      if (this.#isOver) return nothing
    }
    return bytes.subarray(at)
  }

  #accepts(compressed: number, length: number): boolean {
    if (compressed !== 0)
      this.fail(new EtcdError(codes.UNIMPLEMENTED, 'kijabi: compressed messages are not read'))
    else if (length > limits.etcdRequestBytesMax) {
      // The words of grpc-go (rpc_util.go: recvMsg), which clients look for.
      const text = `received message larger than max (${length} vs. ${limits.etcdRequestBytesMax})`
      this.fail(new EtcdError(codes.RESOURCE_EXHAUSTED, `grpc: ${text}`))
    } else return true
    return false
  }

  /** A part of a message. A small one is copied, lest it keep the whole chunk that it came in. */
  #keep(part: Buffer): boolean {
    if (!this.#held.take(part.length)) {
      this.fail(refusals.tooManyRequests())
      return false
    }
    this.#partial.push(part.length < copiedBytesMax ? Buffer.from(part) : part)
    this.#partialBytes += part.length
    return true
  }

  #drop(): void {
    this.#held.give(this.#partialBytes)
    this.#partial = []
    this.#partialBytes = 0
  }

  /** How much there must be before it is worth looking. */
  #wantedBytes(): number {
    const [first = nothing] = this.#partial
    return first.length < prefixBytes ? prefixBytes : prefixBytes + first.readUInt32BE(1)
  }

  #end(trailers: Buffer): void {
    if (this.#isOver) return
    this.#over()
    // Without a message the status comes with the first headers.
    if (this.#hasAnswered) this.#stream.end(trailers)
    else this.#stream.end(Buffer.concat([answerHeaders, trailers]))
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deadline?.cancel()
    this.#drop()
    this.#hangUp?.abort()
  }
}

/** Refuses a request that is none of gRPC's. */
export function refuse(stream: Http2Stream, httpStatus: number, text: string): void {
  stream.end(
    headerBlock([
      [':status', String(httpStatus)],
      ['content-type', 'application/grpc'],
      ['grpc-status', String(codes.INTERNAL)],
      ['grpc-message', percentEncoded(`kijabi: ${text}`)],
    ]),
  )
}

/** As gRPC has it: UTF-8, with everything but printable ASCII, and the percent sign, as %XX. */
function percentEncoded(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

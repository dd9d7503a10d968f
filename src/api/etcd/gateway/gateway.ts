import type { IncomingMessage, ServerResponse } from 'node:http'
import { status as codes } from '@grpc/grpc-js'
import type { Clock } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import { EtcdError, refusals } from '../errors.ts'
import type { CallHandler, CallListener, CallServer } from '../grpc/call.ts'
import { limitTime } from '../grpc/call-timeout.ts'
import { HeldBytes } from '../grpc/held-bytes.ts'
import type { Method } from '../wire/services.ts'
import { GatewayCall, httpStatusOf } from './gateway-call.ts'
import { messageFromJson, UnfitJsonError } from './json-message.ts'
import { JsonValues, parseExactly } from './json-values.ts'
import { methodAt } from './routes.ts'

const metadataPrefix = 'grpc-metadata-'

/** etcd's API as JSON over HTTP/1.1, `POST /v3/kv/range` and so on, to the handlers that gRPC has. */
export class Gateway implements CallServer {
  readonly #clock: Clock
  readonly #handlers = new Map<string, CallHandler>()
  readonly #calls = new Set<GatewayCall>()
  readonly #held = new HeldBytes(limits.etcdRequestBytesHeldMax)
  #whenEmpty: (() => void) | undefined
  #isLeaving = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a path is one of its own. */
  static serves(path: string): boolean {
    return path.startsWith('/v3/') || path.startsWith('/v3beta/')
  }

  handle(path: string, handler: CallHandler): void {
    this.#handlers.set(path, handler)
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const method = methodAt((request.url ?? '').replace(/\?.*$/s, ''))
    const handler = method && this.#handlers.get(method.path)
    if (!handler) refuse(response, codes.NOT_FOUND, 'Not Found')
    else if (request.method !== 'POST') refuse(response, codes.UNIMPLEMENTED, 'Method Not Allowed')
    else if (this.#isLeaving) refuse(response, codes.UNAVAILABLE, refusals.stopped().details)
    else this.#begin(method, handler, request, response)
  }

  /** Begins no more calls; resolves when those under way are done. */
  leave(): Promise<void> {
    this.#isLeaving = true
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      if (this.#calls.size === 0) resolve()
    })
  }

  /** Ends what is left, and says why. */
  destroy(): void {
    for (const call of this.#calls) call.fail(refusals.stopped())
  }

  #begin(
    method: Method<object, object>,
    handler: CallHandler,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const metadata = metadataOf(request)
    const call = new GatewayCall({ method, metadata, response, clock: this.#clock })
    this.#calls.add(call)
    response.once('close', () => {
      this.#calls.delete(call)
      if (this.#calls.size === 0) this.#whenEmpty?.()
    })
    if (!limitTime(call, this.#clock)) return
    const body = new Body(method, call, handler(call), this.#held)
    request.setEncoding('utf8')
    request.on('data', (piece: string) => body.push(piece))
    request.once('end', () => body.end())
    response.once('close', () => body.drop())
  }
}

/** What the client sends: one value, or of a stream one after the other. */
class Body {
  readonly #method: Method<object, object>
  readonly #call: GatewayCall
  readonly #listener: CallListener
  readonly #held: HeldBytes
  readonly #values = new JsonValues()
  #isComplete = false
  #heldBytes = 0

  constructor(
    method: Method<object, object>,
    call: GatewayCall,
    listener: CallListener,
    held: HeldBytes,
  ) {
    this.#method = method
    this.#call = call
    this.#listener = listener
    this.#held = held
  }

  push(piece: string): void {
    if (this.#call.isOver || this.#isComplete) return
    const bytes = Buffer.byteLength(piece)
    if (this.#heldBytes + bytes > limits.etcdJsonRequestBytesMax)
      this.#call.fail(tooLong(limits.etcdJsonRequestBytesMax))
    else if (!this.#held.take(bytes)) this.#call.fail(refusals.tooManyRequests())
    else {
      this.#heldBytes += bytes
      const values = this.#values.push(piece)
      for (const value of values) this.#message(value)
      if (values.length > 0 && this.#method.requestStream) this.drop()
    }
  }

  end(): void {
    const { rest } = this.#values
    // Without any value it is the empty message, but a stream may well end between two.
    const isMissing = !this.#isComplete && !this.#method.requestStream
    if (rest !== '' && !this.#isComplete) this.#message(rest)
    else if (isMissing) this.#message('{}')
    this.drop()
    if (!this.#call.isOver) this.#listener.ended()
  }

  /** Counts its bytes no more. */
  drop(): void {
    this.#held.give(this.#heldBytes)
    this.#heldBytes = 0
  }

  #message(text: string): void {
    if (this.#call.isOver || this.#isComplete) return
    // As etcd has it: what follows the one value of a call is not read.
    this.#isComplete = !this.#method.requestStream
    try {
      const message = messageFromJson(this.#method.request, parseExactly(text))
      const encoded = this.#method.request.encode(message)
      if (encoded.length > limits.etcdRequestBytesMax)
        throw tooLong(limits.etcdRequestBytesMax, encoded.length)
      this.#listener.message(encoded)
    } catch (error) {
      this.#call.fail(refusalOf(error))
    }
  }
}

function refusalOf(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error
  if (error instanceof UnfitJsonError || error instanceof SyntaxError)
    return new EtcdError(codes.INVALID_ARGUMENT, `kijabi: ${error.message}`)
  throw error
}

function tooLong(bytesMax: number, bytes?: number): EtcdError {
  const seen = bytes === undefined ? 'more' : String(bytes)
  const text = `received message larger than max (${seen} vs. ${bytesMax})`
  return new EtcdError(codes.RESOURCE_EXHAUSTED, `grpc: ${text}`)
}

/** Headers of the name `Grpc-Metadata-…` are what gRPC's clients send as metadata. */
function metadataOf({ headers }: IncomingMessage): Map<string, string> {
  const metadata = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue
    if (name.startsWith(metadataPrefix)) metadata.set(name.slice(metadataPrefix.length), value)
    else if (name === 'grpc-timeout') metadata.set(name, value)
  }
  return metadata
}

function refuse(response: ServerResponse, code: codes, message: string): void {
  response
    .writeHead(httpStatusOf(code), { 'content-type': 'application/json' })
    .end(JSON.stringify({ code, message }))
}

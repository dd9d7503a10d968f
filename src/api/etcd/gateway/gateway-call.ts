import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { status as codes } from '@grpc/grpc-js'
import type { Clock, Timer } from '../../../base/clock.ts'
import { Slices } from '../../slices.ts'
import type { EtcdError } from '../errors.ts'
import type { Call } from '../grpc/call.ts'
import type { LongMessage } from '../grpc/long-message.ts'
import type { Method } from '../wire/services.ts'
import { jsonPieces } from './json-message.ts'

export interface GatewayCallOptions {
  readonly method: Method<object, object>
  readonly metadata: ReadonlyMap<string, string>
  readonly response: ServerResponse
  readonly clock: Clock
}

const pieceCharactersMax = 64 * 1_024

/**
 * A call whose answer is JSON: one object, or of a stream a line for each message, `{"result": …}`, and for
 * its failure `{"error": …}` (grpc-gateway, as etcd 3.5 has it).
 */
export class GatewayCall implements Call {
  readonly metadata: ReadonlyMap<string, string>
  onDrained: (() => void) | undefined
  readonly #method: Method<object, object>
  readonly #response: ServerResponse
  readonly #clock: Clock
  #hangUp: AbortController | undefined
  #isOver = false
  #deadline: Timer | undefined

  constructor({ method, metadata, response, clock }: GatewayCallOptions) {
    this.metadata = metadata
    this.#method = method
    this.#response = response
    this.#clock = clock
    response.on('drain', () => this.onDrained?.())
    response.once('close', () => this.#over())
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get signal(): AbortSignal {
    if (!this.#hangUp) {
      this.#hangUp = new AbortController()
      if (this.#isOver) this.#hangUp.abort()
    }
    return this.#hangUp.signal
  }

  /** Fails the call when the timer fires. */
  endsWith(deadline: Timer): void {
    this.#deadline = deadline
  }

  send(parts: readonly Buffer[]): boolean {
    if (this.#isOver) return true
    const pieces = jsonPieces(this.#method.response, this.#decoded(parts))
    this.#begin(200)
    if (this.#method.responseStream)
      return this.#response.write(`{"result":${[...pieces].join('')}}\n`)
    // One answer may be long: it is made while it is sent, and others have their turns.
    Readable.from(this.#sliced(pieces)).pipe(this.#response)
    return true
  }

  sendLong({ parts }: LongMessage): boolean {
    // What a part is made in is used again for the next one.
    return this.send(Array.from(parts, (part) => Buffer.from(part)))
  }

  finish(): void {
    if (this.#isOver) return
    const endsByItself = this.#response.headersSent && !this.#method.responseStream
    this.#over()
    if (endsByItself) return
    this.#begin(200)
    this.#response.end()
  }

  fail({ code, details }: EtcdError): void {
    if (this.#isOver) return
    this.#over()
    const error = { code, message: details }
    const isStream = this.#method.responseStream
    this.#begin(httpStatusOf(code))
    this.#response.end(isStream ? `${JSON.stringify({ error })}\n` : JSON.stringify(error))
  }

  #decoded(parts: readonly Buffer[]): object {
    const [first, ...more] = parts
    return this.#method.response.decode(first && more.length === 0 ? first : Buffer.concat(parts))
  }

  async *#sliced(pieces: Iterable<string>): AsyncGenerator<string> {
    const slices = new Slices(this.#clock)
    let text = ''
    for (const piece of pieces) {
      text += piece
      if (text.length < pieceCharactersMax) continue
      yield text
      text = ''
      if (slices.over) await slices.pause()
    }
    yield text
  }

  #begin(status: number): void {
    if (this.#response.headersSent) return
    this.#response.writeHead(status, { 'content-type': 'application/json' })
    this.#response.flushHeaders()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deadline?.cancel()
    this.#hangUp?.abort()
  }
}

const httpStatuses: ReadonlyMap<codes, number> = new Map([
  [codes.CANCELLED, 499],
  [codes.INVALID_ARGUMENT, 400],
  [codes.DEADLINE_EXCEEDED, 504],
  [codes.NOT_FOUND, 404],
  [codes.ALREADY_EXISTS, 409],
  [codes.PERMISSION_DENIED, 403],
  [codes.UNAUTHENTICATED, 401],
  [codes.RESOURCE_EXHAUSTED, 429],
  [codes.FAILED_PRECONDITION, 400],
  [codes.ABORTED, 409],
  [codes.OUT_OF_RANGE, 400],
  [codes.UNIMPLEMENTED, 501],
  [codes.UNAVAILABLE, 503],
])

/** As grpc-gateway has it (runtime/errors.go: HTTPStatusFromCode). */
export function httpStatusOf(code: codes): number {
  return httpStatuses.get(code) ?? 500
}

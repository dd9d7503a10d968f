import type { Socket } from 'node:net'
import { status as codes } from '@grpc/grpc-js'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { EtcdError } from '../errors.ts'
import type { CallHandler, CallServer } from './call.ts'
import { limitTime } from './call-timeout.ts'
import { errorCode } from './frames.ts'
import { GrpcCall, refuse } from './grpc-call.ts'
import { HeldBytes } from './held-bytes.ts'
import type { HeaderField } from './hpack-decoder.ts'
import { Http2Connection } from './http2-connection.ts'
import type { Http2Stream } from './http2-stream.ts'
import { WriteBuffers } from './write-buffers.ts'

export interface GrpcServerOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly requestBytesHeldMax: number
}

/** gRPC over connections that somebody else accepts: calls by their path. */
export class GrpcServer implements CallServer {
  readonly #options: GrpcServerOptions
  readonly #handlers = new Map<string, CallHandler>()
  readonly #connections = new Set<Http2Connection>()
  readonly #held: HeldBytes
  readonly #buffers = new WriteBuffers()
  #whenEmpty: (() => void) | undefined
  #isLeaving = false

  constructor(options: GrpcServerOptions) {
    this.#options = options
    this.#held = new HeldBytes(options.requestBytesHeldMax)
  }

  handle(path: string, handler: CallHandler): void {
    this.#handlers.set(path, handler)
  }

  serve(socket: Socket): void {
    const { clock, logger } = this.#options
    const connection = new Http2Connection({
      ...{ socket, clock, buffers: this.#buffers },
      opened: (stream, fields) => this.#opened(stream, fields),
      closed: (error) => {
        this.#connections.delete(connection)
        if (this.#connections.size === 0) this.#whenEmpty?.()
        if (error) logger.debug({ error: error.message }, 'a connection of an etcd client ended')
      },
    })
    this.#connections.add(connection)
    if (this.#isLeaving) connection.leave()
  }

  /** Begins no more calls; resolves when those under way are done. */
  leave(): Promise<void> {
    this.#isLeaving = true
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      for (const connection of this.#connections) connection.leave()
      if (this.#connections.size === 0) resolve()
    })
  }

  /** Ends what is left. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #opened(stream: Http2Stream, fields: readonly HeaderField[] | undefined): void {
    const headers = fields && headersOf(fields)
    if (!fields) refuse(stream, 431, 'the header fields are too large')
    else if (!headers) stream.reset(errorCode.protocol)
    else if (headers.get(':method') !== 'POST') refuse(stream, 405, 'gRPC calls are POSTs')
    else if (!headers.get('content-type')?.startsWith('application/grpc'))
      refuse(stream, 415, 'the content type is not application/grpc')
    else this.#begin(new GrpcCall(stream, headers, this.#held), headers.get(':path') ?? '')
  }

  #begin(call: GrpcCall, path: string): void {
    const handler = this.#handlers.get(path)
    if (!handler) {
      // The words of grpc-go, which clients of etcd know (server.go: handleStream).
      const [, service = '', name = ''] = path.split('/')
      const text = `unknown method ${name} for service ${service}`
      call.fail(new EtcdError(codes.UNIMPLEMENTED, text))
    } else if (limitTime(call, this.#options.clock)) call.listener = handler(call)
  }
}

/** Undefined for fields that HTTP/2 does not allow (RFC 9113, section 8.2). */
function headersOf(fields: readonly HeaderField[]): Map<string, string> | undefined {
  const headers = new Map<string, string>()
  let pseudoIsOver = false
  for (const { name, value } of fields) {
    const isPseudo = name.startsWith(':')
    if (isPseudo && (pseudoIsOver || headers.has(name))) return undefined
    if (name === '' || name !== name.toLowerCase() || name === 'connection') return undefined
    pseudoIsOver ||= !isPseudo
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  const isComplete = [':method', ':scheme', ':path'].every((name) => headers.has(name))
  return isComplete ? headers : undefined
}

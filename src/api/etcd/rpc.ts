import { status as codes } from '@grpc/grpc-js'
import { InvariantError } from '../../base/assert.ts'
import type { Logger } from '../../base/log.ts'
import { malformed } from '../../kinds/codec/wire-reader.ts'
import { EtcdError, etcdErrorOf, refusals } from './errors.ts'
import type { Call, CallHandler, CallListener, CallServer } from './grpc/call.ts'
import { LongMessage } from './grpc/long-message.ts'
import type { LeaderGuard } from './leader-guard.ts'
import type { Draft } from './wire/message-type.ts'
import type { Method } from './wire/services.ts'

/** What a call says beside its message. */
export interface Caller {
  /** The client wants an error rather than an answer of a member that knows no leader. */
  readonly requiresLeader: boolean
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

/** A message, or one that is encoded while it is sent. */
type Answer<Response> = Draft<Response> | LongMessage

/** The answering side of a stream. Calls after its end change nothing. */
export interface Answers<Response> extends Caller {
  /** False when the client reads more slowly than it is sent to: wait for `drained` then. */
  send(message: Draft<Response>): boolean
  /** As `send`, for a message that is encoded already, in parts. */
  sendParts(parts: readonly Buffer[]): boolean
  drained(listener: () => void): void
  end(): void
  fail(error: EtcdError): void
}

export interface Requests<Request> {
  received(listener: (request: Request) => void): void
  /** The client sends no more; it may still listen. */
  ended(listener: () => void): void
}

export interface RpcOptions {
  /** One server, or several that have the same handlers and limits. */
  readonly servers: readonly CallServer[]
  readonly logger: Logger
  /** False refuses every call: the connections of this server are of clients that may not come in. */
  readonly admits: boolean
  readonly guard: LeaderGuard
  readonly requestsInFlightMax: number
}

/**
 * Methods of the tables in wire/services.ts on a server: admission, the leader that a client may
 * ask for, limits and errors are the same for all of them.
 */
export class Rpc {
  readonly #options: RpcOptions
  #inFlight = 0

  constructor(options: RpcOptions) {
    this.#options = options
  }

  unary<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    answer: (
      request: Request,
      caller: Caller,
      requestBytes: number,
    ) => Answer<Response> | Promise<Answer<Response>>,
  ): void {
    this.#handle(method.path, (call) =>
      this.#oneRequest(call, method, async (request, requestBytes) => {
        const caller = new CallAnswers(call, method)
        this.#admit(caller.requiresLeader)
        if (this.#inFlight >= this.#options.requestsInFlightMax) throw refusals.tooManyRequests()
        this.#inFlight += 1
        try {
          const message = await answer(request, caller, requestBytes)
          if (message instanceof LongMessage) call.sendLong(message)
          else caller.send(message)
          call.finish()
        } finally {
          this.#inFlight -= 1
        }
      }),
    )
  }

  answers<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    answer: (request: Request, answers: Answers<Response>) => Promise<void> | void,
  ): void {
    this.#handle(method.path, (call) =>
      this.#oneRequest(call, method, async (request) => {
        const answers = new CallAnswers(call, method)
        this.#enter(answers)
        await answer(request, answers)
      }),
    )
  }

  stream<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    serve: (requests: Requests<Request>, answers: Answers<Response>) => void,
  ): void {
    this.#handle(method.path, (call) => {
      let received: (request: Request) => void = () => {}
      let ended = () => {}
      this.#guarded(call, () => {
        const answers = new CallAnswers(call, method)
        this.#enter(answers)
        const requests: Requests<Request> = {
          received: (listener) => {
            received = listener
          },
          ended: (listener) => {
            ended = listener
          },
        }
        serve(requests, answers)
      })
      return {
        message: (bytes) => this.#guarded(call, () => received(decoded(method, bytes))),
        ended: () => this.#guarded(call, () => ended()),
      }
    })
  }

  #handle(path: string, handler: CallHandler): void {
    for (const server of this.#options.servers) server.handle(path, handler)
  }

  /** Waits for the one message of a call. */
  #oneRequest<Request extends object>(
    call: Call,
    method: Method<Request, object>,
    work: (request: Request, requestBytes: number) => Promise<void>,
  ): CallListener {
    let message: Buffer | undefined
    return {
      message: (bytes) => {
        if (message) call.fail(new EtcdError(codes.INTERNAL, 'kijabi: more than one request'))
        else message = bytes
      },
      ended: () => {
        if (!message) {
          call.fail(new EtcdError(codes.INTERNAL, 'kijabi: a call without its request'))
          return
        }
        const bytes = message
        const run = async () => {
          try {
            await work(decoded(method, bytes), bytes.length)
          } catch (error) {
            call.fail(this.#refusal(error))
          }
        }
        void run()
      },
    }
  }

  #guarded(call: Call, work: () => void): void {
    try {
      work()
    } catch (error) {
      call.fail(this.#refusal(error))
    }
  }

  #enter<Response>(answers: Answers<Response>): void {
    this.#admit(answers.requiresLeader)
    if (answers.requiresLeader) this.#options.guard.add(answers)
  }

  #admit(requiresLeader: boolean): void {
    if (!this.#options.admits) throw refusals.permissionDenied()
    if (requiresLeader && !this.#options.guard.hasLeader) throw refusals.noLeader()
  }

  /** An unexpected failure is logged and answered without its text; a broken invariant ends the process. */
  #refusal(error: unknown): EtcdError {
    const expected = etcdErrorOf(error)
    if (expected) return expected
    if (error instanceof InvariantError) throw error
    this.#options.logger.error({ error }, 'an etcd request failed')
    return new EtcdError(codes.INTERNAL, 'kijabi: internal error')
  }
}

function decoded<Request extends object>(
  { request, path }: Method<Request, object>,
  bytes: Buffer,
): Request {
  try {
    return request.decode(bytes)
  } catch (error) {
    if (error !== malformed) throw error
    throw new EtcdError(codes.INTERNAL, `kijabi: the request of ${path} is no protobuf`)
  }
}

/** A call, as the services see it. */
class CallAnswers<Response extends object> implements Answers<Response> {
  readonly #call: Call
  readonly #method: Method<object, Response>

  constructor(call: Call, method: Method<object, Response>) {
    this.#call = call
    this.#method = method
  }

  /** etcd's metadata for it (client/v3 WithRequireLeader). */
  get requiresLeader(): boolean {
    return this.#call.metadata.get('hasleader') === 'true'
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  send(message: Draft<Response>): boolean {
    return this.#call.isOver || this.#call.send([this.#method.response.encode(message)])
  }

  sendParts(parts: readonly Buffer[]): boolean {
    return this.#call.send(parts)
  }

  drained(listener: () => void): void {
    this.#call.onDrained = listener
  }

  end(): void {
    this.#call.finish()
  }

  fail(error: EtcdError): void {
    this.#call.fail(error)
  }
}

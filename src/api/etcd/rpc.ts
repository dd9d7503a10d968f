import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  Server,
  ServerDuplexStream,
  ServerWritableStream,
} from '@grpc/grpc-js'
import { status as codes } from '@grpc/grpc-js'
import { InvariantError } from '../../base/assert.ts'
import type { Logger } from '../../base/log.ts'
import { EtcdError, etcdErrorOf, refusals } from './errors.ts'
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

/** The answering side of a stream. Calls after its end change nothing. */
export interface Answers<Response> extends Caller {
  /** False when the client reads more slowly than it is sent to: wait for `drained` then. */
  send(message: Draft<Response>): boolean
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
  readonly server: Server
  readonly logger: Logger
  /** False refuses every call: the connections of this server are of clients that may not come in. */
  readonly admits: boolean
  readonly guard: LeaderGuard
  readonly requestsInFlightMax: number
}

/**
 * Methods of the tables in wire/services.ts on a gRPC server: admission, the leader that a client may
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
    answer: (request: Request, caller: Caller) => Promise<Draft<Response>> | Draft<Response>,
  ): void {
    const handle: handleUnaryCall<Request, Draft<Response>> = (call, callback) => {
      const hangUp = new AbortController()
      call.on('cancelled', () => hangUp.abort())
      this.#run(call.metadata, async (requiresLeader) => {
        const response = await answer(call.request, { requiresLeader, signal: hangUp.signal })
        callback(null, response)
      }).catch((error: unknown) => {
        callback(this.#refusal(error))
      })
    }
    this.#register(method, handle, 'unary')
  }

  answers<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    answer: (request: Request, answers: Answers<Response>) => Promise<void> | void,
  ): void {
    const handle: handleServerStreamingCall<Request, Draft<Response>> = (call) => {
      const answers = answersOf(call, call.metadata)
      this.#enter(answers)
        .then(() => answer(call.request, answers))
        .catch((error: unknown) => answers.fail(this.#refusal(error)))
    }
    this.#register(method, handle, 'serverStream')
  }

  stream<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    serve: (requests: Requests<Request>, answers: Answers<Response>) => void,
  ): void {
    const handle: handleBidiStreamingCall<Request, Draft<Response>> = (call) => {
      const answers = answersOf(call, call.metadata)
      this.#enter(answers)
        .then(() =>
          serve(
            {
              received: (listener) =>
                call.on('data', (request: Request) => {
                  try {
                    listener(request)
                  } catch (error) {
                    answers.fail(this.#refusal(error))
                  }
                }),
              ended: (listener) => call.on('end', listener),
            },
            answers,
          ),
        )
        .catch((error: unknown) => answers.fail(this.#refusal(error)))
    }
    this.#register(method, handle, 'bidi')
  }

  async #enter<Response>(answers: Answers<Response>): Promise<void> {
    this.#admit(answers.requiresLeader)
    if (answers.requiresLeader) this.#options.guard.add(answers)
  }

  #admit(requiresLeader: boolean): void {
    if (!this.#options.admits) throw refusals.permissionDenied()
    if (requiresLeader && !this.#options.guard.hasLeader) throw refusals.noLeader()
  }

  async #run(metadata: Metadata, work: (requiresLeader: boolean) => Promise<void>): Promise<void> {
    const requiresLeader = asksForLeader(metadata)
    this.#admit(requiresLeader)
    if (this.#inFlight >= this.#options.requestsInFlightMax) throw refusals.tooManyRequests()
    this.#inFlight += 1
    try {
      await work(requiresLeader)
    } finally {
      this.#inFlight -= 1
    }
  }

  #register<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    handle:
      | handleUnaryCall<Request, Draft<Response>>
      | handleServerStreamingCall<Request, Draft<Response>>
      | handleBidiStreamingCall<Request, Draft<Response>>,
    kind: 'unary' | 'serverStream' | 'bidi',
  ): void {
    this.#options.server.register(
      method.path,
      handle,
      (response) => method.response.encode(response),
      (bytes) => method.request.decode(bytes),
      kind,
    )
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

/** etcd's metadata for it (client/v3 WithRequireLeader). */
function asksForLeader(metadata: Metadata): boolean {
  return metadata.get('hasleader')[0] === 'true'
}

function answersOf<Response>(
  call:
    | ServerWritableStream<unknown, Draft<Response>>
    | ServerDuplexStream<unknown, Draft<Response>>,
  metadata: Metadata,
): Answers<Response> {
  const hangUp = new AbortController()
  let over = false
  const end = () => {
    over = true
    hangUp.abort()
  }
  call.on('cancelled', end)
  call.on('close', end)
  call.on('error', end)
  return {
    requiresLeader: asksForLeader(metadata),
    signal: hangUp.signal,
    send: (message) => over || call.write(message),
    drained: (listener) => call.on('drain', listener),
    end: () => {
      if (over) return
      end()
      call.end()
    },
    fail: (error) => {
      if (over) return
      end()
      call.emit('error', error)
    },
  }
}

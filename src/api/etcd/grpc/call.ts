import type { EtcdError } from '../errors.ts'
import type { LongMessage } from './long-message.ts'

/**
 * A call, however it came: over gRPC (grpc/) or as JSON over HTTP (gateway/). Messages are encoded in
 * protobuf. After its end, or when the client is gone, nothing more is sent.
 */
export interface Call {
  /** What the client says beside its message; names in small letters. */
  readonly metadata: ReadonlyMap<string, string>
  readonly isOver: boolean
  /** Aborted when the call is over, whoever ended it. */
  readonly signal: AbortSignal
  /** For the one who was told to pause by `send`. */
  onDrained: (() => void) | undefined
  /** A message, in parts. False: the client takes no more for now, wait for `onDrained`. */
  send(parts: readonly Buffer[]): boolean
  /** As `send`, for a message whose parts are made when it is their turn. */
  sendLong(message: LongMessage): boolean
  finish(): void
  fail(error: EtcdError): void
}

/** What the handler of a call hears. */
export interface CallListener {
  message(bytes: Buffer): void
  /** The client sends no more messages. */
  ended(): void
}

/** Told of a call when it begins; what it returns hears the rest. */
export type CallHandler = (call: Call) => CallListener

/** Where handlers are found by the path of gRPC. */
export interface CallServer {
  handle(path: string, handler: CallHandler): void
}

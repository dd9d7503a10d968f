import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
} from '@grpc/grpc-js'
import type { Draft } from './message-type.ts'
import type { Method } from './services.ts'

export interface EtcdClientOptions {
  /** host:port of a member; the host must be in its certificate. */
  readonly endpoint: string
  /** PEM texts. Without it the connection is not encrypted. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly privateKey: string }
}

export interface EtcdCallOptions {
  readonly timeoutMs?: number
  /** Rather an error than an answer of a member that knows no leader. */
  readonly requiresLeader?: boolean
}

/** A client of etcd's v3 API over the tables of services.ts: one connection to one member. */
export class EtcdClient {
  readonly #client: Client

  constructor({ endpoint, tls }: EtcdClientOptions) {
    this.#client = new Client(endpoint, credentialsOf(tls), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // A write must never be sent twice: whether it is safe to, only the caller knows.
      'grpc.enable_retries': 0,
      // Clients of one process do not share a connection: a stuck one would stop all of them.
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  /** Rejects with gRPC's ServiceError: `code` and `details` are the server's. */
  call<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    request: Draft<Request>,
    options: EtcdCallOptions = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Draft<Request>, Response>(
        method.path,
        (message) => method.request.encode(message),
        (bytes) => method.response.decode(bytes),
        request,
        metadataOf(options),
        callOptions(options),
        (error, response) => {
          if (error) reject(error)
          else resolve(response as Response)
        },
      )
    })
  }

  answers<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    request: Draft<Request>,
    options: EtcdCallOptions = {},
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest<Draft<Request>, Response>(
      method.path,
      (message) => method.request.encode(message),
      (bytes) => method.response.decode(bytes),
      request,
      metadataOf(options),
      callOptions(options),
    )
  }

  stream<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    options: EtcdCallOptions = {},
  ): ClientDuplexStream<Draft<Request>, Response> {
    return this.#client.makeBidiStreamRequest<Draft<Request>, Response>(
      method.path,
      (message) => method.request.encode(message),
      (bytes) => method.response.decode(bytes),
      metadataOf(options),
      callOptions(options),
    )
  }

  close(): void {
    this.#client.close()
  }
}

function credentialsOf(tls: EtcdClientOptions['tls']): ChannelCredentials {
  if (!tls) return credentials.createInsecure()
  const [ca, privateKey, certificate] = [tls.ca, tls.privateKey, tls.certificate].map((pem) =>
    Buffer.from(pem),
  )
  return credentials.createSsl(ca ?? null, privateKey, certificate)
}

function metadataOf({ requiresLeader }: EtcdCallOptions): Metadata {
  const metadata = new Metadata()
  if (requiresLeader) metadata.set('hasleader', 'true')
  return metadata
}

function callOptions({ timeoutMs }: EtcdCallOptions): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) }
}

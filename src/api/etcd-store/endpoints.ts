import { status as codes, type ServiceError } from '@grpc/grpc-js'
import { statusError } from '../../base/status.ts'
import { outcomeUnknown, StoreError } from '../../state/errors.ts'
import type { LeaseId } from '../../state/leases.ts'
import { EtcdClient, type EtcdClientOptions } from '../etcd/wire/client.ts'
import type { LeaseKept } from '../etcd/wire/cluster-messages.ts'
import type { Draft } from '../etcd/wire/message-type.ts'
import { leaseService, type Method } from '../etcd/wire/services.ts'

export interface EndpointsOptions {
  /** host:port of each member of the etcd cluster. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdClientOptions['tls']
  readonly timeoutMs: number
}

/** What a call may do to the store, which says whether it may be sent again. */
type Kind = 'read' | 'write'

/**
 * The members of an external etcd: one is used until it fails, then the next. A read is sent again; a
 * write only when it certainly never left, for etcd cannot tell a second copy from the first.
 */
export class Endpoints {
  readonly #clients: readonly EtcdClient[]
  readonly #timeoutMs: number
  #current = 0

  constructor({ endpoints, tls, timeoutMs }: EndpointsOptions) {
    this.#clients = endpoints.map((endpoint) => new EtcdClient({ endpoint, ...(tls && { tls }) }))
    this.#timeoutMs = timeoutMs
  }

  /** The member in use, for streams. `failed` turns to the next one. */
  get client(): EtcdClient {
    return this.#clients[this.#current % this.#clients.length] as EtcdClient
  }

  failed(client: EtcdClient): void {
    if (client === this.client) this.#current += 1
  }

  async call<Request extends object, Response extends object>(
    kind: Kind,
    method: Method<Request, Response>,
    request: Draft<Request>,
  ): Promise<Response> {
    for (let tries = 1; ; tries += 1) {
      const { client } = this
      try {
        const options = { timeoutMs: this.#timeoutMs, requiresLeader: true }
        return await client.call(method, request, options)
      } catch (error) {
        if (!isServiceError(error)) throw error
        if (isConnection(error)) this.failed(client)
        const again = kind === 'read' ? isTransient(error) : neverLeft(error)
        if (!again || tries >= 2 * this.#clients.length) throw storeErrorOf(error, kind)
      }
    }
  }

  /** A stream of one request: that is how etcd takes renewals. Fails, too, when it ends without an answer. */
  async keepAlive(id: LeaseId, timeoutMs = this.#timeoutMs): Promise<LeaseKept> {
    const { client } = this
    try {
      return await new Promise<LeaseKept>((resolve, reject) => {
        const stream = client.stream(leaseService.keepAlive, { timeoutMs })
        stream.on('data', (answer: LeaseKept) => {
          resolve(answer)
          stream.end()
        })
        stream.on('error', reject)
        stream.on('end', () =>
          reject(statusError('ServiceUnavailable', 'etcd ended a renewal without an answer')),
        )
        stream.write({ id })
      })
    } catch (error) {
      if (!isServiceError(error)) throw error
      this.failed(client)
      throw storeErrorOf(error, 'read')
    }
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}

/** By its details: a StatusError of ours has a code that is a number, too. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as ServiceError).details === 'string'
}

function isConnection({ code }: ServiceError): boolean {
  return code === codes.UNAVAILABLE || code === codes.DEADLINE_EXCEEDED
}

function isTransient({ code }: ServiceError): boolean {
  return code === codes.UNAVAILABLE
}

/** Refused by the kernel, or by a member that knows no leader and passed nothing on. */
function neverLeft({ code, details }: ServiceError): boolean {
  return (
    code === codes.UNAVAILABLE &&
    /ECONNREFUSED|No connection established|etcdserver: no leader/.test(details)
  )
}

/** A failure of etcd as one of the store. */
function storeErrorOf(error: ServiceError, kind: Kind): Error {
  const { code, details } = error
  if (isConnection(error)) {
    if (kind === 'write' && !neverLeft(error)) return outcomeUnknown(details)
    return statusError('ServiceUnavailable', `etcd does not answer: ${details}`, {
      retryAfterSeconds: 1,
    })
  }
  if (/key not found/.test(details)) return new StoreError('key not found', 'BadRequest', details)
  if (/lease not found/.test(details)) return new StoreError('lease not found', 'NotFound', details)
  if (/lease already exists/.test(details))
    return new StoreError('lease exists', 'AlreadyExists', details)
  if (/compacted/.test(details)) return new StoreError('compacted', 'Expired', details)
  if (/future revision/.test(details)) return new StoreError('future revision', 'Timeout', details)
  if (/space exceeded/.test(details))
    return new StoreError('no space', 'ServiceUnavailable', details)
  if (code === codes.RESOURCE_EXHAUSTED)
    return new StoreError('too many requests', 'TooManyRequests', details)
  return statusError('BadRequest', `etcd refused the request: ${details}`)
}

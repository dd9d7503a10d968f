import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'
import type { User } from '../auth/user.ts'
import type { GroupVersion } from '../discovery/resources.ts'
import type { RemoteService, RemoteServices } from './api-services.ts'
import type { RemoteDocument } from './remote-openapi.ts'

/** Groups and versions that API servers behind Services serve, as the request pipeline sees them. */
export interface Aggregator {
  readonly services: RemoteServices
  /** Passes a request on. Throws ServiceUnavailable when nobody answers. */
  forward(service: RemoteService, request: ApiRequest, user: User): Promise<ApiResponse>
  /** Passes on a request that asks for an upgrade, and then carries bytes. */
  upgrade(
    service: RemoteService,
    request: IncomingMessage,
    user: User,
    socket: Duplex,
    head: Buffer,
  ): Promise<void>
  /** What is served here and elsewhere, as discovery shows it. */
  merged(own: readonly GroupVersion[]): Promise<readonly GroupVersion[]>
  /** OpenAPI 2 documents of the others: the same array while nothing changed. */
  openApiDocuments(): Promise<readonly RemoteDocument[]>
}

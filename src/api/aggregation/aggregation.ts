import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'
import type { APIService } from '../../kinds/types.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import type { User } from '../auth/user.ts'
import type { ApiOptions } from '../context.ts'
import type { GroupVersion } from '../discovery/resources.ts'
import { serviceEndpoint } from '../extension/service-endpoint.ts'
import {
  type ProxiedHeaders,
  requestHeaders,
  responseHeaders,
  upgradeHeaders,
} from '../proxy/headers.ts'
import { answered, chunksOf, openOutgoing, unreachable } from '../proxy/outgoing.ts'
import type { ProxyTarget } from '../proxy/target.ts'
import { upgradeTo } from '../proxy/upgrade-proxied.ts'
import { headersOf } from '../serving/http-message.ts'
import type { Aggregator } from './aggregator.ts'
import { type RemoteService, RemoteServices, remoteOf } from './api-services.ts'
import { type Availability, availabilityOf } from './availability.ts'
import { identityHeaders } from './identity-headers.ts'
import { type AskRemote, RemoteDiscovery } from './remote-discovery.ts'
import { type RemoteDocument, RemoteOpenApi } from './remote-openapi.ts'

/** With what the masters show API servers behind Services who they are. PEM texts. */
export interface FrontProxyTls {
  readonly certificate: string
  readonly privateKey: string
}

export interface AggregationOptions {
  readonly store: ClusterStore
  readonly clock: Clock
  readonly kubeletTls: ApiOptions['kubeletTls']
  readonly frontProxy: FrontProxyTls
}

/**
 * Groups and versions that API servers behind Services serve (kube-aggregator): a request is
 * authenticated and authorized here, then passed on with who asks in its headers, which the certificate
 * of the front proxy vouches for. Whatever an APIService names a Service for is passed on, also in place of
 * what the masters would serve themselves.
 */
export class Aggregation implements Aggregator {
  readonly services: RemoteServices
  readonly #options: AggregationOptions
  readonly #discovery: RemoteDiscovery
  readonly #openApi: RemoteOpenApi

  constructor(options: AggregationOptions) {
    this.#options = options
    this.services = new RemoteServices(options.store)
    const ask: AskRemote = (service, path, accept) => this.#ask(service, path, accept)
    this.#discovery = new RemoteDiscovery(options.clock, ask)
    this.#openApi = new RemoteOpenApi(options.clock, ask)
  }

  async forward(service: RemoteService, request: ApiRequest, user: User): Promise<ApiResponse> {
    const headers = requestHeaders(request.headers, { prefix: pathOf(request.path), rest: '' })
    const response = await this.#send(service, request, { ...headers, ...identityHeaders(user) })
    const kept = responseHeaders(response.headers)
    return {
      status: response.statusCode ?? 502,
      ...{ headers: kept.headers, cookies: kept.cookies },
      body: { kind: 'stream', chunks: chunksOf(response, request.signal) },
    }
  }

  upgrade(
    service: RemoteService,
    request: IncomingMessage,
    user: User,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const path = request.url ?? '/'
    const forwarded = { prefix: pathOf(path), rest: '' }
    const headers = {
      ...upgradeHeaders(headersOf(request), forwarded),
      ...identityHeaders(user),
    }
    const asked = { method: request.method ?? 'GET', path, headers }
    return upgradeTo(this.#options, this.#targetOf(service), asked, socket, head)
  }

  merged(own: readonly GroupVersion[]): Promise<readonly GroupVersion[]> {
    return this.#discovery.merged(own, this.services.all)
  }

  openApiDocuments(): Promise<readonly RemoteDocument[]> {
    return this.#openApi.documents(this.services.all)
  }

  /** Whether an APIService is to be had now; undefined for one that the masters serve. */
  async availability(object: APIService): Promise<Availability | undefined> {
    const service = remoteOf(object)
    if (!service) return undefined
    return availabilityOf(this.#options.store, service, async (path) => {
      const { status, response } = await this.#ask(service, path, 'application/json')
      response.resume()
      if (status < 200 || status > 299) throw new Error(`bad status from ${path}: ${status}`)
    })
  }

  /** A GET of the masters' own. */
  async #ask(
    service: RemoteService,
    path: string,
    accept: string,
  ): Promise<{ readonly status: number; readonly response: IncomingMessage }> {
    const late = new AbortController()
    const timer = this.#options.clock.after(limits.remoteDiscoveryAnswerMsMax, () => late.abort())
    const request = { method: 'GET' as const, path, headers: new Map(), signal: late.signal }
    const headers = { accept, ...identityHeaders(aggregatorUser) }
    try {
      const response = await this.#send(service, request, headers)
      response.once('close', () => timer.cancel())
      return { status: response.statusCode ?? 0, response }
    } catch (error) {
      timer.cancel()
      throw error
    }
  }

  async #send(
    service: RemoteService,
    request: ApiRequest,
    headers: ProxiedHeaders,
  ): Promise<IncomingMessage> {
    const { method, path, signal, body } = request
    const outgoing = openOutgoing(this.#options, this.#targetOf(service), { method, path, headers })
    const hangUp = () => outgoing.destroy()
    signal?.addEventListener('abort', hangUp, { once: true })
    outgoing.once('close', () => signal?.removeEventListener('abort', hangUp))
    if (signal?.aborted) hangUp()
    outgoing.end(body)
    return answered(this.#options, outgoing)
  }

  #targetOf(service: RemoteService): ProxyTarget {
    const { namespace, name, port, caBundle, insecureSkipTLSVerify } = service
    const endpoint = serviceEndpoint(this.#options.store, namespace, name, port)
    if (typeof endpoint === 'string') throw unreachable(new Error(endpoint))
    const { certificate, privateKey } = this.#options.frontProxy
    return {
      ...{ scheme: 'https', ...endpoint, isKubelet: false },
      tls: {
        ...{ cert: certificate, key: privateKey, servername: `${name}.${namespace}.svc` },
        ...(insecureSkipTLSVerify ? { rejectUnauthorized: false } : {}),
        ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }),
      },
    }
  }
}

/** Who asks for discovery (kube-aggregator pkg/apiserver/handler_discovery.go). */
const aggregatorUser: User = {
  name: 'system:kube-aggregator',
  uid: '',
  groups: ['system:masters'],
}

function pathOf(pathAndQuery: string): string {
  const mark = pathAndQuery.indexOf('?')
  return mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark)
}

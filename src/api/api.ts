import { InvariantError } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import { StatusError } from '../base/status.ts'
import type { ApiRequest, ApiResponse } from '../client/transport.ts'
import type { Kind } from '../kinds/kind.ts'
import { kindOfResource } from '../kinds/scheme.ts'
import { admitConnect } from './admission/connect.ts'
import { createDynamicAdmission } from './admission/dynamic-admission.ts'
import { admitted } from './admission/part-objects.ts'
import { createAdmission } from './admission/standard-admission.ts'
import { AuditLog } from './audit/audit-log.ts'
import { type Authorizer, authorizeFresh, forbidden } from './auth/authorizer.ts'
import { handleIssuerDiscovery } from './auth/issuer-discovery.ts'
import { reviewHandlers } from './auth/reviews.ts'
import {
  type ApiOptions,
  annotate,
  type Handler,
  type HandlerContext,
  type PathHandler,
  type User,
} from './context.ts'
import { handleComponentStatuses } from './discovery/component-statuses.ts'
import { handleDiscovery } from './discovery/handle-discovery.ts'
import { compressed, takesGzip } from './encoding/compressed.ts'
import { ProtobufMessages } from './encoding/protobuf-messages.ts'
import { bodyTooLarge, methodNotAllowed, noSuchPath, tooManyRequests } from './errors.ts'
import { CustomResources } from './extension/custom-resources.ts'
import { ServedKinds } from './extension/served-kinds.ts'
import { VersionedKinds } from './extension/versioned-storage.ts'
import { Fairness } from './fairness/fairness.ts'
import { handleBinding } from './handlers/binding.ts'
import { ExpiryLeases, eventTtlSecondsDefault } from './handlers/expiry-leases.ts'
import { plainStorage } from './handlers/object-storage.ts'
import type { ResourceContext, Shared } from './handlers/resource-context.ts'
import { WatchCount } from './handlers/resource-context.ts'
import { resourceHandler } from './handlers/route.ts'
import { EventFrames } from './handlers/watch/event-frames.ts'
import { indented, wantsIndented } from './indented-json.ts'
import { metricsHandlers } from './metrics/resource-metrics.ts'
import { handleOpenApi } from './openapi/handle-openapi.ts'
import { handleProxy } from './proxy/handle-proxy.ts'
import { attributesOf, parseRequestInfo } from './request-info.ts'
import { RequestMetrics } from './request-metrics.ts'
import { errorResponse, internalError, pageNotFound } from './responses.ts'
import { RequestDeadline, requestTimeoutMs } from './serving/request-deadline.ts'
import { ParsedObjects } from './stored-object.ts'
import { createLogHandler } from './subresources/log.ts'
import { upgradeRequired } from './subresources/upgrade.ts'

/** What is plugged into the pipeline beside the verbs. */
export interface Extensions {
  /** Discovery, OpenAPI, version: asked in order. */
  readonly paths: readonly PathHandler[]
  /** Resources that are answered and never stored, by `<group>/<version>/<resource>`. */
  readonly resources: ReadonlyMap<string, Handler>
  /** By `<resource>/<subresource>`, such as `pods/log`. */
  readonly subresources: ReadonlyMap<string, Handler>
}

/** What every member serves. */
export const standardExtensions: Extensions = {
  paths: [handleIssuerDiscovery, handleDiscovery, handleOpenApi],
  resources: new Map([
    ...reviewHandlers,
    ...metricsHandlers,
    ['/v1/componentstatuses', handleComponentStatuses],
  ]),
  subresources: new Map([
    ['pods/log', createLogHandler()],
    ['pods/exec', upgradeRequired],
    ['pods/attach', upgradeRequired],
    ['pods/portforward', upgradeRequired],
    ['pods/proxy', handleProxy],
    ['services/proxy', handleProxy],
    ['nodes/proxy', handleProxy],
  ]),
}

export interface Api {
  /**
   * Answers every request, refusals included; it rejects only when an invariant broke. The body of
   * a stream must be read to its end, or `request.signal` be aborted.
   */
  handle(request: ApiRequest, user: User): Promise<ApiResponse>
  /** Requests under way, streams that have begun not counted. */
  readonly inFlight: number
  readonly openWatches: number
  /** Asks the cluster's webhooks and policies about a stream of a pod. Throws refusals. */
  admitStream(request: ApiRequest, user: User): Promise<void>
  /** What decides about its requests; for those that the server answers beside it. */
  readonly authorizer: Authorizer
}

/** The request pipeline of one member: limits, authorization, routing, answers. */
export function createApi(options: ApiOptions, extensions: Extensions = standardExtensions): Api {
  return new Pipeline(options, extensions)
}

/** Long-running requests do not count as in flight: they have limits of their own. */
const longRunning: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy'])
const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'head', 'options'])

class Pipeline implements Api {
  readonly #options: ApiOptions
  readonly #extensions: Extensions
  readonly #shared: Shared
  readonly #audit: AuditLog | undefined
  readonly #fairness: Fairness
  readonly #kinds: ServedKinds
  readonly #customResources: CustomResources
  readonly #versionedKinds: VersionedKinds
  readonly #metrics: RequestMetrics | undefined
  #reading = 0
  #writing = 0

  constructor(options: ApiOptions, extensions: Extensions) {
    this.#options = options
    this.#extensions = extensions
    this.#kinds = new ServedKinds(options.store)
    this.#shared = {
      storage: plainStorage,
      expiry: new ExpiryLeases(
        options.store,
        options.clock,
        options.eventTtlSeconds ?? eventTtlSecondsDefault,
      ),
      parsed: new ParsedObjects(),
      messages: new ProtobufMessages(),
      watches: new WatchCount(),
      frames: new EventFrames(),
      admission: createAdmission(options),
      dynamic: createDynamicAdmission(options.store),
      ofKind: (kind) => this.#sharedOf(kind),
    }
    this.#audit = options.audit && new AuditLog(options.audit)
    this.#fairness = new Fairness(options.store, options.clock)
    this.#customResources = new CustomResources(this.#kinds, this.#shared, options)
    this.#versionedKinds = new VersionedKinds(this.#shared)
    this.#metrics = options.metrics && new RequestMetrics(options.metrics, () => this.#load())
  }

  #load() {
    return { reading: this.#reading, writing: this.#writing, openWatches: this.openWatches }
  }

  get authorizer(): Authorizer {
    return this.#options.authorizer
  }

  get inFlight(): number {
    return this.#reading + this.#writing
  }

  get openWatches(): number {
    return this.#shared.watches.open
  }

  admitStream(request: ApiRequest, user: User): Promise<void> {
    return admitConnect(this.#contextOf(request, user), this.#shared)
  }

  #contextOf(request: ApiRequest, user: User): HandlerContext {
    return {
      options: this.#options,
      info: parseRequestInfo(request.method, request.path),
      user,
      request,
      kinds: this.#kinds,
      warnings: [],
      auditAnnotations: new Map(),
    }
  }

  async handle(request: ApiRequest, user: User): Promise<ApiResponse> {
    const context = this.#contextOf(request, user)
    const { clock, random } = this.#options
    const startMs = clock.monotonicMs()
    const plain = await this.#answer(context)
    const answer = this.#isIndented(context) ? indented(plain) : plain
    const seconds = (clock.monotonicMs() - startMs) / 1_000
    this.#measured(context, answer.status, seconds)
    const headers = new Map(answer.headers)
    const id = random.uuid()
    headers.set('audit-id', id)
    if (this.#audit) {
      const { info } = context
      const answeredMs = clock.wallMs()
      const receivedMs = answeredMs - seconds * 1_000
      const annotations = context.auditAnnotations
      this.#audit.answered({
        ...{ id, request, info, user, answer, annotations, receivedMs, answeredMs },
      })
    }
    if (context.warnings.length > 0) headers.set('warning', warningHeader(context.warnings))
    const whole = { ...answer, headers }
    return this.#isCompressed(context) ? compressed(whole) : whole
  }

  #measured({ info, request }: HandlerContext, code: number, seconds: number): void {
    const kind = this.#kinds.find(info.group, info.version, info.resource)
    const contentType = request.headers.get('content-type') ?? ''
    this.#metrics?.answered({ info, kind, contentType, code, seconds })
  }

  /** Of objects, refusals and discovery; what another server answered, and what follows events, stays. */
  #isIndented({ info, request }: HandlerContext): boolean {
    const isOurs = !this.#options.aggregation?.services.ofPath(info.path)
    const isDocument = info.verb !== 'watch' && info.subresource !== 'proxy'
    const isLaidOut = isOurs && isDocument && !info.path.startsWith('/openapi/')
    return isLaidOut && wantsIndented(request, info.query)
  }

  /** Objects and lists, and what discovery tells: nothing that goes on, and nothing of another server. */
  #isCompressed({ info, request }: HandlerContext): boolean {
    if (request.method === 'HEAD' || !takesGzip(request)) return false
    if (info.verb === 'watch' || longRunning.has(info.subresource)) return false
    const isOurs = !this.#options.aggregation?.services.ofPath(info.path)
    return isOurs && (info.isResource || /^\/apis?(?:\/|$)/.test(info.path))
  }

  async #answer(context: HandlerContext): Promise<ApiResponse> {
    try {
      const { verb, subresource } = context.info
      if (verb === 'watch' || longRunning.has(subresource)) return await this.#dispatch(context)
      const timeoutMs = requestTimeoutMs(context.info.query) - (context.request.waitedMs ?? 0)
      const deadline = new RequestDeadline(this.#options.clock, timeoutMs)
      return await deadline.answerOf(() => this.#inTurn({ ...context, deadline }, deadline))
    } catch (error) {
      const accept = context.request.headers.get('accept')
      if (error instanceof StatusError) return errorResponse(error, accept)
      if (error instanceof InvariantError) throw error
      const { path, verb } = context.info
      this.#options.logger.error({ error, path, verb }, 'a request failed: this is a bug')
      return errorResponse(internalError(), accept)
    }
  }

  /** Waits for a seat. */
  async #inTurn(context: HandlerContext, deadline: RequestDeadline): Promise<ApiResponse> {
    const { info, user, request } = context
    const leave = await this.#fairness.enter(user, info, request)
    try {
      deadline.check()
      return await this.#counted(context, readVerbs.has(info.verb))
    } finally {
      leave()
    }
  }

  /** Reads may use the whole limit, writes half of it: one kind cannot starve the other. */
  async #counted(context: HandlerContext, reads: boolean): Promise<ApiResponse> {
    const { requestsInFlightMax } = limits
    if (reads ? this.#reading >= requestsInFlightMax : this.#writing >= requestsInFlightMax / 2)
      throw tooManyRequests()
    if (reads) this.#reading += 1
    else this.#writing += 1
    try {
      return await this.#dispatch(context)
    } finally {
      if (reads) this.#reading -= 1
      else this.#writing -= 1
    }
  }

  async #dispatch(context: HandlerContext): Promise<ApiResponse> {
    const { info, user, request } = context
    if ((request.body?.length ?? 0) > limits.bodyBytesMax) throw bodyTooLarge()
    await this.#authorize(context)
    const { aggregation } = this.#options
    const remote = aggregation?.services.ofPath(info.path)
    if (aggregation && remote) return aggregation.forward(remote, request, user)
    if (!info.isResource) return this.#path(context)
    if (info.group === '' && info.resource === 'bindings') return this.#oldBinding(context)
    const answered = this.#extensions.resources.get(
      `${info.group}/${info.version}/${info.resource}`,
    )
    if (answered) {
      const shared = this.#shared
      const admit: HandlerContext['admit'] = (kind, object) =>
        admitted({ ...context, kind, shared }, object)
      return answered({ ...context, admit })
    }
    const kind = await this.#kinds.findFresh(info.group, info.version, info.resource)
    if (!kind) return this.#nowhere(context)
    if (kind.deprecationWarning !== undefined) context.warnings.push(kind.deprecationWarning)
    const resource: ResourceContext = { ...context, kind, shared: this.#sharedFor(kind, context) }
    const handler = resourceHandler(resource, this.#extensions.subresources)
    await admitConnect(resource, this.#shared)
    return handler(resource)
  }

  /** Throws MethodNotAllowed for a new object of a custom kind that is going. */
  #sharedFor(kind: Kind, { info }: HandlerContext): Shared {
    if (kind.custom && info.verb === 'create') this.#customResources.refuseNew(kind)
    return this.#sharedOf(kind)
  }

  #sharedOf(kind: Kind): Shared {
    if (kind.custom) return this.#customResources.shared(kind)
    return kind.storedAs ? this.#versionedKinds.shared(kind.storedAs) : this.#shared
  }

  /** Throws Forbidden. Nobody unknown is worth a round among the members. */
  async #authorize(context: HandlerContext): Promise<void> {
    const { user } = context
    const info = attributesOf(context.info)
    const known = user.groups.includes('system:authenticated')
    const decision = known
      ? await authorizeFresh(this.#options, user, info)
      : this.#options.authorizer.authorize(user, info)
    annotate(context, 'authorization.k8s.io/decision', decision.allowed ? 'allow' : 'forbid')
    annotate(context, 'authorization.k8s.io/reason', decision.reason)
    if (!decision.allowed) throw forbidden(user, info, decision.reason)
  }

  #path(context: HandlerContext): Promise<ApiResponse> {
    for (const handler of this.#extensions.paths) {
      const answer = handler(context)
      if (answer) return answer
    }
    return Promise.resolve(pageNotFound())
  }

  /** A resource that a served group has not; of another group nothing is known. */
  #nowhere({ kinds, info }: HandlerContext): ApiResponse {
    const isServed = kinds.groupVersions.some(({ group }) => group === info.group)
    if (isServed) throw noSuchPath()
    return pageNotFound()
  }

  /** POST of a Binding to the collection `bindings`: the old way to say pods/<name>/binding. */
  #oldBinding(context: HandlerContext): Promise<ApiResponse> {
    const kind = kindOfResource('', context.info.version, 'pods')
    if (!kind || context.info.name !== '') throw noSuchPath()
    if (context.info.verb !== 'create') throw methodNotAllowed()
    return handleBinding({ ...context, kind, shared: this.#shared })
  }
}

/** Warnings as one header value (RFC 7234, 5.5); what a header cannot hold is replaced. */
export function warningHeader(texts: readonly string[]): string {
  return texts
    .map((text) => text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&'))
    .map((text) => `299 - "${text}"`)
    .join(', ')
}

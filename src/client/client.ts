import type { Term } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import { statusError } from '../base/status.ts'
import { resourceUrl } from './resources.ts'
import { refusal, statusOf } from './response-status.ts'
import {
  type ApiRequest,
  type ApiResponse,
  bodyBytes,
  type HttpMethod,
  type Transport,
} from './transport.ts'
import type {
  Client,
  DeleteRequest,
  KubernetesObject,
  ListOptions,
  ObjectList,
  PatchType,
  ResourceClient,
  ResourcePath,
  WatchEvent,
  WatchRequest,
  WriteOptions,
} from './typed.ts'

export interface ClientOptions {
  /**
   * Raft term under which every write is made. A function is asked at each write; while it returns
   * undefined, writes carry no fence.
   */
  readonly fence?: Term | (() => Term | undefined)
  readonly userAgent?: string
}

/** The typed client of the whole API over any transport. Speaks JSON. */
export function createClient(transport: Transport, options: ClientOptions = {}): Client {
  const wire = new Wire(transport, options)
  return {
    resource<T extends KubernetesObject>(path: ResourcePath): ResourceClient<T> {
      return new JsonResource<T>(wire, path)
    },
  }
}

interface Call {
  readonly method: HttpMethod
  readonly path: string
  readonly query?: URLSearchParams
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

/** Encodes calls and turns refusals into StatusErrors. */
class Wire {
  readonly #transport: Transport
  readonly #fence: () => Term | undefined
  readonly #userAgent: string

  constructor(transport: Transport, { fence, userAgent }: ClientOptions) {
    this.#transport = transport
    this.#fence = typeof fence === 'function' ? fence : () => fence
    this.#userAgent = userAgent ?? 'kijabi'
  }

  /** Sends a call; resolves to the decoded JSON of a success. */
  async call(call: Call): Promise<unknown> {
    const response = await this.open(call)
    const bytes = await bodyBytes(response.body)
    if (bytes.length === 0) return undefined
    return decoded(utf8(bytes))
  }

  /** Sends a call; resolves once a success began, with its body unread. */
  async open(call: Call): Promise<ApiResponse> {
    const headers = new Map([
      ['accept', 'application/json'],
      ['user-agent', this.#userAgent],
    ])
    const fence = call.method === 'GET' ? undefined : this.#fence()
    const query = call.query?.toString() ?? ''
    const request: ApiRequest = {
      method: call.method,
      path: query === '' ? call.path : `${call.path}?${query}`,
      headers,
      ...(call.signal ? { signal: call.signal } : {}),
      ...(fence === undefined ? {} : { fence }),
    }
    const response = await this.#transport.send(
      call.body === undefined ? request : withBody(request, headers, call),
    )
    if (response.status < 200 || response.status > 299) throw await refusal(response)
    return response
  }
}

function withBody(request: ApiRequest, headers: Map<string, string>, call: Call): ApiRequest {
  headers.set('content-type', call.contentType ?? 'application/json')
  const body = Buffer.from(JSON.stringify(call.body), 'utf8')
  headers.set('content-length', String(body.length))
  return { ...request, body }
}

interface ListAnswer<T> {
  kind?: string
  apiVersion?: string
  metadata?: { resourceVersion?: string; continue?: string }
  items?: T[] | null
}

class JsonResource<T extends KubernetesObject> implements ResourceClient<T> {
  readonly path: ResourcePath
  readonly #wire: Wire

  constructor(wire: Wire, path: ResourcePath) {
    this.#wire = wire
    this.path = path
  }

  async get(namespace: string, name: string): Promise<T> {
    return (await this.#wire.call({ method: 'GET', path: this.#url(namespace, name) })) as T
  }

  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const answer = (await this.#wire.call({
      method: 'GET',
      path: resourceUrl(this.path, options.namespace),
      query: listQuery(options),
      signal: options.signal,
    })) as ListAnswer<T>
    // Items of a list may come without their kind, which the list names: users of one need it.
    const kind = answer.kind?.replace(/List$/, '')
    for (const item of answer.items ?? []) {
      item.kind ??= kind
      item.apiVersion ??= answer.apiVersion
    }
    return {
      resourceVersion: answer.metadata?.resourceVersion ?? '',
      continue: answer.metadata?.continue || undefined,
      items: answer.items ?? [],
    }
  }

  async *watch(options: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const query = listQuery(options)
    query.set('watch', 'true')
    if (options.timeoutSeconds !== undefined)
      query.set('timeoutSeconds', String(options.timeoutSeconds))
    if (options.allowBookmarks) query.set('allowWatchBookmarks', 'true')
    // Own controller: a consumer that stops early must release the connection as well.
    const abort = new AbortController()
    const onAbort = () => abort.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.signal?.aborted) onAbort()
    try {
      const response = await this.#wire.open({
        method: 'GET',
        path: resourceUrl(this.path, options.namespace),
        query,
        signal: abort.signal,
      })
      for await (const line of lines(response)) yield watchEvent<T>(line)
    } catch (error) {
      if (!options.signal?.aborted) throw error
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
      abort.abort()
    }
  }

  async create(namespace: string, object: T, options: WriteOptions = {}): Promise<T> {
    return await this.#write('POST', resourceUrl(this.path, namespace), object, options)
  }

  async update(object: T, options: WriteOptions = {}): Promise<T> {
    return await this.#write('PUT', this.#urlOf(object), object, options)
  }

  async updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return await this.#write('PUT', this.#urlOf(object, 'status'), object, options)
  }

  async patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: unknown,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const url = this.#url(namespace, name, options.subresource)
    return await this.#write('PATCH', url, patch, options, type)
  }

  async delete(namespace: string, name: string, options: DeleteRequest = {}): Promise<void> {
    const { gracePeriodSeconds, propagationPolicy, preconditions } = options
    await this.#wire.call({
      method: 'DELETE',
      path: this.#url(namespace, name),
      signal: options.signal,
      body: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
        ...(preconditions === undefined ? {} : { preconditions }),
      },
    })
  }

  async subresource(
    namespace: string,
    name: string,
    subresource: string,
    method: 'GET' | 'POST' | 'PUT',
    body?: unknown,
  ): Promise<unknown> {
    return await this.#wire.call({ method, path: this.#url(namespace, name, subresource), body })
  }

  async #write(
    method: HttpMethod,
    path: string,
    body: unknown,
    options: WriteOptions,
    contentType?: string,
  ): Promise<T> {
    const query = new URLSearchParams()
    if (options.fieldManager !== undefined) query.set('fieldManager', options.fieldManager)
    return (await this.#wire.call({
      method,
      path,
      query,
      body,
      signal: options.signal,
      ...(contentType === undefined ? {} : { contentType }),
    })) as T
  }

  #url(namespace: string, name: string, subresource?: string): string {
    return resourceUrl(this.path, namespace, name, subresource)
  }

  #urlOf(object: T, subresource?: string): string {
    return this.#url(object.metadata.namespace ?? '', object.metadata.name ?? '', subresource)
  }
}

function listQuery(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams()
  if (options.labelSelector) query.set('labelSelector', options.labelSelector)
  if (options.fieldSelector) query.set('fieldSelector', options.fieldSelector)
  if (options.resourceVersion !== undefined) query.set('resourceVersion', options.resourceVersion)
  if (options.limit !== undefined) query.set('limit', String(options.limit))
  if (options.continue) query.set('continue', options.continue)
  return query
}

const newline = 0x0a

/** Splits a body into its lines; a line may span chunks, and a chunk may hold many lines. */
async function* lines(response: ApiResponse): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let partBytes = 0
  for await (const chunk of response.body.chunks) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const end = chunk.subarray(from, at)
      yield utf8(parts.length === 0 ? end : Buffer.concat([...parts, end]))
      parts = []
      partBytes = 0
      from = at + 1
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
    partBytes += chunk.length - from
    if (partBytes > limits.watchLineBytesMax)
      throw statusError('InternalError', `a watch event is over ${limits.watchLineBytesMax} bytes`)
  }
  // What follows the last newline is an event that the connection cut off: it comes again.
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

function watchEvent<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const { type, object } = decoded(line) as { type?: string; object?: T }
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (object?.metadata) return { type, object }
      break
    case 'BOOKMARK':
      return { type, resourceVersion: object?.metadata?.resourceVersion ?? '' }
    case 'ERROR':
      throw statusOf(object) ?? statusError('InternalError', 'the watch failed without a Status')
  }
  throw statusError('InternalError', `the watch sent an event of unknown type ${type ?? ''}`)
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const error = statusError('InternalError', 'the server sent a body that is no JSON')
    error.cause = cause
    throw error
  }
}

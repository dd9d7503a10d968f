import { type Api, createApi } from '../../../src/api/api.ts'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import type { ApiOptions, User } from '../../../src/api/context.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { type ApiRequest, bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import { type MemoryStore, openMemoryStore } from '../../contract/memory-store.ts'

export const admin: User = {
  name: 'admin',
  uid: '',
  groups: ['system:masters', 'system:authenticated'],
}

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  readonly json: any
}

/** An API over a memory store with the namespace `default` (unless a store is given), and a short way to ask it. */
export interface TestCluster extends AsyncDisposable {
  readonly api: Api
  readonly clock: ManualClock
  readonly memory: MemoryStore
  ask(
    method: HttpMethod,
    path: string,
    body?: unknown,
    more?: { headers?: Record<string, string>; user?: User; signal?: AbortSignal },
  ): Promise<Answer>
  /** A watch as an iterator of parsed events; `close` hangs up. */
  watch(path: string, headers?: Record<string, string>): Promise<WatchReader>
}

export interface WatchReader {
  // biome-ignore lint/suspicious/noExplicitAny: events are looked into freely
  next(): Promise<any>
  close(): Promise<void>
}

export async function openCluster(options: Partial<ApiOptions> = {}): Promise<TestCluster> {
  const memory = await openMemoryStore()
  const clock = new ManualClock()
  const api = createApi({
    store: memory.store,
    authorizer: createAuthorizer(memory.store),
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    serviceCidr: '10.96.0.0/16',
    nodePortRange: '30000-32767',
    memberName: 'm1',
    kubeletTls: { certificate: '', privateKey: '', ca: '' },
    ...options,
  })
  const ask: TestCluster['ask'] = async (method, path, body, more = {}) => {
    const request = requestOf(method, path, body, more.headers, more.signal)
    const response = await api.handle(request, more.user ?? admin)
    const text = Buffer.from(await bodyBytes(response.body)).toString('utf8')
    const type = response.headers.get('content-type') ?? ''
    const json = type.startsWith('application/json') ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, json }
  }
  if (!options.store) {
    const created = await ask('POST', '/api/v1/namespaces', named('Namespace', 'default'))
    if (created.status !== 201) throw new Error(created.text)
  }
  return {
    api,
    clock,
    memory,
    ask,
    watch: (path, headers = {}) => openWatch(api, path, headers),
    [Symbol.asyncDispose]: () => memory.store.stop(),
  }
}

async function openWatch(
  api: Api,
  path: string,
  headers: Record<string, string>,
): Promise<WatchReader> {
  const hangUp = new AbortController()
  const response = await api.handle(
    requestOf('GET', path, undefined, headers, hangUp.signal),
    admin,
  )
  if (response.body.kind !== 'stream')
    throw new Error(Buffer.from(await bodyBytes(response.body)).toString('utf8'))
  const chunks = response.body.chunks[Symbol.asyncIterator]()
  let buffered = ''
  return {
    async next() {
      for (;;) {
        const end = buffered.indexOf('\n')
        if (end >= 0) {
          const line = buffered.slice(0, end)
          buffered = buffered.slice(end + 1)
          return JSON.parse(line)
        }
        const chunk = await chunks.next()
        if (chunk.done) return undefined
        buffered += Buffer.from(chunk.value).toString('utf8')
      }
    },
    async close() {
      hangUp.abort()
      await chunks.return?.()
    },
  }
}

export function requestOf(
  method: HttpMethod,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): ApiRequest {
  const bytes =
    body === undefined
      ? undefined
      : body instanceof Uint8Array
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    method,
    path,
    headers: new Map(Object.entries({ 'content-type': 'application/json', ...headers })),
    ...(bytes ? { body: bytes } : {}),
    ...(signal ? { signal } : {}),
  }
}

/** A minimal object of a core kind. */
export function named(kind: string, name: string, more: object = {}): object {
  return { apiVersion: 'v1', kind, metadata: { name }, ...more }
}

export function configMap(name: string, data: Record<string, string> = {}, labels = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data }
}

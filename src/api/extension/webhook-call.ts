import { request as httpsRequest } from 'node:https'
import { limits } from '../../base/limits.ts'
import type { WebhookTarget } from '../../kinds/apiextensions/definition-spec.ts'
import type { ApiOptions } from '../context.ts'
import { serviceEndpoint } from './service-endpoint.ts'

/** Why a webhook gave no answer, without its name: whoever asked puts that before it. */
export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError'
}

/**
 * Posts a review to a webhook and reads its answer. Throws WebhookCallError: it could not be reached,
 * did not answer in time, or not with JSON (apiserver pkg/util/webhook/client.go).
 */
export async function callWebhook(
  { store, clock }: Pick<ApiOptions, 'store' | 'clock'>,
  target: WebhookTarget,
  review: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const place = placeOf(store, target, timeoutMs)
  const late = new AbortController()
  const timer = clock.after(timeoutMs, () => late.abort())
  let text: string
  try {
    text = await post(place, JSON.stringify(review), target, late.signal)
  } finally {
    timer.cancel()
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new WebhookCallError(
      `the answer of ${place.shown} is no JSON: ${(error as Error).message}`,
    )
  }
}

interface Place {
  readonly host: string
  readonly port: number
  readonly path: string
  /** Whom its certificate must name. */
  readonly serverName: string
  /** The URL, for messages. */
  readonly shown: string
}

function placeOf(
  store: ApiOptions['store'],
  { url, service }: WebhookTarget,
  timeoutMs: number,
): Place {
  const timeout = `timeout=${Math.ceil(timeoutMs / 1_000)}s`
  if (service) {
    const { name, namespace, port = 443, path = '/' } = service
    const serverName = `${name}.${namespace}.svc`
    const shown = `https://${serverName}:${port}${path}?${timeout}`
    const endpoint = serviceEndpoint(store, namespace, name, port)
    if (typeof endpoint === 'string')
      throw new WebhookCallError(`Post ${JSON.stringify(shown)}: ${endpoint}`)
    return { ...endpoint, path: `${path}?${timeout}`, serverName, shown }
  }
  const read = new URL(url ?? '')
  const host = read.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = read.port === '' ? 443 : Number(read.port)
  return {
    host,
    port,
    path: `${read.pathname}?${timeout}`,
    serverName: host,
    shown: `${url}?${timeout}`,
  }
}

function post(
  place: Place,
  body: string,
  { caBundle }: WebhookTarget,
  signal: AbortSignal,
): Promise<string> {
  const { host, port, path, serverName, shown } = place
  const isAddress = /^[\d.]+$/.test(serverName) || serverName.includes(':')
  return new Promise((resolve, reject) => {
    const refuse = (why: string) =>
      reject(new WebhookCallError(`Post ${JSON.stringify(shown)}: ${why}`))
    const request = httpsRequest({
      host,
      port,
      path,
      method: 'POST',
      // No name is sent for an address (RFC 6066, 3).
      ...(isAddress ? {} : { servername: serverName }),
      ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'kube-apiserver-admission',
        connection: 'close',
      },
      agent: false,
      signal,
    })
    request.on('error', (error) => refuse(reasonOf(error)))
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > limits.webhookAnswerBytesMax) {
          request.destroy()
          refuse(`the answer is larger than ${limits.webhookAnswerBytesMax} bytes`)
        }
      })
      response.on('error', (error) => refuse(reasonOf(error)))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const status = response.statusCode ?? 0
        if (status >= 200 && status <= 299) resolve(text)
        else refuse(`the server answered ${status}: ${text.slice(0, 200)}`)
      })
    })
    request.end(body)
  })
}

/** In the words of Go's client where it has them. */
function reasonOf(error: Error & { code?: string }): string {
  if (error.name === 'AbortError') return 'context deadline exceeded'
  if (error.code === 'ECONNREFUSED') return `dial tcp: connect: connection refused`
  return error.message
}

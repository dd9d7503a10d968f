import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Clock, Timer } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { headerSeparator } from '../auth/impersonate.ts'
import { badRequest, bodyTooLarge } from '../errors.ts'
import { requestTimedOut } from './request-deadline.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/**
 * Headers of a request, names in lower case, repeated ones joined; HTTP/2's own left out. Those that
 * say as whom to act are joined by a separator that no value can hold: a group's name may hold a comma.
 */
export function headersOf(request: Request): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined) continue
    if (name === ':authority') headers.set('host', String(value))
    if (!name.startsWith(':')) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const { rawHeaders } = request
  const impersonated = new Set(
    [...headers.keys()].filter((name) => name.startsWith('impersonate-')),
  )
  for (const name of impersonated) {
    const values = rawHeaders.filter(
      (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name,
    )
    headers.set(name, values.join(headerSeparator))
  }
  return headers
}

/**
 * The whole body. Throws RequestEntityTooLarge past `limits.bodyBytesMax`, after reading and dropping
 * what is left, up to `limits.bodyBytesDroppedMax`: a connection that is closed while the client still
 * sends would lose the refusal. Throws Timeout when the body is not there in time.
 */
export async function readBody(request: Request, clock: Clock): Promise<Uint8Array> {
  const { method } = request
  const length = Number(request.headers['content-length'] ?? '0')
  if (length > limits.bodyBytesDroppedMax) throw bodyTooLarge()
  if (method === 'GET' || method === 'HEAD') return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let bytes = 0
  let isWhole = false
  let timer: Timer | undefined
  await new Promise<void>((resolve, reject) => {
    timer = clock.after(limits.requestMsMax, () => reject(requestTimedOut()))
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > limits.bodyBytesMax) chunks.length = 0
      else chunks.push(chunk)
      // The connection stays: the refusal still has to go out on it.
      if (bytes > limits.bodyBytesDroppedMax) resolve()
    })
    request.once('end', () => {
      isWhole = true
      resolve()
    })
    const broke = () => {
      if (!isWhole) reject(badRequest('the connection broke within the body'))
    }
    request.once('error', broke)
    request.once('close', broke)
  }).finally(() => timer?.cancel())
  if (bytes > limits.bodyBytesMax) throw bodyTooLarge()
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/**
 * The end of a request by its client or by the server. Most requests never ask for it, and a signal
 * costs more than a plain read: it is made for those who do.
 */
export class HangUp {
  #controller: AbortController | undefined
  #happened = false

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#happened) this.#controller.abort()
    return this.#controller.signal
  }

  readonly abort = (): void => {
    this.#happened = true
    this.#controller?.abort()
  }
}

/** What else sending an answer needs. */
export interface Exchange {
  readonly method: string | undefined
  readonly hangUp: HangUp
  readonly clock: Clock
}

/**
 * Sends an answer. Stops early, without an error, at a hang-up: the client has hung up or
 * the server ends. A slow client holds back the stream's producer; one that takes nothing for
 * `limits.answerStallMsMax` is cut off.
 */
export async function writeResponse(
  response: Response,
  answer: ApiResponse,
  { method = '', hangUp, clock }: Exchange,
): Promise<void> {
  if (isClosed(response)) return
  const headers: Record<string, string> = Object.fromEntries(answer.headers)
  const { body, cookies = [] } = answer
  if (cookies.length > 0) response.setHeader('set-cookie', [...cookies])
  if (body.kind === 'whole') {
    const whole = body.chunks.length === 1 ? body.chunks[0] : Buffer.concat(body.chunks)
    headers['content-length'] = String(whole?.length ?? 0)
    writeHead(response, answer.status, headers)
    if (method === 'HEAD' || !whole) response.end()
    else (response as ServerResponse).end(whole)
    return flushed(response, clock)
  }
  writeHead(response, answer.status, headers)
  if (method === 'HEAD') {
    response.end()
    return flushed(response, clock)
  }
  const flushable = response as ServerResponse
  flushable.flushHeaders()
  for await (const chunk of body.chunks) {
    if (isGone(response)) break
    if (!write(response, chunk)) await drained(response, hangUp.signal, clock)
  }
  if (isGone(response)) return
  response.end()
  return flushed(response, clock)
}

/** Resolves once the operating system has it all, or the client is gone. */
function flushed(response: Response, clock: Clock): Promise<void> {
  if (response.writableFinished || isClosed(response)) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = cutOffLater(response, clock)
    const go = () => {
      timer.cancel()
      resolve()
    }
    response.once('finish', go)
    response.once('close', go)
  })
}

/** The end of who takes nothing. An HTTP/2 stream ends alone, its connection goes on. */
function cutOffLater(response: Response, clock: Clock): Timer {
  return clock.after(limits.answerStallMsMax, () => {
    if ('stream' in response) response.stream.close(constants.NGHTTP2_CANCEL)
    else response.destroy()
  })
}

function writeHead(response: Response, status: number, headers: Record<string, string>): void {
  ;(response as ServerResponse).writeHead(status, headers)
}

function write(response: Response, chunk: Uint8Array): boolean {
  return (response as ServerResponse).write(chunk)
}

function isGone(response: Response): boolean {
  return response.writableEnded || isClosed(response)
}

/** HTTP/2's response does not say itself that its stream is closed. */
function isClosed(response: Response): boolean {
  if ('stream' in response) return response.stream.destroyed || response.stream.closed
  return response.destroyed || response.closed
}

function drained(response: Response, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = cutOffLater(response, clock)
    const go = () => {
      timer.cancel()
      response.off('drain', go)
      response.off('close', go)
      signal.removeEventListener('abort', go)
      resolve()
    }
    response.once('drain', go)
    response.once('close', go)
    signal.addEventListener('abort', go, { once: true })
    if (signal.aborted) go()
  })
}

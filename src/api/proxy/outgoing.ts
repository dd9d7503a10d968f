import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { limits } from '../../base/limits.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import type { ApiOptions } from '../context.ts'
import type { ProxiedHeaders } from './headers.ts'
import type { ProxyTarget } from './target.ts'

/** A request to a proxied server, not ended yet. Pods and Services show certificates of their own. */
export function openOutgoing(
  { kubeletTls }: Pick<ApiOptions, 'kubeletTls'>,
  target: ProxyTarget,
  request: { readonly method: string; readonly path: string; readonly headers: ProxiedHeaders },
): ClientRequest {
  const { scheme, host, port, isKubelet } = target
  const common = { host, port, agent: false, maxHeaderSize: limits.headerBytesMax, ...request }
  if (scheme === 'http') return httpRequest(common)
  if (target.tls) return httpsRequest({ ...common, ...target.tls })
  const tls = isKubelet
    ? { cert: kubeletTls.certificate, key: kubeletTls.privateKey, ca: kubeletTls.ca }
    : { rejectUnauthorized: false }
  // The client's Host header names this server: it must not become the name that TLS asks for.
  return httpsRequest({ ...common, ...tls, servername: '' })
}

/** The headers of the answer. Throws ServiceUnavailable when no connection comes about in time. */
export function answered(
  { clock }: Pick<ApiOptions, 'clock'>,
  outgoing: ClientRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limits.proxyDialMsMax, () => {
      outgoing.destroy(new Error(`no connection within ${limits.proxyDialMsMax / 1000} s`))
    })
    outgoing.once('socket', (socket) => socket.once('connect', () => timer.cancel()))
    outgoing.once('response', (response) => {
      timer.cancel()
      resolve(response)
    })
    outgoing.once('close', () => timer.cancel())
    outgoing.once('error', (error) => reject(unreachable(error)))
  })
}

export function unreachable(error: Error): StatusError {
  return statusError('ServiceUnavailable', `error trying to reach service: ${error.message}`)
}

/** Passes chunks on as they come; the proxied server waits while the client is slow. */
export async function* chunksOf(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array
  } catch (error) {
    // Destroyed by the client's own hang-up: that is how such a stream ends.
    if (!signal?.aborted) throw error
  }
}

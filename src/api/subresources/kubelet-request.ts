import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { limits } from '../../base/limits.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import type { ApiOptions } from '../context.ts'
import type { KubeletAddress } from './pod-container.ts'

/**
 * Opens a GET to a kubelet: mutual TLS, with the master's kubelet client certificate and the
 * cluster's CA. The caller listens to its events and ends it.
 */
export function kubeletRequest(
  { kubeletTls }: Pick<ApiOptions, 'kubeletTls'>,
  address: KubeletAddress,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientRequest {
  return httpsRequest({
    host: address.host,
    port: address.port,
    path,
    headers: { ...headers },
    method: 'GET',
    agent: false,
    cert: kubeletTls.certificate,
    key: kubeletTls.privateKey,
    ca: kubeletTls.ca,
    maxHeaderSize: limits.headerBytesMax,
  })
}

/** `/exec/<namespace>/<pod>/<container>`: names as path segments. */
export function kubeletPath(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`
}

/** The answer's headers, or a refusal when none come within limits.kubeletAnswerMsMax. */
export function answerOf(
  { clock }: Pick<ApiOptions, 'clock'>,
  address: KubeletAddress,
  request: ClientRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limits.kubeletAnswerMsMax, () => {
      request.destroy(new Error(`no answer within ${limits.kubeletAnswerMsMax / 1000} s`))
    })
    request.once('response', (response) => {
      timer.cancel()
      resolve(response)
    })
    request.once('upgrade', () => timer.cancel())
    request.once('error', (error) => {
      timer.cancel()
      reject(unreachableKubelet(address, error))
    })
    request.end()
  })
}

export function unreachableKubelet(
  { node, host, port }: KubeletAddress,
  error: Error,
): StatusError {
  return statusError(
    'InternalError',
    `the kubelet of node ${JSON.stringify(node)} at ${host}:${port} cannot be reached: ` +
      `${error.message}; see whether its worker runs`,
  )
}

/** What a kubelet's refusal becomes for the client: its text, with the reason of its code. */
export async function refusalOf(response: IncomingMessage): Promise<StatusError> {
  const text = (await beginning(response)).trim()
  switch (response.statusCode) {
    case 400:
      return statusError('BadRequest', text)
    case 403:
      return statusError('Forbidden', text)
    case 404:
      return statusError('NotFound', text === '' ? 'the kubelet does not know this stream' : text)
    case 503:
    case 429:
      return statusError('TooManyRequests', text, { retryAfterSeconds: 1 })
    default:
      return statusError(
        'InternalError',
        text === ''
          ? `the kubelet answered with code ${response.statusCode}`
          : `Internal error occurred: ${text}`,
      )
  }
}

async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= limits.refusalBytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, limits.refusalBytesMax).toString('utf8')
}

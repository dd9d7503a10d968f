import type { IncomingMessage } from 'node:http'
import type { ApiResponse } from '../../client/transport.ts'
import type { ApiOptions, Handler, RequestInfo } from '../context.ts'
import { methodNotAllowed } from '../errors.ts'
import { streamResponse, textResponse } from '../responses.ts'
import { answerOf, kubeletPath, kubeletRequest, refusalOf } from './kubelet-request.ts'
import { parseLogOptions } from './log-options.ts'
import { containerOf, findKubelet, findPod } from './pod-container.ts'
import { StreamCount } from './stream-count.ts'

/**
 * GET of `pods/<name>/log`: streams it from the pod's kubelet (pkg/registry/core/pod/strategy.go
 * LogLocation). Ends when the kubelet ends it or the client hangs up. The answer of a pod that runs
 * nowhere yet is empty.
 */
export function createLogHandler(streams: StreamCount = new StreamCount()): Handler {
  return async (context) => {
    if (context.info.verb !== 'get') throw methodNotAllowed()
    return logOf(context.options, context.info, streams, context.request.signal)
  }
}

/** The log that a request names, until `signal` aborts. Rejects with what is wrong with it. */
export async function logOf(
  options: ApiOptions,
  info: RequestInfo,
  streams: StreamCount,
  signal: AbortSignal | undefined,
): Promise<ApiResponse> {
  const asked = parseLogOptions(info.query)
  const pod = await findPod(options, info)
  const container = containerOf(pod, asked.container)
  if (pod.nodeName === '') return textResponse(200, '')
  const path = kubeletPath('containerLogs', pod.namespace, pod.name, container)
  const query = asked.kubeletQuery.toString()
  const whole = query === '' ? path : `${path}?${query}`
  return openLog(options, streams, { node: pod.nodeName, path: whole }, signal)
}

async function openLog(
  options: ApiOptions,
  streams: StreamCount,
  { node, path }: { readonly node: string; readonly path: string },
  signal: AbortSignal | undefined,
): Promise<ApiResponse> {
  const address = await findKubelet(options, node)
  const leave = streams.enter(node)
  const outgoing = kubeletRequest(options, address, path)
  outgoing.once('close', leave)
  const hangUp = () => outgoing.destroy()
  signal?.addEventListener('abort', hangUp, { once: true })
  outgoing.once('close', () => signal?.removeEventListener('abort', hangUp))
  if (signal?.aborted) hangUp()
  const response = await answerOf(options, address, outgoing)
  if (response.statusCode !== 200) {
    const refusal = await refusalOf(response)
    outgoing.destroy()
    throw refusal
  }
  const type = response.headers['content-type'] ?? 'text/plain'
  return streamResponse(chunksOf(response, signal), type)
}

/** Passes chunks on as they come; the kubelet waits while the client is slow. */
async function* chunksOf(
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

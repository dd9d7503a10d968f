import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { statusError } from '../../base/status.ts'
import type { ApiRequest } from '../../client/transport.ts'
import { requireAllowed } from '../auth/authorizer.ts'
import type { ApiOptions, Handler, RequestInfo, User } from '../context.ts'
import { noSuchPath } from '../errors.ts'
import { upgradeProxied } from '../proxy/upgrade-proxied.ts'
import { parseRequestInfo } from '../request-info.ts'
import { type AcceptedUpgrade, carryUpgrade, passRefusal } from './carry-upgrade.ts'
import { answerOf, kubeletRequest, refusalOf } from './kubelet-request.ts'
import { logOf } from './log.ts'
import { LogSockets } from './log-socket.ts'
import { findKubelet, findPod, type KubeletAddress } from './pod-container.ts'
import { StreamCount } from './stream-count.ts'
import { kubeletStreamPath, type StreamKind } from './stream-options.ts'

/** Asks webhooks and policies about a stream; throws refusals. */
export type AdmitStream = (request: ApiRequest, user: User) => Promise<void>

/** Takes over a connection that asks for exec, attach, port-forward, a log or an upgrade of a proxied server. */
export interface UpgradeHandler {
  /**
   * Tunnels the connection to the pod's kubelet, or to the proxied server, and resolves once both sides have closed. Rejects
   * with a StatusError, the socket untouched, as long as nothing has been answered: the caller
   * writes it as an HTTP answer.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, user: User): Promise<void>
  /** Cuts every tunnel. */
  close(): void
}

/**
 * Streams of pods: this server authorizes, finds the kubelet and then only carries bytes. Whether they
 * are WebSocket or SPDY, and what is in them, is the business of client and kubelet alone.
 */
export function createUpgradeHandler(
  options: ApiOptions,
  streams: StreamCount = new StreamCount(),
  admit: AdmitStream = () => Promise.resolve(),
): UpgradeHandler {
  const open = new Set<Duplex>()
  const logs = new LogSockets()
  return {
    handleUpgrade: async (request, socket, head, user) => {
      const info = parseRequestInfo(request.method ?? '', request.url ?? '/')
      const remote = options.aggregation?.services.ofPath(info.path)
      if (options.aggregation && remote) {
        requireAllowed(options.authorizer, user, info)
        open.add(socket)
        return options.aggregation
          .upgrade(remote, request, user, socket, head)
          .finally(() => open.delete(socket))
      }
      if (info.isResource && info.subresource === 'proxy') {
        requireAllowed(options.authorizer, user, info)
        open.add(socket)
        return upgradeProxied(options, info, request, socket, head).finally(() =>
          open.delete(socket),
        )
      }
      if (isLog(info)) {
        requireAllowed(options.authorizer, user, info)
        open.add(socket)
        return logs
          .carry(request, socket, head, (signal) => logOf(options, info, streams, signal))
          .finally(() => open.delete(socket))
      }
      const kind = streamKindOf(info)
      // A WebSocket comes as GET; what it does is a create (Kubernetes asks for that from 1.35 on).
      requireAllowed(options.authorizer, user, { ...info, verb: 'create' })
      await admit({ method: 'POST', path: request.url ?? '/', headers: new Map() }, user)
      const pod = await findPod(options, info)
      const path = kubeletStreamPath(kind, pod, info.query)
      const address = await findKubelet(options, pod.nodeName)
      const leave = streams.enter(address.node)
      open.add(socket)
      try {
        const kubelet = await openTunnel(options, address, path, request, socket)
        if ('head' in kubelet) await carryUpgrade(options, socket, head, kubelet)
        else await passRefusal(kubelet, socket)
      } finally {
        open.delete(socket)
        leave()
      }
    },
    close: () => {
      for (const socket of open) socket.destroy()
    },
  }
}

function isLog({ isResource, group, resource, subresource }: RequestInfo): boolean {
  return isResource && group === '' && resource === 'pods' && subresource === 'log'
}

function streamKindOf(info: RequestInfo): StreamKind {
  const { group, resource, subresource } = info
  const isStream =
    subresource === 'exec' || subresource === 'attach' || subresource === 'portforward'
  if (!info.isResource || group !== '' || resource !== 'pods' || !isStream) throw noSuchPath()
  return subresource
}

/**
 * Asks the kubelet for the same upgrade. Where it refuses, a client of SPDY gets its answer as it is,
 * since such clients put the text behind their own words; others get a Status, which is thrown.
 */
async function openTunnel(
  options: ApiOptions,
  address: KubeletAddress,
  path: string,
  request: IncomingMessage,
  client: Duplex,
): Promise<AcceptedUpgrade | IncomingMessage> {
  const outgoing = kubeletRequest(options, address, path, handshakeOf(request))
  const hangUp = () => outgoing.destroy(new Error('the client hung up'))
  client.once('close', hangUp)
  try {
    const upgraded = new Promise<AcceptedUpgrade>((resolve) => {
      outgoing.once('upgrade', (answer, socket, head) => resolve({ answer, socket, head }))
    })
    const result = await Promise.race([upgraded, answerOf(options, address, outgoing)])
    if ('head' in result) return result
    if (/^spdy\//i.test(request.headers.upgrade ?? '')) return result
    const refusal = await refusalOf(result)
    outgoing.destroy()
    throw refusal
  } finally {
    client.off('close', hangUp)
  }
}

const handshakeHeaders = [
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'x-stream-protocol-version',
]

/** What of the client's headers the kubelet needs: never its credentials. */
function handshakeOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = { connection: 'Upgrade' }
  for (const name of handshakeHeaders) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

/**
 * Answers a plain request for a stream: only an upgrade can carry one, which is said after what is wrong
 * with the pod.
 */
export const upgradeRequired: Handler = async ({ options, info }) => {
  kubeletStreamPath(streamKindOf(info), await findPod(options, info), info.query)
  throw statusError('BadRequest', 'Upgrade request required')
}

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiOptions, RequestInfo } from '../context.ts'
import { headersOf } from '../serving/http-message.ts'
import { type AcceptedUpgrade, carryUpgrade, passRefusal } from '../subresources/carry-upgrade.ts'
import { upgradeHeaders } from './headers.ts'
import { answered, openOutgoing } from './outgoing.ts'
import { splitProxyPath } from './proxied-path.ts'
import { type ProxyTarget, proxyTarget } from './target.ts'

/**
 * An upgrade through `…/proxy/<path>`: the proxied server's answer goes to the client as it is, and when
 * it accepts, bytes both ways until either side closes.
 */
export async function upgradeProxied(
  options: ApiOptions,
  info: RequestInfo,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const target = await proxyTarget(options, info)
  const path = splitProxyPath(info, request.url ?? '/')
  const asked = {
    method: request.method ?? 'GET',
    path: `${path.rest === '' ? '/' : path.rest}${path.query}`,
    headers: upgradeHeaders(headersOf(request), path),
  }
  return upgradeTo(options, target, asked, socket, head)
}

/** As `upgradeProxied`, for a target that is known. */
export async function upgradeTo(
  options: Pick<ApiOptions, 'kubeletTls' | 'clock'>,
  target: ProxyTarget,
  asked: Parameters<typeof openOutgoing>[2],
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const outgoing = openOutgoing(options, target, asked)
  const hangUp = () => outgoing.destroy(new Error('the client hung up'))
  socket.once('close', hangUp)
  const upgraded = new Promise<AcceptedUpgrade>((resolve) => {
    outgoing.once('upgrade', (answer, server, rest) =>
      resolve({ answer, socket: server, head: rest }),
    )
  })
  outgoing.end()
  const result = await Promise.race([upgraded, answered(options, outgoing)])
  socket.off('close', hangUp)
  if ('socket' in result && 'head' in result) return carryUpgrade(options, socket, head, result)
  await passRefusal(result, socket)
}

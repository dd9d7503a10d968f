import type { IncomingHttpHeaders } from 'node:http'
import { type CommandProtocol, commandProtocols } from './command.ts'
import { Refusal } from './refusal.ts'

/** Names of a port-forward: its streams over SPDY, those within a WebSocket, and channels of a WebSocket. */
export const forwardProtocol = 'portforward.k8s.io'
export const tunnelProtocol = `SPDY/3.1+${forwardProtocol}`
const forwardChannels = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

/** How a client wants its streams carried. */
export type Carrier<Protocol extends string> =
  | { readonly over: 'websocket'; readonly protocol: Protocol }
  | { readonly over: 'spdy'; readonly protocol: Protocol }

export type CommandCarrier = Carrier<CommandProtocol>
export type ForwardCarrier = Carrier<
  typeof forwardProtocol | typeof tunnelProtocol | (typeof forwardChannels)[number]
>

/** PURE: of what the client offers for exec and attach the newest. Throws Refusal when there is none. */
export function commandCarrier(headers: IncomingHttpHeaders): CommandCarrier {
  const over = upgradeOf(headers)
  // Over SPDY there is nothing new in v5: it is not offered, as in Kubernetes.
  const served = over === 'spdy' ? commandProtocols.slice(1) : commandProtocols
  return { over, protocol: choose(served, offered(headers, over), over) }
}

/** PURE: the same for port-forward. */
export function forwardCarrier(headers: IncomingHttpHeaders): ForwardCarrier {
  const over = upgradeOf(headers)
  const served =
    over === 'spdy' ? ([forwardProtocol] as const) : ([tunnelProtocol, ...forwardChannels] as const)
  return { over, protocol: choose(served, offered(headers, over), over) }
}

function upgradeOf(headers: IncomingHttpHeaders): 'websocket' | 'spdy' {
  const upgrade = (headers.upgrade ?? '').toLowerCase()
  if (upgrade === 'websocket') return 'websocket'
  if (upgrade === 'spdy/3.1') return 'spdy'
  throw new Refusal(
    400,
    `unable to upgrade: this server speaks SPDY/3.1 and websocket, not ${JSON.stringify(upgrade)}`,
  )
}

function offered(headers: IncomingHttpHeaders, over: 'websocket' | 'spdy'): readonly string[] {
  const name = over === 'spdy' ? 'x-stream-protocol-version' : 'sec-websocket-protocol'
  return [headers[name] ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function choose<Protocol extends string>(
  served: readonly Protocol[],
  asked: readonly string[],
  over: 'websocket' | 'spdy',
): Protocol {
  const found = served.find((one) => asked.includes(one))
  if (found) return found
  throw new Refusal(
    over === 'spdy' ? 403 : 400,
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], ` +
      `server accepts [${served.join(' ')}]`,
  )
}

import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { limits } from '../../base/limits.ts'
import type { ApiOptions } from '../context.ts'

/** The other side of an upgrade: a kubelet, or a proxied server. */
export interface AcceptedUpgrade {
  readonly answer: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Passes the acceptance on, then bytes both ways, each side at the pace of the other. */
export async function carryUpgrade(
  { clock }: Pick<ApiOptions, 'clock'>,
  client: Duplex,
  head: Buffer,
  server: AcceptedUpgrade,
): Promise<void> {
  const sides = [client, server.socket] as const
  for (const socket of sides)
    if (socket instanceof Socket) {
      socket.setTimeout(0)
      socket.setNoDelay(true)
    }
  const first = Promise.race(sides.map(closed))
  client.write(acceptanceOf(server.answer))
  if (server.head.length > 0) client.write(server.head)
  if (head.length > 0) server.socket.write(head)
  client.pipe(server.socket)
  server.socket.pipe(client)
  await first
  // What one side said last still reaches the other, unless that one does not take it.
  const timer = clock.after(limits.streamFlushMsMax, () => {
    for (const socket of sides) socket.destroy()
  })
  for (const socket of sides) socket.end(() => socket.destroy())
  await Promise.all(sides.map(closed))
  timer.cancel()
}

/** The server answers without an upgrade: so does this one, and the connection ends. */
export async function passRefusal(response: IncomingMessage, socket: Duplex): Promise<void> {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`]
  const { rawHeaders } = response
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (name !== 'transfer-encoding' && name !== 'connection')
      lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  socket.write(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`)
  response.pipe(socket)
  await new Promise<void>((resolve) => socket.once('close', resolve))
}

function closed(socket: Duplex): Promise<void> {
  if (socket.closed) return Promise.resolve()
  return new Promise((resolve) => {
    socket.once('close', resolve)
    // An error closes the socket: the other side learns of it by that.
    socket.on('error', () => undefined)
  })
}

function acceptanceOf({ rawHeaders, statusMessage }: IncomingMessage): string {
  const lines = [`HTTP/1.1 101 ${statusMessage || 'Switching Protocols'}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

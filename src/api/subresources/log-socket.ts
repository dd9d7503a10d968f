import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { limits } from '../../base/limits.ts'
import type { ApiResponse } from '../../client/transport.ts'

/** Bytes as they are, and as text; without a name it is the first (apiserver wsstream reader protocols). */
const plainProtocol = 'binary.k8s.io'
const textProtocol = 'base64.binary.k8s.io'

/** Gives a log to who asks for it over a WebSocket: what a plain answer would hold, in messages. */
export class LogSockets {
  readonly #server = new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false },
    maxPayload: limits.refusalBytesMax,
    handleProtocols: (asked) =>
      [plainProtocol, textProtocol].find((known) => asked.has(known)) ?? false,
  })

  /** Resolves when the connection is over. Opens nothing, and answers nothing, when `open` rejects. */
  async carry(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    open: (signal: AbortSignal) => Promise<ApiResponse>,
  ): Promise<void> {
    const hungUp = new AbortController()
    socket.once('close', () => hungUp.abort())
    const { body } = await open(hungUp.signal)
    if (socket.destroyed) return
    const client = await new Promise<WebSocket>((resolve) => {
      this.#server.handleUpgrade(request, socket, head, resolve)
    })
    // Its close follows.
    client.on('error', () => client.terminate())
    const closed = new Promise<void>((resolve) => socket.once('close', resolve))
    const asText = client.protocol === textProtocol
    for await (const chunk of body.chunks) {
      const bytes = Buffer.from(chunk)
      // The kubelet waits while the client is slow.
      await new Promise<void>((resolve) => {
        const message = asText ? bytes.toString('base64') : bytes
        client.send(message, { binary: !asText }, () => resolve())
      })
      if (client.readyState !== client.OPEN) break
    }
    client.close(1000)
    await closed
  }
}

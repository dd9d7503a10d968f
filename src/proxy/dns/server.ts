import { createSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { Frames, framed } from './forward.ts'

export interface DnsServerOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  readonly answer: (message: Buffer, by: 'udp' | 'tcp') => Promise<Buffer | undefined>
}

export interface DnsServer {
  /** Of both sockets. */
  readonly port: number
  close(): Promise<void>
}

/** Listens by UDP and TCP. Rejects when one of the two cannot be had. */
export async function listenForQueries(options: DnsServerOptions): Promise<DnsServer> {
  const tcp = await listenTcp(options)
  const address = tcp.server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  try {
    const closeUdp = await listenUdp({ ...options, port })
    return {
      port,
      close: async () => {
        await Promise.all([closeUdp(), tcp.close()])
      },
    }
  } catch (error) {
    await tcp.close()
    throw error
  }
}

function listenUdp({ host, port, logger, answer }: DnsServerOptions): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    let inFlight = 0
    let closed = false
    socket.on('message', (message, from) => {
      // Who is not answered asks again.
      if (inFlight >= limits.dnsQueriesInFlightMax) return
      inFlight += 1
      answer(message, 'udp')
        .then((bytes) => {
          if (bytes && !closed) socket.send(bytes, from.port, from.address)
        })
        .catch((error: unknown) => logger.warn({ err: error }, 'a query was not answered'))
        .finally(() => {
          inFlight -= 1
        })
    })
    socket.once('error', reject)
    socket.bind({ address: host, port }, () => {
      socket.removeListener('error', reject)
      socket.on('error', (error) => logger.debug({ err: error }, 'an answer was not sent'))
      resolve(
        () =>
          new Promise((done) => {
            closed = true
            socket.close(() => done())
          }),
      )
    })
  })
}

async function listenTcp(
  options: DnsServerOptions,
): Promise<{ readonly server: Server; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    if (sockets.size >= limits.dnsConnectionsMax) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, options)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return {
    server,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** One question after the other: who asks faster than we answer waits. */
function serve(socket: Socket, { logger, answer }: DnsServerOptions): void {
  const frames = new Frames()
  socket.setTimeout(limits.dnsConnectionIdleMsMax, () => socket.destroy())
  // Its close follows.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    const messages = frames.add(chunk)
    if (messages.length === 0) return
    socket.pause()
    const answerAll = async () => {
      for (const message of messages) {
        const bytes = await answer(message, 'tcp')
        if (!bytes || socket.destroyed) {
          socket.destroy()
          return
        }
        socket.write(framed(bytes))
      }
      socket.resume()
    }
    answerAll().catch((error: unknown) => {
      logger.warn({ err: error }, 'a query was not answered')
      socket.destroy()
    })
  })
}

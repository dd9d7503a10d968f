import { createConnection } from 'node:net'
import type { Duplex } from 'node:stream'
import { RuntimeError } from './runtime.ts'

/** Past this nobody answers there. */
const dialMsMax = 10_000

/** A TCP connection. Rejects with RuntimeError: Refused when nobody listens, Unavailable otherwise. */
export function dialPort(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, allowHalfOpen: true, noDelay: true })
    socket.setTimeout(dialMsMax, () => socket.destroy(new Error('nobody answers')))
    const failed = (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED'
      reject(
        new RuntimeError(
          refused ? 'Refused' : 'Unavailable',
          refused ? `connect ${host}:${port}: connection refused` : error.message,
        ),
      )
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}

import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'

/** Another process, or another replica in this one, has the directory open. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError'
}

/**
 * Holds `directory` for this process until released. The lock is an abstract socket: the kernel drops
 * it when the process ends, however it ends, so that no stale lock can stand in the way. Systems
 * without abstract sockets have no lock.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {}
  const digest = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      reject(
        inUse
          ? new DirectoryInUseError(
              `${directory} is in use by another process: stop that one first, or choose another ` +
                'data directory.',
            )
          : error,
      )
    })
    server.listen(`\0kijabi-raft-${digest}`, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

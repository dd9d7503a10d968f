import type { Writable } from 'node:stream'

/** Hands bytes over; resolves when there is room for more, or nobody left who takes any. */
export function written(target: Writable, bytes: Uint8Array): Promise<void> {
  if (target.destroyed || target.writableEnded || target.write(bytes)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      target.off('drain', done)
      target.off('close', done)
      resolve()
    }
    target.on('drain', done)
    target.on('close', done)
  })
}

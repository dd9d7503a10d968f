import { setFlagsFromString } from 'node:v8'

/**
 * Runs every promise callback that is ready, to the last one, before it returns. A simulated event
 * must have all its consequences before the next one begins; waiting for the real event loop between
 * events costs ten times as much. V8 has the operation, behind a flag.
 */
function nativeCheckpoint(): () => void {
  // The flag stays: V8 drops the code of functions that rest, and compiles them again when called.
  setFlagsFromString('--allow-natives-syntax')
  return new Function('%PerformMicrotaskCheckpoint()') as () => void
}

export const drainMicrotasks = nativeCheckpoint()

/**
 * Calls `run` where `drainMicrotasks` works: not from within a promise callback. Resolves with what it
 * returned, rejects with what it threw.
 */
export function fromMacrotask<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      let drained = false
      void Promise.resolve().then(() => {
        drained = true
      })
      try {
        drainMicrotasks()
        if (!drained) throw new Error('promise callbacks cannot be run on demand here')
        resolve(run())
      } catch (error) {
        reject(error as Error)
      }
    })
  })
}

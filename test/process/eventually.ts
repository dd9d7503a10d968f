import { systemClock } from '../../src/base/clock.ts'
import { waitUntil } from '../../src/boot/demo/wait-until.ts'

/** A slow machine takes its time; what never comes is told all the same. */
export const patienceMs = 90_000

/**
 * Asks until `probe` answers with a value: for what another process does in its own time (a controller, a
 * kubelet, another master), and is read from outside.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  limitMs = patienceMs,
): Promise<T> {
  const { signal } = new AbortController()
  const found = await waitUntil(systemClock, limitMs, signal, probe, 50)
  if (found === undefined) throw new Error(`never happened: ${what}`)
  return found
}

import { type Clock, delay } from '../../base/clock.ts'

/** Checks again and again until `check` gives a value; undefined when `limitMs` ran out first. */
export async function waitUntil<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  check: () => T | undefined | Promise<T | undefined>,
  periodMs = 10,
): Promise<T | undefined> {
  const endMs = clock.monotonicMs() + limitMs
  while (clock.monotonicMs() < endMs) {
    signal.throwIfAborted()
    const value = await check()
    if (value !== undefined) return value
    await delay(clock, periodMs, signal)
  }
  return undefined
}

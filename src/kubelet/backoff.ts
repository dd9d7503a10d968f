/** PURE: how long a crashing container waits (client-go util/flowcontrol/backoff.go). */
export interface BackoffEntry {
  readonly delayMs: number
  /** When the delay was last used: wall time of the start that it allowed. */
  readonly updatedMs: number
}

export const backoffStartMs = 10_000
export const backoffMaxMs = 300_000
/** Calm for so long, and the next crash starts from the beginning. */
export const backoffResetMs = 600_000

export type BackoffDecision =
  | { readonly wait: true; readonly untilMs: number }
  | { readonly wait: false; readonly next: BackoffEntry }

/** Whether a container that ended at `finishedMs` may start at `nowMs`, and what then counts. */
export function backoffDecision(
  entry: BackoffEntry | undefined,
  finishedMs: number,
  nowMs: number,
): BackoffDecision {
  if (!entry || finishedMs - entry.updatedMs > backoffResetMs)
    return { wait: false, next: { delayMs: backoffStartMs, updatedMs: nowMs } }
  const untilMs = finishedMs + entry.delayMs
  if (nowMs < untilMs) return { wait: true, untilMs }
  const delayMs = Math.min(entry.delayMs * 2, backoffMaxMs)
  return { wait: false, next: { delayMs, updatedMs: nowMs } }
}

/**
 * A restarted kubelet remembers nothing; the attempt number tells how often it crashed before, so that
 * a crashing container does not start over at full speed.
 */
export function backoffFromHistory(
  attempt: number,
  startedMs: number | undefined,
  createdMs: number,
): BackoffEntry | undefined {
  if (attempt === 0) return undefined
  const delayMs = Math.min(backoffStartMs * 2 ** Math.min(attempt - 1, 10), backoffMaxMs)
  return { delayMs, updatedMs: startedMs ?? createdMs }
}

/** What the balancer knows of one backend. */
export interface BackendState {
  readonly name: string
  readonly address: string
  up: boolean
  /** Monotonic time at which a backend that takes its leave was first seen to; undefined for others. */
  leavingSinceMs: number | undefined
  connections: number
  /** Failures in a row. */
  failures: number
  /** Of these the last ones that were silence, in a row. */
  silences: number
  /** Monotonic time of the next probe. */
  probeDueMs: number
  probing: boolean
}

const retryFirstMs = 100
const retryMaxMs = 1_000
const silencesMax = 3
/** A master that starts knows within this time whether it belongs to its cluster. */
const startMs = 2_000

/**
 * The backend for a new connection, among those not tried yet: one that is up before one that is
 * down, that before one that leaves and serves nobody any more, then the one with the fewest connections; `turn` breaks ties in rotation.
 */
export function chooseBackend(
  backends: readonly BackendState[],
  tried: ReadonlySet<string>,
  turn: number,
): BackendState | undefined {
  let best: BackendState | undefined
  for (let step = 0; step < backends.length; step += 1) {
    const backend = backends[(turn + step) % backends.length]
    if (!backend || tried.has(backend.name)) continue
    if (!best || isBetter(backend, best)) best = backend
  }
  return best
}

function isBetter(one: BackendState, other: BackendState): boolean {
  if (rank(one) !== rank(other)) return rank(one) > rank(other)
  return one.connections < other.connections
}

function rank({ up, leavingSinceMs }: BackendState): number {
  if (leavingSinceMs !== undefined) return 0
  return up ? 2 : 1
}

export function probeSucceeded(state: BackendState, nextProbeMs: number): void {
  state.up = true
  state.leavingSinceMs = undefined
  state.failures = 0
  state.silences = 0
  state.probeDueMs = nextProbeMs
}

/**
 * No new connections; those that it has are its own to end, for a while. One that just started may say the
 * same for a moment: at first it is asked again soon.
 */
export function probeFoundLeaving(state: BackendState, nowMs: number): void {
  state.up = false
  state.leavingSinceMs ??= nowMs
  state.failures = 0
  state.silences = 0
  state.probeDueMs = nowMs + (nowMs - state.leavingSinceMs < startMs ? retryFirstMs : retryMaxMs)
}

/**
 * True when nobody should wait for it any longer: it refused or broke a connection, or was silent three
 * times. A busy one is silent once; its clients would lose the answers that are just coming.
 */
export function isLost({ failures, silences }: BackendState): boolean {
  return failures > 0 && (silences === 0 || silences >= silencesMax)
}

/** Down at once; probed again after 100 ms, then less and less often, at least every second. */
export function probeFailed(state: BackendState, nowMs: number, silent = false): void {
  state.silences = silent ? state.silences + 1 : 0
  state.up = false
  state.leavingSinceMs = undefined
  state.probeDueMs = nowMs + Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(state.failures, 10))
  state.failures += 1
}

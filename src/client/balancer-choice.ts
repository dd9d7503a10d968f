/** What the balancer knows of one backend. */
export interface BackendState {
  readonly name: string
  readonly address: string
  up: boolean
  connections: number
  /** Failures in a row. */
  failures: number
  /** Monotonic time of the next probe. */
  probeDueMs: number
  probing: boolean
}

const retryFirstMs = 100
const retryMaxMs = 1_000

/**
 * The backend for a new connection, among those not tried yet: one that is up before one that is
 * down, then the one with the fewest connections; `turn` breaks ties in rotation.
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
  if (one.up !== other.up) return one.up
  return one.connections < other.connections
}

export function probeSucceeded(state: BackendState, nextProbeMs: number): void {
  state.up = true
  state.failures = 0
  state.probeDueMs = nextProbeMs
}

/** Down at once; probed again after 100 ms, then less and less often, at least every second. */
export function probeFailed(state: BackendState, nowMs: number): void {
  state.up = false
  state.probeDueMs = nowMs + Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(state.failures, 10))
  state.failures += 1
}

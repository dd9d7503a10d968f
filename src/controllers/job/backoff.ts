import type { Pod } from '../../kinds/types.ts'
import { endedAtMs, failureCounts } from './job-facts.ts'

/** Failures of a Job's pods since the last one that succeeded (pkg/controller/job/backoff_utils.go). */
export interface FailureRun {
  readonly failures: number
  readonly lastFailureMs: number
}

export const noFailures: FailureRun = { failures: 0, lastFailureMs: 0 }

const backoffFirstMs = 10_000
const backoffMaxMs = 600_000

/** The run with what has ended since it was taken. */
export function withEnded(
  run: FailureRun,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): FailureRun {
  const failedMs = failed.map(endedAtMs)
  if (succeeded.length === 0)
    return failed.length === 0
      ? run
      : { failures: run.failures + failed.length, lastFailureMs: Math.max(...failedMs) }
  const lastSuccessMs = Math.max(...succeeded.map(endedAtMs))
  const since = failedMs.filter((atMs) => atMs > lastSuccessMs)
  return since.length === 0
    ? noFailures
    : { failures: since.length, lastFailureMs: Math.max(...since) }
}

/** How long to wait before the next pod: ten seconds, doubled by each failure, ten minutes at most. */
export function backoffLeftMs({ failures, lastFailureMs }: FailureRun, nowMs: number): number {
  if (failures === 0) return 0
  const waitMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** (failures - 1))
  return Math.max(0, waitMs - (nowMs - lastFailureMs))
}

/** The same for one index, whose last failed pod says how many failed before it. */
export function indexBackoffLeftMs(lastFailed: Pod | undefined, nowMs: number): number {
  if (!lastFailed) return 0
  const { counted, ignored } = failureCounts(lastFailed)
  const run = { failures: counted + ignored + 1, lastFailureMs: endedAtMs(lastFailed) }
  return backoffLeftMs(run, nowMs)
}

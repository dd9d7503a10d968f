import type { Term } from '../../base/brand.ts'
import { type Clock, delay } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import type { Logger } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import type { LeadershipView } from '../../raft/replica.ts'

/** What only the leader does: scheduler, controllers, compaction. */
export interface LeaderPart {
  readonly name: string
  /** Starts for one term. Everything it starts ends with `scope`; its writes carry the term. */
  startLeading(term: Term, scope: Scope): void | Promise<void>
}

export interface LeadershipSource {
  onLeadership(listener: (view: LeadershipView) => void): () => void
  /** Resolves when this member's state reflects every write acknowledged before the call. */
  barrier(): Promise<unknown>
}

export interface FollowLeadershipOptions {
  readonly source: LeadershipSource
  readonly parts: readonly LeaderPart[]
  readonly scope: Scope
  readonly clock: Clock
  readonly logger: Logger
  readonly emit: FlightEmit
}

const barrierPauseMs = 100

/**
 * The one place that starts and stops what only a leader does. Each term gets a scope of its own; the
 * parts of an old term are closed before those of a new one start. Stopping may lag behind the loss of
 * leadership; the fence in the store, not this file, keeps a deposed leader from writing.
 *
 * The parts start only when this member has applied all that earlier leaders committed, so they never
 * decide from a state that is behind.
 */
export function followLeadership(options: FollowLeadershipOptions): void {
  const { source, scope } = options
  let reign: { readonly term: Term; readonly scope: Scope } | undefined
  let steps = Promise.resolve()
  const unsubscribe = source.onLeadership((view) => {
    const leads = view.role === 'leader'
    if (reign && leads && reign.term === view.term) return
    const ended = reign
    reign = leads && !scope.closed ? { term: view.term, scope: scope.child('term') } : undefined
    const begun = reign
    // Aborts at once what the old term still does; the parts close before the next ones start.
    const closing = ended?.scope.close()
    steps = steps.then(async () => {
      await closing
      if (begun) await startParts(options, begun.term, begun.scope)
    })
  })
  scope.onClose('leadership', async () => {
    unsubscribe()
    // A part that is still starting ends with its term, which may be older than this and end after it.
    const closing = reign?.scope.close()
    await steps
    await closing
  })
}

/** An unexpected failure of a part ends the process, unless its term ended meanwhile and explains it. */
async function startParts(
  options: FollowLeadershipOptions,
  term: Term,
  scope: Scope,
): Promise<void> {
  if (!(await caughtUp(options, scope))) return
  try {
    for (const part of options.parts) {
      if (scope.closed) return
      await part.startLeading(term, scope)
    }
  } catch (error) {
    if (scope.closed) return
    throw error
  }
  if (!scope.closed) options.emit('leadership', 'leading', { term })
}

/** Waits until a quorum confirms what is committed and it is applied here; false when the term ended. */
async function caughtUp(options: FollowLeadershipOptions, scope: Scope): Promise<boolean> {
  while (!scope.closed) {
    try {
      await options.source.barrier()
      return !scope.closed
    } catch (error) {
      if (scope.closed) return false
      options.logger.info({ error: String(error) }, 'no quorum confirms the leadership yet')
      await delay(options.clock, barrierPauseMs, scope.signal).catch(() => {})
    }
  }
  return false
}

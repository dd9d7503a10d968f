import type { Revision, Term } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import { isStatus } from '../../base/status.ts'
import type { LeaderPart } from './leadership.ts'

/** Like kube-apiserver's: history is kept for at least so long, and dropped in such steps. */
const keepMs = 5 * 60_000
const stepMs = 60_000

interface CompactingStore {
  readonly view: { readonly revision: Revision; readonly compactedRevision: Revision }
  compact(revision: Revision, fence?: Term): Promise<unknown>
}

/** Has the leader forget old revisions, so that watches may resume for minutes and memory is bounded. */
export function compactionPart(store: CompactingStore, clock: Clock, logger: Logger): LeaderPart {
  return {
    name: 'compaction',
    startLeading(term, scope: Scope) {
      /** Revisions as they were at past steps, oldest first. */
      const marks: Revision[] = []
      const timer = clock.every(stepMs, () => {
        marks.push(store.view.revision)
        if (marks.length <= keepMs / stepMs) return
        const revision = marks.shift()
        if (revision === undefined || revision <= store.view.compactedRevision) return
        store.compact(revision, term).catch((error: unknown) => {
          const expected = isStatus(error, 'Conflict', 'ServiceUnavailable', 'Timeout', 'Expired')
          logger[expected ? 'debug' : 'warn']({ error: String(error) }, 'compaction skipped')
        })
      })
      scope.onClose('compaction', () => timer.cancel())
    },
  }
}

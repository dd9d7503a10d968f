import { reseal } from '../../../api/encryption/reseal.ts'
import { Slices } from '../../../api/slices.ts'
import type { Term } from '../../../base/brand.ts'
import { type Clock, delay } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import type { Scope } from '../../../base/scope.ts'
import { isStatus } from '../../../base/status.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { textOfKey } from '../../../state/keys.ts'
import type { LeaderPart } from '../leadership.ts'

/** A master that was not restarted yet seals with the key before: what it writes is found by a later look. */
const lookAgainMs = 60_000

/**
 * Has the leader seal anew what an older key has sealed: after a new key came to the front, or another
 * provider, nobody has to write Secrets again by hand.
 */
export function resealingPart(
  store: ClusterStore,
  resources: readonly string[],
  clock: Clock,
  logger: Logger,
): LeaderPart {
  return {
    name: 'resealing',
    startLeading(term, scope) {
      const work = resealing(store, { resources, term, clock, logger, scope })
      scope.onClose('resealing', () => work)
    },
  }
}

interface Resealing {
  readonly resources: readonly string[]
  readonly term: Term
  readonly clock: Clock
  readonly logger: Logger
  readonly scope: Scope
}

async function resealing(store: ClusterStore, options: Resealing): Promise<void> {
  const { resources, term, clock, logger, scope } = options
  const { signal } = scope
  const slices = new Slices(clock)
  const pause = async () => {
    if (slices.over) await slices.pause()
  }
  let told = ''
  while (!signal.aborted) {
    try {
      slices.begin()
      const report = await reseal(store, { resources, term, pause, signal })
      const { rewritten, left, unreadable } = report
      if (rewritten > 0) logger.info({ rewritten, left }, 'records were sealed anew')
      const [first = ''] = unreadable
      if (first !== told && first !== '')
        logger.warn(
          { count: unreadable.length, first: textOfKey(first) },
          'records do not open with any key of pki/encryption.json: they stay as they are',
        )
      told = first
    } catch (error) {
      const expected = isStatus(error, 'Conflict', 'ServiceUnavailable', 'Timeout')
      logger[expected ? 'debug' : 'warn']({ error: String(error) }, 'resealing goes on later')
    }
    await delay(clock, lookAgainMs, signal).catch(() => {})
  }
}

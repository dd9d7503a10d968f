import type { Proposer } from '../../api/raft-store/proposer.ts'
import type { Term } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import { isStatus } from '../../base/status.ts'
import type { Lease } from '../../state/leases.ts'
import type { LeaderPart } from './leadership.ts'

/** As etcd's lessor looks (server/lease/lessor.go: revokeExpiredLeases). */
const lookMs = 500

/** So many are ended at a time: an expiry of thousands must not fill the queue of writes. */
const expiriesInFlightMax = 256

type LeasingStore = Pick<Proposer, 'expiredLeases' | 'expireLease'>

/**
 * Has the leader end the leases whose time is over. The commands are fenced by its term, and name the
 * renewal that ran out: one that came meanwhile wins. Only a look that is done is followed by another.
 */
export function leaseExpiryPart(store: LeasingStore, clock: Clock, logger: Logger): LeaderPart {
  return {
    name: 'lease expiry',
    startLeading(term, scope: Scope) {
      let isLooking = false
      const look = async () => {
        if (isLooking) return
        isLooking = true
        const expired = store.expiredLeases().slice(0, expiriesInFlightMax)
        await Promise.all(expired.map((lease) => expire(store, lease, term, logger)))
        isLooking = false
      }
      const timer = clock.every(lookMs, () => void look())
      scope.onClose('lease expiry', () => timer.cancel())
    },
  }
}

/** What fails is found again by the next look; a leader that is deposed has nothing left to do. */
async function expire(
  store: LeasingStore,
  lease: Lease,
  term: Term,
  logger: Logger,
): Promise<void> {
  try {
    await store.expireLease(lease, term)
  } catch (error) {
    const expected = isStatus(error, 'NotFound', 'Conflict', 'ServiceUnavailable', 'Timeout')
    logger[expected ? 'debug' : 'warn'](
      { error: String(error), lease: lease.id },
      'lease not ended',
    )
  }
}

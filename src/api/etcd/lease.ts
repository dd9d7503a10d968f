import { StoreError } from '../../state/errors.ts'
import type { LeaseId } from '../../state/leases.ts'
import { type EtcdContext, headerAt } from './context.ts'
import { etcdErrorOf, refusals } from './errors.ts'
import type { Rpc } from './rpc.ts'
import { leaseService } from './wire/services.ts'

/** As etcd's with its default election timeout: a shorter time is made this long. */
const ttlSecondsMin = 2
/** etcd server/lease/lessor.go: MaxLeaseTTL. */
const ttlSecondsMax = 9_000_000_000

/** etcd's Lease service. Times left are this member's estimate; only the leader ends a lease. */
export function serveLease(rpc: Rpc, context: EtcdContext): void {
  const { store, keys } = context

  rpc.unary(leaseService.grant, async (request) => {
    if (request.ttl > ttlSecondsMax) throw refusals.leaseTtlTooLarge()
    const wanted = Math.max(request.ttl, ttlSecondsMin)
    const { id, ttlSeconds, revision } = await store.grantLease(wanted, request.id)
    return { header: headerAt(context, revision), id, ttl: ttlSeconds }
  })

  rpc.unary(leaseService.revoke, async ({ id }) => {
    const { revision } = await store.revokeLease(id)
    return { header: headerAt(context, revision) }
  })

  rpc.stream(leaseService.keepAlive, (requests, answers) => {
    // Answers keep the order of their requests.
    let last = Promise.resolve()
    const keep = async (id: LeaseId) => {
      const ttl = await timeAfterRenewal(context, id)
      answers.send({ header: headerAt(context), id, ttl })
    }
    requests.received(({ id }) => {
      last = last
        .then(() => keep(id))
        .catch((error: unknown) => answers.fail(etcdErrorOf(error) ?? refusals.timeout()))
    })
    requests.ended(() => {
      void last.then(() => answers.end())
    })
  })

  rpc.unary(leaseService.timeToLive, async (request) => {
    await store.barrier()
    const { id } = request
    const lease = store.view.lease(id)
    const header = headerAt(context)
    if (!lease) return { header, id, ttl: -1 }
    const leftMs = Math.max(0, store.leaseRemainingMs(id) ?? 0)
    return {
      ...{ header, id, ttl: Math.floor(leftMs / 1_000), grantedTtl: lease.ttlSeconds },
      keys: request.keys ? [...lease.keys].sort().map((key) => keys.outside(key)) : [],
    }
  })

  rpc.unary(leaseService.leases, async () => {
    await store.barrier()
    const left = (id: LeaseId) => store.leaseRemainingMs(id) ?? 0
    const ids = [...store.view.leaseIds].sort((one, other) => left(one) - left(other))
    return { header: headerAt(context), leases: ids.map((id) => ({ id })) }
  })
}

/** Zero for a lease that is gone, as etcd answers it. */
async function timeAfterRenewal({ store }: EtcdContext, id: LeaseId): Promise<number> {
  try {
    return (await store.keepLeaseAlive(id)).ttlSeconds
  } catch (error) {
    if (error instanceof StoreError && error.refusal === 'lease not found') return 0
    throw error
  }
}

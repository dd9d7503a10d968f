import { assert } from '../base/assert.ts'
import { mixNumber } from './hash.ts'

/**
 * Any signed integer of 64 bits but 0, which stands for none. A number where that is exact, a big integer
 * beyond: so each id has one form, and the common ones cost nothing.
 */
export type LeaseId = number | bigint

/** For a hash: the id as numbers, a common one as itself. */
export function leaseIdParts(id: LeaseId): number[] {
  if (typeof id === 'number') return [id]
  return [Number(BigInt.asIntN(32, id)), Number(BigInt.asIntN(32, id >> 32n))]
}

function compareIds(left: LeaseId, right: LeaseId): number {
  return left < right ? -1 : 1
}

/** A lease as every member has it. */
export interface Lease {
  readonly id: LeaseId
  readonly ttlSeconds: number
  /** How often it was kept alive: a revocation names it, and so never ends a lease renewed since. */
  readonly renewals: number
  readonly keys: ReadonlySet<string>
}

/** A lease as a snapshot has it: [id, ttlSeconds, renewals]. Its keys are known from their records. */
export type PackedLease = readonly [LeaseId, number, number]

interface LeaseRecord extends Lease {
  renewals: number
  readonly keys: Set<string>
  deadlineMs: number
}

/**
 * The leases and the keys that go with them. Which leases there are is decided by the log alone. When
 * one runs out is this member's own estimate, by its own clock: full time from the moment at which it
 * applied the grant, the last renewal, or saw a new leader (etcd server/lease/lessor.go: Promote).
 * Only the leader acts on its estimate, by a fenced command.
 */
export class Leases {
  readonly #leases = new Map<LeaseId, LeaseRecord>()

  get size(): number {
    return this.#leases.size
  }

  /** In the order of their ids. */
  get ids(): LeaseId[] {
    return [...this.#leases.keys()].sort(compareIds)
  }

  get(id: LeaseId): Lease | undefined {
    return this.#leases.get(id)
  }

  grant(id: LeaseId, ttlSeconds: number, nowMs: number): Lease {
    assert(id !== 0 && !this.#leases.has(id), 'a lease is granted once')
    const deadlineMs = nowMs + ttlSeconds * 1000
    const lease: LeaseRecord = { id, ttlSeconds, renewals: 0, keys: new Set(), deadlineMs }
    this.#leases.set(id, lease)
    return lease
  }

  renew(id: LeaseId, nowMs: number): Lease | undefined {
    const lease = this.#leases.get(id)
    if (!lease) return undefined
    lease.renewals += 1
    lease.deadlineMs = nowMs + lease.ttlSeconds * 1000
    return lease
  }

  revoke(id: LeaseId): void {
    this.#leases.delete(id)
  }

  /** The key's lease changed from one to another; 0 is none. */
  moveKey(key: string, from: LeaseId, to: LeaseId): void {
    if (from === to) return
    if (from !== 0) this.#leases.get(from)?.keys.delete(key)
    if (to !== 0) this.#attach(key, to)
  }

  /** All get their full time again: the time that a change of leaders took is nobody's fault. */
  extendAll(nowMs: number): void {
    for (const lease of this.#leases.values()) lease.deadlineMs = nowMs + lease.ttlSeconds * 1000
  }

  remainingMs(id: LeaseId, nowMs: number): number | undefined {
    const lease = this.#leases.get(id)
    return lease && lease.deadlineMs - nowMs
  }

  /** Those whose time is over, by this member's clock. */
  expired(nowMs: number): Lease[] {
    const expired: Lease[] = []
    for (const lease of this.#leases.values()) if (lease.deadlineMs <= nowMs) expired.push(lease)
    return expired
  }

  pack(): PackedLease[] {
    return this.ids.map((id) => {
      const lease = this.#leases.get(id)
      assert(lease, 'ids are those of leases')
      return [id, lease.ttlSeconds, lease.renewals]
    })
  }

  /** `keys` are the [key, lease] of the records that have one. */
  static unpack(
    leases: readonly PackedLease[],
    keys: Iterable<readonly [string, LeaseId]>,
    nowMs: number,
  ): Leases {
    const table = new Leases()
    for (const [id, ttlSeconds, renewals] of leases) {
      table.grant(id, ttlSeconds, nowMs)
      const lease = table.#leases.get(id)
      if (lease) lease.renewals = renewals
    }
    for (const [key, id] of keys) table.#attach(key, id)
    return table
  }

  #attach(key: string, id: LeaseId): void {
    const lease = this.#leases.get(id)
    assert(lease, `the lease ${id} of a key exists`)
    lease.keys.add(key)
  }
}

/** An id for a lease whose grant names none: from what is unique in the command, hence the same everywhere. */
export function chooseLeaseId(leases: Leases, session: number, sequence: number): number {
  const low = mixNumber(mixNumber(0x1ea5e, session), sequence) >>> 0
  const high = mixNumber(mixNumber(low, sequence), session) >>> 0
  let id = (high % 2 ** 20) * 2 ** 32 + low
  while (id === 0 || leases.get(id)) id = (id + 1) % 2 ** 52
  return id
}

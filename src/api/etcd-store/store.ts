import type { MemberId, Revision, Term } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { LeadershipView } from '../../raft/replica.ts'
import type {
  LeaseResult,
  StoreView,
  StoreWatcher,
  Txn,
  TxnResult,
  WatchOptions,
} from '../../state/cluster-store.ts'
import { leaseNotFound, nothingSent, staleFence, tooLargeRevision } from '../../state/errors.ts'
import type { Lease, LeaseId } from '../../state/leases.ts'
import { checkTxn } from '../../state/txn-check.ts'
import { kvService, leaseService } from '../etcd/wire/services.ts'
import type { Proposer } from '../raft-store/proposer.ts'
import { WakeRounds } from '../raft-store/wake-rounds.ts'
import { Election, electionKey } from './election.ts'
import { Endpoints, type EndpointsOptions } from './endpoints.ts'
import { Feed } from './feed.ts'
import { Mirror } from './mirror.ts'
import { bytesOf, fenced, txnRequest, txnResult } from './requests.ts'

export interface ExternalStoreOptions extends Pick<EndpointsOptions, 'endpoints' | 'tls'> {
  readonly memberId: MemberId
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly timeoutMs?: number
  /** False leaves the leadership to others: tests of the store alone. */
  readonly campaigns?: boolean
}

const defaultTimeoutMs = 10_000

interface Waiter {
  readonly revision: Revision
  readonly arrived: () => void
}

/**
 * The cluster store on an external etcd 3.4 or later, in place of the embedded Raft. Writes are etcd's
 * transactions; reads and watches come from a mirror that a watch keeps up; who leads is decided by a
 * key under a lease, and fenced writes compare with it.
 */
export class ExternalStore implements Proposer {
  readonly #options: ExternalStoreOptions
  readonly #endpoints: Endpoints
  readonly #mirror = new Mirror()
  readonly #wakes: WakeRounds
  readonly #feed: Feed
  readonly #election: Election
  readonly #waiters = new Set<Waiter>()
  readonly #listeners = new Set<(view: LeadershipView) => void>()
  #pending = 0

  constructor(options: ExternalStoreOptions) {
    const { clock, logger, memberId, random } = options
    this.#options = options
    this.#endpoints = new Endpoints({
      ...options,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    })
    const defer = (task: () => void) => void setImmediate(task)
    this.#wakes = new WakeRounds({ source: this.#mirror, clock, defer })
    const parts = { endpoints: this.#endpoints, mirror: this.#mirror, clock, logger }
    this.#feed = new Feed({ ...parts, advanced: () => this.#advanced() })
    this.#election = new Election({
      ...{ ...parts, memberId, random },
      changed: (view) => {
        for (const listener of this.#listeners) listener(view)
      },
    })
  }

  get view(): StoreView {
    return this.#mirror
  }

  get leadership(): LeadershipView {
    return this.#election.view
  }

  onLeadership(listener: (view: LeadershipView) => void): () => void {
    this.#listeners.add(listener)
    listener(this.leadership)
    return () => void this.#listeners.delete(listener)
  }

  /** etcd's members are not ours to end with: when they do not answer, we wait for them. */
  onFailed(): () => void {
    return () => {}
  }

  /** Writes without an answer yet. */
  get pending(): number {
    return this.#pending
  }

  /** etcd ends leases by itself. */
  expiredLeases(): readonly Lease[] {
    return []
  }

  expireLease({ id }: Lease): Promise<LeaseResult> {
    return this.revokeLease(id)
  }

  /** Resolves when the mirror holds what etcd had at some moment since the call. */
  async start(): Promise<void> {
    await this.#feed.start()
    if (this.#options.campaigns ?? true) this.#election.start()
  }

  async stop(): Promise<void> {
    await this.#election.stop()
    this.#feed.stop()
    this.#wakes.stop()
    this.#endpoints.close()
  }

  /** A linearizable read of nothing says how far etcd is. */
  async barrier(): Promise<Revision> {
    const key = bytesOf(electionKey)
    const { header } = await this.#endpoints.call('read', kvService.range, { key, countOnly: true })
    await this.reached((header?.revision ?? 1) as Revision, this.#timeoutMs)
    return this.#mirror.revision
  }

  reached(revision: Revision, timeoutMs: number): Promise<void> {
    if (this.#mirror.revision >= revision) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        revision,
        arrived: () => {
          end()
          resolve()
        },
      }
      const timer = this.#options.clock.after(timeoutMs, () => {
        end()
        reject(tooLargeRevision(revision, this.#mirror.revision))
      })
      this.#waiters.add(waiter)
    })
  }

  async commit(txn: Txn, fence = 0 as Term, withinMs = this.#timeoutMs): Promise<TxnResult> {
    const error = checkTxn(txn)
    if (error) throw error
    if (withinMs <= 0) throw nothingSent()
    const request = txnRequest(txn)
    const sent = fence === 0 ? request : fenced(request, electionKey, fence)
    this.#pending += 1
    const outer = await this.#endpoints.call('write', kvService.txn, sent).finally(() => {
      this.#pending -= 1
    })
    if (fence !== 0 && !outer.succeeded) throw staleFence(fence, this.leadership.term)
    const response = fence === 0 ? outer : (outer.responses[0]?.txn ?? outer)
    const revision = (outer.header?.revision ?? 0) as Revision
    await this.reached(revision, this.#timeoutMs)
    return txnResult(txn, response, revision, (key) => this.#mirror.get(key, revision))
  }

  /** etcd cannot compare and compact at once: the term is looked at just before. */
  async compact(revision: Revision, fence = 0 as Term): Promise<TxnResult> {
    if (fence !== 0 && fence !== this.leadership.term) throw staleFence(fence, this.leadership.term)
    const { header } = await this.#endpoints.call('write', kvService.compact, { revision })
    this.#mirror.compact(revision)
    this.#advanced()
    return { succeeded: true, revision: (header?.revision ?? 0) as Revision, responses: [] }
  }

  watch(options: WatchOptions): StoreWatcher {
    return this.#mirror.watch(options)
  }

  async grantLease(ttlSeconds: number, id: LeaseId = 0): Promise<LeaseResult> {
    // Chosen here: etcd's own choice may be larger than a number holds.
    const chosen = id === 0 ? this.#options.random.integer(1, 2 ** 47) : id
    const ttl = Math.max(ttlSeconds, limits.leaseTtlSecondsMin)
    const granted = await this.#endpoints.call('write', leaseService.grant, { ttl, id: chosen })
    const { leases } = this.#mirror
    if (!leases.get(chosen)) leases.grant(chosen, granted.ttl, this.#nowMs)
    return this.#leaseResult(chosen, granted.ttl, granted.header?.revision)
  }

  async keepLeaseAlive(id: LeaseId): Promise<LeaseResult> {
    const { ttl, header } = await this.#endpoints.keepAlive(id)
    if (ttl <= 0) throw leaseNotFound(id)
    this.#mirror.leases.renew(id, this.#nowMs)
    return this.#leaseResult(id, ttl, header?.revision)
  }

  async revokeLease(id: LeaseId): Promise<LeaseResult> {
    const ttlSeconds = this.#mirror.lease(id)?.ttlSeconds ?? 0
    const { header } = await this.#endpoints.call('write', leaseService.revoke, { id })
    const revision = (header?.revision ?? 1) as Revision
    await this.reached(revision, this.#timeoutMs)
    this.#mirror.leases.revoke(id)
    return this.#leaseResult(id, ttlSeconds, revision)
  }

  leaseRemainingMs(id: LeaseId): number | undefined {
    return this.#mirror.leases.remainingMs(id, this.#nowMs)
  }

  #leaseResult(id: LeaseId, ttlSeconds: number, revision = 0): LeaseResult {
    return { id, ttlSeconds, revision: revision as Revision }
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultTimeoutMs
  }

  #advanced(): void {
    for (const waiter of this.#waiters)
      if (waiter.revision <= this.#mirror.revision) waiter.arrived()
    this.#election.look()
    this.#wakes.advanced()
  }
}

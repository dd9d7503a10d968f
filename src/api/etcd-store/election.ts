import type { MemberId, Term } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { LeadershipView } from '../../raft/replica.ts'
import { kvService, leaseService } from '../etcd/wire/services.ts'
import type { Endpoints } from './endpoints.ts'
import type { Mirror } from './mirror.ts'
import { bytesOf } from './requests.ts'

/** Whose key this is leads; the revision at which it was made is the term. */
export const electionKey = '/kijabi/leader'

export interface ElectionOptions {
  readonly endpoints: Endpoints
  readonly mirror: Mirror
  readonly memberId: MemberId
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly changed: (view: LeadershipView) => void
}

/** A leader that is gone is followed after at most so long; etcd makes shorter ones this long. */
const leaseSeconds = 5
const renewMs = 1_000

/**
 * One leader among the masters, by a key under a lease. It believes in itself only while its lease was
 * renewed in time by its own clock; what it writes carries its term, and etcd itself refuses the write
 * once the key is another one's. So two may believe that they lead, but only one can act.
 */
export class Election {
  readonly #options: ElectionOptions
  #view: LeadershipView = { role: 'follower', term: 0 as Term, leader: 0 as MemberId }
  #lease = 0
  #renewedMs = 0
  #timer: Timer | undefined
  #busy = false
  /** From start to stop: only then does it want to lead. */
  #running = false

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  get view(): LeadershipView {
    return this.#view
  }

  start(): void {
    this.#running = true
    this.#timer = this.#options.clock.every(renewMs, () => this.#step())
    this.#step()
  }

  /** Gives leadership back at once, so that another one need not wait for the lease to end. */
  async stop(): Promise<void> {
    this.#running = false
    this.#timer?.cancel()
    if (this.#lease === 0) return
    const { endpoints, logger } = this.#options
    await endpoints
      .call('write', leaseService.revoke, { id: this.#lease })
      .catch((error: unknown) =>
        logger.info({ error: String(error) }, 'the lease runs out by itself'),
      )
  }

  /** The mirror has moved on: somebody may lead, or nobody. */
  look(): void {
    const record = this.#options.mirror.get(electionKey)
    const leader = record ? Number(Buffer.from(record.value).toString()) : 0
    const isOwn = record !== undefined && record.lease === this.#lease && this.#isFresh()
    this.#become({
      role: isOwn ? 'leader' : 'follower',
      term: (record?.createRevision ?? this.#view.term) as number as Term,
      leader: leader as MemberId,
    })
    if (!record) this.#step()
  }

  #become(view: LeadershipView): void {
    const { role, term, leader } = this.#view
    if (view.role === role && view.term === term && view.leader === leader) return
    this.#view = view
    this.#options.changed(view)
  }

  #isFresh(): boolean {
    return this.#options.clock.monotonicMs() - this.#renewedMs < leaseSeconds * 1_000
  }

  #step(): void {
    if (this.#view.role === 'leader' && !this.#isFresh()) this.look()
    if (this.#busy || !this.#running) return
    this.#busy = true
    this.#campaign()
      .catch((error: unknown) =>
        this.#options.logger.info({ error: String(error) }, 'etcd does not let us campaign'),
      )
      .finally(() => {
        this.#busy = false
      })
  }

  /** Keeps the lease, and takes the key if nobody has it. */
  async #campaign(): Promise<void> {
    const { clock, endpoints, memberId, mirror, random } = this.#options
    // Counted from before the request: the server's time begins later.
    const sentMs = clock.monotonicMs()
    if (!(await this.#renew())) {
      // Chosen here: etcd's own choice may be larger than a number holds.
      const id = random.integer(1, 2 ** 47)
      await endpoints.call('write', leaseService.grant, { ttl: leaseSeconds, id })
      this.#lease = id
    }
    this.#renewedMs = sentMs
    if (mirror.get(electionKey)) return this.look()
    const key = bytesOf(electionKey)
    await endpoints.call('write', kvService.txn, {
      compare: [{ key, target: 1, result: 0, createRevision: 0 }],
      success: [{ put: { key, value: Buffer.from(`${memberId}`), lease: this.#lease } }],
    })
  }

  /** False when there is no lease any more. */
  async #renew(): Promise<boolean> {
    if (this.#lease === 0) return false
    const { endpoints } = this.#options
    const { ttl } = await endpoints.keepAlive(this.#lease, renewMs)
    return ttl > 0
  }
}

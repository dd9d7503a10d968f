import type { Random } from '../../src/base/random.ts'
import { StatusError } from '../../src/base/status.ts'
import { StoreError } from '../../src/state/errors.ts'
import type { LeaseId } from '../../src/state/leases.ts'
import type { Ledger } from './ledger.ts'
import { violated } from './ledger.ts'
import type { MemberLife, SimMember } from './sim-member.ts'
import type { SimTime } from './sim-time.ts'

export interface LeaseWorld {
  readonly time: SimTime
  readonly random: Random
  readonly members: readonly SimMember[]
  readonly ledger: Ledger
  readonly isOver: () => boolean
  readonly violated: (error: unknown) => void
  readonly note: (...values: number[]) => void
}

const prefix = '/registry/core/leases/default/'
const ttlSeconds = 3
/** Clocks of members run up to 2.5 percent too fast or too slow. */
const clockError = 0.03

/**
 * A client that lives by a lease: it takes one, hangs a key on it and renews it through whatever member
 * answers, until it walks away. A lease must not run out before its time, counted from when the last
 * renewal that was acknowledged was sent; after that, it must.
 */
export class SimLeaseHolder {
  readonly #id: number
  readonly #world: LeaseWorld
  #lease: LeaseId | undefined
  /** When the last acknowledged grant or renewal was sent. */
  #heldFromMs = 0
  #takes = 0

  constructor(id: number, world: LeaseWorld) {
    this.#id = id
    this.#world = world
    world.ledger.onLeaseExpired((lease) => this.#expired(lease))
  }

  start(): void {
    const { time, random, isOver } = this.#world
    time.after(random.fraction() * ttlSeconds * 400, () => {
      if (!isOver()) this.#next()
    })
  }

  #next(): void {
    const { members, random } = this.#world
    const { life } = members[random.integer(0, members.length)] as SimMember
    if (!life?.isReady || life.failure || life.process.isPaused) this.start()
    else if (this.#lease === undefined) void this.#take(life)
    else if (random.fraction() < 0.15) this.#walkAway()
    else void this.#renew(life, this.#lease)
  }

  #take(life: MemberLife): Promise<void> {
    return this.#settle(life, async (sentMs) => {
      const { id } = await life.proposer.grantLease(ttlSeconds)
      this.#holds(id, sentMs)
      this.#takes += 1
      const key = `${prefix}holder-${this.#id}-${this.#takes}`
      const put = {
        op: 'put',
        key,
        value: Buffer.from('x'),
        revisionOffset: -1,
        lease: id,
      } as const
      await life.proposer.commit({ compares: [], success: [put], failure: [] })
    })
  }

  #renew(life: MemberLife, lease: LeaseId): Promise<void> {
    return this.#settle(life, async (sentMs) => {
      await life.proposer.keepLeaseAlive(lease)
      this.#holds(lease, sentMs)
    })
  }

  #holds(lease: LeaseId, sentMs: number): void {
    this.#lease = lease
    this.#heldFromMs = sentMs
    this.#world.note(Number(lease))
  }

  #walkAway(): void {
    this.#lease = undefined
    this.start()
  }

  /** Runs one request; whatever becomes of it or of its member, the holder goes on. */
  async #settle(life: MemberLife, run: (sentMs: number) => Promise<void>): Promise<void> {
    let isOpen = true
    const end = () => {
      if (!isOpen) return
      isOpen = false
      life.process.forgetDeath(end)
      this.start()
    }
    life.process.onDeath(end)
    try {
      await run(this.#world.time.nowMs)
    } catch (error) {
      if (!(error instanceof StatusError)) this.#world.violated(error)
      // Gone: it took too long to renew, or its grant was never applied.
      if (error instanceof StoreError && error.refusal === 'lease not found')
        this.#lease = undefined
    }
    end()
  }

  #expired(lease: LeaseId): void {
    if (lease !== this.#lease) return
    const heldMs = this.#world.time.nowMs - this.#heldFromMs
    if (heldMs < ttlSeconds * 1_000 * (1 - clockError))
      violated('lease kept', `lease ${lease} of ${ttlSeconds} s ran out after ${heldMs} ms`)
  }
}

import type { LogIndex, Revision } from '../../src/base/brand.ts'
import type { Random } from '../../src/base/random.ts'
import { isStatus, StatusError } from '../../src/base/status.ts'
import type { KeyValue, Txn, TxnResult } from '../../src/state/cluster-store.ts'
import { violated } from './ledger.ts'
import type { Operation, RegisterAction } from './linearizability.ts'
import type { MemberLife, SimMember } from './sim-member.ts'
import type { SimTime } from './sim-time.ts'

export const keyPrefix = '/registry/core/configmaps/default/'

/** What all clients have seen, in the order of real time. */
export class History {
  readonly byKey = new Map<string, Operation[]>()
  /** The highest revision that any client was told of. */
  revisionSeen = 1
  operations = 0
  unknown = 0
  writesAcknowledged = 0
  #tick = 0

  /** Grows with every call: two events never share an instant. */
  now(): number {
    this.#tick += 1
    return this.#tick
  }

  add(key: string, operation: Operation): void {
    const list = this.byKey.get(key)
    if (list) list.push(operation)
    else this.byKey.set(key, [operation])
    this.operations += 1
    if (operation.returnedAt === Number.POSITIVE_INFINITY) this.unknown += 1
  }
}

export interface ClientWorld {
  readonly time: SimTime
  readonly random: Random
  readonly members: readonly SimMember[]
  readonly history: History
  readonly keys: number
  readonly thinkMs: number
  readonly isOver: () => boolean
  readonly violated: (error: unknown) => void
  /** Something a client learned, for the trace. */
  readonly note: (...values: number[]) => void
}

interface Attempt {
  readonly key: string
  readonly invokedAt: number
  readonly revisionBefore: number
}

/**
 * One client: an operation at a time, through the member it is connected to; another member when that
 * one dies or refuses. Some clients stay with theirs, some wander.
 */
export class SimClient {
  readonly #id: number
  readonly #world: ClientWorld
  readonly #wanders: boolean
  #member: SimMember
  #writes = 0
  readonly #known = new Map<string, { value: string; revision: number }>()

  constructor(id: number, world: ClientWorld) {
    this.#id = id
    this.#world = world
    const { random, members } = world
    this.#wanders = random.fraction() < 0.3
    this.#member = members[random.integer(0, members.length)] as SimMember
  }

  start(): void {
    this.#think()
  }

  #think(): void {
    const { time, random, thinkMs } = this.#world
    const waitMs = -Math.log(1 - random.fraction()) * thinkMs
    time.after(waitMs, () => this.#next())
  }

  #next(): void {
    const { random, members, isOver } = this.#world
    if (isOver()) return
    if (this.#wanders || !this.#member.isReady)
      this.#member = members[random.integer(0, members.length)] as SimMember
    const { life } = this.#member
    if (!life?.isReady || life.failure) {
      this.#think()
      return
    }
    // A request to a paused member waits in its socket; it counts from when it is read.
    const start = () => this.#operate(life)
    if (!life.process.isPaused) start()
    else this.#startLater(life, start)
  }

  /** A request that waited is lost with its member: the client goes on. */
  #startLater({ process }: MemberLife, start: () => void): void {
    const died = () => this.#think()
    process.onDeath(died)
    process.deliver(() => {
      process.forgetDeath(died)
      start()
    })
  }

  #operate(life: MemberLife): void {
    const { random } = this.#world
    const key = `${keyPrefix}k${random.integer(0, this.#world.keys)}`
    const dice = random.fraction()
    if (dice < 0.4) this.#read(life, key)
    else if (dice < 0.6) this.#write(life, [key])
    else if (dice < 0.7) this.#write(life, this.#twoKeys(key))
    else if (dice < 0.93) this.#compareAndSwap(life, key)
    else if (dice < 0.99) this.#delete(life, key)
    else this.#compact(life)
  }

  #begin(key: string): Attempt {
    const { history } = this.#world
    return { key, invokedAt: history.now(), revisionBefore: history.revisionSeen }
  }

  #end(attempt: Attempt, action: RegisterAction, known: boolean): void {
    const { history } = this.#world
    const returnedAt = known ? history.now() : Number.POSITIVE_INFINITY
    history.add(attempt.key, { invokedAt: attempt.invokedAt, returnedAt, action })
  }

  #saw(attempt: Attempt, revision: number, what: string): void {
    const { history, note } = this.#world
    note(this.#id, revision)
    if (revision < attempt.revisionBefore)
      violated(
        'reads never go back',
        `${what} by client ${this.#id} came at revision ${revision}, after ` +
          `${attempt.revisionBefore} had been seen`,
      )
    history.revisionSeen = Math.max(history.revisionSeen, revision)
  }

  #read(life: MemberLife, key: string): void {
    const attempt = this.#begin(key)
    this.#settle(
      life,
      life.proposer.barrier(),
      (revision: Revision) => {
        const found = life.proposer.view.get(key)
        this.#saw(attempt, revision, 'a read')
        this.#remember(key, found)
        this.#end(attempt, { kind: 'read', value: textOf(found) }, true)
      },
      () => {},
    )
  }

  /** One transaction, hence one revision, for all keys. */
  #write(life: MemberLife, keys: readonly string[]): void {
    const value = this.#newValue()
    const attempts = keys.map((key) => this.#begin(key))
    const txn: Txn = { compares: [], success: keys.map((key) => put(key, value)), failure: [] }
    const action: RegisterAction = { kind: 'write', value }
    this.#settle(
      life,
      life.proposer.commit(txn),
      (result: TxnResult) => {
        this.#world.history.writesAcknowledged += 1
        for (const attempt of attempts) {
          this.#saw(attempt, result.revision, 'a write')
          this.#known.set(attempt.key, { value, revision: result.revision })
          this.#end(attempt, action, true)
        }
      },
      () => {
        for (const attempt of attempts) this.#end(attempt, action, false)
      },
    )
  }

  #twoKeys(key: string): string[] {
    const { keys, random } = this.#world
    const other = `${keyPrefix}k${random.integer(0, keys)}`
    return other === key ? [key] : [key, other]
  }

  #delete(life: MemberLife, key: string): void {
    const attempt = this.#begin(key)
    const txn: Txn = { compares: [], success: [{ op: 'delete', key }], failure: [] }
    const action: RegisterAction = { kind: 'write', value: '' }
    this.#settle(
      life,
      life.proposer.commit(txn),
      (result: TxnResult) => {
        this.#saw(attempt, result.revision, 'a delete')
        this.#known.delete(key)
        this.#end(attempt, action, true)
      },
      () => this.#end(attempt, action, false),
    )
  }

  #compareAndSwap(life: MemberLife, key: string): void {
    const attempt = this.#begin(key)
    const before = this.#known.get(key) ?? { value: '', revision: 0 }
    const value = this.#newValue()
    const { value: expected } = before
    const txn: Txn = {
      compares: [{ key, target: 'mod', result: '=', value: before.revision }],
      success: [put(key, value)],
      failure: [{ op: 'range', key }],
    }
    this.#settle(
      life,
      life.proposer.commit(txn),
      (result: TxnResult) => {
        this.#saw(attempt, result.revision, 'a compare-and-swap')
        const [response] = result.responses
        if (result.succeeded) {
          this.#world.history.writesAcknowledged += 1
          this.#known.set(key, { value, revision: result.revision })
          this.#end(attempt, { kind: 'cas', expected, value }, true)
        } else if (response?.op === 'range') {
          this.#remember(key, response.items[0])
          const found = textOf(response.items[0])
          this.#end(attempt, { kind: 'cas-refused', expected, found }, true)
        }
      },
      () => this.#end(attempt, { kind: 'cas-unknown', expected, value }, false),
    )
  }

  #compact(life: MemberLife): void {
    const revision = Math.max(1, life.proposer.view.revision - 20) as Revision
    this.#settle(
      life,
      life.proposer.compact(revision),
      () => {},
      () => {},
    )
  }

  /**
   * Runs `done` with the answer, `unknown` when the outcome is open: an error that says so, or the
   * death of the member. An error that promises that nothing happened leaves no trace, and must be
   * true.
   */
  #settle<T>(
    life: MemberLife,
    answer: Promise<T>,
    done: (value: T) => void,
    unknown: () => void,
  ): void {
    let isOpen = true
    const finish = (then: () => void) => {
      if (!isOpen) return
      isOpen = false
      life.process.forgetDeath(died)
      try {
        then()
      } catch (error) {
        this.#world.violated(error)
      }
      this.#think()
    }
    const died = () => finish(unknown)
    life.process.onDeath(died)
    answer.then(
      (value) => finish(() => done(value)),
      (error: unknown) =>
        finish(() => {
          if (isStatus(error, 'Timeout')) unknown()
          else if (!(error instanceof StatusError)) throw error
        }),
    )
  }

  #remember(key: string, found: KeyValue | undefined): void {
    if (!found) this.#known.delete(key)
    else this.#known.set(key, { value: textOf(found), revision: found.modRevision })
  }

  #newValue(): string {
    this.#writes += 1
    return `c${this.#id}-${this.#writes}`
  }
}

export function appliedIndex(member: SimMember): LogIndex {
  return member.life?.machine.appliedIndex ?? (0 as LogIndex)
}

function put(key: string, value: string) {
  return { op: 'put', key, value: Buffer.from(value), revisionOffset: -1 } as const
}

function textOf(found: KeyValue | undefined): string {
  return found ? Buffer.from(found.value).toString() : ''
}

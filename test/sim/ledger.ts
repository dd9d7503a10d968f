import { crc32 } from 'node:zlib'
import { unreachable } from '../../src/base/assert.ts'
import type { LogIndex, Term } from '../../src/base/brand.ts'
import type { StoreEvent } from '../../src/state/cluster-store.ts'
import { type Command, type CommandBody, decodeCommands } from '../../src/state/command.ts'
import type { LeaseId } from '../../src/state/leases.ts'
import type { AppliedResult, CommandAnswer, LogEntry } from '../../src/state/machine.ts'
import { NaiveStore } from '../unit/state/naive-store.ts'

/** A property that does not hold. `what` begins with the property's name. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function violated(property: string, what: string): never {
  throw new Violation(`${property}: ${what}`)
}

interface Applied {
  readonly term: Term
  readonly crc: number
  /** Unknown while only members with a wrong state have applied it. */
  stateHash: string | undefined
  readonly revision: number
  /** Who applied it first. */
  readonly member: number
  /** The highest term that had a leader by then: the entry was committed in that one or before. */
  readonly committedBy: Term
}

/**
 * What was applied anywhere, index by index. The first member to apply an entry sets what every other
 * one must come to; beside it, a store with no thought for cost answers the same commands.
 */
export class Ledger {
  readonly #applied: Applied[] = []
  readonly model = new NaiveStore()
  readonly #floors = new Map<number, number>()
  readonly #finished = new Set<string>()
  readonly #expired = new Set<(lease: LeaseId) => void>()
  /** Whether the last transaction's compares held. */
  #succeeded = false
  /** The highest term that is known to have a leader. */
  leaderTerm = 0 as Term

  get lastIndex(): number {
    return this.#applied.length
  }

  get events(): readonly StoreEvent[] {
    return this.model.events
  }

  /** Calls `listener` when the first member has applied that a lease ran out. */
  onLeaseExpired(listener: (lease: LeaseId) => void): void {
    this.#expired.add(listener)
  }

  term(index: number): Term | undefined {
    return this.#applied[index - 1]?.term
  }

  /** The last entry that was surely committed before `term`: a leader of `term` must have it. */
  committedBefore(term: Term): number {
    let index = this.lastIndex
    while (index > 0 && (this.#applied[index - 1]?.committedBy ?? 0) >= term) index -= 1
    return index
  }

  stateHash(index: LogIndex): string | undefined {
    return this.#applied[index - 1]?.stateHash
  }

  /** `stateHash` is undefined for a state that is known to be wrong. */
  applied(
    member: number,
    entry: LogEntry,
    result: AppliedResult,
    stateHash: string | undefined,
  ): void {
    const crc = crc32(entry.command)
    const known = this.#applied[entry.index - 1]
    if (known) {
      const same = known.term === entry.term && known.crc === crc
      if (!same)
        violated(
          'state machine safety',
          `at index ${entry.index} member ${member} applied another entry (term ${entry.term}) ` +
            `than member ${known.member} (term ${known.term})`,
        )
      this.#sameState(member, entry.index, stateHash)
      return
    }
    if (entry.index !== this.lastIndex + 1)
      violated('state machine safety', `index ${entry.index} follows ${this.lastIndex}`)
    if (entry.command.length > 0) this.#compare(entry, result)
    const revision = this.model.revision
    const committedBy = this.leaderTerm
    this.#applied.push({ term: entry.term, crc, stateHash, revision, member, committedBy })
  }

  restored(member: number, index: LogIndex, term: Term, stateHash: string | undefined): void {
    if (this.term(index) !== term)
      violated('state machine safety', `member ${member} restored ${index}/${term}`)
    this.#sameState(member, index, stateHash)
  }

  #sameState(member: number, index: number, stateHash: string | undefined): void {
    const known = this.#applied[index - 1]
    if (known && stateHash) known.stateHash ??= stateHash
    if (known && !stateHash) return
    if (known?.stateHash !== stateHash)
      violated(
        'state machine safety',
        `after index ${index} member ${member} has state ${stateHash}, ` +
          `member ${known?.member} had ${known?.stateHash}`,
      )
  }

  /** Plays the entry by itself and compares what the machine answered. */
  #compare(entry: LogEntry, result: AppliedResult): void {
    const { session, floor, commands } = decodeCommands(entry.command)
    this.#floors.set(session, Math.max(floor, this.#floors.get(session) ?? 0))
    for (const [at, command] of commands.entries()) {
      const answer = result.outcomes[at]?.answer
      const expected = this.#expected(session, command, entry.term, answer)
      const actual =
        answer?.kind === 'done'
          ? `done ${answer.result.succeeded} ${answer.result.revision}`
          : answer?.kind
      if (actual !== expected)
        violated('exactly once', `index ${entry.index}: ${actual}, the model says ${expected}`)
    }
  }

  #expected(
    session: number,
    { sequence, fence, body }: Command,
    term: Term,
    answer: CommandAnswer | undefined,
  ): string {
    const name = `${session}/${sequence}`
    if (this.#finished.has(name) || sequence < (this.#floors.get(session) ?? 0)) return 'duplicate'
    this.#finished.add(name)
    if (fence !== 0 && fence !== term) return 'refused'
    const refusal = this.#play(body, answer)
    if (refusal !== undefined) return 'refused'
    if (body.kind === 'txn') return `done ${this.#succeeded} ${this.model.revision}`
    return `done true ${this.model.revision}`
  }

  /** What the model says of a command: its refusal, or nothing once it has done it. */
  #play(body: CommandBody, answer: CommandAnswer | undefined): string | undefined {
    switch (body.kind) {
      case 'txn': {
        const result = this.model.apply(body.txn)
        if (typeof result === 'string') return result
        this.#succeeded = result.succeeded
        return undefined
      }
      case 'compact':
        return this.model.compact(body.revision)
      case 'lease grant':
        // Which id was chosen nobody but the machine can say; that it is free is checked.
        return this.model.grant(body.id || (answer?.kind === 'done' && answer.lease?.id) || 0)
      case 'lease keep alive':
        return this.model.keepAlive(body.id)
      case 'lease revoke':
        return this.model.revoke(body.id)
      case 'lease expire': {
        const refusal = this.model.revoke(body.id, body.renewals)
        if (refusal === undefined) for (const listener of this.#expired) listener(body.id)
        return refusal
      }
      case 'state hash':
        return undefined
      default:
        return unreachable(body, 'command')
    }
  }
}

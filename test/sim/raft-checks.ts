import { crc32 } from 'node:zlib'
import type { Term } from '../../src/base/brand.ts'
import type { Message } from '../../src/raft/core/message.ts'
import { RawNode, type Ready } from '../../src/raft/core/raw-node.ts'
import { type Ledger, violated } from './ledger.ts'

interface SeenEntry {
  readonly previousTerm: number
  readonly crc: number
}

/**
 * The properties of the Raft paper's figure 3 that can be seen from outside: election safety, log
 * matching, leader completeness; and that a term and its vote are never taken back.
 */
export class RaftChecks {
  readonly #ledger: Ledger
  readonly #leaders = new Map<number, number>()
  readonly #seen = new Map<string, SeenEntry>()
  /** Real votes that left a member: one for each term. */
  readonly #votes = new Map<string, number>()
  readonly #nodes = new Map<number, RawNode>()
  highestTerm = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The core of a member, as of its last turn. */
  node(id: number): RawNode | undefined {
    return this.#nodes.get(id)
  }

  /** Every message on its way out. */
  sent(message: Message): void {
    const { type, from, to, term } = message
    if (term > this.highestTerm && type !== 'MsgPreVote' && type !== 'MsgPreVoteResp')
      this.highestTerm = term
    if (type === 'MsgVoteResp' && !message.reject) {
      const key = `${from}@${term}`
      const before = this.#votes.get(key)
      if (before !== undefined && before !== to)
        violated('election safety', `member ${from} voted for ${before} and ${to} in term ${term}`)
      this.#votes.set(key, to)
    }
    if (type !== 'MsgApp') return
    this.#leads(from, term)
    let previousTerm = message.logTerm
    for (const entry of message.entries) {
      const key = `${entry.index}/${entry.term}`
      const crc = crc32(entry.data)
      const known = this.#seen.get(key)
      if (!known) this.#seen.set(key, { previousTerm, crc })
      else if (known.crc !== crc || known.previousTerm !== previousTerm)
        violated('log matching', `two entries with index ${entry.index} and term ${entry.term}`)
      previousTerm = entry.term
    }
  }

  turn(node: RawNode, ready: Ready): void {
    const { id } = node.raft
    this.#nodes.set(id, node)
    if (ready.softState?.role === 'leader') this.#elected(node)
  }

  #elected(node: RawNode): void {
    const { id, term, log } = node.raft
    this.#leads(id, term)
    const last = this.#ledger.committedBefore(term)
    if (last === 0 || last < log.firstIndex()) return
    if (log.term(last) !== this.#ledger.term(last))
      violated(
        'leader completeness',
        `member ${id} leads term ${term} without the committed entry ${last}`,
      )
  }

  #leads(id: number, term: number): void {
    const before = this.#leaders.get(term)
    if (before !== undefined && before !== id)
      violated('election safety', `members ${before} and ${id} lead term ${term}`)
    this.#leaders.set(term, id)
    this.#ledger.leaderTerm = Math.max(this.#ledger.leaderTerm, term) as Term
  }
}

/** Lets `checks` see every turn of every core until the returned function is called. */
export function observeCores(checks: RaftChecks, failed: (error: unknown) => void): () => void {
  const { ready } = RawNode.prototype
  RawNode.prototype.ready = function (this: RawNode): Ready {
    const result = ready.call(this)
    try {
      checks.turn(this, result)
    } catch (error) {
      failed(error)
    }
    return result
  }
  return () => {
    RawNode.prototype.ready = ready
  }
}

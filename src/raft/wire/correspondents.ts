import type { MemberId } from '../../base/brand.ts'
import type { MemberAddress } from '../membership/members.ts'

interface Caller {
  readonly address: MemberAddress
  connections: number
}

/**
 * Whom this member speaks to: the other members as its log has them, and whoever calls and says where
 * it listens, for as long as it calls. A member that joins, or was away while the others changed, learns
 * of them only from a leader that it may never have heard of, and that must hear its answers.
 */
export class Correspondents {
  readonly #own: MemberId
  readonly #callers = new Map<MemberId, Caller>()
  #members: readonly MemberAddress[] = []

  constructor(own: MemberId) {
    this.#own = own
  }

  setMembers(members: readonly MemberAddress[]): void {
    this.#members = members.filter(({ id }) => id !== this.#own)
  }

  /** As the log has it, which knows its name too, or as it called. */
  get(id: MemberId): MemberAddress | undefined {
    return this.#members.find((member) => member.id === id) ?? this.#callers.get(id)?.address
  }

  all(): readonly MemberAddress[] {
    const strangers = [...this.#callers.values()].map(({ address }) => address)
    const isMember = ({ id }: MemberAddress) => this.#members.some((member) => member.id === id)
    return [...this.#members, ...strangers.filter((address) => !isMember(address))]
  }

  /** A connection came in. To be followed by hungUp when it ends. */
  called(id: MemberId, raftAddress: string): void {
    const connections = (this.#callers.get(id)?.connections ?? 0) + 1
    this.#callers.set(id, { address: { id, raftAddress }, connections })
  }

  hungUp(id: MemberId): void {
    const caller = this.#callers.get(id)
    if (!caller) return
    caller.connections -= 1
    if (caller.connections === 0) this.#callers.delete(id)
  }
}

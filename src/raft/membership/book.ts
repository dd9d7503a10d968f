import type { LogIndex, MemberId } from '../../base/brand.ts'
import type { ConfChangeV2, ConfState } from '../core/message.ts'
import type { MemberAddress } from './members.ts'

/** What a membership change carries beside the core's part. */
export interface ChangeContext {
  /** Tells the proposer that its own change was applied. */
  readonly changeId: string
  readonly address?: MemberAddress
}

interface Version {
  readonly index: LogIndex
  readonly confState: ConfState
  readonly members: readonly MemberAddress[]
}

/** Who belongs to the cluster and where, as of every index that a snapshot may still be taken of. */
export class MembershipBook {
  #versions: Version[]

  constructor(index: LogIndex, confState: ConfState, members: readonly MemberAddress[]) {
    this.#versions = [{ index, confState, members }]
  }

  get members(): readonly MemberAddress[] {
    return this.#latest.members
  }

  get confState(): ConfState {
    return this.#latest.confState
  }

  /** The change at `index` led to `confState`. */
  apply(index: LogIndex, change: ConfChangeV2, confState: ConfState): ChangeContext | undefined {
    const context = decodeContext(change.context)
    const byId = new Map(this.members.map((member) => [member.id, member]))
    if (context?.address) byId.set(context.address.id, context.address)
    const kept = membersOf(confState)
    for (const { type, nodeId } of change.changes)
      if (type === 'ConfChangeRemoveNode' && !kept.has(nodeId)) byId.delete(nodeId)
    this.#versions.push({ index, confState, members: [...byId.values()] })
    return context
  }

  /** As of a snapshot at `index`. Forgets what is older. */
  at(index: LogIndex): { confState: ConfState; members: readonly MemberAddress[] } {
    const from = this.#versions.findLastIndex((version) => version.index <= index)
    this.#versions = this.#versions.slice(Math.max(0, from))
    return this.#versions[0] ?? this.#latest
  }

  replace(index: LogIndex, confState: ConfState, members: readonly MemberAddress[]): void {
    this.#versions = [{ index, confState, members }]
  }

  get #latest(): Version {
    const latest = this.#versions.at(-1)
    if (!latest) throw new Error('a membership book is never empty')
    return latest
  }
}

export function encodeContext(context: ChangeContext): Uint8Array {
  return Buffer.from(JSON.stringify(context))
}

function decodeContext(bytes: Uint8Array): ChangeContext | undefined {
  if (bytes.length === 0) return undefined
  return JSON.parse(Buffer.from(bytes).toString()) as ChangeContext
}

function membersOf(state: ConfState): Set<MemberId> {
  return new Set([
    ...state.voters,
    ...state.votersOutgoing,
    ...state.learners,
    ...state.learnersNext,
  ])
}

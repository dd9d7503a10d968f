import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import type { ConfChangeType } from '../core/message.ts'
import type { RawNode } from '../core/raw-node.ts'
import type { MembershipChange } from '../replica.ts'
import { type ChangeContext, encodeContext } from './book.ts'

export interface MembershipChangesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly timeoutMs: number
  readonly node: () => RawNode | undefined
  readonly proposed: () => void
}

interface Pending {
  readonly timer: Timer
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const types: Readonly<Record<MembershipChange['kind'], ConfChangeType>> = {
  'add-voter': 'ConfChangeAddNode',
  'add-learner': 'ConfChangeAddLearnerNode',
  remove: 'ConfChangeRemoveNode',
}

/** Membership changes that this member asked for, until they are applied here. */
export class MembershipChanges {
  readonly #options: MembershipChangesOptions
  readonly #pending = new Map<string, Pending>()

  constructor(options: MembershipChangesOptions) {
    this.#options = options
  }

  /** Resolves once applied here. Rejects with Conflict when it would cost the quorum. */
  async propose(change: MembershipChange): Promise<void> {
    const node = this.#options.node()
    if (!node) throw statusError('ServiceUnavailable', 'this member is not running')
    if (change.kind === 'remove') refuseLossOfQuorum(node, change)
    const { memberId, raftAddress } = change
    const changeId = this.#options.random.uuid()
    const context: ChangeContext = {
      changeId,
      ...(raftAddress !== undefined && { address: { id: memberId, raftAddress } }),
    }
    const result = node.proposeConfChange({
      type: types[change.kind],
      nodeId: memberId,
      context: encodeContext(context),
    })
    if (result !== 'ok') throw statusError('ServiceUnavailable', 'the cluster has no leader')
    this.#options.proposed()
    await new Promise<void>((resolve, reject) => {
      const timer = this.#options.clock.after(this.#options.timeoutMs, () => {
        this.#pending.delete(changeId)
        reject(
          statusError(
            'Timeout',
            'the change of membership was not applied in time: another one may be under way. ' +
              'Look at the members before you try again',
          ),
        )
      })
      this.#pending.set(changeId, { timer, resolve, reject })
    })
  }

  applied(changeId: string): void {
    const pending = this.#pending.get(changeId)
    this.#pending.delete(changeId)
    pending?.timer.cancel()
    pending?.resolve()
  }

  rejectAll(why: string): void {
    for (const { timer, reject } of this.#pending.values()) {
      timer.cancel()
      reject(statusError('ServiceUnavailable', why))
    }
    this.#pending.clear()
  }
}

/** On the leader, which knows who answers. */
function refuseLossOfQuorum(node: RawNode, { memberId }: MembershipChange): void {
  const { id, progress } = node.status()
  const left = progress.filter((one) => !one.isLearner && one.id !== memberId)
  if (progress.length === 0 || progress.every((one) => one.id !== memberId)) return
  const active = left.filter((one) => one.id === id || one.recentActive)
  if (active.length >= Math.floor(left.length / 2) + 1) return
  throw statusError(
    'Conflict',
    `without member ${memberId} only ${active.length} of ${left.length} members would answer`,
  )
}

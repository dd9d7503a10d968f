import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import type { ConfChange, ConfChangeType } from '../core/message.ts'
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

  /**
   * Resolves once applied here. Rejects with Conflict when this member leads and knows that it cannot
   * be, or that it would cost the quorum. Another leader makes nothing of such a change.
   */
  async propose(change: MembershipChange): Promise<void> {
    const node = this.#options.node()
    if (!node) throw statusError('ServiceUnavailable', 'this member is not running')
    const { memberId, raftAddress } = change
    const changeId = this.#options.random.uuid()
    const context: ChangeContext = {
      changeId,
      ...(raftAddress !== undefined && { address: { id: memberId, raftAddress } }),
    }
    const wanted: ConfChange = {
      type: types[change.kind],
      nodeId: memberId,
      context: encodeContext(context),
    }
    const refusal = node.confChangeRefusal(wanted)
    if (refusal !== undefined) throw statusError('Conflict', refusal)
    const result = node.proposeConfChange(wanted)
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

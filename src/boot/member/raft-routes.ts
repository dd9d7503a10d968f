import { jsonResponse } from '../../api/responses.ts'
import type { ServerRoute } from '../../api/server.ts'
import type { LogIndex, MemberId } from '../../base/brand.ts'
import { statusError } from '../../base/status.ts'
import type { ApiRequest } from '../../client/transport.ts'
import type { MembershipChange, Replica } from '../../raft/replica.ts'

/** Where a master takes orders about Raft, from administrators. The leader is asked, but for `leave`. */
export const raftPath = '/kijabi/v1/raft'

export type RaftOrder =
  | { readonly kind: 'transfer'; readonly memberId: number }
  | { readonly kind: 'leave'; readonly memberId: number }
  | {
      readonly kind: MembershipChange['kind']
      readonly memberId: number
      readonly raftAddress?: string
    }

/** Sends this master's clients elsewhere, all but the one whose request has this signal. */
export type Leave = (asking: AbortSignal | undefined) => Promise<void>

export function raftRoutes(replica: Replica, leave: Leave): ServerRoute[] {
  return [
    {
      ...{ method: 'POST', path: raftPath },
      handle: async (request) => {
        await obeyOrder(replica, readOrder(request), () => leave(request.signal))
        const { leader, voters, learners } = replica.status()
        return jsonResponse(200, { leader, voters, learners })
      },
    },
  ]
}

/** Carries out what this master was ordered. Rejects with a StatusError. */
export async function obeyOrder(
  replica: Replica,
  order: RaftOrder,
  leave: () => Promise<void>,
): Promise<void> {
  const memberId = order.memberId as MemberId
  if (order.kind === 'leave') {
    if (memberId !== replica.status().memberId)
      throw statusError('Conflict', `member ${memberId} is not the one that was asked to leave`)
    return leave()
  }
  if (order.kind === 'transfer') return replica.transferLeadership(memberId)
  const { voters, learners } = replica.status()
  if (order.kind === 'remove' && ![...voters, ...learners].includes(memberId))
    throw statusError('Conflict', `member ${memberId} does not belong to the cluster`)
  const { raftAddress } = order
  if (order.kind === 'add-voter') checkCaughtUp(replica, memberId)
  await replica.changeMembership({
    ...{ kind: order.kind, memberId },
    ...(raftAddress !== undefined && { raftAddress }),
  })
}

/** A voter that has nothing yet costs the cluster a quorum as if it were down. */
function checkCaughtUp(replica: Replica, memberId: MemberId): void {
  const { progress, commitIndex, learners } = replica.status()
  if (!learners.includes(memberId)) return
  const match = progress.find((one) => one.memberId === memberId)?.matchIndex ?? (0 as LogIndex)
  if (match + lagMax >= commitIndex) return
  throw statusError(
    'Conflict',
    `member ${memberId} holds the log up to ${match} of ${commitIndex}: let it catch up first`,
  )
}

const lagMax = 1_000

function readOrder(request: ApiRequest): RaftOrder {
  const kinds: readonly string[] = ['transfer', 'leave', 'add-voter', 'add-learner', 'remove']
  try {
    const order = JSON.parse(Buffer.from(request.body ?? []).toString()) as RaftOrder
    const isRight =
      kinds.includes(order.kind) && Number.isSafeInteger(order.memberId) && order.memberId > 0
    if (isRight) return order
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw statusError('BadRequest', `expected JSON with a kind (${kinds.join(', ')}) and a memberId`)
}

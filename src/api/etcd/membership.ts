import type { MemberId } from '../../base/brand.ts'
import { isStatus } from '../../base/status.ts'
import type { ReplicaStatus } from '../../raft/replica.ts'
import { clusterHeader, type EtcdContext, type MemberAddresses } from './context.ts'
import { failedPrecondition, refusals } from './errors.ts'
import type { Rpc } from './rpc.ts'
import type { Member, MemberList } from './wire/cluster-messages.ts'
import type { Draft } from './wire/message-type.ts'
import { clusterService } from './wire/services.ts'

/**
 * etcd's Cluster service. Who may be a member is fixed by the cluster's configuration, where names and
 * certificates come from: a call can only take such a master in or out.
 */
export function serveMembership(rpc: Rpc, context: EtcdContext): void {
  const { member, store } = context

  rpc.unary(clusterService.list, async ({ linearizable }) => {
    if (linearizable) await store.barrier()
    return memberList(context)
  })

  rpc.unary(clusterService.add, async ({ peerUrls, isLearner }) => {
    const host = hostOf(peerUrls)
    const master = member.masters.find(({ raftAddress }) => raftAddress === host)
    if (!master)
      throw failedPrecondition(
        `no master of the configuration has the peer address ${host}: ` +
          'add it to the configuration first, then use `kijabi raft add`',
      )
    if (idsOf(member.status()).includes(master.id)) throw refusals.memberExists()
    const now = await member.changeMembership({
      kind: isLearner ? 'add-learner' : 'add-voter',
      ...{ memberId: master.id as MemberId, raftAddress: master.raftAddress },
    })
    const { header, members } = memberList(context, now)
    return { header, member: messageOf(master, isLearner), members }
  })

  rpc.unary(clusterService.remove, async ({ id }) => {
    demandMember(context, id)
    const memberId = Number(id) as MemberId
    return memberList(context, await member.changeMembership({ kind: 'remove', memberId }))
  })

  rpc.unary(clusterService.update, async ({ id, peerUrls }) => {
    demandMember(context, id)
    const now = memberList(context)
    const own = now.members?.find((one) => one.id === id)?.peerUrls ?? []
    // Tools that bring a cluster into a wanted state send what they want, changed or not.
    if (peerUrls.length !== own.length || peerUrls.some((url) => !own.includes(url)))
      throw failedPrecondition(
        `the peer address of this member is ${own.join(', ')}: another one has to be in the ` +
          'configuration of every host (cluster.json) before this member starts with it',
      )
    await store.barrier()
    return now
  })

  rpc.unary(clusterService.promote, async ({ id }) => {
    demandMember(context, id)
    const memberId = Number(id) as MemberId
    if (!member.status().learners.includes(memberId)) throw refusals.memberNotLearner()
    try {
      return memberList(context, await member.changeMembership({ kind: 'add-voter', memberId }))
    } catch (error) {
      // How far a learner is, its leader alone knows.
      if (isStatus(error, 'Conflict') && /catch up/.test(error.message))
        throw refusals.learnerNotReady()
      throw error
    }
  })
}

type Members = Pick<ReplicaStatus, 'voters' | 'learners'>

function memberList(
  context: EtcdContext,
  status: Members = context.member.status(),
): Draft<MemberList> {
  const ids = idsOf(status)
  const members = context.member.masters
    .filter(({ id }) => ids.includes(id))
    .map((master) => messageOf(master, status.learners.includes(master.id as MemberId)))
  return { header: clusterHeader(context), members }
}

function messageOf(master: MemberAddresses, isLearner: boolean): Member {
  const { id, name, raftAddress, etcdAddress } = master
  return {
    ...{ id: BigInt(id), name, peerUrls: [`https://${raftAddress}`], isLearner },
    clientUrls: [`https://${etcdAddress}`],
  }
}

function idsOf({ voters, learners }: Members): number[] {
  return [...voters, ...learners]
}

function demandMember({ member }: EtcdContext, id: bigint): void {
  if (!idsOf(member.status()).includes(Number(id))) throw refusals.memberNotFound()
}

function hostOf(urls: readonly string[]): string {
  const [first] = urls
  try {
    if (first !== undefined) return new URL(first).host
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  throw refusals.memberBadUrls()
}

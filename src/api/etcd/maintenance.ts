import { createHash } from 'node:crypto'
import type { MemberId, Revision } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import { Slices } from '../slices.ts'
import { layBackend } from './backend/contents.ts'
import { type EtcdContext, headerAt } from './context.ts'
import { etcdErrorOf, refusals, unimplemented } from './errors.ts'
import type { Answers, Rpc } from './rpc.ts'
import type { SnapshotPart } from './wire/cluster-messages.ts'
import { maintenanceService } from './wire/services.ts'

/**
 * The version whose semantics the listener has. kube-apiserver asks for progress of watches only of
 * one that it knows to answer (apiserver pkg/storage/etcd3: 3.5.13 and later).
 */
export const servedVersion = '3.5.30'

const alarmNumbers = { NOSPACE: 1 } as const
const actionActivate = 1
/** Of the SHA-256 at the end of a snapshot. */
const hashBytes = 32
/** As etcd sends it (server/etcdserver/api/v3rpc/maintenance.go: Snapshot). */
const partBytesMin = 32 * 1024

/** etcd's Maintenance service. */
export function serveMaintenance(rpc: Rpc, context: EtcdContext): void {
  const { member, store } = context

  rpc.unary(maintenanceService.status, () => {
    const status = member.status()
    const { used } = member.storeBytes()
    return {
      ...{ header: headerAt(context), version: servedVersion, dbSize: used, dbSizeInUse: used },
      ...{ leader: BigInt(status.leader), raftIndex: status.commitIndex, raftTerm: status.term },
      raftAppliedIndex: store.view.appliedIndex,
      errors: status.leader === 0 ? ['etcdserver: no leader'] : [],
      isLearner: status.learners.includes(status.memberId),
    }
  })

  rpc.unary(maintenanceService.alarm, (request) => {
    if (request.action === actionActivate)
      throw unimplemented('alarms are raised and cleared by the store itself')
    const alarms = alarmsOf(member).map((name) => ({
      ...{ memberId: context.memberId, alarm: alarmNumbers[name] },
    }))
    return { header: headerAt(context), alarms }
  })

  // Nothing is ever fragmented: compaction lets go of memory, and the log is cut by snapshots.
  rpc.unary(maintenanceService.defragment, () => ({ header: headerAt(context) }))

  rpc.unary(maintenanceService.hash, () => ({
    ...{ header: headerAt(context), hash: hash32(member.stateHash()) },
  }))

  rpc.unary(maintenanceService.hashKv, ({ revision }) => {
    const { view } = store
    return {
      ...{ header: headerAt(context), compactRevision: view.compactedRevision },
      hash: view.hashAt((revision > 0 ? revision : view.revision) as Revision),
    }
  })

  rpc.answers(maintenanceService.snapshot, async (_request, answers) => {
    try {
      await sendSnapshot(context, answers)
    } catch (error) {
      const expected = etcdErrorOf(error)
      if (!expected) throw error
      answers.fail(expected)
    }
  })

  rpc.unary(maintenanceService.moveLeader, async ({ id }) => {
    const { voters, leader } = member.status()
    if (store.leadership.role !== 'leader') throw refusals.notLeader()
    const target = Number(id) as MemberId
    if (!voters.includes(target)) throw refusals.badTransferee()
    if (target !== leader) await member.transferLeadership(target)
    return { header: headerAt(context) }
  })

  rpc.unary(maintenanceService.downgrade, () => {
    throw unimplemented('there is no version of the storage to go back to')
  })
}

/** By etcd's names. Alarms come and go with what they warn of; a diverged member is none: it leaves. */
export function alarmsOf(member: EtcdContext['member']): (keyof typeof alarmNumbers)[] {
  const { used, max } = member.storeBytes()
  return used + limits.objectBytesMax > max ? ['NOSPACE'] : []
}

/** The first 32 bits of the rolling hash. */
function hash32(hexadecimal: string): number {
  return Number.parseInt(hexadecimal.slice(0, 8), 16)
}

/** A file as etcd's own backend is, and the SHA-256 of it. Paced by the client. */
async function sendSnapshot(
  { clock, keys, member }: EtcdContext,
  answers: Answers<SnapshotPart>,
): Promise<void> {
  let wake: (() => void) | undefined
  answers.drained(() => wake?.())
  answers.signal.addEventListener('abort', () => wake?.())
  const send = async (blob: Uint8Array, remainingBytes: number) => {
    if (answers.send({ blob, remainingBytes }) || answers.signal.aborted) return
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  const slices = new Slices(clock)
  const hash = createHash('sha256')
  const file = await layBackend(member.freezeHistory(), keys, slices)
  let remaining = file.bytes + hashBytes
  let pages: Buffer[] = []
  let gathered = 0
  const flush = async () => {
    const blob = Buffer.concat(pages)
    hash.update(blob)
    remaining -= gathered
    pages = []
    gathered = 0
    await send(blob, remaining)
  }
  for (const page of file.pages()) {
    pages.push(page)
    gathered += page.length
    if (gathered >= partBytesMin) await flush()
    if (slices.over) await slices.pause()
    if (answers.signal.aborted) return
  }
  await flush()
  await send(hash.digest(), 0)
  answers.end()
}

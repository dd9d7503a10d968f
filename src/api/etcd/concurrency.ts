import { status as codes } from '@grpc/grpc-js'
import type { Revision } from '../../base/brand.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { prefixEnd } from '../../state/keys.ts'
import { type EtcdContext, headerAt } from './context.ts'
import { EtcdError, invalidArgument } from './errors.ts'
import type { Answers, Rpc } from './rpc.ts'
import { first, leave, type Place, rewrite, takePlace, waitForTurn } from './turns.ts'
import type { Leader, LeaderKey } from './wire/cluster-messages.ts'
import { electionService, lockService } from './wire/services.ts'

const noValue = new Uint8Array(0)

/**
 * etcd's lock and election services. As everywhere, a lock that rests on a lease keeps nobody from
 * writing who believes to hold it still: compare with the key's create revision when it matters.
 */
export function serveConcurrency(rpc: Rpc, context: EtcdContext): void {
  serveLock(rpc, context)
  serveElection(rpc, context)
}

function serveLock(rpc: Rpc, context: EtcdContext): void {
  const { keys, store } = context

  rpc.unary(lockService.lock, async ({ name, lease }, { signal }) => {
    const place = await takePlace(context, name, { lease, value: noValue })
    await waitForTurn(context, name, place, signal)
    return { header: headerAt(context), key: keys.outside(place.key) }
  })

  rpc.unary(lockService.unlock, async ({ key }) => {
    const operation = { op: 'delete', key: keys.key(key) } as const
    const { revision } = await store.commit({ compares: [], success: [operation], failure: [] })
    return { header: headerAt(context, revision) }
  })
}

function serveElection(rpc: Rpc, context: EtcdContext): void {
  const { keys, store } = context

  rpc.unary(electionService.campaign, async ({ name, lease, value }, { signal }) => {
    const place = await takePlace(context, name, { lease, value })
    await waitForTurn(context, name, place, signal)
    const { key, revision, lease: held } = place
    const leader = { name, key: keys.outside(key), revision, lease: held }
    return { header: headerAt(context), leader }
  })

  rpc.unary(electionService.proclaim, async ({ leader, value }) => {
    const { held, revision } = await rewrite(context, placeOf(context, leader), value)
    if (!held) throw new EtcdError(codes.UNKNOWN, 'election: not leader')
    return { header: headerAt(context, revision) }
  })

  rpc.unary(electionService.resign, async ({ leader }) => {
    const revision = await leave(context, placeOf(context, leader))
    return { header: headerAt(context, revision) }
  })

  rpc.unary(electionService.leader, async ({ name }) => {
    await store.barrier()
    const leader = first(context, name)
    if (!leader) throw new EtcdError(codes.UNKNOWN, 'election: no leader')
    return { header: headerAt(context), kv: keys.message(leader) }
  })

  rpc.answers(electionService.observe, async ({ name }, answers) => {
    await store.barrier()
    observe(context, name, answers)
  })
}

/** Tells who leads, whenever another one does or the leader proclaims something new. */
function observe(context: EtcdContext, name: Uint8Array, answers: Answers<Leader>): void {
  const { keys, store } = context
  const prefix = `${keys.key(name)}/`
  let told: KeyValue | undefined
  const tell = () => {
    const leader = first(context, name)
    if (!leader || leader.modRevision === told?.modRevision) return
    told = leader
    answers.send({ header: headerAt(context), kv: keys.message(leader) })
  }
  const cursor = store.watch({
    ...{ start: prefix, end: prefixEnd(prefix), afterRevision: store.view.revision },
    wake: () => {
      while (cursor.poll(1).length > 0) tell()
    },
  })
  while (cursor.poll(1).length > 0);
  tell()
  answers.signal.addEventListener('abort', () => cursor.close())
}

function placeOf({ keys }: EtcdContext, leader: LeaderKey | undefined): Place {
  if (!leader) throw invalidArgument('"leader" field must be provided')
  const { key, revision, lease } = leader
  return { key: keys.key(key), revision: revision as Revision, lease }
}

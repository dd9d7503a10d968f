import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { systemClock as clock } from '../../../src/base/clock.ts'
import { statusError } from '../../../src/base/status.ts'
import { type Members, RaftOrders } from '../../../src/boot/member/raft-orders.ts'
import type { RaftOrder } from '../../../src/boot/member/raft-routes.ts'
import { MemoryReplica } from '../../contract/memory-replica.ts'

const id = (number: number) => number as MemberId

/** A cluster of masters 1 to 3 seen from master 1, of which some do not answer. */
function openOrders(options: { leader: number; down?: readonly number[] }) {
  const given: string[] = []
  let leader = id(options.leader)
  const replica = {
    status: () => ({ ...new MemoryReplica().status(), leader, voters: [1, 2, 3].map(id) }),
  }
  const orders = new RaftOrders({
    ...{ replica, clock },
    give: async (to: MemberId, order: RaftOrder): Promise<Members> => {
      given.push(`${to}: ${order.kind} ${order.memberId}`)
      const isDown = options.down?.includes(to) || options.down?.includes(order.memberId)
      if (isDown && order.kind !== 'remove') throw statusError('ServiceUnavailable', 'no answer')
      if (order.kind === 'transfer') leader = id(order.memberId)
      return { voters: [1, 2, 3].map(id), learners: [] }
    },
  })
  return { orders, given }
}

test('a change of membership that a follower is asked for is the order of the leader', async () => {
  const { orders, given } = openOrders({ leader: 3 })
  await orders.change({ kind: 'add-learner', memberId: id(2) })
  assert.deepEqual(given, ['3: add-learner 2'])
})

test('a member that is to go sends its clients away first; one that is down has none', async () => {
  const { orders, given } = openOrders({ leader: 3 })
  await orders.change({ kind: 'remove', memberId: id(1) })
  assert.deepEqual(given, ['1: leave 1', '3: remove 1'])
  const without = openOrders({ leader: 3, down: [2] })
  await without.orders.change({ kind: 'remove', memberId: id(2) })
  assert.deepEqual(without.given, ['2: leave 2', '3: remove 2'])
})

test('a leader that is to go hands over first, to a member that answers', async () => {
  const { orders, given } = openOrders({ leader: 3 })
  await orders.change({ kind: 'remove', memberId: id(3) })
  assert.deepEqual(given, ['3: transfer 1', '3: leave 3', '1: remove 3'])
  const own = openOrders({ leader: 1, down: [2] })
  await own.orders.change({ kind: 'remove', memberId: id(1) })
  assert.deepEqual(own.given, ['1: transfer 2', '1: transfer 3', '1: leave 1', '3: remove 1'])
})

test('without a leader, or without anybody to take over, nothing is changed', async () => {
  const leaderless = openOrders({ leader: 0 })
  await assert.rejects(leaderless.orders.change({ kind: 'remove', memberId: id(2) }), /no leader/)
  assert.deepEqual(leaderless.given, [])
  const alone = openOrders({ leader: 1, down: [2, 3] })
  await assert.rejects(
    alone.orders.change({ kind: 'remove', memberId: id(1) }),
    /nothing is changed/,
  )
  assert.deepEqual(alone.given, ['1: transfer 2', '1: transfer 3'])
})

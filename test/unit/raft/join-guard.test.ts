import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { makeMessage } from '../../../src/raft/core/message.ts'
import { JoinGuard, type MemberState } from '../../../src/raft/membership/join-guard.ts'

const id = (number: number) => number as MemberId

function guard(memberId: number, incarnation: string, saved?: readonly string[]) {
  let founders: readonly string[] | undefined
  let holds = false
  const notices: (readonly MemberId[])[] = []
  const made = new JoinGuard({
    memberId: id(memberId),
    joined: saved !== undefined,
    founders: saved ?? [],
    incarnation,
    wasDamaged: false,
    readIndex: () => assert.fail('no leader is heard of here'),
    holds: () => holds,
    voters: () => [1, 2, 3].map(id),
    firstMembers: [1, 2, 3].map(id),
    node: () => assert.fail('no leader is heard of here'),
    remember: async (list) => {
      founders = list
    },
    onJoined: () => {},
    waitsFor: (absent) => notices.push(absent),
  })
  const hold = () => {
    holds = true
  }
  return { made, founders: () => founders, hold, notices }
}

async function votes({ made }: ReturnType<typeof guard>): Promise<boolean> {
  await Promise.resolve()
  return made.allows(makeMessage('MsgVote', id(2)))
}

function empty(incarnation: string): MemberState {
  return { incarnation, holds: false, founders: [], withholds: true }
}

test('members that are all there and all empty are a birth, and remember with whom', async () => {
  const one = guard(1, 'a')
  one.made.met(id(2), empty('b'))
  assert.equal(await votes(one), false, 'the third is missing')
  one.made.met(id(3), empty('c'))
  assert.equal(await votes(one), true)
  assert.deepEqual(one.founders(), ['b', 'c'])
  assert.equal(one.made.state.withholds, undefined)
})

test('a wiped member and one that never held data are no birth while the third is away', async () => {
  // 1 and 2 went on without 3, which heard nothing. Now 2 is down and 1 was wiped.
  const third = guard(3, 'c')
  third.made.met(id(1), empty('old'))
  third.made.met(id(1), empty('new'))
  const wiped = guard(1, 'new')
  wiped.made.met(id(3), third.made.state)
  assert.equal(await votes(wiped), false)
  assert.equal(await votes(third), false)
  // The third was a founder, as the second knows; the wiped one was none.
  const second = guard(2, 'b', ['old', 'c'])
  second.hold()
  wiped.made.met(id(2), second.made.state)
  third.made.met(id(2), second.made.state)
  assert.equal(await votes(wiped), false)
  assert.equal(await votes(third), true)
})

test('a member that joined and is still empty is no birth to one that lost its disk', async () => {
  // Member 3 joined with 2, then heard nothing more; 1 and 2 went on. Now 2 is down and 1 was wiped.
  const third = guard(3, 'c', ['b'])
  const wiped = guard(1, 'new')
  third.made.met(id(1), empty('new'))
  wiped.made.met(id(2), empty('b'))
  wiped.made.met(id(3), third.made.state)
  assert.equal(await votes(wiped), false)
})

test('a member that lost its disk is not taken for the founder that it was', async () => {
  // Member 3 has met member 1 at the birth, and not yet since: it dials first.
  const third = guard(3, 'c')
  third.made.met(id(1), empty('old'))
  third.made.met(id(2), empty('b'))
  assert.equal(await votes(third), true)
  third.hold()
  const wiped = guard(1, 'new')
  wiped.made.met(id(2), empty('b'))
  wiped.made.met(id(3), third.made.state)
  assert.equal(await votes(wiped), false)
})

test('a founder that comes back joins what it was a founder of', async () => {
  const third = guard(3, 'c', ['a', 'b'])
  const second = guard(2, 'b')
  second.made.met(id(3), third.made.state)
  assert.equal(await votes(second), false)
  second.made.met(id(1), empty('a'))
  assert.equal(await votes(second), true)
})

test('a member that the cluster did not begin with is born with nobody', async () => {
  const fourth = guard(4, 'd')
  for (const [number, incarnation] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ] as const)
    fourth.made.met(id(number), empty(incarnation))
  assert.equal(await votes(fourth), false)
})

test('a birth that waits for long says once for whom', () => {
  const { made, notices } = guard(1, 'a')
  made.met(id(2), empty('b'))
  for (let tick = 0; tick < 2000; tick += 1) made.ticked()
  assert.deepEqual(notices, [[3]])
})

test('whether another member has its vote is what it said last', () => {
  const { made } = guard(1, 'a', ['b', 'c'])
  assert.equal(made.hasVote(id(2)), false, 'nobody has met it')
  made.met(id(2), empty('b'))
  assert.equal(made.hasVote(id(2)), false)
  made.met(id(2), { incarnation: 'b', holds: true, founders: [] })
  assert.equal(made.hasVote(id(2)), true)
  assert.equal(made.hasVote(id(1)), true)
})

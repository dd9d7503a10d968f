import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { makeMessage } from '../../../src/raft/core/message.ts'
import { JoinGuard } from '../../../src/raft/membership/join-guard.ts'

function guard(memberId: number, incarnation: string, saved?: readonly string[]) {
  let founders: readonly string[] | undefined
  let holds = false
  const made = new JoinGuard({
    memberId: memberId as MemberId,
    joined: saved !== undefined,
    founders: saved ?? [],
    incarnation,
    wasDamaged: false,
    readIndex: () => assert.fail('no leader is heard of here'),
    holds: () => holds,
    voters: () => [1, 2, 3] as MemberId[],
    node: () => assert.fail('no leader is heard of here'),
    remember: async (list) => {
      founders = list
    },
    onJoined: () => {},
  })
  const hold = () => {
    holds = true
  }
  return { made, founders: () => founders, hold }
}

function votes({ made }: ReturnType<typeof guard>): boolean {
  return made.allows(makeMessage('MsgVote', id(2)))
}

const id = (number: number) => number as MemberId

test('two empty members are a birth, and remember with whom', async () => {
  const one = guard(1, 'a')
  one.made.met(id(2), { incarnation: 'b', holds: false, founders: [] })
  await Promise.resolve()
  assert.equal(votes(one), true)
  assert.deepEqual(one.founders(), ['b'])
})

test('a member that joined and is still empty is no birth to one that lost its disk', async () => {
  // Member 3 joined with 2, then heard nothing more; 1 and 2 went on. Now 2 is down and 1 was wiped.
  const third = guard(3, 'c', ['b'])
  const wiped = guard(1, 'new')
  third.made.met(id(1), { incarnation: 'new', holds: false, founders: [] })
  wiped.made.met(id(3), third.made.state)
  await Promise.resolve()
  assert.equal(votes(wiped), false)
})

test('a member that lost its disk is not taken for the founder that it was', async () => {
  // Member 3 has met member 1 at the birth, and not yet since: it dials first.
  const third = guard(3, 'c')
  third.made.met(id(1), { incarnation: 'old', holds: false, founders: [] })
  await Promise.resolve()
  third.hold()
  const wiped = guard(1, 'new')
  wiped.made.met(id(3), third.made.state)
  await Promise.resolve()
  assert.equal(votes(wiped), false)
})

test('a founder that comes back joins what it was a founder of', async () => {
  const third = guard(3, 'c', ['b'])
  const second = guard(2, 'b')
  third.made.met(id(2), { incarnation: 'b', holds: false, founders: [] })
  second.made.met(id(3), third.made.state)
  await Promise.resolve()
  assert.equal(votes(second), true)
})

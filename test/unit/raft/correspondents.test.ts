import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import type { MemberAddress } from '../../../src/raft/membership/members.ts'
import { Correspondents } from '../../../src/raft/wire/correspondents.ts'

const id = (number: number) => number as MemberId
const member = (number: number): MemberAddress => ({
  ...{ id: id(number), name: `m${number}`, raftAddress: `127.0.0.1:900${number}` },
})

function ids(correspondents: Correspondents): number[] {
  return correspondents.all().map((one) => one.id)
}

test('a member that was away answers a leader that its log does not know', () => {
  const own = new Correspondents(id(4))
  own.setMembers([1, 2, 4].map(member))
  assert.deepEqual(ids(own), [1, 2])
  own.called(id(3), '127.0.0.1:9003')
  assert.deepEqual(ids(own), [1, 2, 3])
  assert.equal(own.get(id(3))?.raftAddress, '127.0.0.1:9003')
  // Its log tells of it at last, and where it is.
  own.setMembers([2, 3, 4].map(member))
  assert.deepEqual(ids(own), [2, 3])
  assert.equal(own.get(id(3))?.name, 'm3')
})

test('a stranger is spoken to for as long as one of its connections lasts', () => {
  const own = new Correspondents(id(1))
  own.setMembers([1, 2].map(member))
  own.called(id(3), '127.0.0.1:9003')
  own.called(id(3), '127.0.0.1:9003')
  own.hungUp(id(3))
  assert.deepEqual(ids(own), [2, 3])
  own.hungUp(id(3))
  assert.deepEqual(ids(own), [2])
  // A member that calls and hangs up stays a member.
  own.called(id(2), '127.0.0.1:9002')
  own.hungUp(id(2))
  assert.deepEqual(ids(own), [2])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex, MemberId } from '../../../src/base/brand.ts'
import { HashVotes, stateHashVersion } from '../../../src/state/hash-votes.ts'

const voters = [1, 2, 3] as MemberId[]
const index = 512 as LogIndex

/** The verdicts of a member with `own` as its hash while the others' votes come in. */
function verdicts(own: string, votes: readonly (readonly [number, string])[], among = voters) {
  const judge = new HashVotes()
  judge.passed(index, own)
  return votes.map(([member, hash]) => {
    judge.add({ member: member as MemberId, index, version: stateHashVersion, hash })
    return judge.verdict(among)?.kind
  })
}

test('a member that a majority contradicts knows that it diverged, before its own vote is in', () => {
  const majority: [number, string][] = [
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ]
  assert.deepEqual(verdicts('b', majority), [undefined, 'diverged', undefined])
  assert.deepEqual(verdicts('a', majority), [undefined, undefined, 'others diverged'])
})

test('members that agree hear nothing', () => {
  assert.deepEqual(
    verdicts('a', [
      [1, 'a'],
      [2, 'a'],
      [3, 'a'],
    ]),
    Array(3).fill(undefined),
  )
})

test('without a majority nobody is condemned, and that is said once all have voted', () => {
  assert.deepEqual(
    verdicts('a', [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]),
    [undefined, undefined, 'no majority'],
  )
  const two = [1, 2] as MemberId[]
  assert.deepEqual(
    verdicts(
      'a',
      [
        [1, 'a'],
        [2, 'b'],
      ],
      two,
    ),
    [undefined, 'no majority'],
  )
  assert.deepEqual(verdicts('b', [[1, 'a']], [1] as MemberId[]), [undefined])
})

test('who does not vote in elections does not count, but judges itself', () => {
  assert.deepEqual(
    verdicts('b', [
      [9, 'a'],
      [8, 'a'],
      [1, 'a'],
    ]),
    Array(3).fill(undefined),
  )
  assert.deepEqual(
    verdicts('b', [
      [1, 'a'],
      [2, 'a'],
    ]),
    [undefined, 'diverged'],
  )
})

test('hashes of another version and of entries that were not seen say nothing', () => {
  const judge = new HashVotes()
  judge.passed(index, 'b')
  for (const member of voters) {
    judge.add({ member, index, version: stateHashVersion + 1, hash: 'a' })
    assert.equal(judge.verdict(voters), undefined)
    judge.add({ member, index: 1024 as LogIndex, version: stateHashVersion, hash: 'a' })
    assert.equal(judge.verdict(voters), undefined)
  }
})

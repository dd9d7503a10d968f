import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex, MemberId } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import { hashText } from '../../../src/state/hash.ts'
import { HashVotes, stateHashVersion } from '../../../src/state/hash-votes.ts'

const voters = [1, 2, 3] as MemberId[]
const index = 512 as LogIndex

function lanesOf(name: string): [number, number] {
  return [name.charCodeAt(0), -name.charCodeAt(0)]
}

function hashOf(name: string): string {
  return hashText(...lanesOf(name))
}

/** The verdicts of a member with `own` as its hash while the others' votes come in. */
function verdicts(own: string, votes: readonly (readonly [number, string])[], among = voters) {
  const judge = new HashVotes()
  judge.passed(index, lanesOf(own))
  return votes.map(([member, hash]) => {
    judge.add({
      member: member as MemberId,
      index,
      version: stateHashVersion,
      hash: hashOf(hash),
      asks: false,
    })
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
  judge.passed(index, lanesOf('b'))
  for (const member of voters) {
    judge.add({ member, index, version: stateHashVersion + 1, hash: hashOf('a'), asks: false })
    assert.equal(judge.verdict(voters), undefined)
    judge.add({
      member,
      index: 1024 as LogIndex,
      version: stateHashVersion,
      hash: hashOf('a'),
      asks: false,
    })
    assert.equal(judge.verdict(voters), undefined)
  }
})

test('who is asked votes with the hash that it had then, as long as it is kept', () => {
  const votes = new HashVotes()
  for (let at = 1; at <= limits.stateHashesKept + 5; at += 1) {
    votes.passed(at as LogIndex, [at, -at])
  }
  const ask = (at: number) =>
    votes.add({
      ...{ member: 2 as MemberId, index: at as LogIndex, version: stateHashVersion },
      ...{ hash: hashText(at, -at), asks: true },
    })
  for (const at of [5, 6, 9]) ask(at)
  assert.deepEqual(
    votes.due(1 as MemberId).map(({ index: at, hash }) => [at, hash]),
    [6, 9].map((at) => [at, hashText(at, -at)]),
  )
  assert.deepEqual(votes.due(1 as MemberId), [])
  assert.equal(votes.isAgreed(9 as LogIndex, voters), false)
  assert.equal(votes.isAgreed(9 as LogIndex, [2] as MemberId[]), true)
  votes.passed(20_000 as LogIndex, [1, 1])
  assert.equal(votes.voteOn(19_999 as LogIndex, 1 as MemberId), undefined)
})

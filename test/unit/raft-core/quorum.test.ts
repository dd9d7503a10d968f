import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ascending,
  type JointVoters,
  jointCommittedIndex,
  jointIds,
  jointVoteResult,
  majorityCommittedIndex,
  majorityVoteResult,
  type VoteResult,
} from '../../../src/raft/core/quorum.ts'

const idArbitrary = fc.integer({ min: 1, max: 9 })
const majorityArbitrary = fc.uniqueArray(idArbitrary, { maxLength: 7 }).map(ascending)
const jointArbitrary: fc.Arbitrary<JointVoters> = fc.record({
  incoming: majorityArbitrary,
  outgoing: majorityArbitrary,
})
const indexesArbitrary = fc
  .array(fc.tuple(idArbitrary, fc.integer({ min: 0, max: 12 })))
  .map((pairs) => new Map(pairs))
const votesArbitrary = fc.array(fc.tuple(idArbitrary, fc.boolean())).map((pairs) => new Map(pairs))

/** By definition: the highest index that a majority of each half has reached. */
function committedByTrying(
  { incoming, outgoing }: JointVoters,
  acked: Map<number, number>,
): number {
  if (incoming.length === 0 && outgoing.length === 0) return Number.POSITIVE_INFINITY
  const holds = (index: number): boolean =>
    [incoming, outgoing].every(
      (half) =>
        half.length === 0 ||
        half.filter((id) => (acked.get(id) ?? 0) >= index).length * 2 > half.length,
    )
  let best = 0
  for (let index = 0; index <= 12; index += 1) if (holds(index)) best = index
  return best
}

/** By definition: what every way to cast the missing votes leads to. */
function resultByTrying(
  { incoming, outgoing }: JointVoters,
  votes: Map<number, boolean>,
): VoteResult {
  const wins = (granted: (id: number) => boolean): boolean =>
    [incoming, outgoing].every(
      (half) => half.length === 0 || half.filter(granted).length * 2 > half.length,
    )
  if (wins((id) => votes.get(id) === true)) return 'won'
  return wins((id) => votes.get(id) !== false) ? 'pending' : 'lost'
}

test('a joint commit index is the highest that a majority of both halves has reached', () => {
  fc.assert(
    fc.property(jointArbitrary, indexesArbitrary, (voters, acked) => {
      const fast = jointCommittedIndex(voters, (id) => acked.get(id))
      assert.equal(fast, committedByTrying(voters, acked))
    }),
    { numRuns: 1_000 },
  )
})

test('a majority commit index is the joint one without an outgoing half, or with itself', () => {
  fc.assert(
    fc.property(majorityArbitrary, indexesArbitrary, (voters, acked) => {
      const get = (id: number): number | undefined => acked.get(id)
      const one = majorityCommittedIndex(voters, get)
      assert.equal(jointCommittedIndex({ incoming: voters, outgoing: [] }, get), one)
      assert.equal(jointCommittedIndex({ incoming: voters, outgoing: voters }, get), one)
    }),
  )
})

test('a joint vote is won, pending or lost as all ways to cast the missing votes say', () => {
  fc.assert(
    fc.property(jointArbitrary, votesArbitrary, (voters, votes) => {
      // Pending means: some casting wins and some loses. A half that can only lose decides.
      assert.equal(jointVoteResult(voters, votes), resultByTrying(voters, votes))
    }),
    { numRuns: 1_000 },
  )
})

test('the halves of a joint configuration can be swapped', () => {
  fc.assert(
    fc.property(jointArbitrary, indexesArbitrary, votesArbitrary, (voters, acked, votes) => {
      const swapped = { incoming: voters.outgoing, outgoing: voters.incoming }
      const get = (id: number): number | undefined => acked.get(id)
      assert.equal(jointCommittedIndex(swapped, get), jointCommittedIndex(voters, get))
      assert.equal(jointVoteResult(swapped, votes), jointVoteResult(voters, votes))
      assert.deepEqual(jointIds(swapped), jointIds(voters))
    }),
  )
})

test('two majorities of one configuration always share a member', () => {
  fc.assert(
    fc.property(majorityArbitrary, votesArbitrary, (voters, votes) => {
      fc.pre(voters.length > 0)
      const others = new Map([...votes].map(([id, granted]) => [id, !granted]))
      const both =
        majorityVoteResult(voters, votes) === 'won' && majorityVoteResult(voters, others) === 'won'
      assert.equal(both, false, 'no two candidates win by disjoint votes')
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { LeaderLoss } from '../../../src/raft/leadership/leader-loss.ts'

test('campaigns after a lost leader give slow answers ever more time', () => {
  const clock = new ManualClock()
  const askedMs: number[] = []
  const loss = new LeaderLoss({
    clock,
    random: new SeededRandom(1),
    memberId: 1 as MemberId,
    voters: () => [1, 2, 3] as MemberId[],
    hint: () => {
      askedMs.push(clock.monotonicMs())
      return true
    },
    campaign: () => false,
  })
  loss.lost(3 as MemberId, 'refused')
  clock.advance(60_000)
  const pausesMs = askedMs.slice(1).map((atMs, at) => atMs - (askedMs[at] ?? 0))
  assert.ok(Math.max(...pausesMs.slice(0, 3)) < 100, 'the first ones follow at once')
  assert.ok(Math.max(...pausesMs) > 300, 'votes of a slow network arrive in between')
  assert.equal(clock.pendingTimers, 0)
})

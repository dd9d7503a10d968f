import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId, Term } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Scope } from '../../../src/base/scope.ts'
import { statusError } from '../../../src/base/status.ts'
import { followLeadership } from '../../../src/boot/member/leadership.ts'
import type { LeadershipView } from '../../../src/raft/replica.ts'

function setUp() {
  const story: string[] = []
  const clock = new ManualClock()
  const scope = new Scope()
  let listener: (view: LeadershipView) => void = () => {}
  let refusals = 0
  followLeadership({
    source: {
      onLeadership(given) {
        listener = given
        return () => void story.push('unsubscribed')
      },
      barrier: async () => {
        if (refusals === 0) return
        refusals -= 1
        throw statusError('ServiceUnavailable', 'no quorum')
      },
    },
    parts: [
      {
        name: 'part',
        startLeading(term, own) {
          story.push(`start ${term}`)
          own.onClose('part', () => void story.push(`stop ${term}`))
        },
      },
    ],
    ...{ scope, clock, logger: silentLogger },
    emit: (_component, event, fields) => void story.push(`${event} ${fields?.term}`),
  })
  return {
    ...{ story, clock, scope },
    refuse: (times: number) => {
      refusals = times
    },
    become: async (role: LeadershipView['role'], term: number) => {
      listener({ role, term: term as Term, leader: 1 })
      await clock.advanceAsync(0)
    },
  }
}

test('followLeadership starts the parts for a term and stops them when it ends', async () => {
  const { story, become, scope } = setUp()
  await become('follower', 1)
  await become('leader', 2)
  await become('leader', 2)
  await become('follower', 3)
  await scope.close()
  assert.deepEqual(story, ['start 2', 'leading 2', 'stop 2', 'unsubscribed'])
})

test('followLeadership closes an old term before it starts the next', async () => {
  const { story, become, scope } = setUp()
  await become('leader', 2)
  await become('leader', 5)
  await scope.close()
  const starts = story.filter((line) => /^st/.test(line))
  assert.deepEqual(starts, ['start 2', 'stop 2', 'start 5', 'stop 5'])
})

test('followLeadership starts nothing before a quorum confirmed what is committed', async () => {
  const { story, become, clock, refuse, scope } = setUp()
  refuse(2)
  await become('leader', 2)
  assert.deepEqual(story, [])
  await clock.advanceAsync(100)
  assert.deepEqual(story, [])
  await clock.advanceAsync(100)
  assert.deepEqual(story, ['start 2', 'leading 2'])
  await scope.close()
  assert.equal(clock.pendingTimers, 0)
})

test('followLeadership starts nothing for a term that ended while it waited', async () => {
  const { story, become, clock, refuse, scope } = setUp()
  refuse(1)
  await become('leader', 2)
  await become('follower', 3)
  await clock.advanceAsync(1000)
  await scope.close()
  assert.deepEqual(story, ['unsubscribed'])
})

test('followLeadership ends while a part of a term that began with it is starting', async () => {
  const scope = new Scope()
  followLeadership({
    source: {
      onLeadership(listener) {
        listener({ role: 'leader', term: 2 as Term, leader: 1 as MemberId })
        return () => {}
      },
      barrier: async () => {},
    },
    parts: [
      {
        name: 'slow to start',
        startLeading: (_term, own) =>
          new Promise<void>((resolve) => {
            own.signal.addEventListener('abort', () => resolve())
          }),
      },
    ],
    ...{ scope, clock: new ManualClock(), logger: silentLogger, emit: () => {} },
  })
  await scope.close()
  assert.deepEqual(scope.waitsFor, [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  applyChange,
  type ConfBase,
  ConfChangeError,
  enterJoint,
  leaveJoint,
  restore,
  sameConfState,
  simple,
} from '../../../src/raft/core/conf-change.ts'
import {
  asV2,
  decodeConfChange,
  encodeConfChange,
} from '../../../src/raft/core/conf-change-codec.ts'
import type { ConfChangeSingle, ConfChangeV2 } from '../../../src/raft/core/message.ts'
import { Tracker } from '../../../src/raft/core/tracker.ts'

/** Objects as the code makes them, comparable by deepEqual. */
const plain = { noNullPrototype: true }

const changeArbitrary: fc.Arbitrary<ConfChangeSingle> = fc.record(
  {
    type: fc.constantFrom(
      'ConfChangeAddNode',
      'ConfChangeRemoveNode',
      'ConfChangeAddLearnerNode',
      'ConfChangeUpdateNode',
    ),
    nodeId: fc.integer({ min: 0, max: 6 }),
  },
  plain,
)
const changesArbitrary = fc.array(changeArbitrary, { maxLength: 4 })

function emptyTracker(): Tracker {
  return new Tracker(8, Number.POSITIVE_INFINITY)
}

function baseOf(tracker: Tracker): ConfBase {
  return { config: tracker.config, progress: tracker.progress, lastIndex: 10, tracker }
}

/** Applies what is valid and skips the rest; a tracker in whatever state that leads to. */
function walk(steps: readonly (readonly ConfChangeSingle[])[]): Tracker {
  const tracker = emptyTracker()
  const first = simple(baseOf(tracker), [{ type: 'ConfChangeAddNode', nodeId: 1 }])
  tracker.switchTo(first.config, first.progress)
  for (const changes of steps) {
    const isJoint = tracker.config.voters.outgoing.length > 0
    attempt(() => {
      const base = baseOf(tracker)
      const next = isJoint ? leaveJoint(base) : enterJoint(base, changes.length % 2 === 0, changes)
      tracker.switchTo(next.config, next.progress)
    })
  }
  return tracker
}

function attempt(what: () => void): boolean {
  try {
    what()
    return true
  } catch (error) {
    if (error instanceof ConfChangeError) return false
    throw error
  }
}

test('a simple change moves at most one voter, so old and new majorities overlap', () => {
  fc.assert(
    fc.property(fc.array(changesArbitrary, { maxLength: 6 }), changesArbitrary, (steps, last) => {
      const tracker = walk(steps)
      if (tracker.config.voters.outgoing.length > 0) return
      const before = new Set(tracker.config.voters.incoming)
      attempt(() => {
        const after = new Set(simple(baseOf(tracker), last).config.voters.incoming)
        const moved =
          [...before].filter((id) => !after.has(id)).length +
          [...after].filter((id) => !before.has(id)).length
        assert.ok(moved <= 1, 'at most one voter moves without a joint configuration')
      })
    }),
  )
})

test('simple and joint changes lead to the same configuration', () => {
  fc.assert(
    fc.property(fc.array(changesArbitrary, { maxLength: 6 }), changesArbitrary, (steps, last) => {
      const tracker = walk(steps)
      const base = baseOf(tracker)
      attempt(() => {
        const direct = simple(base, last)
        const joint = enterJoint(base, false, last)
        const left = leaveJoint({ ...base, config: joint.config, progress: joint.progress })
        assert.deepEqual(left.config, direct.config)
        assert.deepEqual([...left.progress.keys()].sort(), [...direct.progress.keys()].sort())
      })
    }),
  )
})

test('every reachable configuration is rebuilt from its saved state', () => {
  fc.assert(
    fc.property(fc.array(changesArbitrary, { maxLength: 8 }), (steps) => {
      const tracker = walk(steps)
      const fresh = emptyTracker()
      const restored = restore(fresh, 10, tracker.confState())
      fresh.switchTo(restored.config, restored.progress)
      assert.ok(sameConfState(fresh.confState(), tracker.confState()), 'a restart loses no member')
      assert.deepEqual([...fresh.progress.keys()], [...tracker.progress.keys()])
    }),
  )
})

test('learners are no voters, and everybody in a configuration has a progress', () => {
  fc.assert(
    fc.property(fc.array(changesArbitrary, { maxLength: 8 }), (steps) => {
      const { config, progress } = walk(steps)
      const all = [...config.voters.incoming, ...config.voters.outgoing]
      for (const id of config.learners) assert.ok(!all.includes(id), `learner ${id} has no vote`)
      for (const id of config.learnersNext)
        assert.ok(config.voters.outgoing.includes(id), `${id} keeps its vote until the joint ends`)
      for (const id of [...all, ...config.learners]) assert.ok(progress.has(id))
      for (const [id, { match, next }] of progress)
        assert.ok(match < next, `match < next holds for ${id}`)
    }),
  )
})

test('a change that does not fit leaves the configuration as it was', () => {
  const tracker = walk([])
  const before = structuredClone(tracker.confState())
  assert.equal(
    attempt(() => simple(baseOf(tracker), [{ type: 'ConfChangeRemoveNode', nodeId: 1 }])),
    false,
  )
  assert.equal(
    attempt(() => leaveJoint(baseOf(tracker))),
    false,
  )
  assert.deepEqual(tracker.confState(), before)
})

test('more than one change, or an explicit wish, goes through a joint configuration', () => {
  const add = (nodeId: number): ConfChangeSingle => ({ type: 'ConfChangeAddNode', nodeId })
  const change = (changes: ConfChangeSingle[], transition: ConfChangeV2['transition']) =>
    applyChange(baseOf(walk([])), { transition, changes, context: new Uint8Array(0) }).config
  const single = change([add(2)], 'ConfChangeTransitionAuto')
  assert.deepEqual(single.voters, { incoming: [1, 2], outgoing: [] })
  const double = change([add(2), add(3)], 'ConfChangeTransitionAuto')
  assert.deepEqual(double.voters, { incoming: [1, 2, 3], outgoing: [1] })
  assert.equal(double.autoLeave, true)
  assert.equal(change([add(2)], 'ConfChangeTransitionJointImplicit').autoLeave, true)
  const explicit = change([add(2)], 'ConfChangeTransitionJointExplicit')
  assert.deepEqual(explicit.voters.outgoing, [1])
  assert.equal(explicit.autoLeave, false)
})

test('membership changes survive their encoding', () => {
  const v2Arbitrary: fc.Arbitrary<ConfChangeV2> = fc.record(
    {
      transition: fc.constantFrom(
        'ConfChangeTransitionAuto',
        'ConfChangeTransitionJointImplicit',
        'ConfChangeTransitionJointExplicit',
      ),
      changes: fc.array(
        fc.record(
          {
            type: changeArbitrary.map(({ type }) => type),
            nodeId: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
          },
          plain,
        ),
        { maxLength: 5 },
      ),
      context: fc.uint8Array({ maxLength: 20 }),
    },
    plain,
  )
  fc.assert(
    fc.property(v2Arbitrary, (change) => {
      const encoded = encodeConfChange(change)
      assert.equal(encoded.type, 'EntryConfChangeV2')
      const decoded = decodeConfChange({ index: 1, term: 1, ...encoded })
      assert.deepEqual(
        { ...decoded, context: [...(decoded?.context ?? [])] },
        { ...change, context: [...change.context] },
      )
    }),
  )
  const v1 = { type: 'ConfChangeRemoveNode', nodeId: 3, context: Uint8Array.of(7) } as const
  const encoded = encodeConfChange(v1)
  assert.equal(encoded.type, 'EntryConfChange')
  assert.deepEqual(decodeConfChange({ index: 1, term: 1, ...encoded })?.changes, asV2(v1).changes)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WakeRounds } from '../../../src/api/raft-store/wake-rounds.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import type { WakeClass } from '../../../src/state/watch-window.ts'

const slice = limits.watchersWokenPerSliceMax

function open() {
  const ready: Record<WakeClass, number> = { few: 0, crowd: 0 }
  const woken: Record<WakeClass, number> = { few: 0, crowd: 0 }
  const deferred: (() => void)[] = []
  const clock = new ManualClock()
  const rounds = new WakeRounds({
    clock,
    defer: (task) => void deferred.push(task),
    source: {
      waiting: (of) => ready[of],
      wakeNext: (of) => {
        if (ready[of] === 0) return false
        ready[of] -= 1
        woken[of] += 1
        return true
      },
    },
  })
  const happens = (more: Partial<Record<WakeClass, number>>) => {
    ready.few += more.few ?? 0
    ready.crowd += more.crowd ?? 0
    rounds.advanced()
  }
  /** One turn of the event loop. */
  const turn = () => {
    for (const task of deferred.splice(0)) task()
  }
  return { clock, rounds, woken, deferred, happens, turn }
}

test('a round of a crowd wakes who had something to read when it began, and nobody twice', () => {
  const { clock, woken, happens, turn, deferred } = open()
  happens({ crowd: 2 * slice })
  assert.equal(woken.crowd, slice)
  // Those who were woken have read, and there is something new for them.
  happens({ crowd: slice })
  turn()
  turn()
  assert.deepEqual([woken.crowd, deferred.length], [2 * slice, 0])
  clock.advance(limits.crowdedWakeMsMin - 1)
  assert.equal(woken.crowd, 2 * slice)
  clock.advance(1)
  turn()
  assert.equal(woken.crowd, 3 * slice)
})

test('a watcher that is one of few waits for no crowd', () => {
  const { clock, rounds, woken, happens } = open()
  happens({ crowd: 1 })
  happens({ crowd: 1 })
  happens({ few: 1 })
  assert.deepEqual(woken, { few: 1, crowd: 1 })
  clock.advance(limits.crowdedWakeMsMin)
  assert.deepEqual(woken, { few: 1, crowd: 2 })
  happens({ crowd: 1, few: 1 })
  assert.deepEqual(woken, { few: 2, crowd: 2 })
  rounds.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('few are woken between the slices of a crowd', () => {
  const { woken, happens, turn } = open()
  happens({ crowd: 3 * slice })
  happens({ few: 2 })
  turn()
  assert.deepEqual(woken, { few: 2, crowd: 2 * slice - 2 })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogIndex, MemberId, Term } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { GracefulStop } from '../../../src/boot/member/health/graceful-stop.ts'
import { masterHealth } from '../../../src/boot/member/health/master-health.ts'
import { noticeMs } from '../../../src/boot/member/health/membership.ts'
import type { RaftRole, ReplicaStatus } from '../../../src/raft/replica.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

/** A member of a cluster whose others take over leadership, or do not. */
function rig(voters: number[], matched: Record<number, number>, takers: number[]) {
  const clock = new ManualClock()
  const steps: string[] = []
  let role: RaftRole = 'leader'
  const ids = voters.map((id) => id as MemberId)
  const stop = new GracefulStop({
    clock,
    logger: silentLogger,
    drain: async () => {
      steps.push(`drain at ${clock.monotonicMs()}`)
    },
    replica: {
      memberId: 1 as MemberId,
      status: () =>
        ({
          ...{ memberId: 1 as MemberId, role, term: 1 as Term, voters: ids },
          progress: ids.map((memberId) => ({
            memberId,
            matchIndex: (matched[memberId] ?? 0) as LogIndex,
          })),
        }) as unknown as ReplicaStatus,
      transferLeadership: async (to) => {
        steps.push(`transfer to ${to}`)
        if (!takers.includes(to)) throw new Error('no')
        role = 'follower'
      },
    },
  })
  return { clock, steps, stop }
}

describe('the graceful stop of a master', () => {
  test('hands over to who has the most, waits until it was noticed, then drains', async () => {
    const { clock, steps, stop } = rig([1, 2, 3], { 2: 5, 3: 9 }, [2, 3])
    assert.doesNotThrow(() => stop.check())
    const stopping = stop.run()
    assert.ok(stop.hasBegun)
    assert.throws(() => stop.check(), /shutting down/)
    await clock.advanceAsync(noticeMs - 1)
    assert.deepEqual(steps, ['transfer to 3'])
    await clock.advanceAsync(1)
    await stopping
    assert.deepEqual(steps, ['transfer to 3', `drain at ${noticeMs}`])
  })

  test('asks the next one when the first does not take over', async () => {
    const { clock, steps, stop } = rig([1, 2, 3], { 2: 5, 3: 9 }, [2])
    const stopping = stop.run()
    await clock.advanceAsync(noticeMs)
    await stopping
    assert.deepEqual(steps, ['transfer to 3', 'transfer to 2', `drain at ${noticeMs}`])
  })

  test('waits for nobody where there is nobody else', async () => {
    const { steps, stop } = rig([1], {}, [])
    await stop.run()
    assert.deepEqual(steps, ['drain at 0'])
  })
})

describe('the health of a master', () => {
  async function open() {
    const clock = new ManualClock()
    const memory = await openMemoryStore({ clock })
    let unsynced: readonly string[] | undefined
    const checks = masterHealth({
      ...{ store: memory.store, clock, membership: () => {}, shutdown: () => {} },
      unsynced: () => unsynced,
    })
    const check = async (name: string): Promise<string> => {
      const found = checks.find((one) => one.name === name)
      assert.ok(found, name)
      try {
        await found.check()
        return 'ok'
      } catch (error) {
        return (error as Error).message
      }
    }
    const sync = (names: readonly string[]) => {
      unsynced = names
    }
    return { clock, memory, checks, check, sync }
  }

  test('needs a quorum to be ready, and is alive without', async () => {
    const { clock, memory, check, checks } = await open()
    assert.equal(await check('etcd'), 'ok')
    memory.replica.loseLeadership()
    const checking = check('etcd')
    await clock.advanceAsync(2_000)
    assert.equal(await checking, 'no quorum confirmed a read within 2 s')
    const alive = checks.filter(({ paths }) => paths.includes('livez')).map(({ name }) => name)
    assert.deepEqual(alive, ['log', 'membership'])
    await memory.store.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  test('needs the first lists of its informers', async () => {
    const { memory, check, sync } = await open()
    assert.equal(await check('informer-sync'), 'informers not started yet')
    sync(['pods', 'nodes'])
    assert.equal(await check('informer-sync'), '2 informers not synced yet: pods, nodes')
    sync([])
    assert.equal(await check('informer-sync'), 'ok')
    await memory.store.stop()
  })

  test('a start hook that was once seen to be done stays done', async () => {
    const { memory, check } = await open()
    const key = '/registry/core/namespaces/kube-node-lease'
    const hook = 'poststarthook/start-system-namespaces-controller'
    assert.equal(await check(hook), 'not finished')
    const value = Buffer.from('{}')
    const put = { op: 'put', key, value, revisionOffset: -1 } as const
    await memory.store.commit({ compares: [], success: [put], failure: [] })
    assert.equal(await check(hook), 'ok')
    await memory.store.commit({ compares: [], success: [{ op: 'delete', key }], failure: [] })
    assert.equal(await check(hook), 'ok')
    await memory.store.stop()
  })
})

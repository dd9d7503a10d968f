import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Term } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { leaseExpiryPart } from '../../../src/boot/member/lease-expiry.ts'
import type { LeaseId } from '../../../src/state/leases.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

async function open() {
  const clock = new ManualClock()
  const opened = await openMemoryStore({ clock, random: new SeededRandom(1) })
  const lead = async (term: number) => {
    const scope = new Scope()
    await leaseExpiryPart(opened.store, clock, silentLogger).startLeading(term as Term, scope)
    return scope
  }
  const end = async (scope: Scope) => {
    await scope.close()
    await opened.store.stop()
    assert.equal(clock.pendingTimers, 0)
  }
  return { clock, ...opened, lead, end }
}

const leased = (lease: LeaseId) =>
  ({ op: 'put', key: '/a', value: Buffer.from('x'), revisionOffset: -1, lease }) as const

test('the leader ends a lease once its time is over, and its keys with it', async () => {
  const { clock, store, lead, end } = await open()
  const scope = await lead(1)
  const { id } = await store.grantLease(10)
  await store.commit({ compares: [], success: [leased(id)], failure: [] })
  await clock.advanceAsync(9_000)
  await store.keepLeaseAlive(id)
  await clock.advanceAsync(9_000)
  assert.deepEqual(store.view.leaseIds, [id])
  await clock.advanceAsync(2_000)
  assert.deepEqual(store.view.leaseIds, [])
  assert.equal(store.view.get('/a'), undefined)
  await end(scope)
})

test('with a new leader every lease has its full time again', async () => {
  const { clock, store, replica, lead, end } = await open()
  await store.grantLease(10)
  await clock.advanceAsync(9_000)
  replica.becomeLeader()
  const scope = await lead(2)
  await clock.advanceAsync(9_000)
  assert.equal(store.view.leaseIds.length, 1)
  await clock.advanceAsync(2_000)
  assert.equal(store.view.leaseIds.length, 0)
  await end(scope)
})

test('a deposed leader ends no lease', async () => {
  const { clock, store, replica, lead, end } = await open()
  const scope = await lead(1)
  await store.grantLease(2)
  replica.becomeLeader()
  await clock.advanceAsync(9_000)
  assert.equal(store.view.leaseIds.length, 1)
  await end(scope)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadOnlyOption } from '../../../src/raft/core/read-only.ts'
import { bytes, Cluster, type MemberOptions } from './cluster.ts'

/**
 * Why no member is made with lease-based reads, which the core has as etcd-io/raft has them (docs/adr/0010):
 * each of these ends with a read of the past, and every clock runs exactly alike.
 */

function led(readOnlyOption: ReadOnlyOption, more: MemberOptions = {}): Cluster {
  const cluster = Cluster.of(3, { checkQuorum: true, preVote: true, readOnlyOption, ...more })
  cluster.elect(1)
  return cluster
}

/** What member 1 answers to a read, after another leader has committed a write. */
function readsAfterWrite(cluster: Cluster): readonly number[] {
  const next = cluster.members.slice(1).find(({ role }) => role === 'leader')
  assert.ok(next, 'there is another leader')
  next.node.propose(bytes('new'))
  cluster.settle()
  assert.ok(next.node.raft.log.committed > cluster.node(1).raft.log.committed)
  assert.equal(cluster.member(1).role, 'leader', 'the old leader has not noticed')
  cluster.node(1).readIndex(bytes('read'))
  cluster.settle()
  return cluster.member(1).reads.map(({ index }) => index)
}

/** Member 1 has just counted who is there; then nobody hears it any more. */
function cutOff(cluster: Cluster): void {
  const { raft } = cluster.node(1)
  cluster.until(() => raft.electionElapsedTicks === 1)
  cluster.isolate(1)
  const isLed = () => cluster.members.slice(1).some(({ role }) => role === 'leader')
  cluster.until(isLed)
}

/** Another member restarts and has forgotten whom it heard; the third was behind and asks it. */
function restartOfAFollower(cluster: Cluster): void {
  cluster.until(() => cluster.node(1).raft.electionElapsedTicks === 1)
  cluster.isolate(1)
  cluster.member(2).restart()
  cluster.member(3).restart()
  cluster.node(2).campaign()
  cluster.settle()
}

/** The word to take over arrives late, when the old leader has long given the transfer up. */
function lateTransfer(cluster: Cluster): void {
  cluster.node(1).transferLeadership(2)
  const late = cluster.member(1).turn()
  cluster.until(() => cluster.node(1).raft.transferee === 0)
  cluster.isolate(1)
  for (const message of late) cluster.node(2).step(message)
  cluster.settle()
}

for (const [what, happens] of [
  ['the lease lasts two election timeouts, its followers wait for one', cutOff],
  ['a follower that restarts promises nothing any more', restartOfAFollower],
  ['a transfer may take effect after it was given up', lateTransfer],
] as const) {
  test(`a lease-based read returns the past: ${what}`, () => {
    const cluster = led('lease-based')
    happens(cluster)
    assert.equal(readsAfterWrite(cluster).length, 1)
  })

  test(`a safe read returns nothing then: ${what}`, () => {
    const cluster = led('safe')
    happens(cluster)
    assert.deepEqual(readsAfterWrite(cluster), [])
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Monitored, OpenWatches } from '../../../src/api/etcd/context.ts'
import { etcdMemberOf } from '../../../src/api/etcd/member.ts'
import { monitoringAnswer } from '../../../src/api/etcd/monitoring.ts'
import type { MemberId } from '../../../src/base/brand.ts'
import type { ReplicaStatus } from '../../../src/raft/replica.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

async function openMonitored() {
  const { store, replica, machine } = await openMemoryStore()
  const member = etcdMemberOf(replica, machine, [], async () => replica.status())
  const monitored: Monitored = { store, member, watches: new OpenWatches() }
  const ask = async (url: string, over: Partial<Monitored> = {}, method = 'GET') => {
    const { code, body } = await monitoringAnswer({ ...monitored, ...over }, { method, url })
    return [code, body]
  }
  return { store, replica, member, ask }
}

const sick = (reason: string) => [503, JSON.stringify({ health: 'false', reason })]
const well = [200, '{"health":"true","reason":""}']

test('etcd monitoring: health is what the query asks of it', async () => {
  const { store, replica, member, ask } = await openMonitored()
  assert.deepEqual(await ask('/health'), well)
  assert.deepEqual(await ask('/health?exclude=NOSPACE&serializable=true'), well)
  const full = { member: { ...member, storeBytes: () => ({ used: 10, max: 10 }) } }
  assert.deepEqual(await ask('/health', full), sick('ALARM NOSPACE'))
  assert.deepEqual(await ask('/health?exclude=NOSPACE', full), well)
  replica.loseLeadership()
  assert.deepEqual(await ask('/health?serializable=false'), sick('RAFT NO LEADER'))
  assert.deepEqual(await ask('/health?serializable=true'), well)
  assert.deepEqual(await ask('/health', {}, 'POST'), [405, 'Method Not Allowed\n'])
  await store.stop()
})

test('etcd monitoring: a member lives by itself, and is ready with a quorum and a vote', async () => {
  const { store, replica, member, ask } = await openMonitored()
  assert.deepEqual(await ask('/livez?verbose'), [200, '[+]serializable_read ok\nok\n'])
  const checks = ['serializable_read', 'linearizable_read', 'data_corruption', 'non_learner']
  const lines = checks.map((name) => `[+]${name} ok\n`)
  assert.deepEqual(await ask('/readyz?verbose'), [200, `${lines.join('')}ok\n`])
  for (const name of checks) assert.deepEqual(await ask(`/readyz/${name}`), [200, 'ok\n'])
  assert.deepEqual(await ask('/livez/non_learner'), [404, '404 page not found\n'])
  const status = (): ReplicaStatus => ({ ...member.status(), learners: [1 as MemberId] })
  const learner = { member: { ...member, status } }
  assert.deepEqual(await ask('/readyz/non_learner', learner), [
    503,
    '[-]non_learner failed: not supported for learner\n',
  ])
  assert.deepEqual(await ask('/readyz?exclude=non_learner', learner), [200, 'ok\n'])
  replica.loseLeadership()
  assert.deepEqual(await ask('/livez'), [200, 'ok\n'])
  assert.equal((await ask('/readyz'))[0], 503)
  assert.deepEqual(await ask('/readyz?exclude=linearizable_read'), [200, 'ok\n'])
  await store.stop()
})

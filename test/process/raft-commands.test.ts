import assert from 'node:assert/strict'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RaftStatus } from '../../src/boot/raft/online.ts'
import { RawApi } from '../compat/raw-api.ts'
import { patienceMs } from './eventually.ts'
import { kijabi, memberPid, startTestCluster, type TestCluster } from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

async function raft(cluster: TestCluster, ...words: string[]) {
  const ran = await kijabi(['raft', ...words, '--data-dir', cluster.directory, '-o', 'json'])
  const answer = ran.stdout === '' ? undefined : (JSON.parse(ran.stdout) as unknown)
  return { ...ran, answer }
}

async function raftWhen(
  cluster: TestCluster,
  what: string,
  check: (status: RaftStatus) => boolean,
): Promise<RaftStatus> {
  const endMs = Date.now() + patienceMs
  for (;;) {
    const status = (await raft(cluster, 'status')).answer as RaftStatus | undefined
    if (status && check(status)) return status
    if (Date.now() > endMs) throw new Error(`never: ${what}; last: ${JSON.stringify(status)}`)
  }
}

async function write(api: RawApi, name: string): Promise<void> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const answer = await api.send(configMaps, { method: 'POST', body })
  assert.equal(answer.code, 201, answer.text)
}

async function names(api: RawApi): Promise<string[]> {
  const answer = await api.send(configMaps)
  assert.equal(answer.code, 200, answer.text)
  const { items } = JSON.parse(answer.text) as { items: { metadata: { name: string } }[] }
  return items.map((item) => item.metadata.name)
}

/** No client of the API may notice what happens: a write that fails, fails the test. */
async function whileWriting<T>(api: RawApi, prefix: string, happens: Promise<T>): Promise<T> {
  let over = false
  const ends = happens.finally(() => {
    over = true
  })
  for (let at = 0; !over; at += 1) await write(api, `${prefix}-${at}`)
  return ends
}

const memberOf = (status: RaftStatus, name: string | undefined) =>
  status.members.find((one) => one.name === name)

test('kijabi raft, from a healthy cluster to one that lost its majority', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 })
  const api = new RawApi(cluster.kubeconfig)
  try {
    for (let at = 0; at < 5; at += 1) await write(api, `kept-${at}`)
    await context.test('status, log and snapshot of running members', async () => {
      const status = await raftWhen(cluster, 'three voters in step', (one) =>
        one.members.every(({ matchIndex }) => matchIndex !== null && matchIndex > 0),
      )
      assert.ok(status.members.every((one) => one.membership === 'voter' && !one.withholdsVote))
      const { answer, code } = await raft(cluster, 'log', 'm2', '--limit', '3')
      const log = answer as { entries: { index: number }[]; lastIndex: number; memberId: number }
      assert.deepEqual([code, log.memberId, log.entries.length], [0, 2, 3])
      assert.equal(log.entries.at(-1)?.index, log.lastIndex)
      assert.deepEqual((await raft(cluster, 'snapshot', 'm1')).answer, { snapshots: [] })
      const nobody = await raft(cluster, 'log', 'm9')
      assert.match(nobody.stderr, /no master named m9[\s\S]*m1, m2, m3/)
    })
    await context.test('leadership goes where it is sent', async () => {
      const { leader } = await raftWhen(cluster, 'a leader', (one) => one.leader !== null)
      const to = leader === 'm3' ? 'm1' : 'm3'
      const ran = await raft(cluster, 'transfer-leader', to)
      assert.equal(ran.code, 0, ran.stderr)
      await raftWhen(cluster, `${to} leads`, (one) => one.leader === to)
    })
    await context.test('a member is taken out and in again', async () => {
      const { leader } = await raftWhen(cluster, 'a leader', (one) => one.leader !== null)
      const out = leader === 'm2' ? 'm1' : 'm2'
      const removing = raft(cluster, 'remove', out)
      const removed = await whileWriting(api, 'during-removal', removing)
      assert.equal(removed.code, 0, removed.stderr)
      await raftWhen(cluster, 'two voters', (one) => memberOf(one, out)?.membership === 'none')
      assert.notEqual((await raft(cluster, 'remove', out)).code, 0)
      await write(api, 'kept-by-two')
      const added = await raft(cluster, 'add', out)
      assert.equal(added.code, 0, added.stderr)
      await raftWhen(cluster, 'three voters', (one) => memberOf(one, out)?.membership === 'voter')
    })
    await context.test('a leader that is taken out hands over first', async () => {
      const { leader } = await raftWhen(cluster, 'a leader', (one) => one.leader !== null)
      const out = leader ?? ''
      const removing = raft(cluster, 'remove', out)
      const removed = await whileWriting(api, 'during-leader-removal', removing)
      assert.equal(removed.code, 0, removed.stderr)
      const added = await raft(cluster, 'add', out)
      assert.equal(added.code, 0, added.stderr)
      await raftWhen(cluster, 'three voters', (one) => memberOf(one, out)?.membership === 'voter')
    })
    await context.test('without a majority, status and log still answer', async () => {
      await write(api, 'kept-last')
      const { leader } = await raftWhen(cluster, 'a leader', (one) => one.leader !== null)
      await kijabi(['down', '--data-dir', cluster.directory])
      for (const name of ['m1', 'm2', 'm3'].filter((one) => one !== leader)) {
        const directory = join(cluster.directory, 'masters', name)
        renameSync(directory, `${directory}.lost`)
      }
      const { code, answer } = await raft(cluster, 'status')
      assert.equal(code, 1)
      assert.equal((answer as RaftStatus).leader, null)
      const directory = join(cluster.directory, 'masters', leader ?? '')
      const log = await kijabi(['raft', 'log', '--member-dir', directory, '--limit', '2'])
      assert.equal(log.code, 0, log.stderr)
      assert.match(log.stdout, /INDEX +TERM +KIND +BYTES/)
      await recoverFrom(cluster, api, leader ?? '')
    })
  } finally {
    await cluster.remove()
  }
})

async function recoverFrom(cluster: TestCluster, api: RawApi, survivor: string): Promise<void> {
  const asked = await raft(cluster, 'recover', survivor)
  assert.notEqual(asked.code, 0)
  assert.match(asked.stderr, /--yes/)
  const done = await raft(cluster, 'recover', survivor, '--yes')
  assert.equal(done.code, 0, done.stderr)
  const { clusterId } = done.answer as { clusterId: string }
  assert.notEqual(clusterId, cluster.clusterId)
  // One of the lost is found again, as it was: it belongs to the old cluster.
  const [found, gone] = ['m1', 'm2', 'm3'].filter((one) => one !== survivor) as [string, string]
  const directory = join(cluster.directory, 'masters', found)
  renameSync(`${directory}.lost`, directory)
  const up = await kijabi(['up', '-d', '--data-dir', cluster.directory])
  assert.equal(up.code, 0, up.stderr)
  const status = await raftWhen(cluster, 'the survivor leads', (one) => one.leader === survivor)
  assert.equal(status.clusterId, clusterId)
  assert.equal(memberOf(status, found)?.role, 'unreachable', 'the old member is refused')
  assert.ok((await names(api)).includes('kept-last'))
  const added = await raft(cluster, 'add', gone)
  assert.equal(added.code, 0, added.stderr)
  await raftWhen(cluster, 'two voters', (one) => memberOf(one, gone)?.membership === 'voter')
  await write(api, 'after-recovery')
  renameSync(directory, `${directory}.lost`)
  await kijabi(['down', '--data-dir', cluster.directory])
  assert.equal((await kijabi(['up', '-d', '--data-dir', cluster.directory])).code, 0)
  const last = await raft(cluster, 'add', found)
  assert.equal(last.code, 0, last.stderr)
  const whole = await raftWhen(cluster, 'three voters again', (one) =>
    one.members.every(({ membership }) => membership === 'voter'),
  )
  assert.ok(whole.members.every(({ withholdsVote }) => !withholdsVote))
  assert.ok(existsSync(directory) && memberPid(cluster, found) > 0)
  assert.ok((await names(api)).includes('after-recovery'))
}

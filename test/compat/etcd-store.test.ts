import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ExternalStore } from '../../src/api/etcd-store/store.ts'
import type { MemberId } from '../../src/base/brand.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { silentLogger as logger } from '../../src/base/log.ts'
import { systemRandom as random } from '../../src/base/random.ts'
import { isStatus } from '../../src/base/status.ts'
import type { LeadershipView } from '../../src/raft/replica.ts'
import { clusterStoreContract } from '../contract/cluster-store.ts'
import { startTestCluster } from '../process/test-cluster.ts'
import { hasEtcd, startEtcd } from './etcd-server.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { runFlow } from './kubectl-flow.ts'

const open = (endpoints: readonly string[], member: number, campaigns: boolean) =>
  new ExternalStore({
    ...{ endpoints, memberId: member as MemberId, clock, random, logger, campaigns },
  })

if (hasEtcd())
  clusterStoreContract('a store on an external etcd', async () => {
    // Each check begins with an empty one, at revision 1.
    const etcd = await startEtcd()
    const store = open(etcd.endpoints, 1, false)
    await store.start()
    return {
      store,
      stop: async () => {
        await store.stop()
        await etcd.stop()
      },
    }
  })
else test.skip('etcd is not installed')

/** Resolves once the store sees it so. */
function when(
  store: ExternalStore,
  seen: (view: LeadershipView) => boolean,
): Promise<LeadershipView> {
  return new Promise((resolve) => {
    const stop = store.onLeadership((view) => {
      if (!seen(view)) return
      queueMicrotask(() => stop())
      resolve(view)
    })
  })
}

const write = (key: string) =>
  ({
    compares: [],
    success: [{ op: 'put', key, value: Buffer.from('x'), revisionOffset: -1 }],
    failure: [],
  }) as const

test('masters on an external etcd: one leads, and who led before writes nothing', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const etcd = await startEtcd({ members: 3 })
  const [one, two] = [open(etcd.endpoints, 1, true), open(etcd.endpoints, 2, true)]
  try {
    await one.start()
    const first = await when(one, ({ role }) => role === 'leader')
    await two.start()
    const seen = await when(two, ({ leader }) => leader === 1)
    assert.deepEqual([seen.role, seen.term], ['follower', first.term])
    await one.commit(write('/a'), first.term)
    await one.stop()
    const second = await when(two, ({ role }) => role === 'leader')
    assert.ok(second.term > first.term)
    await assert.rejects(two.commit(write('/b'), first.term), (error) =>
      isStatus(error, 'Conflict'),
    )
    assert.equal(two.view.get('/b'), undefined)
    await two.commit(write('/c'), second.term)
    assert.ok(two.view.get('/a') && two.view.get('/c'))
  } finally {
    await two.stop()
    await etcd.stop()
  }
})

test('a store on an external etcd goes on when a member of it dies', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const etcd = await startEtcd({ members: 3 })
  const store = open(etcd.endpoints, 1, false)
  try {
    await store.start()
    let woken = () => {}
    const cursor = store.watch({
      ...{ start: '/', end: '0', afterRevision: store.view.revision },
      wake: () => woken(),
    })
    await store.commit(write('/a'))
    process.kill(etcd.pids[0] ?? 0, 'SIGKILL')
    // A write that was under way may have an open outcome; what is written then, is written once.
    for (let tries = 0; ; tries += 1) {
      try {
        await store.commit(write('/b'))
        break
      } catch (error) {
        if (tries > 20 || !isStatus(error, 'Timeout', 'ServiceUnavailable')) throw error
      }
    }
    assert.equal(await store.barrier(), store.view.revision)
    const keys = new Set<string>()
    while (!keys.has('/b')) {
      const more = new Promise<void>((resolve) => {
        woken = resolve
      })
      const events = cursor.poll(1_000)
      for (const { key } of events) keys.add(key)
      if (events.length === 0) await more
    }
    assert.deepEqual([...keys], ['/a', '/b'])
  } finally {
    await store.stop()
    await etcd.stop()
  }
})

test('kubectl against three masters on an external etcd', async (context) => {
  const version = 'v35'
  if (!hasEtcd() || !kubectlBinary(version)) return context.skip('etcd or kubectl is not here')
  const etcd = await startEtcd({ members: 3 })
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-external-'))
  const file = join(directory, 'cluster.config.json')
  writeFileSync(file, JSON.stringify({ store: { etcd: { endpoints: etcd.endpoints } } }))
  try {
    const cluster = await startTestCluster({ runtime: 'sim', flags: ['-f', file] })
    try {
      const { kubeconfig } = cluster
      await runFlow(context, { version, kubeconfig, toolImage: 'any' }, false)
    } finally {
      await cluster.remove()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await etcd.stop()
  }
})

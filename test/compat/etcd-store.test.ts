import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ExternalStore, type ExternalStoreOptions } from '../../src/api/etcd-store/store.ts'
import type { MemberId } from '../../src/base/brand.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { silentLogger as logger } from '../../src/base/log.ts'
import { systemRandom as random } from '../../src/base/random.ts'
import { isStatus } from '../../src/base/status.ts'
import type { LeadershipView } from '../../src/raft/replica.ts'
import type { PeerCredentials } from '../../src/raft/wire/peer-identity.ts'
import { clusterStoreContract } from '../contract/cluster-store.ts'
import { testAuthority } from '../contract/raft-credentials.ts'
import { startTestCluster } from '../process/test-cluster.ts'
import { clientTls, hasEtcd, startEtcd } from './etcd-server.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { runFlow } from './kubectl-flow.ts'

const open = (
  endpoints: readonly string[],
  member: number,
  campaigns: boolean,
  more: Pick<ExternalStoreOptions, 'tls' | 'timeoutMs'> = {},
) =>
  new ExternalStore({
    ...{ endpoints, memberId: member as MemberId, clock, random, logger, campaigns, ...more },
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

/**
 * Resolves to the one that leads once both say so. They hear of a change one after the other: what
 * either says alone may already be history.
 */
function agreed(one: ExternalStore, two: ExternalStore): Promise<ExternalStore> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = []
    const look = () => {
      const leader = one.leadership.leader
      if (leader === 0 || leader !== two.leadership.leader) return
      const leading = leader === 1 ? one : two
      if (leading.leadership.role !== 'leader') return
      queueMicrotask(() => {
        for (const stop of stops) stop()
      })
      resolve(leading)
    }
    for (const store of [one, two]) stops.push(store.onLeadership(look))
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

/** Commits until it is done: what is refused while etcd has no leader certainly did not happen. */
async function eventually(store: ExternalStore, key: string): Promise<void> {
  for (;;) {
    try {
      await store.commit(write(key))
      return
    } catch (error) {
      if (!isStatus(error, 'Timeout', 'ServiceUnavailable')) throw error
    }
  }
}

test('an etcd that loses its quorum stops writes, and no leader outlives its lease', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const etcd = await startEtcd({ members: 3 })
  const [one, two] = [1, 2].map((id) => open(etcd.endpoints, id, true, { timeoutMs: 2_000 })) as [
    ExternalStore,
    ExternalStore,
  ]
  const stopped = etcd.pids.slice(0, 2)
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const pid of stopped) process.kill(pid, name)
  }
  try {
    await one.start()
    const { term } = await when(one, ({ role }) => role === 'leader')
    await two.start()
    await when(two, ({ leader }) => leader === 1)
    await one.commit(write('/a'), term)
    // The other one's watch may be of a member that is stopped next.
    await two.reached(one.view.revision, 30_000)
    signal('SIGSTOP')
    await assert.rejects(one.commit(write('/lost')), (error) =>
      isStatus(error, 'Timeout', 'ServiceUnavailable'),
    )
    // It could not renew: by its own clock it leads no longer, and starts nothing that only a leader does.
    const deposed = await when(one, ({ role }) => role !== 'leader')
    assert.equal(two.leadership.role, 'follower')
    // Reads go on, from the mirror.
    assert.ok(one.view.get('/a') && two.view.get('/a'))
    signal('SIGCONT')
    await eventually(two, '/b')
    const leading = await agreed(one, two)
    if (leading.leadership.term > deposed.term)
      await assert.rejects(one.commit(write('/stale'), term), (error) =>
        isStatus(error, 'Conflict'),
      )
    await leading.commit(write('/c'), leading.leadership.term)
  } finally {
    signal('SIGCONT')
    await Promise.all([one.stop(), two.stop()])
    await etcd.stop()
  }
})

function tlsFiles(directory: string, { ca, certificate, privateKey }: PeerCredentials) {
  const file = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  return {
    ca: file('ca.crt', ca),
    certificate: file('etcd.crt', certificate),
    key: file('etcd.key', privateKey),
  }
}

test('an external etcd behind TLS: masters show a certificate, and only its authority is believed', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-external-tls-'))
  const [ours, theirs] = [await testAuthority(), await testAuthority()]
  const issued = await ours.issue('m1')
  const tls = tlsFiles(directory, issued)
  const etcd = await startEtcd({ members: 3, tls })
  const foreign = await theirs.issue('m1')
  const timeoutMs = 3_000
  const refused = [
    open(etcd.endpoints, 1, false, { timeoutMs }),
    open(etcd.endpoints, 1, false, { timeoutMs, tls: foreign }),
    open(etcd.endpoints, 1, false, { timeoutMs, tls: { ...foreign, ca: issued.ca } }),
  ]
  const store = open(etcd.endpoints, 1, true, { tls: clientTls(tls) })
  try {
    for (const one of refused)
      await assert.rejects(one.start(), (error) => isStatus(error, 'ServiceUnavailable'))
    await store.start()
    const { term } = await when(store, ({ role }) => role === 'leader')
    await store.commit(write('/a'), term)
    assert.equal(await store.barrier(), store.view.revision)
    process.kill(etcd.pids[0] ?? 0, 'SIGKILL')
    await eventually(store, '/b')
    assert.ok(store.view.get('/b'))
  } finally {
    for (const one of [...refused, store]) await one.stop()
    await etcd.stop()
    rmSync(directory, { recursive: true, force: true })
  }
})

test('kubectl against three masters on an external etcd behind TLS', async (context) => {
  const version = 'v35'
  if (!hasEtcd() || !kubectlBinary(version)) return context.skip('etcd or kubectl is not here')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-external-'))
  const tls = tlsFiles(directory, await (await testAuthority()).issue('etcd'))
  const etcd = await startEtcd({ members: 3, tls })
  const file = join(directory, 'cluster.config.json')
  const { ca, certificate: cert, key } = tls
  writeFileSync(
    file,
    JSON.stringify({ store: { etcd: { endpoints: etcd.endpoints, ca, cert, key } } }),
  )
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

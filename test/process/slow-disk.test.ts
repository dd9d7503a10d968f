import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { startTestCluster, statusWhen, type TestCluster } from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const plant = new URL('./stalling-disk.js', import.meta.url)
const stallMs = 1_000
const lanes = 4

/** Writes until told to stop; the names that were acknowledged, and when. */
class Writer {
  readonly acknowledged: { readonly name: string; readonly atMs: number }[] = []
  readonly #api: RawApi
  readonly #prefix: string
  #isStopped = false
  readonly #lanes: Promise<void>[]

  constructor(cluster: TestCluster, prefix: string) {
    this.#api = new RawApi(cluster.kubeconfig)
    this.#prefix = prefix
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#write(lane))
  }

  async #write(lane: number): Promise<void> {
    for (let count = 0; !this.#isStopped; count += 1) {
      const name = `${this.#prefix}-${lane}-${count}`
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
      const { code } = await this.#api.send(configMaps, { method: 'POST', body })
      if (code === 201) this.acknowledged.push({ name, atMs: Date.now() })
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#lanes)
  }
}

/** Stalls the disks of `names` for a second under writes; the writer, and what it wrote meanwhile. */
async function stallDisks(cluster: TestCluster, trigger: string, names: readonly string[]) {
  const writer = new Writer(cluster, names.join('-'))
  const wrote = (more: number) => () => writer.acknowledged.length >= more || undefined
  await eventually('writes before the stall', wrote(lanes))
  const before = writer.acknowledged.length
  for (const name of names) writeFileSync(`${trigger}-${name}`, '')
  try {
    // How long the fault lasts, not a wait for what it does.
    await delay(stallMs)
  } finally {
    for (const name of names) rmSync(`${trigger}-${name}`)
  }
  const during = writer.acknowledged.length - before
  await eventually('writes after the stall', wrote(writer.acknowledged.length + 2 * lanes))
  await writer.stop()
  return { writer, during }
}

test('disks that stall for 1 s: no master ends, and no acknowledged write is lost', async (t) => {
  const trigger = join(tmpdir(), `kijabi-stall-${process.pid}`)
  process.env['KIJABI_TEST_STALL'] = trigger
  process.env['NODE_OPTIONS'] = `--import=${plant}`
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 }).finally(() => {
    delete process.env['NODE_OPTIONS']
    delete process.env['KIJABI_TEST_STALL']
  })
  const well = (what: string) =>
    statusWhen(cluster, what, (one) => one.leader !== null && one.members.every((m) => m.healthy))
  const pidsOf = ({ members }: Awaited<ReturnType<typeof well>>) => members.map(({ pid }) => pid)
  try {
    const pids = pidsOf(await well('three masters'))
    for (const [which, goesOn] of [
      ['the leader', true],
      ['a follower', true],
      ['both followers', false],
      ['all', false],
    ] as const)
      await t.test(which, async (part) => {
        const { leader, members } = await well('three masters before the stall')
        const followers = members.map(({ name }) => name).filter((name) => name !== leader)
        const names = {
          'the leader': [leader ?? ''],
          'a follower': followers.slice(1),
          'both followers': followers,
          all: [leader ?? '', ...followers],
        }[which]
        const { writer, during } = await stallDisks(cluster, trigger, names)
        const after = await well('three masters after the stall')
        part.diagnostic(
          `${names} stalled: ${during} writes meanwhile, led by ${leader}, then by ${after.leader}`,
        )
        // A majority acknowledges: one slow disk is waited for by nobody, two or more by all.
        if (goesOn) assert.ok(during > 0, 'the others form a majority')
        else assert.ok(during <= lanes, `${during} writes without a durable majority`)
        assert.deepEqual(pidsOf(after), pids, 'no process ended')
        const { body } = await new RawApi(cluster.kubeconfig).json(configMaps)
        const { items } = body as { items: { metadata: { name: string } }[] }
        const present = new Set(items.map(({ metadata }) => metadata.name))
        assert.deepEqual(
          writer.acknowledged.filter(({ name }) => !present.has(name)),
          [],
        )
      })
  } finally {
    await cluster.remove()
  }
})

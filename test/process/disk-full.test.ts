import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawApi } from '../compat/raw-api.ts'
import { eventually, patienceMs } from './eventually.ts'
import { attach, kijabi, memberPid, statusWhen } from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
/** Two log segments and little else; the third one finds no room. */
const diskBytes = 40 * 1024 * 1024
const valueBytes = 900_000

test('a full disk stops one member, which says so; the cluster goes on; with space it catches up', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root may mount a small disk')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  const disk = join(directory, 'masters', 'm2')
  mkdirSync(disk, { recursive: true })
  const mount = (...words: string[]) => spawnSync('mount', [...words, disk], { encoding: 'utf8' })
  const mounted = mount('-t', 'tmpfs', '-o', `size=${diskBytes},mode=700`, 'tmpfs')
  if (mounted.status !== 0) {
    rmSync(directory, { recursive: true })
    return context.skip(`no small disk can be mounted: ${mounted.stderr}`)
  }
  try {
    const flags = ['--workers', '0', '--api-port', '0', '--runtime', 'sim']
    const up = await kijabi(['up', '-d', '--data-dir', directory, ...flags])
    assert.equal(up.code, 0, up.stderr)
    const cluster = attach(directory, up)
    const api = new RawApi(cluster.kubeconfig)
    // Past both segments: from the second half on, the majority does without the full member.
    for (let count = 0; count < 50; count += 1) await write(api, `big-${count}`)

    await context.test(
      'its log says what is full, and the others lead and acknowledge',
      async () => {
        // It may be behind long before its disk is full: the log says which of the two it is.
        const says = /ENOSPC[\s\S]*the disk of \S+m2 is full: free some space/
        await eventually(
          'm2 says why it ends',
          () => says.test(logOf(directory, 'm2')) || undefined,
        )
        await statusWhen(cluster, 'one member stands still, the others lead', (one) => {
          const full = one.members.find((member) => member.name === 'm2')
          const others = one.members.filter((member) => member.name !== 'm2')
          const behind = full !== undefined && (!full.healthy || full.lag > 5)
          const othersWell = others.length === 2 && others.every((member) => member.healthy)
          return behind && othersWell && one.leader !== null && one.leader !== 'm2'
        })
        await write(api, 'after')
      },
    )
    await context.test('with space and a restart it has everything', async () => {
      assert.equal(mount('-o', `remount,size=${10 * diskBytes}`).status, 0)
      const pid = memberPid(cluster, 'm2')
      if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      await statusWhen(cluster, 'three healthy members without lag', (one) =>
        one.members.every((member) => member.healthy && member.lag < 5),
      )
      const { body } = await api.json(`${configMaps}?limit=500`)
      const { items } = body as { items: { metadata: { name: string } }[] }
      const names = items.map((item) => item.metadata.name)
      assert.equal(names.filter((name) => name.startsWith('big-')).length, 50)
      assert.ok(names.includes('after'))
    })
  } finally {
    await kijabi(['down', '--data-dir', directory])
    spawnSync('umount', [disk])
    rmSync(directory, { recursive: true, force: true })
  }
})

async function write(api: RawApi, name: string): Promise<void> {
  const metadata = { name }
  const data = { value: 'x'.repeat(valueBytes) }
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
  // A member that ends takes its connections along: the name tells whether a write was done before.
  const endMs = Date.now() + patienceMs
  for (let tries = 0; Date.now() < endMs; tries += 1) {
    const code = await api.send(configMaps, { method: 'POST', body }).then(
      (answer) => answer.code,
      () => 0,
    )
    if (code === 201 || (code === 409 && tries > 0)) return
  }
  throw new Error(`${name} was never acknowledged`)
}

function logOf(directory: string, member: string): string {
  return readFileSync(join(directory, 'logs', `${member}.log`), 'utf8')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

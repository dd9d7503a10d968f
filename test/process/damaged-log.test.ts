import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawApi } from '../compat/raw-api.ts'
import { kijabi, startTestCluster, statusWhen, type TestCluster } from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

test('a damaged log: a torn tail is repaired, a flipped bit refused, and a member rejoins empty', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 })
  const again = (verb: 'up' | 'down') =>
    kijabi([verb, ...(verb === 'up' ? ['-d'] : []), '--data-dir', cluster.directory])
  try {
    const api = new RawApi(cluster.kubeconfig)
    for (let count = 0; count < 20; count += 1) await write(api, `kept-${count}`)
    await again('down')

    await context.test('a torn tail is cut away, said, and everything is there', async () => {
      tearTail(segmentWithMostRecords(cluster, 'm1'))
      const up = await again('up')
      assert.equal(up.code, 0, up.stderr)
      await statusWhen(cluster, 'three healthy members', (one) =>
        one.members.every((member) => member.healthy),
      )
      assert.match(logOf(cluster, 'm1'), /torn|cut|repaired/)
      assert.equal(await count(api), 20)
      await again('down')
    })

    await context.test(
      'a flipped bit stops that member alone, which says the way out',
      async () => {
        flipBit(segmentWithMostRecords(cluster, 'm2'))
        const up = await again('up')
        assert.equal(up.code, 0, up.stderr)
        await statusWhen(
          cluster,
          'two healthy members',
          (one) => one.members.filter((member) => member.healthy).length === 2,
        )
        assert.match(logOf(cluster, 'm2'), /is damaged at byte \d+[\s\S]*rejoin empty/)
        assert.equal(await count(api), 20)
        await again('down')
      },
    )

    await context.test('that member rejoins empty and catches up', async () => {
      const directory = join(cluster.directory, 'masters', 'm2')
      renameSync(directory, `${directory}.damaged`)
      const up = await again('up')
      assert.equal(up.code, 0, up.stderr)
      await statusWhen(cluster, 'three healthy members without lag', (one) =>
        one.members.every((member) => member.healthy && member.lag < 5),
      )
      assert.equal(await count(api), 20)
    })
  } finally {
    await cluster.remove()
  }
})

async function write(api: RawApi, name: string): Promise<void> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const answer = await api.send(configMaps, { method: 'POST', body })
  assert.equal(answer.code, 201, answer.text)
}

async function count(api: RawApi): Promise<number> {
  const { body } = await api.json(configMaps)
  const { items } = body as { items: { metadata: { name: string } }[] }
  return items.filter((item) => item.metadata.name.startsWith('kept')).length
}

function logOf(cluster: TestCluster, member: string): string {
  return readFileSync(join(cluster.directory, 'logs', `${member}.log`), 'utf8')
}

interface Segment {
  readonly file: string
  readonly bytes: Buffer
  /** Where the written part ends. */
  readonly end: number
}

function segmentWithMostRecords(cluster: TestCluster, member: string): Segment {
  const directory = join(cluster.directory, 'masters', member, 'wal')
  const segments = readdirSync(directory).map((name) => {
    const file = join(directory, name)
    const bytes = readFileSync(file)
    let end = bytes.length
    while (end > 0 && bytes[end - 1] === 0) end -= 1
    return { file, bytes, end }
  })
  const best = segments.sort((left, right) => right.end - left.end)[0]
  assert.ok(best, `${directory} has no segment`)
  return best
}

/** The beginning of a record whose rest never reached the disk. */
function tearTail({ file, bytes, end }: Segment): void {
  const start = Math.ceil(end / 8) * 8
  bytes.writeUInt32BE(0x4b4a5741, start)
  bytes.writeUInt32BE(4000, start + 4)
  writeFileSync(file, bytes)
}

function flipBit({ file, bytes, end }: Segment): void {
  const middle = Math.floor(end / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10
  writeFileSync(file, bytes)
}

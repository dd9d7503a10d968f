import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LogIndex } from '../../src/base/brand.ts'
import {
  encodeRecord,
  recordType,
  type SegmentScan,
  scanSegment,
} from '../../src/raft/wal/record.ts'
import { RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { kijabi, startTestCluster, statusWhen, type TestCluster } from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

test('a damaged log: a torn tail is repaired, a flipped bit heals, and a member rejoins empty', async (context) => {
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
      await logSays(cluster, 'm1', /torn|cut|repaired/)
      assert.equal(await count(api), 20)
      await again('down')
    })

    await context.test(
      'a flipped bit costs that member its vote until it has fetched what was lost',
      async () => {
        flipBit(segmentWithMostRecords(cluster, 'm2'))
        const up = await again('up')
        assert.equal(up.code, 0, up.stderr)
        await statusWhen(cluster, 'three healthy members without lag', (one) =>
          one.members.every((member) => member.healthy && member.lag < 5),
        )
        await logSays(cluster, 'm2', /is damaged at byte \d+/)
        await logSays(cluster, 'm2', /what was lost is back: this member votes again/)
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

/** Joining again takes a round to the leader after the member is healthy; its log comes through a pipe. */
async function logSays(cluster: TestCluster, member: string, what: RegExp): Promise<void> {
  await eventually(`${member} says ${what}`, () => what.test(logOf(cluster, member)) || undefined)
}

interface Segment {
  readonly file: string
  readonly number: number
  readonly bytes: Buffer
  readonly scan: SegmentScan
}

function segmentWithMostRecords(cluster: TestCluster, member: string): Segment {
  const directory = join(cluster.directory, 'masters', member, 'wal')
  const segments = readdirSync(directory).map((name) => {
    const file = join(directory, name)
    const bytes = readFileSync(file)
    const number = Number.parseInt(name, 16)
    return { file, number, bytes, scan: scanSegment(bytes, number) }
  })
  const best = segments.sort((left, right) => right.scan.end - left.scan.end)[0]
  assert.ok(best && best.scan.records.length > 10, `${directory} has no log worth the name`)
  return best
}

/** A record of 8 KB of which only the first sectors reached the disk before the power went. */
function tearTail({ file, number, bytes, scan }: Segment): void {
  const last = scan.records.at(-1)
  assert.ok(last)
  const index = (Math.max(...scan.records.map((record) => record.index)) + 1) as LogIndex
  const record = { ...last, type: recordType.entry, index, data: Buffer.alloc(8192, 7) }
  const place = { segment: number, syncedMark: scan.end, previousCrc: scan.lastCrc }
  encodeRecord(bytes, scan.end, record, place)
  bytes.fill(0, Math.ceil((scan.end + 1024) / 512) * 512)
  writeFileSync(file, bytes)
}

function flipBit({ file, bytes, scan }: Segment): void {
  const middle = Math.floor(scan.end / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10
  writeFileSync(file, bytes)
}

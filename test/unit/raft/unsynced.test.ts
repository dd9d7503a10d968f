import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Entry } from '../../../src/raft/core/message.ts'
import { VoteFile } from '../../../src/raft/wal/vote-file.ts'
import { Wal } from '../../../src/raft/wal/wal.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'

/** What a process finds in the page cache is not what a power cut leaves. */

const directory = '/m1/wal'

function rig() {
  const disk = new SimulatedDisk(new SeededRandom(1))
  disk.survival = 0
  const open = () =>
    Wal.open({ disk: disk.session(), clock: new ManualClock(), directory, segmentBytes: 4096 })
  return { disk, open }
}

function entry(index: number, data = `entry ${index}`): Entry {
  return { index, term: 1, type: 'EntryNormal', data: Buffer.from(data) }
}

for (const [what, bytes] of [
  ['the segment', 10],
  ['the next segment', 3900],
] as const)
  test(`entries that a failed sync lost are durable again before ${what} goes on`, async () => {
    const { disk, open } = rig()
    const first = await open()
    await first.wal.append({ entries: [entry(1)] })
    disk.failNextSyncs(1)
    await assert.rejects(first.wal.append({ entries: [entry(2)] }), { code: 'EIO' })
    await first.wal.close()
    // The process starts anew, the machine does not: entry 2 is read, and will be acknowledged.
    const second = await open()
    assert.equal(second.recovered.entries.length, 2)
    await second.wal.append({ entries: [entry(3, 'x'.repeat(bytes))] })
    disk.crash()
    const third = await open()
    assert.equal(third.recovered.damage, undefined)
    assert.deepEqual(
      third.recovered.entries.map(({ index }) => index),
      [1, 2, 3],
    )
    await third.wal.close()
  })

test('a vote that a failed sync lost is durable again after the start', async () => {
  const { disk } = rig()
  const first = await VoteFile.open(disk, '/m1')
  await first.remember({ term: 3, vote: 1 })
  disk.failNextSyncs(1)
  await assert.rejects(first.remember({ term: 4, vote: 2 }), { code: 'EIO' })
  const second = await VoteFile.open(disk, '/m1')
  assert.deepEqual(second.held, { term: 4, vote: 2 })
  await second.remember({ term: 4, vote: 2 })
  disk.crash()
  assert.deepEqual((await VoteFile.open(disk, '/m1')).held, { term: 4, vote: 2 })
})

test('the simulated disk keeps what was written through, and nothing else, in order', async () => {
  const { disk } = rig()
  const file = await disk.open('/file', 'create')
  await disk.syncDirectory('/')
  await file.write(0, [Buffer.from('aaaaaaaa')])
  await file.writeThrough?.(2, Buffer.from('bb'))
  const contents = () => Buffer.from(disk.contents('/file')).toString('latin1')
  assert.equal(contents(), 'aabbaaaa')
  // Syncing the older write later does not bring back what it had there.
  await file.sync()
  await file.write(4, [Buffer.from('cc')])
  disk.crash()
  assert.equal(contents(), 'aabbaaaa')
})

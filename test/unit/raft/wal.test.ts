import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Entry, HardState } from '../../../src/raft/core/message.ts'
import { LogCorruptError } from '../../../src/raft/wal/corrupt.ts'
import { Wal, type WalBatch } from '../../../src/raft/wal/wal.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'

const directory = '/m1/wal'
const segmentBytes = 4096

function entry(index: number, term: number, data = `e${index}.${term}`): Entry {
  return { index, term, type: 'EntryNormal', data: Buffer.from(data) }
}

function hardState(term: number, vote: number, commit: number): HardState {
  return { term, vote, commit }
}

function rig(seed = 1) {
  const disk = new SimulatedDisk(new SeededRandom(seed))
  const clock = new ManualClock()
  const open = () => Wal.open({ disk, clock, directory, segmentBytes })
  return { disk, clock, open }
}

function plain(entries: readonly Entry[]): string[] {
  return entries.map((one) => `${one.index}.${one.term}:${Buffer.from(one.data).toString()}`)
}

const firstSegment = `${directory}/000000000001.wal`

test('a log opens empty, and again with what was appended', async () => {
  const { open } = rig()
  const { wal, recovered } = await open()
  assert.deepEqual(recovered.entries, [])
  assert.equal(recovered.hardState, undefined)
  await wal.append({ entries: [entry(1, 1), entry(2, 1)], hardState: hardState(1, 2, 0) })
  await wal.append({ entries: [entry(3, 1)] })
  await wal.append({ entries: [], hardState: hardState(1, 2, 2) })
  await wal.close()
  const again = await open()
  assert.deepEqual(plain(again.recovered.entries), ['1.1:e1.1', '2.1:e2.1', '3.1:e3.1'])
  assert.deepEqual(again.recovered.hardState, hardState(1, 2, 2))
  assert.equal(again.recovered.repaired, undefined)
  await again.wal.close()
})

test('a later entry of the same index replaces the rest of the log', async () => {
  const { open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1), entry(2, 1), entry(3, 1)] })
  await wal.append({ entries: [entry(2, 2)] })
  await wal.close()
  const { wal: again, recovered } = await open()
  assert.deepEqual(plain(recovered.entries), ['1.1:e1.1', '2.2:e2.2'])
  await again.close()
})

test('appends of one turn share one sync', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  const before = disk.syncs
  await Promise.all([2, 3, 4, 5].map((index) => wal.append({ entries: [entry(index, 1)] })))
  assert.equal(disk.syncs - before, 1)
  await wal.close()
})

test('a commit index alone costs no sync; a vote does', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)], hardState: hardState(1, 1, 0) })
  const before = disk.syncs
  await wal.append({ entries: [], hardState: hardState(1, 1, 1) })
  assert.equal(disk.syncs, before)
  await wal.append({ entries: [], hardState: hardState(2, 3, 1) })
  assert.equal(disk.syncs, before + 1)
  await wal.close()
})

test('records larger than a segment get a segment of their own', async () => {
  const { open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1), entry(2, 1, 'x'.repeat(10_000)), entry(3, 1)] })
  await wal.close()
  const { wal: again, recovered } = await open()
  assert.deepEqual(
    recovered.entries.map(({ data }) => data.length),
    [4, 10_000, 4],
  )
  await again.close()
})

test('segments before a snapshot are released, and the rest starts after it', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  for (let index = 1; index <= 100; index += 1)
    await wal.append({ entries: [entry(index, 3)], hardState: hardState(3, 1, index - 1) })
  const before = disk.paths().length
  await wal.append({ entries: [], snapshot: { index: 90, term: 3 } })
  await wal.release(80 as LogIndex)
  assert.ok(disk.paths().length < before)
  await wal.close()
  disk.crash()
  const { wal: again, recovered } = await open()
  assert.deepEqual(recovered.snapshot, { index: 90, term: 3 })
  assert.equal(recovered.entries.at(-1)?.index, 100)
  assert.ok(recovered.base.index <= 80)
  assert.equal(recovered.entries[0]?.index, recovered.base.index + 1)
  assert.deepEqual(recovered.hardState, hardState(3, 1, 99))
  await again.close()
})

test('the oldest segment may begin with entries that were replaced from further back', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  const first = Array.from({ length: 85 }, (_, at) => entry(at + 1, 1))
  await wal.append({ entries: first, hardState: hardState(1, 1, 10) })
  assert.equal(disk.paths().length, 3)
  // Leader of term 2 replaces entries 11 and on, which lie in the first segment.
  for (let index = 11; index <= 100; index += 1)
    await wal.append({ entries: [entry(index, 2)], hardState: hardState(2, 1, index) })
  await wal.append({ entries: [], snapshot: { index: 95, term: 2 } })
  await wal.release(75 as LogIndex)
  await wal.close()
  assert.ok(!disk.paths().includes(firstSegment))
  const { wal: again, recovered } = await open()
  assert.equal(recovered.entries.at(-1)?.index, 100)
  assert.ok(recovered.entries.every(({ term }) => term === 2))
  await again.close()
})

test('an installed snapshot ahead of the log replaces it', async () => {
  const { open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1), entry(2, 1)], hardState: hardState(1, 1, 2) })
  await wal.append({
    entries: [],
    snapshot: { index: 50, term: 4 },
    hardState: hardState(4, 0, 50),
  })
  await wal.append({ entries: [entry(51, 4)] })
  await wal.close()
  const { wal: again, recovered } = await open()
  assert.deepEqual(recovered.base, { index: 50, term: 4 })
  assert.deepEqual(plain(recovered.entries), ['51.4:e51.4'])
  await again.close()
})

test('a torn tail is cut off, reported and written over', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  const release = disk.holdSyncs()
  const lost = wal.append({ entries: [entry(2, 1, 'y'.repeat(1500))] })
  lost.catch(() => {})
  await new Promise((resolve) => setImmediate(resolve))
  // Of the sectors of the second record, the power cut left all but one.
  disk.survival = 1
  disk.crash()
  release()
  await assert.rejects(lost)
  disk.overwrite(firstSegment, 1024, new Uint8Array(512))
  const { wal: again, recovered } = await open()
  assert.deepEqual(plain(recovered.entries), ['1.1:e1.1'])
  assert.equal(recovered.repaired?.file, firstSegment)
  await again.append({ entries: [entry(2, 2)] })
  await again.close()
  const third = await open()
  assert.deepEqual(plain(third.recovered.entries), ['1.1:e1.1', '2.2:e2.2'])
  assert.equal(third.recovered.repaired, undefined)
  await third.wal.close()
})

test('a flipped bit in what was synced is refused, with the file and the place', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  for (let index = 1; index <= 10; index += 1) await wal.append({ entries: [entry(index, 1)] })
  await wal.close()
  const used = 10 * 56 + 48
  for (let byte = 0; byte < used; byte += 7) {
    disk.flipBit(firstSegment, byte, byte % 8)
    await assert.rejects(open(), (error) => {
      assert.ok(error instanceof LogCorruptError, `byte ${byte}: ${error}`)
      assert.equal(error.file, firstSegment)
      assert.ok(error.offset <= byte)
      assert.match(error.message, /is damaged at byte \d+/)
      return true
    })
    disk.flipBit(firstSegment, byte, byte % 8)
  }
  const { wal: again } = await open()
  await again.close()
})

test('rot in the last acknowledged record is told from a torn write', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  await wal.append({ entries: [entry(2, 1, 'z'.repeat(700))] })
  disk.crash()
  disk.flipBit(firstSegment, 48 + 56 + 300)
  await assert.rejects(open(), LogCorruptError)
})

test('a missing segment is refused', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  for (let index = 1; index <= 200; index += 1) await wal.append({ entries: [entry(index, 1)] })
  await wal.close()
  await disk.remove(`${directory}/000000000002.wal`)
  await assert.rejects(open(), LogCorruptError)
})

test('quiet makes the log note how far it is durable', async () => {
  const { disk, clock, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  const before = disk.syncs
  await clock.advanceAsync(60)
  assert.equal(disk.syncs, before + 1)
  await clock.advanceAsync(1000)
  assert.equal(disk.syncs, before + 1)
  await wal.close()
  assert.equal(clock.pendingTimers, 0)
})

test('a failed sync is final for the log', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  disk.failNextSyncs(1)
  await assert.rejects(wal.append({ entries: [entry(2, 1)] }), { code: 'EIO' })
  await assert.rejects(wal.append({ entries: [entry(3, 1)] }), { code: 'EIO' })
  assert.ok(wal.failure)
  await wal.close()
})

test('a full disk fails the append that needs a segment; what was acknowledged stays', async () => {
  const { disk, open } = rig()
  const { wal } = await open()
  await wal.append({ entries: [entry(1, 1)] })
  await new Promise((resolve) => setImmediate(resolve))
  disk.bytesFree = 0
  let acknowledged = 1
  await assert.rejects(
    async () => {
      for (let index = 2; index < 1000; index += 1) {
        await wal.append({ entries: [entry(index, 1)] })
        acknowledged = index
      }
    },
    { code: 'ENOSPC' },
  )
  await wal.close()
  disk.bytesFree = Number.POSITIVE_INFINITY
  const { wal: again, recovered } = await open()
  assert.equal(recovered.entries.length, acknowledged)
  await again.close()
})

/** Index, term, and enough of the data to tell entries apart. */
function shape(entries: readonly Entry[]): string {
  return entries.map(({ index, term, data }) => `${index}.${term}:${data[0]}x${data.length}`).join()
}

interface Model {
  base: number
  entries: string[]
}

/** The log after the entries and snapshots of `batches`, one record at a time, from `from` on. */
function states(batches: readonly WalBatch[]): { afterBatch: number; log: string }[] {
  const model: Model = { base: 0, entries: [] }
  const found = [{ afterBatch: 0, log: '' }]
  for (const [at, batch] of batches.entries()) {
    for (const one of batch.entries) {
      model.entries.length = one.index - model.base - 1
      model.entries.push(shape([one]))
      found.push({ afterBatch: at, log: model.entries.join() })
    }
    found.push({ afterBatch: at + 1, log: model.entries.join() })
  }
  return found
}

test('after any crash the log is what was acknowledged and perhaps a little more', async () => {
  const runs = 300
  for (let run = 0; run < runs; run += 1) {
    const seed = 7_000 + run
    const random = new SeededRandom(seed)
    const { disk, open } = rig(seed)
    let batches: WalBatch[] = []
    let term = 1
    let lastIndex = 0
    let acknowledged = 0
    for (let life = 0; life < 3; life += 1) {
      const { wal, recovered } = await open().catch((error: unknown) => {
        throw new Error(`seed ${seed}, life ${life}`, { cause: error })
      })
      if (life > 0) {
        const log = shape(recovered.entries)
        const possible = states(batches).filter(({ afterBatch }) => afterBatch >= acknowledged)
        assert.ok(
          possible.some((state) => state.log === log),
          `seed ${seed}, life ${life}, acknowledged ${acknowledged} of ${batches.length}: ${log}`,
        )
        batches = [{ entries: recovered.entries }]
        lastIndex = recovered.entries.at(-1)?.index ?? 0
      }
      acknowledged = batches.length
      if (random.integer(0, 2) === 0) disk.dieAfterWrites(random.integer(1, 30))
      const pending: Promise<void>[] = []
      const count = random.integer(1, 25)
      for (let step = 0; step < count; step += 1) {
        if (random.integer(0, 5) === 0) {
          term += 1
          lastIndex = Math.max(0, lastIndex - random.integer(0, 4))
        }
        const entries = Array.from({ length: random.integer(1, 4) }, (_, at) =>
          entry(
            lastIndex + 1 + at,
            term,
            String(random.integer(0, 9)).repeat(random.integer(1, 900)),
          ),
        )
        lastIndex += entries.length
        const batch = { entries, hardState: hardState(term, 1, 0) }
        batches.push(batch)
        const number = batches.length
        pending.push(
          wal.append(batch).then(
            () => {
              acknowledged = Math.max(acknowledged, number)
            },
            () => {},
          ),
        )
        if (random.integer(0, 3) === 0) await Promise.all(pending)
        else if (random.integer(0, 2) === 0)
          for (let turn = 0; turn < random.integer(0, 9); turn += 1) await Promise.resolve()
      }
      disk.crash()
      await Promise.all(pending)
      await wal.close()
    }
  }
})

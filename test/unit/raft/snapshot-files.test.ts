import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex, Term } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { LogCorruptError } from '../../../src/raft/wal/corrupt.ts'
import { claimDirectory, WrongDirectoryError } from '../../../src/raft/wal/identity.ts'
import { SnapshotFiles, type SnapshotHeader } from '../../../src/raft/wal/snapshot-files.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'

const directory = '/m1/snapshots'

function header(index: number): SnapshotHeader {
  return {
    index,
    term: 3,
    confState: {
      voters: [1],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    },
    members: [{ id: 1, raftAddress: '127.0.0.1:1' }],
  }
}

async function* blocks(...sizes: number[]): AsyncGenerator<Uint8Array, void, void> {
  for (const [at, size] of sizes.entries()) yield new Uint8Array(size).fill(at + 1)
}

async function readAll(files: SnapshotFiles, index: number): Promise<number[]> {
  const { header: found, blocks: stream } = await files.read(index, 3)
  assert.deepEqual(found, header(index))
  const sizes: number[] = []
  for await (const block of stream) sizes.push(block.length)
  return sizes
}

function rig(seed = 1) {
  const disk = new SimulatedDisk(new SeededRandom(seed))
  return { disk, files: new SnapshotFiles(disk, directory) }
}

test('a snapshot is read back block by block, after a crash too', async () => {
  const { disk, files } = rig()
  await files.write(header(7), blocks(10, 3_000_000, 1))
  disk.crash()
  assert.deepEqual(await readAll(files, 7), [10, 3_000_000, 1])
  await files.write(header(9), blocks())
  await files.removeBefore(9)
  assert.deepEqual(await readAll(files, 9), [])
  assert.deepEqual(disk.paths(), [files.path(9, 3)])
})

test('a snapshot in two parts is a whole one to who reads the first alone', async () => {
  const { disk, files } = rig()
  await files.write(header(7), blocks(10, 20))
  const first = disk.contents(files.path(7, 3))
  await files.write(header(7), blocks(10, 20, 0, 30))
  const both = disk.contents(files.path(7, 3))
  assert.deepEqual(both.subarray(0, first.length), first)
  assert.deepEqual(await readAll(files, 7), [10, 20, 0, 30])
  await files.check(7 as LogIndex, 3 as Term)
})

test('any changed byte of a snapshot is noticed', async () => {
  const { disk, files } = rig()
  await files.write(header(7), blocks(40, 0, 90))
  const size = disk.contents(files.path(7, 3)).length
  for (let byte = 0; byte < size; byte += 1) {
    disk.flipBit(files.path(7, 3), byte, byte % 8)
    await assert.rejects(readAll(files, 7), (error) => {
      const isKnown = error instanceof LogCorruptError || error instanceof SyntaxError
      assert.ok(isKnown, `byte ${byte}: ${error}`)
      return true
    })
    disk.flipBit(files.path(7, 3), byte, byte % 8)
  }
  assert.deepEqual(await readAll(files, 7), [40, 0, 90])
})

test('a snapshot that could not be written leaves nothing behind', async () => {
  const { disk, files } = rig()
  disk.bytesFree = 1000
  await assert.rejects(files.write(header(7), blocks(400, 900)), { code: 'ENOSPC' })
  assert.deepEqual(disk.paths(), [])
  disk.bytesFree = 100_000
  const broken = async function* () {
    yield new Uint8Array(10)
    throw new Error('the state machine failed')
  }
  await assert.rejects(files.write(header(8), broken()), /the state machine failed/)
  assert.deepEqual(disk.paths(), [])
})

test('a crash while a snapshot is written leaves the one before', async () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const { disk, files } = rig(seed)
    await files.write(header(7), blocks(40, 90))
    disk.dieAfterWrites(1 + (seed % 6))
    await files.write(header(9), blocks(40, 90, 20)).catch(() => {})
    disk.crash()
    await files.removeLeftovers()
    await files.removeBefore(7)
    assert.deepEqual(await readAll(files, 7), [40, 90], `seed ${seed}`)
    assert.ok(disk.paths().every((path) => !path.endsWith('.tmp')))
  }
})

test('a directory is claimed once and refused to others', async () => {
  const { disk } = rig()
  const own = { clusterId: 'c', memberId: 1, members: [], incarnation: 'i', joined: false }
  assert.equal((await claimDirectory(disk, '/m1', own)).isNew, true)
  disk.crash()
  const again = await claimDirectory(disk, '/m1', { ...own, incarnation: 'other' })
  assert.deepEqual(again, { identity: own, isNew: false })
  for (const stranger of [
    { ...own, clusterId: 'd' },
    { ...own, memberId: 2 },
  ])
    await assert.rejects(claimDirectory(disk, '/m1', stranger), (error) => {
      assert.ok(error instanceof WrongDirectoryError)
      assert.match(error.message, /belongs to member 1 of cluster c/)
      return true
    })
})

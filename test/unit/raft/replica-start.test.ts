import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { systemClock } from '../../../src/base/clock.ts'
import type { Disk } from '../../../src/base/disk.ts'
import { flightSilence } from '../../../src/base/flight-record.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { systemDisk } from '../../../src/base/system-disk.ts'
import { createLocalReplica } from '../../../src/raft/driver.ts'
import { packError, unpackError } from '../../../src/raft/thread/messages.ts'
import { MemoryNetwork } from '../../contract/memory-network.ts'

const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })

/** Starts a replica that cannot listen. Its files are the system's: a second close of one is an EBADF. */
async function failToStart(of: { disk: Disk; unlocked?: () => void }): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'kijabi-start-'))
  const memberId = 1 as MemberId
  const transport = Object.assign(new MemoryNetwork().transport(memberId), {
    start: () => Promise.reject(taken),
  })
  const replica = createLocalReplica({
    ...{ clusterId: 'c', memberId, memberName: 'm1', dataDirectory, transport },
    members: [{ id: memberId, name: 'm1', raftAddress: '127.0.0.1:9001' }],
    tls: { certificate: '', privateKey: '', ca: '' },
    ...{ tickMs: 10, heartbeatTicks: 2, electionTicks: 20, walSegmentBytes: 16 * 1024 },
    ...{ snapshotEntriesInterval: 100, snapshotTrailingEntries: 20 },
    ...{ clock: systemClock, random: systemRandom, disk: of.disk },
    ...{ logger: silentLogger, emit: flightSilence },
    lock: async () => async () => of.unlocked?.(),
  })
  replica.listen({
    committed: () => {},
    restored: async () => {},
    leadership: () => {},
    snapshotWanted: () => {},
    failed: () => {},
  })
  try {
    await replica.start()
  } finally {
    rmSync(dataDirectory, { recursive: true })
  }
}

test('a replica that cannot listen says so, and closes each of its files once', async () => {
  await assert.rejects(failToStart({ disk: systemDisk }), taken)
})

test('a replica that stops leaves its directory to others only when it writes nothing any more', async () => {
  const seen: string[] = []
  let unlocked = () => {}
  const isUnlocked = new Promise<void>((done) => {
    unlocked = done
  })
  const slow: Disk = {
    ...systemDisk,
    // That it votes becomes durable late: after everything else, as far as others wait for it.
    async rename(from, to) {
      const isJoining =
        from.endsWith('identity.json.tmp') && readFileSync(from).includes('"joined":true')
      if (isJoining) await Promise.race([isUnlocked, turns(500)])
      await systemDisk.rename(from, to)
      if (isJoining) seen.push('written')
    },
  }
  await assert.rejects(
    failToStart({
      disk: slow,
      unlocked: () => {
        seen.push('unlocked')
        unlocked()
      },
    }),
    taken,
  )
  assert.deepEqual(seen, ['written', 'unlocked'])
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((done) => setImmediate(done))
}

test('the code of a failed system call crosses threads with the error', () => {
  const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
  const there = unpackError(structuredClone(packError(error)))
  assert.deepEqual(
    [there.message, (there as NodeJS.ErrnoException).code],
    ['listen EADDRINUSE', 'EADDRINUSE'],
  )
})

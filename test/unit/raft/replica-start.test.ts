import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { flightSilence } from '../../../src/base/flight-record.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { systemDisk } from '../../../src/base/system-disk.ts'
import { createLocalReplica } from '../../../src/raft/driver.ts'
import { packError, unpackError } from '../../../src/raft/thread/messages.ts'
import { MemoryNetwork } from '../../contract/memory-network.ts'

test('a replica that cannot listen says so, and closes each of its files once', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'kijabi-start-'))
  const memberId = 1 as MemberId
  const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
  const network = new MemoryNetwork()
  const transport = Object.assign(network.transport(memberId), {
    start: () => Promise.reject(taken),
  })
  // Files of the system: a second close of one is an EBADF, or closes a file of somebody else.
  const replica = createLocalReplica({
    ...{ clusterId: 'c', memberId, memberName: 'm1', dataDirectory, transport },
    members: [{ id: memberId, name: 'm1', raftAddress: '127.0.0.1:9001' }],
    tls: { certificate: '', privateKey: '', ca: '' },
    ...{ tickMs: 10, heartbeatTicks: 2, electionTicks: 20, walSegmentBytes: 16 * 1024 },
    ...{ snapshotEntriesInterval: 100, snapshotTrailingEntries: 20 },
    ...{ clock: systemClock, random: systemRandom, disk: systemDisk },
    ...{ logger: silentLogger, emit: flightSilence, lock: async () => async () => {} },
  })
  replica.listen({
    committed: () => {},
    restored: async () => {},
    leadership: () => {},
    snapshotWanted: () => {},
    failed: () => {},
  })
  try {
    await assert.rejects(replica.start(), taken)
  } finally {
    rmSync(dataDirectory, { recursive: true })
  }
})

test('the code of a failed system call crosses threads with the error', () => {
  const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
  const there = unpackError(structuredClone(packError(error)))
  assert.deepEqual(
    [there.message, (there as NodeJS.ErrnoException).code],
    ['listen EADDRINUSE', 'EADDRINUSE'],
  )
})

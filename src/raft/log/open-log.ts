import { join } from 'node:path'
import type { LogIndex } from '../../base/brand.ts'
import { diskErrorCode } from '../../base/disk.ts'
import type { ConfState } from '../core/message.ts'
import { emptyConfState, MemoryStorage } from '../core/storage.ts'
import type { MemberAddress } from '../membership/members.ts'
import type { ReplicaOptions } from '../replica-options.ts'
import { LogCorruptError } from '../wal/corrupt.ts'
import { claimDirectory, type Identity } from '../wal/identity.ts'
import { SnapshotFiles, type SnapshotHeader } from '../wal/snapshot-files.ts'
import { Wal } from '../wal/wal.ts'

export interface OpenLog {
  readonly wal: Wal
  readonly files: SnapshotFiles
  readonly storage: MemoryStorage
  /** The state to begin with; undefined when it is empty. */
  readonly snapshot:
    | { readonly header: SnapshotHeader; readonly blocks: AsyncIterable<Uint8Array> }
    | undefined
  readonly confState: ConfState
  readonly members: readonly MemberAddress[]
  readonly commit: LogIndex
  readonly identity: Identity
}

const noBytes = new Uint8Array(0)

/** Opens what the data directory holds, or begins it. Rejects when it is damaged or not ours. */
export async function openLog(options: ReplicaOptions): Promise<OpenLog> {
  const { disk, clock, dataDirectory, clusterId, memberId, walSegmentBytes } = options
  const { members: firstMembers, random } = options
  // A member that the cluster did not begin with gets its vote by a change of membership.
  const joined = firstMembers.every(({ id }) => id !== memberId)
  const own = { clusterId, memberId, members: firstMembers, incarnation: random.uuid(), joined }
  const { identity } = await claimDirectory(disk, dataDirectory, own)
  const directory = join(dataDirectory, 'wal')
  const snapshots = join(dataDirectory, 'snapshots')
  await disk.makeDirectory(directory)
  await disk.makeDirectory(snapshots)
  await disk.syncDirectory(dataDirectory)
  const { wal, recovered } = await Wal.open({
    disk,
    clock,
    directory,
    ...(walSegmentBytes !== undefined && { segmentBytes: walSegmentBytes }),
  })
  if (recovered.repaired) {
    options.logger.warn(recovered.repaired, 'cut off a write that was never acknowledged')
    options.emit('raft', 'log-repaired', { detail: { ...recovered.repaired } })
  }
  try {
    const files = new SnapshotFiles(disk, snapshots)
    await files.removeLeftovers()
    await files.removeBefore(recovered.snapshot.index)
    const snapshot = await openSnapshot(files, recovered.snapshot.index, recovered.snapshot.term)
    const confState = snapshot?.header.confState ?? {
      ...emptyConfState,
      voters: identity.members.map(({ id }) => id),
    }
    const { base, entries, hardState } = recovered
    const storage = new MemoryStorage({ metadata: { ...base, confState }, data: noBytes })
    storage.append(entries)
    if (recovered.snapshot.index > base.index)
      storage.createSnapshot(recovered.snapshot.index, confState, noBytes)
    if (hardState) storage.setHardState(hardState)
    const members = snapshot?.header.members ?? identity.members
    const commit = hardState?.commit ?? 0
    return { wal, files, storage, snapshot, confState, members, commit, identity }
  } catch (error) {
    await wal.close()
    throw error
  }
}

async function openSnapshot(files: SnapshotFiles, index: LogIndex, term: number) {
  if (index === 0) return undefined
  try {
    return await files.read(index, term)
  } catch (error) {
    if (diskErrorCode(error) !== 'ENOENT') throw error
    throw new LogCorruptError(files.path(index, term), 0, 'the snapshot is missing')
  }
}

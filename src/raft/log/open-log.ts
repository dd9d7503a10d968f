import { join } from 'node:path'
import type { LogIndex } from '../../base/brand.ts'
import type { ConfState } from '../core/message.ts'
import { emptyConfState, MemoryStorage } from '../core/storage.ts'
import type { MemberAddress } from '../membership/members.ts'
import type { ReplicaOptions } from '../replica-options.ts'
import { LogCorruptError } from '../wal/corrupt.ts'
import { claimDirectory, type Identity, rememberIdentity } from '../wal/identity.ts'
import type { LogDamage, RecoveredLog } from '../wal/recovery.ts'
import { damagedSuffix, listSegments, segmentPath } from '../wal/segment-files.ts'
import { type OpenSnapshot, SnapshotFiles } from '../wal/snapshot-files.ts'
import { VoteFile, withVote } from '../wal/vote-file.ts'
import { Wal } from '../wal/wal.ts'

export interface OpenLog {
  readonly wal: Wal
  readonly votes: VoteFile
  readonly files: SnapshotFiles
  readonly storage: MemoryStorage
  /** The state to begin with; undefined when it is empty. */
  readonly snapshot: OpenSnapshot | undefined
  readonly confState: ConfState
  readonly members: readonly MemberAddress[]
  readonly commit: LogIndex
  readonly identity: Identity
}

/** What of a replica's options its log needs. */
export type LogOptions = Pick<
  ReplicaOptions,
  | 'clusterId'
  | 'memberId'
  | 'members'
  | 'dataDirectory'
  | 'walSegmentBytes'
  | 'clock'
  | 'random'
  | 'disk'
  | 'logger'
  | 'emit'
  | 'lock'
>

const noBytes = new Uint8Array(0)

/**
 * Opens what the data directory holds, or begins it. What is damaged is set aside with everything after
 * it, once it is durably noted that this member may have acknowledged more than it holds: from then on
 * it is to the others a member of new data without a vote (join-guard.ts, docs/adr/0005). Rejects with
 * LogCorruptError when nobody else could give back what is lost, and with WrongDirectoryError.
 */
export async function openLog(options: LogOptions, how = { acceptsLoss: false }): Promise<OpenLog> {
  const opening = new Opening(options, await claim(options))
  return opening.open(how.acceptsLoss)
}

async function claim(options: LogOptions): Promise<Identity> {
  const { clusterId, memberId, members, random, disk, dataDirectory } = options
  const own = { clusterId, memberId, members, incarnation: random.uuid(), joined: false }
  const { identity, isNew } = await claimDirectory(disk, dataDirectory, own)
  if (isNew && identity.damage) announce(options, identity)
  return identity
}

class Opening {
  readonly #options: LogOptions
  readonly #directory: string
  #identity: Identity

  constructor(options: LogOptions, identity: Identity) {
    this.#options = options
    this.#directory = join(options.dataDirectory, 'wal')
    this.#identity = identity
  }

  async open(acceptsLoss: boolean): Promise<OpenLog> {
    const { disk, dataDirectory } = this.#options
    const snapshots = join(dataDirectory, 'snapshots')
    await disk.makeDirectory(this.#directory)
    await disk.makeDirectory(snapshots)
    await disk.syncDirectory(dataDirectory)
    const votes = await VoteFile.open(disk, dataDirectory)
    let wal: Wal | undefined
    try {
      const files = new SnapshotFiles(disk, snapshots)
      await files.removeLeftovers()
      if (this.#identity.isVoid) await this.#discard(files)
      let opened = await this.#openWal()
      wal = opened.wal
      const lost = await damagedSnapshot(files, opened.recovered)
      if (lost) {
        // Without the state that they change, the entries after it are of no use.
        await opened.wal.close()
        await votes.remember(withVote(opened.recovered.hardState, votes.held) ?? noVote)
        const { base, entries } = opened.recovered
        const seenIndex = base.index + entries.length
        await this.#note({ error: lost, keptIndex: 0, seenIndex })
        await this.#emptyLog()
        opened = await this.#openWal()
        wal = opened.wal
      }
      await files.removeBefore(opened.recovered.snapshot.index)
      if (!acceptsLoss) this.#refuseAlone()
      return await this.#assemble(wal, votes, files, opened.recovered)
    } catch (error) {
      await wal?.close()
      await votes.close()
      throw error
    }
  }

  async #openWal(): Promise<{ wal: Wal; recovered: RecoveredLog }> {
    const { disk, clock, walSegmentBytes, logger, emit } = this.#options
    const opened = await Wal.open({
      ...{ disk, clock, directory: this.#directory },
      ...(walSegmentBytes !== undefined && { segmentBytes: walSegmentBytes }),
      damaged: (damage) => this.#note(damage),
    })
    const { repaired } = opened.recovered
    if (repaired) {
      logger.warn(repaired, 'cut off a write that was never acknowledged')
      emit('raft', 'log-repaired', { detail: { ...repaired } })
    }
    return opened
  }

  /** Durable before anything is set aside: a crash in between must not bring the old vote back. */
  async #note({ error, keptIndex, seenIndex }: LogDamage): Promise<void> {
    const { disk, dataDirectory, random } = this.#options
    this.#identity = {
      ...this.#identity,
      joined: false,
      incarnation: random.uuid(),
      damage: { what: error.message, keptIndex, seenIndex },
    }
    await rememberIdentity(disk, dataDirectory, this.#identity)
    announce(this.#options, this.#identity)
  }

  /** Only once all is gone is it no longer noted: a crash in between begins again. */
  async #discard(files: SnapshotFiles): Promise<void> {
    const { disk, dataDirectory } = this.#options
    await this.#emptyLog()
    await files.removeBefore(Number.POSITIVE_INFINITY as LogIndex)
    const { isVoid: _, ...identity } = this.#identity
    this.#identity = identity
    await rememberIdentity(disk, dataDirectory, identity)
  }

  async #emptyLog(): Promise<void> {
    const { disk } = this.#options
    for (const number of (await listSegments(disk, this.#directory)).toReversed()) {
      const path = segmentPath(this.#directory, number)
      await disk.rename(path, `${path}${damagedSuffix}`)
      await disk.syncDirectory(this.#directory)
    }
  }

  /** A cluster of one has nobody to fetch from: to go on would be to lose writes in silence. */
  #refuseAlone(): void {
    const { joined, damage, members } = this.#identity
    if (joined || !damage || members.length > 1) return
    throw new LogCorruptError(
      this.#options.dataDirectory,
      0,
      `${damage.what}; no other member holds what is lost. To go on with what is left, entries up to ` +
        `${damage.keptIndex}, use: kijabi raft recover`,
    )
  }

  async #assemble(
    wal: Wal,
    votes: VoteFile,
    files: SnapshotFiles,
    recovered: RecoveredLog,
  ): Promise<OpenLog> {
    const identity = this.#identity
    const { base, entries } = recovered
    const { index, term } = recovered.snapshot
    const hardState = withVote(recovered.hardState, votes.held)
    if (hardState) {
      await wal.append({ entries: [], hardState })
      await votes.remember(hardState)
    }
    const snapshot = index === 0 ? undefined : await files.read(index, term)
    const confState = snapshot?.header.confState ?? {
      ...emptyConfState,
      voters: identity.members.map(({ id }) => id),
    }
    const storage = new MemoryStorage({ metadata: { ...base, confState }, data: noBytes })
    storage.append(entries)
    if (index > base.index) storage.createSnapshot(index, confState, noBytes)
    if (hardState) storage.setHardState(hardState)
    const members = snapshot?.header.members ?? identity.members
    const commit = hardState?.commit ?? 0
    return { wal, votes, files, storage, snapshot, confState, members, commit, identity }
  }
}

export async function closeLog(log: OpenLog | undefined): Promise<void> {
  await log?.wal.close()
  await log?.votes.close()
}

/** Notes durably that what a directory holds is void, and that its member gives no vote until healed. */
export async function discardData(
  { disk, dataDirectory, random, emit }: LogOptions,
  { identity, storage }: OpenLog,
  what: string,
): Promise<void> {
  const seenIndex = storage.lastIndex()
  emit('raft', 'state-discarded', { index: seenIndex, detail: { what } })
  await rememberIdentity(disk, dataDirectory, {
    ...identity,
    ...{ joined: false, isVoid: true, incarnation: random.uuid() },
    damage: { what, keptIndex: 0 as LogIndex, seenIndex },
  })
}

const noVote = { term: 0, vote: 0 }

async function damagedSnapshot(
  files: SnapshotFiles,
  { snapshot }: RecoveredLog,
): Promise<LogCorruptError | undefined> {
  if (snapshot.index === 0) return undefined
  try {
    await files.check(snapshot.index, snapshot.term)
    return undefined
  } catch (error) {
    if (error instanceof LogCorruptError) return error
    throw error
  }
}

function announce({ logger, emit }: LogOptions, { damage }: Identity): void {
  if (!damage) return
  logger.warn(
    { ...damage },
    'a part of the data was lost: this member withholds its vote and fetches it from the others',
  )
  emit('raft', 'log-damaged', { index: damage.keptIndex, detail: { what: damage.what } })
}

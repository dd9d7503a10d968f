import { join } from 'node:path'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import { type Disk, diskErrorCode } from '../../base/disk.ts'
import { readIdentity } from '../wal/identity.ts'
import { lookAtLog } from '../wal/recovery.ts'
import { SnapshotFiles } from '../wal/snapshot-files.ts'
import { newerVote, readVoteFile } from '../wal/vote-file.ts'

/** What a member's data directory holds, of a running member too. Nothing is changed. */
export interface MemberLog {
  readonly clusterId: string
  readonly memberId: MemberId
  readonly withholdsVote: boolean
  readonly term: Term
  readonly vote: MemberId
  /** As far as the log knows; a running member may know of more. */
  readonly commitIndex: LogIndex
  readonly snapshot: { readonly index: LogIndex; readonly term: Term }
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  readonly entries: readonly LogLine[]
  /** What of the log cannot be used; undefined when all is well. */
  readonly damage: string | undefined
}

export interface LogLine {
  readonly index: LogIndex
  readonly term: Term
  readonly kind: 'command' | 'membership' | 'empty'
  readonly bytes: number
}

export interface MemberSnapshot {
  readonly file: string
  readonly index: LogIndex
  readonly term: Term
  readonly voters: readonly MemberId[]
  readonly learners: readonly MemberId[]
  readonly bytes: number
  /** Undefined when every block and the hash of the whole are right. */
  readonly damage: string | undefined
}

const attemptsMax = 5

/** Undefined when the directory holds no readable identity. */
export async function inspectLog(disk: Disk, directory: string): Promise<MemberLog | undefined> {
  const identity = await readIdentity(disk, directory)
  if (!identity) return undefined
  const look = () => again(() => lookAtLog(disk, join(directory, 'wal')))
  // A running member may be in the middle of a write.
  let seen = await look()
  for (let attempt = 1; seen.error && attempt < attemptsMax; attempt += 1) seen = await look()
  const { log, error } = seen
  const copy = await readVoteFile(disk, directory)
  const newest = newerVote(log.hardState, copy)
  const { clusterId, memberId } = identity
  const { base, entries, snapshot } = log
  const last = entries.at(-1) ?? base
  return {
    ...{ clusterId, memberId, withholdsVote: !identity.joined },
    ...{ term: newest?.term ?? 0, vote: newest?.vote ?? 0 },
    commitIndex: log.hardState?.commit ?? 0,
    ...{ snapshot, firstIndex: base.index + 1, lastIndex: last.index, lastTerm: last.term },
    entries: entries.map(({ index, term, type, data }) => {
      const command = data.length === 0 ? 'empty' : 'command'
      const kind = type === 'EntryNormal' ? command : 'membership'
      return { index, term, kind, bytes: data.length }
    }),
    damage: error?.message,
  }
}

/** The snapshots in a data directory, the newest last, each read to its end. */
export async function inspectSnapshots(disk: Disk, directory: string): Promise<MemberSnapshot[]> {
  const files = new SnapshotFiles(disk, join(directory, 'snapshots'))
  return again(async () => {
    const found: MemberSnapshot[] = []
    for (const { index, term } of await files.list()) {
      const file = files.path(index, term)
      const bytes = await sizeOf(disk, file)
      let members: Pick<MemberSnapshot, 'voters' | 'learners'> = { voters: [], learners: [] }
      let damage: string | undefined
      try {
        const { confState } = await files.check(index, term)
        members = { voters: confState.voters, learners: confState.learners }
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'LogCorruptError') throw error
        damage = error.message
      }
      found.push({ file, index, term, ...members, bytes, damage })
    }
    return found
  })
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'existing')
  try {
    return await file.size()
  } finally {
    await file.close()
  }
}

/** A running member may remove a file between its listing and its reading. */
async function again<T>(look: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await look()
    } catch (error) {
      if (diskErrorCode(error) !== 'ENOENT' || attempt === attemptsMax) throw error
    }
}

import { join } from 'node:path'
import type { LogIndex, MemberId } from '../../base/brand.ts'
import type { Disk } from '../../base/disk.ts'
import type { MemberAddress } from '../membership/members.ts'
import { damagedSuffix } from './segment-files.ts'
import { isUnreadable, readAgain } from './unreadable.ts'

/** Whose data a directory holds, and the members that the cluster began with. */
export interface Identity {
  readonly clusterId: string
  readonly memberId: MemberId
  readonly members: readonly MemberAddress[]
  /** Made with the directory. */
  readonly incarnation: string
  /** Whether this member may vote; see join-guard.ts. */
  readonly joined: boolean
  /** The incarnations that were empty together with this one when the cluster was born. */
  readonly founders?: readonly string[]
  /** The last damage that was found here. Once `joined` again, what it cost is back. */
  readonly damage?: DamageNote
  /** Log and snapshots are to be set aside at the next start: they lead to a wrong state. */
  readonly isVoid?: boolean
}

/** What is remembered of data that were durable and are lost. */
export interface DamageNote {
  /** The file, the place and the kind. */
  readonly what: string
  /** The last entry that was left, and the last one that is known to have been there. */
  readonly keptIndex: LogIndex
  readonly seenIndex: LogIndex
}

/** A directory that belongs to somebody else. Names both sides and what to do. */
export class WrongDirectoryError extends Error {
  override readonly name = 'WrongDirectoryError'
}

const fileName = 'identity.json'

/**
 * Reads the identity in `directory`, or writes `own` there when the directory is new. Rejects with
 * WrongDirectoryError when it is another cluster's or another member's.
 */
export async function claimDirectory(
  disk: Disk,
  directory: string,
  own: Identity,
): Promise<{ identity: Identity; isNew: boolean }> {
  await disk.makeDirectory(directory)
  const names = await disk.list(directory)
  if (!names.includes(fileName)) {
    const identity = await nobodysData(disk, directory, own, 'is missing')
    await writeIdentity(disk, directory, identity, names.includes(`${fileName}.tmp`))
    return { identity, isNew: true }
  }
  const identity = await readIdentity(disk, directory)
  if (!identity) {
    const anew = await nobodysData(disk, directory, own, 'cannot be read')
    await writeIdentity(disk, directory, anew, names.includes(`${fileName}.tmp`))
    return { identity: anew, isNew: true }
  }
  if (identity.clusterId !== own.clusterId || identity.memberId !== own.memberId)
    throw new WrongDirectoryError(
      `${directory} belongs to member ${identity.memberId} of cluster ${identity.clusterId}, not to ` +
        `member ${own.memberId} of cluster ${own.clusterId}: choose another data directory.`,
    )
  return { identity, isNew: false }
}

/** Replaces the identity, durably. */
export async function rememberIdentity(
  disk: Disk,
  directory: string,
  identity: Identity,
): Promise<void> {
  const names = await disk.list(directory)
  await writeIdentity(disk, directory, identity, names.includes(`${fileName}.tmp`))
}

/**
 * Without an identity nobody knows whose log this is: another cluster's would be mixed into ours. It is
 * set aside, and this member comes back as one that lost everything.
 */
async function nobodysData(
  disk: Disk,
  directory: string,
  own: Identity,
  why: string,
): Promise<Identity> {
  let count = 0
  for (const folder of ['wal', 'snapshots']) {
    const path = join(directory, folder)
    for (const name of await disk.list(path)) {
      if (name.endsWith(damagedSuffix)) continue
      await disk.rename(join(path, name), join(path, `${name}${damagedSuffix}`))
      count += 1
    }
    if (count > 0) await disk.syncDirectory(path)
  }
  if (count === 0) return own
  const what = `${join(directory, fileName)} ${why}: what it described was set aside`
  return { ...own, joined: false, damage: { what, keptIndex: 0, seenIndex: 0 } }
}

/** Undefined when it is not there or cannot be read. */
export async function readIdentity(disk: Disk, directory: string): Promise<Identity | undefined> {
  if (!(await disk.list(directory)).includes(fileName)) return undefined
  const file = await disk.open(join(directory, fileName), 'existing')
  try {
    const bytes = await readAgain(async () => file.read(0, await file.size()))
    return JSON.parse(Buffer.from(bytes).toString()) as Identity
  } catch (error) {
    if (error instanceof SyntaxError || isUnreadable(error)) return undefined
    throw error
  } finally {
    await file.close()
  }
}

async function writeIdentity(
  disk: Disk,
  directory: string,
  identity: Identity,
  leftover: boolean,
): Promise<void> {
  const temporary = join(directory, `${fileName}.tmp`)
  if (leftover) await disk.remove(temporary)
  const file = await disk.open(temporary, 'create')
  try {
    await file.write(0, [Buffer.from(`${JSON.stringify(identity)}\n`)])
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, join(directory, fileName))
  await disk.syncDirectory(directory)
}

import { join } from 'node:path'
import type { MemberId } from '../../base/brand.ts'
import type { Disk } from '../../base/disk.ts'
import type { MemberAddress } from '../membership/members.ts'

/** Whose data a directory holds, and the members that the cluster began with. */
export interface Identity {
  readonly clusterId: string
  readonly memberId: MemberId
  readonly members: readonly MemberAddress[]
  /** Made with the directory. */
  readonly incarnation: string
  /** Whether this member may vote; see join-guard.ts. */
  readonly joined: boolean
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
    if ((await disk.list(join(directory, 'wal'))).length > 0)
      throw new WrongDirectoryError(
        `${directory} holds a log, but ${fileName} is missing: move the directory away and start ` +
          'this member again; it will copy what it needs from the others.',
      )
    await writeIdentity(disk, directory, own, names.includes(`${fileName}.tmp`))
    return { identity: own, isNew: true }
  }
  const identity = await readIdentity(disk, directory)
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

async function readIdentity(disk: Disk, directory: string): Promise<Identity> {
  const file = await disk.open(join(directory, fileName), 'existing')
  try {
    const bytes = await file.read(0, await file.size())
    return JSON.parse(Buffer.from(bytes).toString()) as Identity
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

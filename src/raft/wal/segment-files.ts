import { join } from 'node:path'
import type { Disk, DiskFile } from '../../base/disk.ts'

const fillBytes = 1024 * 1024
const suffix = '.wal'
/** Of segments that damage made useless: kept for whoever wants to look into it, never read. */
export const damagedSuffix = '.damaged'
const zeros = new Uint8Array(fillBytes)

export interface SegmentFile {
  readonly number: number
  readonly path: string
  readonly file: DiskFile
  readonly bytes: number
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${number.toString(16).padStart(12, '0')}${suffix}`)
}

/** The numbers of the segments in `directory`, ascending. */
export async function listSegments(disk: Disk, directory: string): Promise<number[]> {
  const names = await disk.list(directory)
  return names
    .filter((name) => /^[0-9a-f]{12}\.wal$/.test(name))
    .map((name) => Number.parseInt(name, 16))
    .sort((left, right) => left - right)
}

/**
 * Makes a segment of zeros and makes it durable, its name too. Writes into it later change no
 * metadata, so that syncing them costs the disk one write instead of a journal commit.
 */
export async function createSegment(
  disk: Disk,
  directory: string,
  number: number,
  bytes: number,
): Promise<SegmentFile> {
  const path = segmentPath(directory, number)
  const file = await disk.open(path, 'create')
  try {
    for (let at = 0; at < bytes; at += fillBytes) {
      await file.write(at, [zeros.subarray(0, Math.min(fillBytes, bytes - at))])
      if (at % (4 * fillBytes) === 0) await file.sync()
    }
    await file.sync()
    await disk.syncDirectory(directory)
    return { number, path, file, bytes }
  } catch (error) {
    await file.close()
    await disk.remove(path)
    throw error
  }
}

/** Writes `kept` at `from` and zeros after it, durably. */
export async function rewriteTail(
  file: DiskFile,
  from: number,
  kept: Uint8Array,
  bytes: number,
): Promise<void> {
  if (kept.length > 0) await file.write(from, [kept])
  for (let at = from + kept.length; at < bytes; at += fillBytes)
    await file.write(at, [zeros.subarray(0, Math.min(fillBytes, bytes - at))])
  await file.sync()
}

/**
 * The few file operations that durability rests on. Raft's log and snapshots use nothing else, so a
 * simulated disk can lose what was not synced, tear a sector, flip a bit or fill up.
 *
 * Contract: a write is durable only after `sync` of that file resolved; a created, renamed or removed
 * name is durable only after `syncDirectory` of its directory resolved. After a failed sync nothing
 * written since the last good one may be trusted, and the file must not be written again.
 */
export interface DiskFile {
  /** Writes all of `chunks`, one after the other, from `position` on. Rejects on a short write. */
  write(position: number, chunks: readonly Uint8Array[]): Promise<void>
  /**
   * As `write` and then `sync` of these bytes alone, in one operation, where the disk has one. A
   * failure is that of a sync.
   */
  writeThrough?(position: number, bytes: Uint8Array): Promise<void>
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Makes every resolved write durable (fdatasync; size changes included). */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface Disk {
  /** Opens for reading and writing; `create` makes an empty file and fails when one exists. */
  open(path: string, mode: 'existing' | 'create'): Promise<DiskFile>
  /** The names in a directory, sorted; an empty list when it is missing. */
  list(directory: string): Promise<string[]>
  makeDirectory(directory: string): Promise<void>
  /** Atomic; replaces an existing `to`. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  syncDirectory(directory: string): Promise<void>
}

/** The error code of a failed disk operation, such as ENOSPC or EIO. */
export function diskErrorCode(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? 'EIO'
}

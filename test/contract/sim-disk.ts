import { dirname } from 'node:path'
import type { Disk, DiskFile } from '../../src/base/disk.ts'
import type { Random } from '../../src/base/random.ts'

const sectorBytes = 512

interface Inode {
  /** What a reader of the running system sees. */
  current: Uint8Array
  /** What is left after a power cut, unsynced writes aside. */
  durable: Uint8Array
  unsynced: ({ position: number; bytes: Uint8Array } | { length: number })[]
  /** Sectors that cannot be read until they are written again. */
  bad: Set<number>
}

type NameChange =
  | { kind: 'link'; path: string; inode: Inode }
  | { kind: 'unlink'; path: string }
  | { kind: 'rename'; from: string; to: string }

/**
 * A disk in memory that keeps exactly what the Disk contract promises and no more. `crash` forgets
 * what was not synced: unsynced sectors survive or not one by one, unsynced names up to some point.
 * Everything that is left to chance comes from the given randomness.
 */
export class SimulatedDisk implements Disk {
  /** Bytes that may still be allocated; past them a write fails with ENOSPC. */
  bytesFree = Number.POSITIVE_INFINITY
  /** The chance that an unsynced sector survives a crash. */
  survival = 0.5
  syncs = 0
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  #nameChanges: NameChange[] = []
  #epoch = 0
  #failSyncs = 0
  #failWrites = 0
  #failReads = 0
  #crashAfterWrites = Number.POSITIVE_INFINITY
  #gate: Promise<void> | undefined
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** Power cut. Every open file is dead; what comes back is what was synced, and some of the rest. */
  crash(): void {
    this.#epoch += 1
    this.#crashAfterWrites = Number.POSITIVE_INFINITY
    const kept = this.#random.integer(0, this.#nameChanges.length + 1)
    for (const change of this.#nameChanges.slice(0, kept)) applyName(this.#durableNames, change)
    this.#nameChanges = []
    this.#names = new Map(this.#durableNames)
    for (const inode of new Set(this.#names.values())) {
      this.#forget(inode)
      inode.current = inode.durable.slice()
    }
  }

  /** The disk as one process has it: useless to it after a crash. */
  session(): Disk {
    const epoch = this.#epoch
    const alive = async () => {
      await Promise.resolve()
      if (epoch !== this.#epoch) throw failure('EIO', 'a disk of the past')
    }
    return {
      open: (path, mode) => alive().then(() => this.open(path, mode)),
      list: (directory) => alive().then(() => this.list(directory)),
      makeDirectory: () => alive().then(() => this.makeDirectory()),
      rename: (from, to) => alive().then(() => this.rename(from, to)),
      remove: (path) => alive().then(() => this.remove(path)),
      syncDirectory: (directory) => alive().then(() => this.syncDirectory(directory)),
    }
  }

  /**
   * What was written to the file and not synced is lost when the power goes, whatever is synced later:
   * after a failed sync a kernel takes the pages for clean. Until then a reader still finds it there.
   */
  loseUnsynced(path: string): void {
    const inode = this.#names.get(path)
    if (inode) this.#forget(inode)
  }

  /** The next `count` syncs of a file fail with EIO, and lose what they should have kept. */
  failNextSyncs(count: number): void {
    this.#failSyncs = count
  }

  failNextWrites(count: number): void {
    this.#failWrites = count
  }

  failNextReads(count: number): void {
    this.#failReads = count
  }

  /** After `count` more writes every operation fails, as in a process that is being killed. */
  dieAfterWrites(count: number): void {
    this.#crashAfterWrites = count
  }

  get isDying(): boolean {
    return this.#crashAfterWrites <= 0
  }

  /** Syncs wait for the returned release. */
  holdSyncs(): () => void {
    let release: () => void = () => {}
    this.#gate = new Promise((resolve) => {
      release = () => {
        this.#gate = undefined
        resolve()
      }
    })
    return () => release()
  }

  /** Rot: changes one bit in what is stored. */
  flipBit(path: string, byte: number, bit = 0): void {
    const inode = this.#inode(path)
    for (const bytes of [inode.current, inode.durable])
      if (byte < bytes.length) bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit)
  }

  /** A latent error: the sector at `byte` cannot be read any more, until it is written again. */
  spoil(path: string, byte: number): void {
    this.#inode(path).bad.add(Math.floor(byte / sectorBytes))
  }

  /** Whether some sector of a file in use is spoiled. */
  get isSpoiled(): boolean {
    return [...this.#names].some(([path, { bad }]) => bad.size > 0 && !path.endsWith('.damaged'))
  }

  /** Replaces bytes behind everybody's back; what is durable may be shorter than the file. */
  overwrite(path: string, position: number, bytes: Uint8Array): void {
    const inode = this.#inode(path)
    for (const target of [inode.current, inode.durable])
      if (position < target.length)
        target.set(bytes.subarray(0, target.length - position), position)
  }

  contents(path: string): Uint8Array {
    return this.#inode(path).current
  }

  paths(): string[] {
    return [...this.#names.keys()].sort()
  }

  /** As after `rm -rf`. */
  wipe(): void {
    this.#epoch += 1
    this.#names.clear()
    this.#durableNames.clear()
    this.#nameChanges = []
  }

  async open(path: string, mode: 'existing' | 'create'): Promise<DiskFile> {
    await Promise.resolve()
    this.#checkAlive()
    let inode = this.#names.get(path)
    if (mode === 'existing' && !inode) throw failure('ENOENT', path)
    if (mode === 'create') {
      if (inode) throw failure('EEXIST', path)
      const nothing = new Uint8Array(0)
      inode = { current: nothing, durable: nothing, unsynced: [], bad: new Set() }
      this.#change({ kind: 'link', path, inode })
    }
    return this.#file(path, inode as Inode)
  }

  async list(directory: string): Promise<string[]> {
    await Promise.resolve()
    this.#checkAlive()
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1))
      .sort()
  }

  async makeDirectory(): Promise<void> {
    await Promise.resolve()
    this.#checkAlive()
  }

  async rename(from: string, to: string): Promise<void> {
    await Promise.resolve()
    this.#checkAlive()
    this.#inode(from)
    this.#change({ kind: 'rename', from, to })
  }

  async remove(path: string): Promise<void> {
    await Promise.resolve()
    this.#checkAlive()
    this.bytesFree += this.#inode(path).current.length
    this.#change({ kind: 'unlink', path })
  }

  async syncDirectory(directory: string): Promise<void> {
    await Promise.resolve()
    this.#checkAlive()
    const rest: NameChange[] = []
    for (const change of this.#nameChanges) {
      const path = change.kind === 'rename' ? change.to : change.path
      if (dirname(path) === directory) applyName(this.#durableNames, change)
      else rest.push(change)
    }
    this.#nameChanges = rest
  }

  #file(path: string, inode: Inode): DiskFile {
    const epoch = this.#epoch
    let open = true
    /** Checked in the same step as the effect: a crash must not come between the two. */
    const check = () => {
      this.#checkAlive()
      if (!open) throw failure('EBADF', path)
      if (epoch !== this.#epoch) throw failure('EIO', `${path} (crashed)`)
    }
    return {
      write: async (position, chunks) => {
        await Promise.resolve()
        check()
        this.#write(path, inode, position, concat(chunks))
      },
      writeThrough: async (position, bytes) => {
        await Promise.resolve()
        check()
        this.#write(path, inode, position, bytes)
        await this.#gate
        await Promise.resolve()
        check()
        this.#syncRange(path, inode, position, bytes)
      },
      read: async (position, length) => {
        await Promise.resolve()
        check()
        if (this.#failReads > 0) {
          this.#failReads -= 1
          throw failure('EIO', path)
        }
        const end = Math.min(position + length, inode.current.length)
        for (const sector of inode.bad)
          if (sector * sectorBytes < end && (sector + 1) * sectorBytes > position)
            throw failure('EIO', path)
        return inode.current.slice(position, end)
      },
      sync: async () => {
        await this.#gate
        await Promise.resolve()
        check()
        this.#sync(path, inode)
      },
      truncate: async (length) => {
        await Promise.resolve()
        check()
        inode.current = resized(inode.current, length)
        inode.unsynced.push({ length })
      },
      size: async () => {
        await Promise.resolve()
        check()
        return inode.current.length
      },
      close: async () => {
        await Promise.resolve()
        open = false
      },
    }
  }

  #write(path: string, inode: Inode, position: number, bytes: Uint8Array): void {
    this.#crashAfterWrites -= 1
    if (this.#failWrites > 0) {
      this.#failWrites -= 1
      throw failure('EIO', path)
    }
    const growth = Math.max(0, position + bytes.length - inode.current.length)
    if (growth > this.bytesFree) throw failure('ENOSPC', path)
    this.bytesFree -= growth
    if (growth > 0) inode.current = resized(inode.current, position + bytes.length)
    inode.current.set(bytes, position)
    for (const sector of inode.bad)
      if (sector * sectorBytes < position + bytes.length && (sector + 1) * sectorBytes > position)
        inode.bad.delete(sector)
    inode.unsynced.push({ position, bytes })
  }

  #sync(path: string, inode: Inode): void {
    this.#startSync(path, inode)
    for (const write of inode.unsynced) {
      if ('length' in write) inode.durable = resized(inode.durable, write.length)
      else {
        const end = write.position + write.bytes.length
        if (end > inode.durable.length) inode.durable = resized(inode.durable, end)
        inode.durable.set(write.bytes, write.position)
      }
    }
    inode.unsynced = []
  }

  /** Makes these bytes durable, whatever else of the file still is not. */
  #syncRange(path: string, inode: Inode, position: number, bytes: Uint8Array): void {
    this.#startSync(path, inode)
    const end = position + bytes.length
    if (end > inode.durable.length) inode.durable = resized(inode.durable, end)
    inode.durable.set(bytes, position)
    // What was written there before and is still on its way must not come after it.
    inode.unsynced = inode.unsynced.filter(
      (write) => 'length' in write || overlay(write, position, bytes),
    )
  }

  #startSync(path: string, inode: Inode): void {
    this.syncs += 1
    if (this.#failSyncs === 0) return
    this.#failSyncs -= 1
    this.#forget(inode)
    throw failure('EIO', path)
  }

  #forget(inode: Inode): void {
    for (const write of inode.unsynced) this.#tear(inode, write)
    inode.unsynced = []
  }

  #checkAlive(): void {
    if (this.#crashAfterWrites <= 0) throw failure('EIO', 'the process is dying')
  }

  #tear(inode: Inode, write: Inode['unsynced'][number]): void {
    if ('length' in write) {
      if (this.#random.fraction() < this.survival)
        inode.durable = resized(inode.durable, write.length)
      return
    }
    const end = write.position + write.bytes.length
    for (let at = write.position; at < end; ) {
      const stop = Math.min(end, (Math.floor(at / sectorBytes) + 1) * sectorBytes)
      if (this.#random.fraction() < this.survival) {
        if (stop > inode.durable.length) inode.durable = resized(inode.durable, stop)
        inode.durable.set(write.bytes.subarray(at - write.position, stop - write.position), at)
      }
      at = stop
    }
  }

  #change(change: NameChange): void {
    applyName(this.#names, change)
    this.#nameChanges.push(change)
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path)
    if (!inode) throw failure('ENOENT', path)
    return inode
  }
}

function applyName(names: Map<string, Inode>, change: NameChange): void {
  if (change.kind === 'link') names.set(change.path, change.inode)
  else if (change.kind === 'unlink') names.delete(change.path)
  else {
    const inode = names.get(change.from)
    if (!inode) return
    names.delete(change.from)
    names.set(change.to, inode)
  }
}

/** Puts `bytes` over what a write has in the same place. Returns whether anything of it is left. */
function overlay(
  write: { position: number; bytes: Uint8Array },
  at: number,
  bytes: Uint8Array,
): boolean {
  const from = Math.max(at, write.position)
  const to = Math.min(at + bytes.length, write.position + write.bytes.length)
  if (from >= to) return true
  if (to - from === write.bytes.length) return false
  write.bytes = write.bytes.slice()
  write.bytes.set(bytes.subarray(from - at, to - at), from - write.position)
  return true
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const next = new Uint8Array(length)
  next.set(bytes.subarray(0, length))
  return next
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

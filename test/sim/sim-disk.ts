import type { Disk, DiskFile } from '../../src/base/disk.ts'
import type { Random } from '../../src/base/random.ts'
import type { SimulatedDisk } from '../contract/sim-disk.ts'
import type { SimProcess } from './sim-process.ts'

/** What one member's disk does wrong just now. */
export interface DiskTrouble {
  /** Mean of a read's or write's time. */
  latencyMs: number
  syncLatencyMs: number
  /** Chances per operation. */
  readErrors: number
  writeErrors: number
  syncErrors: number
}

export const healthyDisk: DiskTrouble = {
  latencyMs: 0.1,
  syncLatencyMs: 0.5,
  readErrors: 0,
  writeErrors: 0,
  syncErrors: 0,
}

/**
 * A process's view of its disk: every operation takes simulated time and may fail, and a process that
 * died meanwhile hears nothing. What was written is in the page cache at once; it is durable when the
 * sync is over.
 */
export class ProcessDisk implements Disk {
  readonly #process: SimProcess
  readonly #inner: SimulatedDisk
  readonly #random: Random
  readonly #trouble: () => DiskTrouble
  readonly #writesThrough: boolean
  readonly #now: () => number
  /** When all that was asked of it so far will be done. */
  busyUntilMs = 0
  /** Whose last read failed: an error that passes by does not come twice in a row. */
  readonly #failedReads = new Set<string>()

  /** `writesThrough`: whether its files can write and sync in one operation, as O_DSYNC does. */
  constructor(
    process: SimProcess,
    inner: SimulatedDisk,
    random: Random,
    trouble: () => DiskTrouble,
    writesThrough: boolean,
    now: () => number,
  ) {
    this.#process = process
    this.#inner = inner
    this.#random = random
    this.#trouble = trouble
    this.#writesThrough = writesThrough
    this.#now = now
  }

  async open(path: string, mode: 'existing' | 'create'): Promise<DiskFile> {
    await this.#take(this.#trouble().latencyMs)
    return this.#file(await this.#inner.open(path, mode), path)
  }

  async list(directory: string): Promise<string[]> {
    await this.#take(this.#trouble().latencyMs)
    return this.#inner.list(directory)
  }

  async makeDirectory(): Promise<void> {
    await this.#inner.makeDirectory()
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#take(this.#trouble().latencyMs)
    await this.#inner.rename(from, to)
  }

  async remove(path: string): Promise<void> {
    await this.#take(this.#trouble().latencyMs)
    await this.#inner.remove(path)
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#take(this.#trouble().syncLatencyMs)
    this.#maybeFail(this.#trouble().syncErrors, directory)
    await this.#inner.syncDirectory(directory)
  }

  #file(file: DiskFile, path: string): DiskFile {
    const write = async (position: number, chunks: readonly Uint8Array[]) => {
      this.#maybeFail(this.#trouble().writeErrors, path)
      const written = file.write(position, chunks)
      written.catch(() => {})
      await this.#take(this.#trouble().latencyMs)
      await written
    }
    return {
      write,
      ...(this.#writesThrough && {
        writeThrough: async (position: number, bytes: Uint8Array) => {
          await write(position, [bytes])
          await this.#take(this.#trouble().syncLatencyMs)
          this.#maybeLose(path)
          await file.writeThrough?.(position, bytes)
        },
      }),
      read: async (position, length) => {
        await this.#take(this.#trouble().latencyMs)
        if (!this.#failedReads.delete(path)) {
          this.#failedReads.add(path)
          this.#maybeFail(this.#trouble().readErrors, path)
          this.#failedReads.delete(path)
        }
        return file.read(position, length)
      },
      sync: async () => {
        await this.#take(this.#trouble().syncLatencyMs)
        this.#maybeLose(path)
        await file.sync()
      },
      truncate: async (length) => {
        await file.truncate(length)
        await this.#take(this.#trouble().latencyMs)
      },
      size: () => file.size(),
      close: () => file.close(),
    }
  }

  /** Resolves after about `meanMs`, or never when the process dies first. */
  #take(meanMs: number): Promise<void> {
    const tookMs = meanMs * (0.2 + 1.6 * this.#random.fraction())
    this.busyUntilMs = Math.max(this.busyUntilMs, this.#now() + tookMs)
    return new Promise((resolve) => {
      this.#process.later(tookMs, resolve)
    })
  }

  /** A sync that fails takes along what it should have kept. */
  #maybeLose(path: string): void {
    try {
      this.#maybeFail(this.#trouble().syncErrors, path)
    } catch (error) {
      this.#inner.loseUnsynced(path)
      throw error
    }
  }

  #maybeFail(chance: number, path: string): void {
    if (chance > 0 && this.#random.fraction() < chance)
      throw Object.assign(new Error(`EIO: ${path}`), { code: 'EIO' })
  }
}

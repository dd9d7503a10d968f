import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { DiskFile } from '../../src/base/disk.ts'
import { systemDisk } from '../../src/base/system-disk.ts'

/**
 * Loaded into every thread of a cluster's processes by NODE_OPTIONS: what is written to the disk of a master
 * becomes durable no sooner than the file of its name is gone, as with a disk that stalls.
 */
const trigger = process.env['KIJABI_TEST_STALL']
const { open, syncDirectory } = systemDisk

/** `…/masters/m1/…` is of m1's disk. */
async function stall(path: string): Promise<void> {
  const name = /[/\\]masters[/\\]([^/\\]+)/.exec(path)?.[1]
  while (name !== undefined && existsSync(`${trigger}-${name}`)) await delay(5)
}

function stalling(path: string, file: DiskFile): DiskFile {
  const sync = file.sync.bind(file)
  file.sync = () => stall(path).then(sync)
  const through = file.writeThrough?.bind(file)
  if (through)
    file.writeThrough = (position, bytes) => stall(path).then(() => through(position, bytes))
  return file
}

if (trigger !== undefined)
  Object.assign(systemDisk, {
    open: async (path: string, mode: 'existing' | 'create') =>
      stalling(path, await open.call(systemDisk, path, mode)),
    syncDirectory: async (directory: string) => {
      await stall(directory)
      await syncDirectory.call(systemDisk, directory)
    },
  })

import {
  chmod,
  chown,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VolumeFile } from './volume-files.ts'

/**
 * Replaces all files of a directory at once (pkg/volume/util/atomic_writer.go): the files lie in a
 * directory of their own, `..data` is a link to it, and the visible names are links through `..data`. A
 * reader sees the old set or the new one, never a mixture. `stamp` must be new at every call.
 */
export async function writeAtomicDirectory(
  directory: string,
  files: ReadonlyMap<string, VolumeFile>,
  stamp: string,
  group: number | undefined,
): Promise<void> {
  const fresh = `..${stamp}`
  await mkdir(directory, { recursive: true, mode: 0o755 })
  await mkdir(join(directory, fresh), { mode: 0o755 })
  for (const [path, file] of files) {
    const target = join(directory, fresh, path)
    await mkdir(dirname(target), { recursive: true, mode: 0o755 })
    await writeFile(target, file.bytes, { mode: 0o600 })
    // The group reads what its fsGroup asked for; chmod comes after, for umask would narrow it.
    if (group !== undefined) await chown(target, 0, group)
    await chmod(target, group === undefined ? file.mode : file.mode | 0o040)
  }
  const data = join(directory, '..data')
  const previous = await readlink(data).catch(() => undefined)
  await symlink(fresh, `${data}_tmp`).catch(async () => {
    await rm(`${data}_tmp`, { force: true })
    await symlink(fresh, `${data}_tmp`)
  })
  await rename(`${data}_tmp`, data)
  const visible = new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''))
  const there = await readdir(directory)
  for (const name of visible)
    if (!there.includes(name)) await symlink(join('..data', name), join(directory, name))
  for (const name of there)
    if (!name.startsWith('..') && !visible.has(name)) await rm(join(directory, name))
  const stale = there.filter((name) => name.startsWith('..') && name !== '..data' && name !== fresh)
  for (const name of stale)
    if (name === previous || name !== `..data_tmp`)
      await rm(join(directory, name), { recursive: true, force: true })
}

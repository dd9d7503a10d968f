import { spawn } from 'node:child_process'
import { readFile, realpath } from 'node:fs/promises'
import { sep } from 'node:path'

/** File systems in memory for volumes whose medium that is. */
export interface MemoryMounts {
  /** Nothing happens when there is one already. */
  mount(path: string, bytesMax: number | undefined): Promise<void>
  /** Takes away all at or under a directory. */
  unmountUnder(directory: string): Promise<void>
}

/** Those of this host's kernel; only root may make any. */
export const hostMemoryMounts: MemoryMounts = {
  mount: async (path, bytesMax) => {
    if (tmpfsUnder(await mountInfo(), await realpath(path)).includes(await realpath(path))) return
    const size = bytesMax === undefined ? '' : `size=${bytesMax},`
    await run('mount', ['-t', 'tmpfs', '-o', `${size}nosuid,nodev,mode=0777`, 'tmpfs', path])
  },
  unmountUnder: async (directory) => {
    const root = await realpath(directory).catch(() => undefined)
    if (root === undefined) return
    // The innermost first.
    const found = [...tmpfsUnder(await mountInfo(), root)].sort().reverse()
    for (const path of found) await run('umount', [path])
  },
}

/** The same, where this process may not mount: such a volume is a directory on disk. */
export function memoryMountsOfProcess(): MemoryMounts | undefined {
  return process.getuid?.() === 0 ? hostMemoryMounts : undefined
}

function mountInfo(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
}

/** PURE: mount points of tmpfs at or under a directory (proc(5), mountinfo; odd characters in octal). */
export function tmpfsUnder(mountinfo: string, directory: string): readonly string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    const [path = '', type] = [fields[4], fields[fields.indexOf('-') + 1]]
    const plain = path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const inside = plain === directory || plain.startsWith(directory + sep)
    return type === 'tmpfs' && inside ? [plain] : []
  })
}

function run(program: string, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 1024) said += chunk.toString('utf8')
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${program}: ${said.trim() || `exit code ${code}`}`))
    })
  })
}

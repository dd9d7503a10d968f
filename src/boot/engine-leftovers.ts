import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * What a private engine leaves when it was killed itself: the shims of its containers with what runs in
 * them, and mounts. A restarted engine does not find all of them again.
 */
export function endEngineProcesses(engineBase: string): void {
  const all = processes()
  const shims = all.filter((one) => one.command.includes(`${engineBase}/exec/`))
  const doomed = new Set(shims.map((one) => one.pid))
  // Children come after their parents only in a listing that was sorted so: until none is added.
  for (let size = -1; size !== doomed.size; ) {
    size = doomed.size
    for (const { pid, parent } of all) if (doomed.has(parent)) doomed.add(pid)
  }
  for (const pid of doomed)
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

/** Unmounts everything at and under these directories, the innermost first. */
export function unmountUnder(...directories: readonly string[]): void {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => directories.some((one) => point === one || point.startsWith(`${one}/`)))
  for (const point of points.reverse()) spawnSync('umount', [point])
}

interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

function processes(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const directory = `/proc/${name}`
      try {
        const command = readFileSync(`${directory}/cmdline`, 'utf8').replaceAll('\0', ' ')
        // The name in parentheses may hold anything.
        const stat = readFileSync(`${directory}/stat`, 'utf8').replace(/^.*\) /s, '')
        return [{ pid: Number(name), parent: Number(stat.split(' ')[1]), command }]
      } catch {
        // It ended while we looked.
        return []
      }
    })
}

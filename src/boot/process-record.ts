import { readFileSync } from 'node:fs'
import { type Clock, delay } from '../base/clock.ts'

/**
 * Processes are ended by pid, and only when the pid still belongs to what was started: its command
 * line must contain `mark` (a data directory, a program's name), because pids are used again.
 */
export function processIsAlive(pid: number, mark: string): boolean {
  if (pid <= 1) return false
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
    return state !== 'Z' && command.includes(mark)
  } catch {
    // No such file: no such process.
    return false
  }
}

/** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone. */
export async function stopProcess(
  pid: number,
  mark: string,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const startedMs = clock.monotonicMs()
  signalProcess(pid, 'SIGTERM')
  let killed = false
  while (processIsAlive(pid, mark)) {
    if (!killed && clock.monotonicMs() - startedMs > graceMs) {
      signalProcess(pid, 'SIGKILL')
      killed = true
    }
    await delay(clock, 20)
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

import { readFileSync } from 'node:fs'
import { type Clock, delay } from '../base/clock.ts'

/** One that ends does nothing any more, but holds its ports, locks and files until its last thread is gone. */
export type ProcessState = 'runs' | 'ends' | 'gone'

/**
 * Processes are ended by pid, and only when the pid still belongs to what was started: its command
 * line must contain `mark` (a data directory, a program's name), because pids are used again.
 */
export function processState(pid: number, mark: string): ProcessState {
  if (pid <= 1) return 'gone'
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return stateIn(command, readFileSync(`/proc/${pid}/stat`, 'utf8'), mark)
  } catch {
    // No such file: no such process.
    return 'gone'
  }
}

export function processIsAlive(pid: number, mark: string): boolean {
  return processState(pid, mark) === 'runs'
}

const pollMs = 20
/** Set from the moment on at which a thread begins to end (include/linux/sched.h). */
const flagExiting = 0x4

/**
 * What /proc says of a process (proc_pid_stat(5)). The first thread of one that ends gives its memory back,
 * and with it the command line, before the others are gone.
 */
export function stateIn(command: string, stat: string, mark: string): ProcessState {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Fields 9 and 20, counted from 1 with the pid and the name before the state.
  const [flags, threads] = [Number(fields[5]), Number(fields[16])]
  if (state === 'Z' || state === 'X') return threads > 1 ? 'ends' : 'gone'
  if (command === '') return (flags & flagExiting) === 0 ? 'gone' : 'ends'
  return command.includes(mark) ? 'runs' : 'gone'
}

/** Resolves when a process that has ended, or is about to, holds nothing any more. */
export async function untilGone(pid: number, mark: string, clock: Clock): Promise<void> {
  while (processState(pid, mark) !== 'gone') await delay(clock, pollMs)
}

/** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone. */
export async function stopProcess(
  pid: number,
  mark: string,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const startedMs = clock.monotonicMs()
  let sent: NodeJS.Signals | undefined
  for (;;) {
    const state = processState(pid, mark)
    if (state === 'gone') return
    const due = clock.monotonicMs() - startedMs > graceMs ? 'SIGKILL' : 'SIGTERM'
    if (state === 'runs' && sent !== due) {
      signalProcess(pid, due)
      sent = due
    }
    await delay(clock, pollMs)
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

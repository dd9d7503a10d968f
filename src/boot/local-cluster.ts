import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { present } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import {
  type ClusterDirectory,
  type ResolvedCluster,
  writeAtomically,
} from './config/cluster-directory.ts'
import { processState, stopProcess } from './process-record.ts'
import { exitCodes } from './shutdown.ts'

/**
 * Runs the members of a cluster as processes of their own on this host and, like any supervisor, starts
 * again what dies by itself, with a growing pause. What ends with the configuration exit code is left
 * alone: trying again cannot help, and its message must stay readable.
 */
export interface LocalClusterOptions {
  readonly directory: ClusterDirectory
  readonly cluster: ResolvedCluster
  readonly clock: Clock
  /** False leaves dead members dead: the failover demo returns them itself. */
  readonly restart: boolean
  readonly onMember: (event: MemberEvent) => void
}

export interface MemberEvent {
  readonly name: string
  readonly event: 'started' | 'ended' | 'restarting' | 'gave-up'
  readonly pid: number
  readonly detail: string
}

interface Member {
  readonly name: string
  readonly role: 'master' | 'worker'
  process: ChildProcess | undefined
  startedMs: number
  pauseMs: number
  restartTimer: Timer | undefined
  stopping: boolean
  /** Where this start's output begins in the log. */
  logOffset: number
}

/**
 * Members share this host: V8's helper threads would take the processor from the Raft threads, and
 * a large young generation is memory that the kernel has to free before a killed member's sockets
 * close, which is what an election waits for.
 */
export const nodeFlags: readonly string[] = [
  '--enable-source-maps',
  '--v8-pool-size=2',
  '--max-semi-space-size=4',
]

const firstPauseMs = 250
const pauseMsMax = 10_000
/** A member that ran for so long begins again with the shortest pause. */
const healthyAfterMs = 30_000
/** More than members give themselves. */
const stopGraceMs = 16_000

export class LocalCluster {
  readonly #options: LocalClusterOptions
  readonly #members = new Map<string, Member>()

  constructor(options: LocalClusterOptions) {
    this.#options = options
    const add = (name: string, role: Member['role']) =>
      this.#members.set(name, {
        ...{ name, role, process: undefined, startedMs: 0, pauseMs: firstPauseMs },
        ...{ restartTimer: undefined, stopping: false, logOffset: 0 },
      })
    for (const master of options.cluster.masters) add(master.name, 'master')
    for (const worker of options.cluster.workers) add(worker.name, 'worker')
  }

  startAll(): void {
    for (const name of this.#members.keys()) this.start(name)
  }

  start(name: string): void {
    const member = this.#member(name)
    if (member.process) return
    const { directory, clock } = this.#options
    const logFile = directory.path('logs', `${name}.log`)
    const log = openSync(logFile, 'a')
    member.logOffset = sizeOf(logFile)
    member.stopping = false
    member.startedMs = clock.monotonicMs()
    const child = spawn(
      process.execPath,
      [
        ...[...nodeFlags, join(import.meta.dirname, 'main.js'), member.role],
        ...['--config', directory.clusterFile, '--name', name],
      ],
      // Own process group: Ctrl-C reaches the supervisor alone, which stops members in order.
      { stdio: ['ignore', log, log], detached: true },
    )
    closeSync(log)
    member.process = child
    const pid = child.pid ?? 0
    writeAtomically(recordFile(directory, name), JSON.stringify({ pid }), 0o644)
    child.once('exit', (code, signal) => this.#ended(member, pid, code, signal))
    child.once('error', (error) => this.#ended(member, pid, null, error.message))
    this.#options.onMember({ name, event: 'started', pid, detail: logFile })
  }

  /** Sends a signal to a member: faults of the demo and of tests. Resolves when it has ended. */
  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#member(name).process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }

  pid(name: string): number | undefined {
    return this.#member(name).process?.pid
  }

  /** Workers first, so that they can say goodbye to a living API; then masters, all at once. */
  async stop(): Promise<void> {
    await this.#stopRole('worker')
    await this.#stopRole('master')
  }

  async #stopRole(role: Member['role']): Promise<void> {
    const { directory, clock } = this.#options
    await Promise.all(
      [...this.#members.values()]
        .filter((member) => member.role === role)
        .map(async (member) => {
          member.stopping = true
          member.restartTimer?.cancel()
          const pid = member.process?.pid
          if (pid) await stopProcess(pid, directory.clusterFile, stopGraceMs, clock)
          rmSync(recordFile(directory, member.name), { force: true })
        }),
    )
  }

  #ended(member: Member, pid: number, code: number | null, signal: string | null): void {
    if (!member.process) return
    member.process = undefined
    const { clock, onMember } = this.#options
    const { name } = member
    onMember({ name, event: 'ended', pid, detail: signal ?? `exit code ${code}` })
    if (member.stopping || !this.#options.restart) return
    if (code === exitCodes.configuration) {
      onMember({ name, event: 'gave-up', pid, detail: this.lastWords(name) })
      return
    }
    if (clock.monotonicMs() - member.startedMs > healthyAfterMs) member.pauseMs = firstPauseMs
    onMember({ name, event: 'restarting', pid, detail: `in ${member.pauseMs} ms` })
    member.restartTimer = clock.after(member.pauseMs, () => this.start(name))
    member.pauseMs = Math.min(member.pauseMs * 2, pauseMsMax)
  }

  /** What a member wrote last, since its last start. */
  lastWords(name: string): string {
    const text = readFileSync(this.#options.directory.path('logs', `${name}.log`))
    const lines = text.subarray(this.#member(name).logOffset).toString('utf8').trim().split('\n')
    return lines.slice(-4).join('\n')
  }

  #member(name: string): Member {
    return present(this.#members.get(name), `member ${name}`)
  }
}

/** Ends members of an earlier supervisor that died without stopping them. */
export async function stopStrayMembers(
  directory: ClusterDirectory,
  clock: Clock,
): Promise<string[]> {
  if (!directory.exists) return []
  const cluster = directory.readCluster()
  const names = [...cluster.workers, ...cluster.masters].map((one) => one.name)
  const stopped: string[] = []
  for (const name of names) {
    const pid = readRecord(directory, name)
    if (pid === undefined) continue
    const state = processState(pid, directory.clusterFile)
    await stopProcess(pid, directory.clusterFile, stopGraceMs, clock)
    if (state === 'runs') stopped.push(name)
    rmSync(recordFile(directory, name), { force: true })
  }
  return stopped
}

/** The pid that a member or the supervisor was started with, whether it lives or not. */
export function readRecord(directory: ClusterDirectory, name: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(recordFile(directory, name), 'utf8')) as { pid: number }).pid
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function recordFile(directory: ClusterDirectory, name: string): string {
  return directory.path('run', `${name}.json`)
}

function sizeOf(file: string): number {
  return statSync(file).size
}

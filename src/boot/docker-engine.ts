import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { type Clock, delay } from '../base/clock.ts'
import type { ClusterDirectory } from './config/cluster-directory.ts'
import { writeAtomically } from './config/cluster-directory.ts'
import { ConfigError } from './config/config-error.ts'
import { endEngineProcesses, unmountUnder } from './engine-leftovers.ts'
import { rememberRules, removeRules, restoreRules } from './engine-rules.ts'
import { stopProcess } from './process-record.ts'

/**
 * Where containers run. In this order: an engine that answers; a private one under the data directory,
 * when root has `dockerd`; the same after installing it with apt, when that is allowed; else none, and
 * the caller takes the sim runtime.
 */
export interface EngineRequest {
  readonly directory: ClusterDirectory
  readonly clusterId: string
  readonly mayInstall: boolean
  readonly clock: Clock
  readonly say: (line: string) => void
}

const engineStartMs = 60_000
const run = promisify(execFile)

/** The socket of an engine that answers, or undefined when none can be had. */
export async function findEngine(options: EngineRequest): Promise<string | undefined> {
  const own = engineSocket(options.clusterId)
  for (const socket of [own, ...systemSockets()]) if (await engineAnswers(socket)) return socket
  if (process.getuid?.() !== 0) return undefined
  if (!onPath('dockerd')) {
    if (!options.mayInstall || !onPath('apt-get')) return undefined
    await installEngine(options)
  }
  return startPrivateEngine(options)
}

/** Packages for the data plane, where the engine was there but nftables is not. */
export async function ensureNftables(options: EngineRequest): Promise<void> {
  if (onPath('nft') || process.getuid?.() !== 0 || !options.mayInstall || !onPath('apt-get')) return
  options.say('installing nftables with apt-get (--no-install forbids it)')
  await apt(['install', '-y', '--no-install-recommends', 'nftables'])
}

async function installEngine(options: EngineRequest): Promise<void> {
  options.say(
    'no Docker here: installing docker.io and nftables with apt-get (--no-install forbids it)',
  )
  await apt(['update'])
  // Debian starts the service at install where systemd runs; where it does not, a private engine follows.
  await apt(['install', '-y', '--no-install-recommends', 'docker.io', 'nftables', 'iptables'])
}

async function apt(parameters: string[]): Promise<void> {
  try {
    await run('apt-get', parameters, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 64 * 1024 * 1024,
    })
  } catch (error) {
    const tail = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split('\n')
      .at(-1)
    throw new ConfigError(
      `apt-get ${parameters[0]} failed: ${tail}`,
      'install docker.io and nftables by hand, or start with --runtime sim',
    )
  }
}

async function startPrivateEngine(options: EngineRequest): Promise<string> {
  const { directory, clusterId, clock } = options
  const base = engineBase(clusterId)
  mkdirSync(directory.path('docker'), { recursive: true })
  removeLeftovers(directory, clusterId)
  mkdirSync(base, { recursive: true, mode: 0o711 })
  const rulesBefore = rememberRules()
  const log = openSync(directory.path('logs', 'dockerd.log'), 'a')
  options.say('starting a private Docker engine')
  const child = spawn(
    'dockerd',
    [
      ...['--data-root', directory.path('docker', 'data')],
      ...['--exec-root', `${base}/exec`, '--pidfile', `${base}/docker.pid`],
      ...['--host', `unix://${engineSocket(clusterId)}`],
      // Pods get a network of their own; docker0 could belong to another engine.
      ...['--bridge', 'none', '--log-level', 'warn'],
    ],
    { stdio: ['ignore', log, log], detached: true },
  )
  closeSync(log)
  let exited: string | undefined
  child.once('error', (error) => (exited = error.message))
  child.once('exit', (code, signal) => (exited = `ended with ${signal ?? `code ${code}`}`))
  const record: EngineRecord = { pid: child.pid ?? 0 }
  writeAtomically(engineRecordFile(directory), JSON.stringify(record), 0o644)
  child.unref()
  const startedMs = clock.monotonicMs()
  while (clock.monotonicMs() - startedMs < engineStartMs && exited === undefined) {
    if (await engineAnswers(engineSocket(clusterId))) {
      restoreRules(rulesBefore)
      return engineSocket(clusterId)
    }
    await delay(clock, 100)
  }
  throw new ConfigError(
    `dockerd ${exited ?? `did not answer within ${engineStartMs / 1000} s`}: ${lastLine(directory)}`,
    `read ${directory.path('logs', 'dockerd.log')}, or start with --runtime sim`,
  )
}

interface EngineRecord {
  readonly pid: number
}

/** A private engine that was killed has left containers and networks: only itself can remove them. */
export async function revivePrivateEngine(options: EngineRequest): Promise<void> {
  const { directory, clusterId } = options
  if (!existsSync(engineRecordFile(directory)) || !onPath('dockerd')) return
  if (!(await engineAnswers(engineSocket(clusterId)))) await startPrivateEngine(options)
}

/** Stops the private engine of this cluster, if this program started one, and its firewall rules. */
export async function stopPrivateEngine(
  directory: ClusterDirectory,
  clusterId: string,
  clock: Clock,
): Promise<void> {
  const file = engineRecordFile(directory)
  if (!existsSync(file)) return
  const record = JSON.parse(readFileSync(file, 'utf8')) as EngineRecord
  await stopProcess(record.pid, 'dockerd', 20_000, clock)
  removeLeftovers(directory, clusterId)
  removeRules(engineBase(clusterId))
  rmSync(file)
}

/** Pid files too: an engine that finds one of a pid in use again refuses to start. */
function removeLeftovers(directory: ClusterDirectory, clusterId: string): void {
  const base = engineBase(clusterId)
  endEngineProcesses(base)
  unmountUnder(directory.path('docker', 'data'), base)
  rmSync(base, { recursive: true, force: true })
}

/** True when a Docker engine answers a ping there. */
export function engineAnswers(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    if (!existsSync(socketPath)) return done(false)
    const ping = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume()
      response.once('end', () => done(response.statusCode === 200))
    })
    ping.once('timeout', () => ping.destroy(new Error('no answer')))
    ping.once('error', () => done(false))
    ping.end()
  })
}

function systemSockets(): string[] {
  const named = process.env['DOCKER_HOST']
  return named?.startsWith('unix://') ? [named.slice('unix://'.length)] : ['/var/run/docker.sock']
}

/** Unix socket paths end at 107 bytes, so the engine's do not go into the data directory. */
function engineBase(clusterId: string): string {
  return `/run/kijabi-${clusterId}`
}

function engineSocket(clusterId: string): string {
  return `${engineBase(clusterId)}/docker.sock`
}

function engineRecordFile(directory: ClusterDirectory): string {
  return directory.path('run', 'docker.json')
}

function onPath(program: string): boolean {
  const places = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return places.some((place) => place !== '' && existsSync(`${place}/${program}`))
}

function lastLine(directory: ClusterDirectory): string {
  const text = readFileSync(directory.path('logs', 'dockerd.log'), 'utf8').trim()
  return text.split('\n').at(-1) ?? ''
}

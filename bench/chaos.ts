import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock, delay } from '../src/base/clock.ts'
import { type Random, SeededRandom } from '../src/base/random.ts'
import { Scope } from '../src/base/scope.ts'
import { isStatus } from '../src/base/status.ts'
import { adminTransport } from '../src/boot/admin-client.ts'
import { ClusterDirectory } from '../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../src/boot/config/config.ts'
import { Background } from '../src/boot/demo/background.ts'
import { WriteLedger } from '../src/boot/demo/ledger.ts'
import { waitUntil } from '../src/boot/demo/wait-until.ts'
import { firstRevision, startWatcher } from '../src/boot/demo/watcher.ts'
import { isPassing, presentNumbers, startWriter } from '../src/boot/demo/writer.ts'
import { clusterStatus } from '../src/boot/status.ts'
import { type Boot, supervise } from '../src/boot/supervise.ts'
import { createClient } from '../src/client/client.ts'
import { configMaps } from '../src/client/resources.ts'
import type { Client } from '../src/client/typed.ts'
import { type Watched, watchViolations } from '../test/contract/watch-histories.ts'
import { checkRegister, type Operation, type Verdict } from '../test/sim/linearizability.ts'
import { listed, recordWatch } from './load/chaos-watchers.ts'
import { option } from './load/figures.ts'

/**
 * Three real masters under random SIGKILL, SIGSTOP and SIGCONT of one, two or all of them, while
 * writers, readers and watchers go on. What was acknowledged must be there, every watch event must
 * come once, and the registers' histories must be linearizable.
 */
export interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
  readonly say: (line: string) => void
}

export interface ChaosFigures {
  readonly seed: number
  readonly rounds: number
  readonly kills: number
  readonly pauses: number
  readonly recoveryMs: { readonly p50: number; readonly max: number }
  readonly writesAcknowledged: number
  readonly writesLost: number
  readonly duplicateOrLostWatchEvents: number
  /** Of watchers of everything, one at each master and one at the address that outlives them. */
  readonly watchedEvents: number
  readonly watchViolations: readonly string[]
  readonly registerOperations: number
  readonly registers: Readonly<Record<Verdict, number>>
}

const namespace = 'default'
const settleMsMax = 60_000
const requestMs = 4_000
const registerCount = 4
const violationsShownMax = 20
const registerPauseMs = 25

export async function run(args: readonly string[]): Promise<object> {
  const rounds = option(args, '--rounds', 20)
  const seed = option(args, '--seed', Math.floor(clock.wallMs() % 1e9))
  const figures = await chaos({ rounds, seed, say: (line) => process.stderr.write(`${line}\n`) })
  if (!isClean(figures)) process.exitCode = 1
  return figures
}

/** Whether nothing was lost, repeated or out of order. */
export function isClean(figures: ChaosFigures): boolean {
  const { writesLost, duplicateOrLostWatchEvents, watchViolations, registers } = figures
  const wrong = watchViolations.length + registers['not linearizable']
  return writesLost + duplicateOrLostWatchEvents + wrong === 0
}

export async function chaos(options: ChaosOptions): Promise<ChaosFigures> {
  options.say(`seed ${options.seed}`)
  const root = mkdtempSync(join(tmpdir(), 'kijabi-chaos-'))
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the benchmark'),
    flags: { masters: 3, workers: 0, apiPort: 0, install: false },
    say: options.say,
    restart: false,
  })
  try {
    return await storm(boot, options)
  } finally {
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

async function storm(boot: Boot, { rounds, seed, say }: ChaosOptions): Promise<ChaosFigures> {
  const random = new SeededRandom(seed)
  const scope = boot.scope.child('chaos')
  const transport = adminTransport(boot.directory, [boot.cluster.apiAddress], requestMs)
  scope.onClose('client', () => transport.close())
  const client = createClient(transport)
  const ledger = new WriteLedger()
  const histories = new Map<string, Operation[]>()
  const load = new Scope()
  const background = new Background(scope)
  await makeRegisters(client, histories)
  const first = await listed(client, namespace)
  const watched = boot.cluster.masters.map((): Watched[] => []).concat([[]])
  for (const [at, history] of watched.entries()) {
    const { apiAddress } = boot.cluster.masters[at] ?? boot.cluster
    const own = adminTransport(boot.directory, [apiAddress], requestMs)
    scope.onClose('watcher', () => own.close())
    const watching = { client: createClient(own), namespace, clock }
    void background.run(recordWatch(watching, first.revision, history, scope))
  }
  const numbered = { client, namespace, ledger, clock }
  const from = await firstRevision(numbered)
  void background.run(startWatcher(numbered, from, scope))
  const writing = background.run(startWriter({ ...numbered, lanes: 3, pauseMs: 5 }, load))
  const using = [...histories].flatMap(([name, history]) =>
    [1, 2, 3].map((user) => background.run(useRegister(client, name, history, user, load))),
  )
  const counts = { kills: 0, pauses: 0 }
  const recoveriesMs: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const what = await strike(boot, random, counts, scope)
    const endedMs = clock.wallMs()
    const recoveryMs = await waitUntil(clock, settleMsMax, scope.signal, () =>
      ledger.firstWriteAfter(endedMs),
    )
    if (recoveryMs === undefined) throw new Error(`seed ${seed}: no write after ${what}`)
    recoveriesMs.push(recoveryMs)
    await settled(boot, scope)
    say(`round ${round}: ${what}; the next write after ${recoveryMs} ms`)
  }
  await load.close()
  await Promise.all([writing, ...using])
  const present = await presentNumbers(client, namespace)
  await waitUntil(clock, 20_000, scope.signal, () => (ledger.sawAll(present) ? true : undefined))
  const { writesAcknowledged, writesLost, duplicateOrLostWatchEvents } = ledger.verdict(present)
  const last = await listed(client, namespace)
  const end = Math.max(...[...last.objects.values()].map(({ revision }) => revision))
  await waitUntil(clock, 20_000, scope.signal, () =>
    watched.every((history) => (history.at(-1)?.revision ?? 0) >= end) ? true : undefined,
  )
  await scope.close()
  await background.end()
  const sorted = recoveriesMs.toSorted((left, right) => left - right)
  return {
    ...{ seed, rounds, ...counts },
    recoveryMs: { p50: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 },
    ...{ writesAcknowledged, writesLost, duplicateOrLostWatchEvents },
    watchedEvents: watched.reduce((sum, history) => sum + history.length, 0),
    watchViolations: watchViolations(watched, first, last).slice(0, violationsShownMax),
    registerOperations: [...histories.values()].reduce((sum, one) => sum + one.length, 0),
    registers: verdicts(histories),
  }
}

/** One, two or all masters are killed or paused for a while, each on its own. */
async function strike(
  boot: Boot,
  random: Random,
  counts: { kills: number; pauses: number },
  scope: Scope,
): Promise<string> {
  const names = boot.cluster.masters.map(({ name }) => name)
  const count = random.integer(1, names.length + 1)
  while (names.length > count) names.splice(random.integer(0, names.length), 1)
  const told = names.map(async (name) => {
    const kills = random.fraction() < 0.6
    const [beforeMs, forMs] = [random.integer(0, 300), random.integer(50, 1_500)]
    await delay(clock, beforeMs, scope.signal)
    await boot.members.kill(name, kills ? 'SIGKILL' : 'SIGSTOP')
    await delay(clock, forMs, scope.signal)
    if (kills) boot.members.start(name)
    else await boot.members.kill(name, 'SIGCONT')
    counts[kills ? 'kills' : 'pauses'] += 1
    return `${name} ${kills ? 'killed' : 'paused'} for ${forMs} ms`
  })
  return (await Promise.all(told)).join(', ')
}

async function settled(boot: Boot, scope: Scope): Promise<void> {
  const whole = await waitUntil(clock, settleMsMax, scope.signal, async () => {
    const { members, leader } = await clusterStatus(boot.directory, boot.cluster)
    const inStep = members.every((one) => one.healthy && one.lag < 200)
    return leader !== null && inStep ? true : undefined
  })
  if (!whole) throw new Error('the cluster did not become whole again')
}

async function makeRegisters(client: Client, histories: Map<string, Operation[]>): Promise<void> {
  for (let at = 0; at < registerCount; at += 1) {
    const name = `register-${at}`
    await makeRegister(client, name)
    histories.set(name, [])
  }
}

/** An answer may be lost before the storm, too, where many processes share a machine. */
async function makeRegister(client: Client, name: string): Promise<void> {
  const made = await waitUntil(clock, settleMsMax, new AbortController().signal, async () => {
    try {
      await configMaps(client).create(namespace, { metadata: { name }, data: { value: '' } })
      return true
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return true
      if (!isPassing(error)) throw error
      return undefined
    }
  })
  if (!made) throw new Error(`${name} could not be made`)
}

/** Reads and writes one register until the scope closes. Every value is written once. */
async function useRegister(
  client: Client,
  name: string,
  history: Operation[],
  user: number,
  scope: Scope,
): Promise<void> {
  for (let turn = 1; !scope.closed; turn += 1) {
    const value = `${user}.${turn}`
    const writes = (turn + user) % 3 === 0
    const invokedAt = clock.monotonicMs()
    try {
      if (writes) {
        await configMaps(client).update({ metadata: { name, namespace }, data: { value } })
        const returnedAt = clock.monotonicMs()
        history.push({ invokedAt, returnedAt, action: { kind: 'write', value } })
      } else {
        const { data } = await configMaps(client).get(namespace, name)
        const action = { kind: 'read', value: data?.['value'] ?? '' } as const
        history.push({ invokedAt, returnedAt: clock.monotonicMs(), action })
      }
    } catch (error) {
      if (!isPassing(error)) throw error
      const returnedAt = Number.POSITIVE_INFINITY
      if (writes) history.push({ invokedAt, returnedAt, action: { kind: 'write', value } })
    }
    await delay(clock, registerPauseMs, scope.signal).catch(() => {})
  }
}

function verdicts(histories: ReadonlyMap<string, readonly Operation[]>) {
  const found: Record<Verdict, number> = { linearizable: 0, 'not linearizable': 0, undecided: 0 }
  for (const history of histories.values()) found[checkRegister(history)] += 1
  return found
}

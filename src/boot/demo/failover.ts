import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '../../base/clock.ts'
import type { FlightEvent } from '../../base/flight-record.ts'
import type { Scope } from '../../base/scope.ts'
import { table } from '../../cli/print/table.ts'
import type { DemoFlags } from '../../cli/program.ts'
import { nodes } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import { adminClient } from '../admin-client.ts'
import { ClusterDirectory } from '../config/cluster-directory.ts'
import { parseConfig } from '../config/config.ts'
import { flightFile } from '../member/flight-file.ts'
import { nodeIsReady } from '../node-ready.ts'
import { clusterStatus } from '../status.ts'
import { type Boot, supervise } from '../supervise.ts'
import { killWorkerContainers } from '../worker-artifacts.ts'
import { Background } from './background.ts'
import { FlightTail } from './flight-tail.ts'
import { Lanes } from './lanes.ts'
import { WriteLedger } from './ledger.ts'
import { Screen } from './screen.ts'
import { type FailoverSummary, type RoundFigures, summarize, summaryRows } from './summary.ts'
import { Traffic, type TrafficOptions } from './traffic.ts'
import { waitUntil } from './wait-until.ts'
import { firstRevision, startWatcher } from './watcher.ts'
import {
  controllersAct,
  demoNamespace,
  deployWebApp,
  readyPodsByNode,
  webReplicas,
} from './web-app.ts'
import { isPassing, presentNumbers, startWriter } from './writer.ts'

const defaultRecord = join('.kijabi-demo', 'failover.ndjson')
/** Quick to notice a dead node: the demo shows what happens, not how long one may wait. */
const config = {
  apiPort: 0,
  logLevel: 'warn',
  nodes: { leaseRenewSeconds: 0.5, monitorGraceSeconds: 3, evictAfterSeconds: 1 },
}
const stepMsMax = 60_000
const laneRefreshMs = 250

/** Everything a chapter of the story needs. */
interface Stage {
  readonly boot: Boot
  readonly client: Client
  readonly screen: Screen
  readonly lanes: Lanes
  readonly ledger: WriteLedger
  readonly traffic: Traffic
  readonly events: FlightEvent[]
  readonly scope: Scope
}

/** `kijabi demo failover`: exit code 1 when a write or a watch event is lost or a bound breaks. */
export async function demoFailover(flags: DemoFlags): Promise<number> {
  const out = flags.json ? process.stderr : process.stdout
  const root = mkdtempSync(join(tmpdir(), 'kijabi-demo-'))
  out.write(`booting 3 masters and 2 workers in ${root}\n`)
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig(JSON.stringify(config), 'the demo'),
    flags: {
      ...{ masters: 3, workers: 2, apiPort: 0, install: flags.install },
      ...(flags.runtime ? { runtime: flags.runtime } : {}),
    },
    say: (line) => out.write(`${line}\n`),
    restart: false,
  })
  try {
    const recordFile = flags.record ?? defaultRecord
    const summary = await runStory(boot, flags.rounds, out, recordFile)
    printSummary(summary, flags, out, recordFile)
    return summary.broken.length === 0 ? 0 : 1
  } finally {
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

async function runStory(
  boot: Boot,
  rounds: number,
  out: NodeJS.WriteStream,
  recordFile: string,
): Promise<FailoverSummary> {
  const scope = boot.scope.child('demo')
  const background = new Background(scope)
  try {
    return await tellStory(openStage(boot, out, recordFile, scope), rounds, background)
  } finally {
    await scope.close()
    // A task that failed is the cause of whatever else went wrong.
    await background.end()
  }
}

async function tellStory(
  stage: Stage,
  rounds: number,
  background: Background,
): Promise<FailoverSummary> {
  const { boot, scope } = stage
  const { screen, ledger, traffic, client } = stage
  screen.chapter(`deploying ${webReplicas} replicas of a web application and a Service`)
  const service = await deployWebApp(client, clock, scope.signal)
  screen.emit('demo', 'serving', { detail: { service: `${service.host}:${service.port}` } })

  const load = scope.child('load')
  const changed: TrafficOptions['changed'] = (detail) =>
    screen.emit('demo', 'error' in detail ? 'requests-fail' : 'requests-pass', { detail })
  const watched = { client, namespace: demoNamespace, ledger, clock }
  const from = await firstRevision(watched)
  void background.run(startWatcher(watched, from, scope))
  const writer = { ...watched, lanes: 4, pauseMs: 5 }
  const loads = [
    background.run(startWriter(writer, load)),
    background.run(
      traffic.run({ ...service, clock, periodMs: 10, timeoutMs: 1_000, changed }, load),
    ),
  ]
  await waitUntil(clock, stepMsMax, scope.signal, () =>
    ledger.writesAcknowledged >= 20 && traffic.requests >= 20 ? true : undefined,
  )

  const figures: RoundFigures[] = []
  for (let round = 1; round <= rounds; round += 1) figures.push(await killLeader(stage, round))
  const serviceErrorsOfLeaderDeath = traffic.errors
  const podsRescheduledMs = await killWorker(stage)

  screen.chapter('counting what was promised')
  await load.close()
  await Promise.all(loads)
  const present = await presentNumbers(client, demoNamespace)
  await waitUntil(clock, 10_000, scope.signal, () => (ledger.sawAll(present) ? true : undefined))
  const summary = summarize({
    ...{ runtime: boot.cluster.runtime, rounds: figures, podsRescheduledMs },
    ...{ serviceErrors: traffic.errors, serviceErrorsOfLeaderDeath },
    ...{ serviceRequests: traffic.requests, verdict: ledger.verdict(present) },
  })
  screen.emit('demo', 'finished', { detail: { broken: summary.broken.length } })
  screen.end()
  return summary
}

function openStage(boot: Boot, out: NodeJS.WriteStream, recordFile: string, scope: Scope): Stage {
  const { cluster, directory } = boot
  const names = (list: readonly { name: string }[]) => list.map((one) => one.name)
  const lanes = new Lanes(names(cluster.masters), names(cluster.workers))
  const screen = new Screen({ out, lanes, recordFile, clock })
  const events: FlightEvent[] = []
  const files = names([...cluster.masters, ...cluster.workers]).map((name) =>
    flightFile(directory, name),
  )
  new FlightTail(files, (event) => {
    events.push(event)
    screen.show(event)
  }).follow(clock, scope)
  const { client, close } = adminClient(directory, cluster.apiAddress)
  scope.onClose('client', close)
  const stage: Stage = {
    ...{ boot, client, screen, lanes, events, scope },
    ...{ ledger: new WriteLedger(), traffic: new Traffic() },
  }
  refreshLanes(stage)
  return stage
}

/** Asks the members now and then, for what no event tells: commit indexes and pods. */
function refreshLanes(stage: Stage): void {
  const { boot, lanes, screen, scope, client } = stage
  let running: Promise<void> | undefined
  const refresh = async () => {
    const seen = await clusterStatus(boot.directory, boot.cluster)
    for (const member of seen.members)
      lanes.set(
        member.name,
        member.healthy
          ? { role: member.role, term: member.term, commit: member.commitIndex }
          : { role: 'dead', commit: 0 },
      )
    if (seen.leader !== null) {
      const byNode = await readyPodsByNode(client)
      for (const { name } of boot.cluster.workers)
        lanes.set(name, { pods: byNode.get(name)?.length ?? 0 })
    }
    screen.redraw()
  }
  const timer = clock.every(laneRefreshMs, () => {
    running ??= refresh()
      .catch((error: unknown) => {
        if (!scope.closed && !isPassing(error)) throw error
      })
      .finally(() => {
        running = undefined
      })
  })
  scope.onClose('lanes', async () => {
    timer.cancel()
    await running
  })
}

async function killLeader(stage: Stage, round: number): Promise<RoundFigures> {
  const { boot, screen, lanes, ledger, events, scope, client } = stage
  const leader = await leaderOf(stage)
  screen.chapter(`round ${round}: SIGKILL to the leader, ${leader}`)
  lanes.set(leader, { role: 'dead', commit: 0 })
  ledger.resetGap()
  const killedMs = clock.wallMs()
  screen.emit('demo', 'killing-leader', { detail: { member: leader } })
  void boot.members.kill(leader, 'SIGKILL')
  const elected = (event: FlightEvent) =>
    event.event === 'became-leader' && event.source !== leader && event.timeMs >= killedMs
  const acting = controllersAct(client, `probe-${round}`, clock, stepMsMax, scope.signal).then(
    (acted) => (acted ? clock.wallMs() - killedMs : Number.NaN),
  )
  const election = await waitUntil(clock, stepMsMax, scope.signal, () => events.find(elected))
  const firstWriteMs = await waitUntil(clock, stepMsMax, scope.signal, () =>
    ledger.firstWriteAfter(killedMs),
  )
  const controllerResumeMs = await acting
  const figures = {
    electionMs: election ? election.timeMs - killedMs : Number.NaN,
    firstWriteMs: firstWriteMs ?? Number.NaN,
    watchGapMs: ledger.gapMsMax,
    controllerResumeMs,
  }
  screen.emit('demo', 'recovered', { detail: figures })
  boot.members.start(leader)
  screen.emit('demo', 'returning', { detail: { member: leader } })
  await caughtUp(stage, leader)
  return figures
}

async function leaderOf(stage: Stage): Promise<string> {
  const { boot, scope } = stage
  const leader = await waitUntil(clock, stepMsMax, scope.signal, async () => {
    const seen = await clusterStatus(boot.directory, boot.cluster)
    return seen.leader ?? undefined
  })
  if (!leader) throw new Error(`no master led within ${stepMsMax / 1000} s`)
  return leader
}

/** Waits until a returned master follows closely again. */
async function caughtUp(stage: Stage, name: string): Promise<void> {
  const { boot, scope, screen } = stage
  const lagMax = 50
  const back = await waitUntil(
    clock,
    stepMsMax,
    scope.signal,
    async () => {
      const seen = await clusterStatus(boot.directory, boot.cluster)
      const member = seen.members.find((one) => one.name === name)
      return member?.healthy && member.lag < lagMax ? true : undefined
    },
    50,
  )
  if (!back) throw new Error(`${name} did not come back within ${stepMsMax / 1000} s`)
  screen.emit('demo', 'caught-up', { detail: { member: name } })
}

/** Kills the worker with the most pods; returns when its pods run elsewhere, then lets it return. */
async function killWorker(stage: Stage): Promise<number> {
  const { boot, screen, scope, client } = stage
  const byNode = await readyPodsByNode(client)
  const victim = [...byNode].sort((left, right) => right[1].length - left[1].length)[0]?.[0]
  if (!victim) throw new Error('no worker runs a pod of the web application')
  screen.chapter(`SIGKILL to worker ${victim} and everything on it`)
  const killedMs = clock.wallMs()
  screen.emit('demo', 'killing-worker', { detail: { worker: victim } })
  await boot.members.kill(victim, 'SIGKILL')
  await killWorkerContainers(boot.cluster, victim)
  const moved = await waitUntil(
    clock,
    stepMsMax,
    scope.signal,
    async () => {
      const now = await readyPodsByNode(client)
      const elsewhere = [...now].filter(([node]) => node !== victim)
      const count = elsewhere.reduce((sum, [, pods]) => sum + pods.length, 0)
      return count >= webReplicas ? clock.wallMs() - killedMs : undefined
    },
    50,
  )
  screen.emit('demo', 'pods-rescheduled', { detail: { ms: moved ?? -1 } })
  boot.members.start(victim)
  screen.emit('demo', 'returning', { detail: { worker: victim } })
  const ready = await waitUntil(
    clock,
    stepMsMax,
    scope.signal,
    async () => (nodeIsReady(await nodes(client).get('', victim)) ? true : undefined),
    50,
  )
  if (!ready) throw new Error(`${victim} was not Ready again within ${stepMsMax / 1000} s`)
  screen.emit('demo', 'node-back', { detail: { worker: victim } })
  return moved ?? Number.NaN
}

function printSummary(
  summary: FailoverSummary,
  flags: DemoFlags,
  out: NodeJS.WriteStream,
  recordFile: string,
): void {
  out.write(`\n${table(['FIGURE', 'VALUE'], summaryRows(summary))}\n`)
  for (const line of summary.broken) out.write(`broken: ${line}\n`)
  out.write(`flight record: ${recordFile}\n`)
  process.stdout.write(`${JSON.stringify(summary, undefined, flags.json ? 2 : 0)}\n`)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '../src/base/clock.ts'
import type { FlightEvent } from '../src/base/flight-record.ts'
import { Scope } from '../src/base/scope.ts'
import { adminClient } from '../src/boot/admin-client.ts'
import { ClusterDirectory } from '../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../src/boot/config/config.ts'
import { Background } from '../src/boot/demo/background.ts'
import { FlightTail } from '../src/boot/demo/flight-tail.ts'
import { WriteLedger } from '../src/boot/demo/ledger.ts'
import { waitUntil } from '../src/boot/demo/wait-until.ts'
import { firstRevision, startWatcher } from '../src/boot/demo/watcher.ts'
import { presentNumbers, startWriter, writeOnce } from '../src/boot/demo/writer.ts'
import { flightFile } from '../src/boot/member/flight-file.ts'
import { clusterStatus } from '../src/boot/status.ts'
import { type Boot, supervise } from '../src/boot/supervise.ts'

/**
 * SIGKILL on the leader of a 3-master cluster under writes, again and again: from the kill to the first
 * acknowledgement of a write that began after it. Counts what was lost. References, same kind of
 * machine: etcd 3.4.23 1.25 s min, 1.46 s median, 2.52 s max; Docker Swarm 15.5 s.
 */
const namespace = 'default'
const stepMsMax = 60_000
const electedMsMax = 2_000
/** Numbers of the writes that begin at a kill; the lanes never get there. */
const probesFrom = 10_000_000
const etcdMs = { p50: 1460, max: 2520 }

export async function run(args: readonly string[]): Promise<object> {
  const traced = args.includes('--trace')
  const rounds = Number(args.find((one) => /^\d+$/.test(one)) ?? 30)
  const root = mkdtempSync(join(tmpdir(), 'kijabi-bench-'))
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the benchmark'),
    flags: { masters: 3, workers: 0, apiPort: 0, install: false },
    say: (line) => process.stderr.write(`${line}\n`),
    restart: false,
  })
  try {
    return await measure(boot, rounds, traced)
  } finally {
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

async function measure(boot: Boot, rounds: number, traced: boolean): Promise<object> {
  const scope = boot.scope.child('benchmark')
  const ledger = new WriteLedger()
  const events: FlightEvent[] = []
  const files = boot.cluster.masters.map(({ name }) => flightFile(boot.directory, name))
  new FlightTail(files, (event) => events.push(event)).follow(clock, scope)
  const { client, close } = adminClient(boot.directory, boot.cluster.apiAddress)
  scope.onClose('client', close)
  const load = new Scope()
  const background = new Background(scope)
  const watched = { client, namespace, ledger, clock }
  const from = await firstRevision(watched)
  void background.run(startWatcher(watched, from, scope))
  const writer = { ...watched, lanes: 4, pauseMs: 2 }
  const writing = background.run(startWriter(writer, load))
  await waitUntil(clock, stepMsMax, scope.signal, () =>
    ledger.writesAcknowledged > 20 ? true : undefined,
  )
  const elections: number[] = []
  const writes: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const figures = await killOnce(boot, ledger, events, scope, () => {
      void background.run(writeOnce(writer, probesFrom + round, load))
    })
    elections.push(figures.electionMs)
    writes.push(figures.firstWriteMs)
    if (traced) printTrace(events, figures)
    process.stderr.write(
      `round ${round}: election ${figures.electionMs} ms, first write ${figures.firstWriteMs} ms\n`,
    )
  }
  await load.close()
  await writing
  const present = await presentNumbers(client, namespace)
  await waitUntil(clock, 10_000, scope.signal, () => (ledger.sawAll(present) ? true : undefined))
  const verdict = ledger.verdict(present)
  await scope.close()
  await background.end()
  const firstWriteMs = spread(writes)
  return {
    rounds,
    electionMs: spread(elections),
    firstWriteMs,
    timesFasterThanEtcd: {
      p50: round1(etcdMs.p50 / firstWriteMs.p50),
      max: round1(etcdMs.max / firstWriteMs.max),
    },
    ...verdict,
  }
}

async function killOnce(
  boot: Boot,
  ledger: WriteLedger,
  events: FlightEvent[],
  scope: Scope,
  probe: () => void,
): Promise<Figures> {
  const { signal } = scope
  const leader = await waitUntil(clock, stepMsMax, signal, async () => {
    const seen = await clusterStatus(boot.directory, boot.cluster)
    const settled = seen.members.every((one) => one.healthy && one.lag < 100)
    return settled ? (seen.leader ?? undefined) : undefined
  })
  if (!leader) throw new Error('the cluster did not settle')
  const killedMs = clock.wallMs()
  void boot.members.kill(leader, 'SIGKILL')
  // The lanes are busy with writes that began before: this one begins with the outage.
  probe()
  const firstWriteMs = await waitUntil(
    clock,
    stepMsMax,
    signal,
    () => ledger.firstWriteAfter(killedMs),
    2,
  )
  // Flight records are read every few milliseconds: the line may come later than the write.
  const elected = await waitUntil(clock, electedMsMax, signal, () =>
    events.find(
      (one) => one.event === 'became-leader' && one.timeMs >= killedMs && one.source !== leader,
    ),
  )
  boot.members.start(leader)
  return {
    killedMs,
    electionMs: elected ? elected.timeMs - killedMs : Number.NaN,
    firstWriteMs: firstWriteMs ?? Number.NaN,
  }
}

interface Figures {
  readonly killedMs: number
  readonly electionMs: number
  readonly firstWriteMs: number
}

/** What the members said between the kill and the first write. */
function printTrace(events: readonly FlightEvent[], { killedMs, firstWriteMs }: Figures): void {
  const during = events
    .filter(({ timeMs }) => timeMs >= killedMs && timeMs <= killedMs + firstWriteMs + 20)
    .toSorted((one, other) => one.timeMs - other.timeMs)
  for (const { timeMs, source, event, term, detail } of during) {
    const rest = detail ? ` ${JSON.stringify(detail)}` : ''
    process.stderr.write(`  +${timeMs - killedMs} ms ${source} ${event} term ${term}${rest}\n`)
  }
}

function spread(values: readonly number[]): Record<'min' | 'p50' | 'p99' | 'max', number> {
  const sorted = [...values].sort((left, right) => left - right)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  return { min: at(1e-9), p50: at(0.5), p99: at(0.99), max: at(1) }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

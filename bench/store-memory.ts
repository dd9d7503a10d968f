/**
 * The store with many keys of 1 KB: a member's memory, its garbage collector's pauses, how long a snapshot
 * makes writers wait, and how long a cold start takes. One member, or several, of which the leader is
 * measured. Each is a process with a Raft thread, as a master is; logs and snapshots lie on this machine's disk.
 * With `--etcd`, Debian's etcd with as many members and keys comes after it (load/etcd-memory.ts).
 * `npm run bench -- store-memory [--json] [--keys 100000,1000000] [--members 1] [--seconds 15] [--clients 16]
 * [--etcd]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { present } from '../src/base/assert.ts'
import type { MemberId } from '../src/base/brand.ts'
import { measureEtcd } from './load/etcd-memory.ts'
import { option, round } from './load/figures.ts'
import { Forked } from './load/forked.ts'
import { memberSettings } from './load/member-settings.ts'
import type { StoreRequest, StoreUsage } from './load/store-process.ts'

const program = new URL('./load/store-process.js', import.meta.url)
/** As `kijabi master` is started. */
const nodeFlags = ['--v8-pool-size=2', '--max-semi-space-size=4']

export async function run(args: readonly string[]): Promise<object> {
  const at = args.indexOf('--keys')
  const sizes = (at < 0 ? '100000,1000000' : (args[at + 1] ?? '')).split(',').map(Number)
  const load: Load = {
    members: option(args, '--members', 1),
    ms: option(args, '--seconds', 15) * 1_000,
    clients: option(args, '--clients', 16),
  }
  const figures: Record<string, object> = {}
  for (const keys of sizes) {
    figures[`${keys} keys`] = await measure(keys, load)
    if (args.includes('--etcd'))
      figures[`${keys} keys, etcd`] = await measureEtcd({ keys, ...load })
  }
  return figures
}

interface Load {
  readonly members: number
  readonly ms: number
  readonly clients: number
}

async function measure(keys: number, { members, ms, clients }: Load): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-bench-store-'))
  const ids = Array.from({ length: members }, (_, at) => (1 + at) as MemberId)
  const settings = [...(await memberSettings(directory, ids)).values()]
  let running: Forked[] = []
  const start = async () => {
    running = settings.map(() => new Forked(program, () => {}, nodeFlags))
    await Promise.all(
      settings.map((one, at) => running[at]?.ask({ kind: 'start', settings: one } as StoreRequest)),
    )
  }
  const stop = () => Promise.all(running.map((member) => member.kill('SIGKILL')))
  try {
    await start()
    const member = await leaderOf(running)
    const ask = <T extends object>(request: StoreRequest) => member.ask<T>(request)
    const fill = await ask({ kind: 'fill', keys })
    await ask<StoreUsage>({ kind: 'usage' })
    const write = { kind: 'write', keys, clients, ms } as const
    const quiet = await ask<{ msP99: number }>({ ...write, snapshots: false })
    const usage = await ask<StoreUsage>({ kind: 'usage' })
    const saving = await ask<{ msP99: number }>({ ...write, snapshots: true })
    const usageWhileSaving = await ask<StoreUsage>({ kind: 'usage' })
    await stop()
    const startMs = performance.now()
    await start()
    const coldStartSeconds = round((performance.now() - startMs) / 1_000)
    const afterStart = await running[0]?.ask<StoreUsage>({ kind: 'usage' })
    return {
      ...{ fill, writes: quiet, usage, writesWhileSaving: saving, usageWhileSaving },
      snapshotAddsMsP99: round(saving.msP99 - quiet.msP99),
      ...{ coldStartSeconds, afterStart },
    }
  } finally {
    await stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Where the clients are: a write need not be sent on to another member then. */
async function leaderOf(members: readonly Forked[]): Promise<Forked> {
  const leads = await Promise.all(
    members.map((member) => member.ask<{ leads: boolean }>({ kind: 'leads' })),
  )
  const leader = members[leads.findIndex((one) => one.leads)]
  return present(leader, 'the leader of members that serve')
}

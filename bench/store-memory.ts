/**
 * One member of the store with many keys of 1 KB: its memory, its garbage collector's pauses, how long a
 * snapshot makes writers wait, and how long a cold start takes. The member is a process with a Raft
 * thread, as a master has it; its log and snapshots lie on this machine's disk.
 * `npm run bench -- store-memory [--json] [--keys 100000,1000000] [--seconds 15] [--clients 16]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { present } from '../src/base/assert.ts'
import type { MemberId } from '../src/base/brand.ts'
import { option, round } from './load/figures.ts'
import { Forked } from './load/forked.ts'
import { memberSettings } from './load/member-settings.ts'
import type { StoreRequest, StoreUsage } from './load/store-process.ts'

const program = new URL('./load/store-process.js', import.meta.url)
const memberId = 1 as MemberId
/** As `kijabi master` is started. */
const nodeFlags = ['--v8-pool-size=2', '--max-semi-space-size=4']

export async function run(args: readonly string[]): Promise<object> {
  const at = args.indexOf('--keys')
  const sizes = (at < 0 ? '100000,1000000' : (args[at + 1] ?? '')).split(',').map(Number)
  const ms = option(args, '--seconds', 15) * 1_000
  const clients = option(args, '--clients', 16)
  const figures: Record<string, object> = {}
  for (const keys of sizes) figures[`${keys} keys`] = await measure(keys, clients, ms)
  return figures
}

async function measure(keys: number, clients: number, ms: number): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-bench-store-'))
  const all = await memberSettings(directory, [memberId])
  const settings = present(all.get(memberId), 'the settings of the one member')
  let member = new Forked(program, () => {}, nodeFlags)
  const ask = <T extends object>(request: StoreRequest) => member.ask<T>(request)
  try {
    await ask({ kind: 'start', settings })
    const fill = await ask({ kind: 'fill', keys })
    await ask<StoreUsage>({ kind: 'usage' })
    const write = { kind: 'write', keys, clients, ms } as const
    const quiet = await ask<{ msP99: number }>({ ...write, snapshots: false })
    const usage = await ask<StoreUsage>({ kind: 'usage' })
    const saving = await ask<{ msP99: number }>({ ...write, snapshots: true })
    const usageWhileSaving = await ask<StoreUsage>({ kind: 'usage' })
    await member.kill('SIGKILL')
    const startMs = performance.now()
    member = new Forked(program, () => {}, nodeFlags)
    await ask({ kind: 'start', settings })
    const coldStartSeconds = round((performance.now() - startMs) / 1_000)
    const afterStart = await ask<StoreUsage>({ kind: 'usage' })
    return {
      ...{ fill, writes: quiet, usage, writesWhileSaving: saving, usageWhileSaving },
      snapshotAddsMsP99: round(saving.msP99 - quiet.msP99),
      ...{ coldStartSeconds, afterStart },
    }
  } finally {
    await member.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/**
 * What CI runs: fresh seeds, the seeds that once found a bug, and the canaries. In processes of their
 * own, because a planted bug may throw from anywhere. KIJABI_SIM_MINUTES is for the fresh ones.
 */
const program = join(import.meta.dirname, '..', '..', 'scripts', 'sim.js')
const minutes = Number(process.env['KIJABI_SIM_MINUTES'] ?? 0.1)

function sim(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args])
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Where the data files are: beside the sources, not beside what was built of them. */
function sources(): string {
  return import.meta.dirname.replace('/dist/test/', '/test/')
}

function regressionSeeds(): number[] {
  return JSON.parse(readFileSync(join(sources(), 'regression-seeds.json'), 'utf8')) as number[]
}

test('seeds that once found a bug find none', async (t) => {
  for (const seed of regressionSeeds()) {
    const { code, output } = await sim('--seed', String(seed))
    t.diagnostic(output.trim())
    assert.equal(code, 0, output)
  }
})

/** Planted bugs that the first seeds find. `npm run sim -- --canaries` hunts all of them. */
const quickCanaries = [
  ...['log-not-synced', 'snapshot-not-synced', 'directory-not-synced', 'term-not-stored'],
  ...['duplicated-apply', 'state-depends-on-the-member', 'stale-watch-resume'],
  ...['bookmark-ahead-of-events', 'event-twice', 'previous-value-missing'],
  ...['heartbeat-commits-too-much', 'vote-for-a-stale-log', 'sent-counts-as-acknowledged'],
]

test('planted bugs are found within three seeds', async (t) => {
  for (const name of quickCanaries) {
    const { code, output } = await sim('--canary', name, '--seeds-max', '3')
    t.diagnostic(`${name}: ${output.trim().split('\n').at(-1)}`)
    assert.equal(code, 0, `${name} was not found\n${output}`)
  }
})

test('fresh seeds find nothing', async (t) => {
  const first = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`first seed ${first}`)
  const { code, output } = await sim(
    '--seeds',
    `${first}..${first + 1_000_000}`,
    '--minutes',
    String(minutes),
  )
  t.diagnostic(output.trim())
  assert.equal(code, 0, output)
})

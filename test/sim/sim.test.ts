import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/**
 * What CI runs: fresh seeds, the seeds that once found a bug, and the canaries. In processes of their
 * own, because a planted bug may throw from anywhere. KIJABI_SIM_MINUTES is for all three together.
 */
const program = join(import.meta.dirname, '..', '..', 'scripts', 'sim.js')
const minutes = Number(process.env['KIJABI_SIM_MINUTES'] ?? 1)

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

test('fresh seeds and canaries, side by side', async (t) => {
  const first = Math.floor(Math.random() * 2 ** 31)
  const half = String(minutes * 0.75)
  const [fresh, canaries] = await Promise.all([
    sim('--seeds', `${first}..${first + 1_000_000}`, '--minutes', half),
    sim('--canaries', '--known', join(sources(), 'canary-seeds.json'), '--minutes', half),
  ])
  t.diagnostic(`first seed ${first}`)
  for (const { output } of [fresh, canaries])
    for (const line of output.trim().split('\n')) t.diagnostic(line)
  assert.equal(fresh.code, 0, fresh.output)
  assert.equal(canaries.code, 0, canaries.output)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/**
 * What CI runs: the seeds that once found a bug, the canaries, and fresh seeds for KIJABI_SIM_MINUTES. In
 * processes of their own, one for each core, because a planted bug may throw from anywhere.
 */
const program = join(import.meta.dirname, '..', '..', 'scripts', 'sim.js')
const minutes = Number(process.env['KIJABI_SIM_MINUTES'] ?? 0.5)

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
function source(name: string): string {
  return join(import.meta.dirname.replace('/dist/test/', '/test/'), name)
}

test('seeds that once found a bug find none', async (t) => {
  const seeds = JSON.parse(readFileSync(source('regression-seeds.json'), 'utf8')) as number[]
  const { code, output } = await sim('--seeds', seeds.join(','))
  t.diagnostic(output.trim())
  assert.equal(code, 0, output)
})

test('every planted bug is found, within 1,000 seeds', async (t) => {
  const { code, output } = await sim(
    '--canaries',
    '--minutes',
    '5',
    '--known',
    source('canary-seeds.json'),
  )
  t.diagnostic(output.trim())
  assert.equal(code, 0, output)
})

test('fresh seeds find nothing', async (t) => {
  const first = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`first seed ${first}`)
  const range = `${first}..${first + 1_000_000}`
  const { code, output } = await sim('--seeds', range, '--minutes', String(minutes))
  t.diagnostic(output.trim())
  assert.equal(code, 0, output)
})

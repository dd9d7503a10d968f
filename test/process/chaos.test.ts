import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chaos, isClean } from '../../bench/chaos.ts'

test('twenty rounds of kills and pauses of any masters lose nothing', async (context) => {
  const seed = Math.floor(Math.random() * 1e9)
  const figures = await chaos({ rounds: 20, seed, say: (line) => context.diagnostic(line) })
  assert.ok(isClean(figures), JSON.stringify(figures))
  assert.ok(figures.writesAcknowledged > 50 && figures.registerOperations > 100)
  assert.equal(figures.registers.undecided, 0)
})

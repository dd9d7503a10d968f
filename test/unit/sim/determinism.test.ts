import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../../sim/simulation.ts'

test('the same seed gives the same trace, another seed another one', async (t) => {
  const seed = Math.floor(performance.now() * 1000) % 1_000_000
  t.diagnostic(`seed ${seed}`)
  const options = { seed, ticks: 200 }
  const [one, two] = [await simulate(options), await simulate(options)]
  assert.equal(one.failure, undefined)
  assert.equal(one.traceHash, two.traceHash)
  assert.deepEqual({ ...one }, { ...two })
  assert.ok(one.entries > 0)
  const other = await simulate({ seed: seed + 1, ticks: 200 })
  assert.notEqual(one.traceHash, other.traceHash)
})

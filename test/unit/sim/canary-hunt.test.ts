import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CanaryHunt } from '../../sim/canary-hunt.ts'

test('planted bugs take turns; one that was found gets no more seeds', () => {
  const hunt = new CanaryHunt(['a', 'b'], {}, 3)
  assert.deepEqual(hunt.next(), { canary: 'a', seed: 1 })
  assert.deepEqual(hunt.next(), { canary: 'b', seed: 1 })
  assert.equal(hunt.tried('a', 1, true), 1)
  assert.deepEqual(hunt.next(), { canary: 'b', seed: 2 })
  assert.deepEqual(hunt.next(), { canary: 'b', seed: 3 })
  assert.equal(hunt.next(), undefined)
  for (const seed of [1, 2, 3]) hunt.tried('b', seed, false)
  assert.deepEqual(hunt.left(), [{ name: 'b', seeds: 3 }])
  assert.deepEqual(hunt.found, { a: 1 })
})

test('the seed that found a bug before is tried first, then all from 1 on', () => {
  const hunt = new CanaryHunt(['a'], { a: 700 }, 2)
  assert.deepEqual(
    [hunt.next(), hunt.next(), hunt.next(), hunt.next()].map((job) => job?.seed),
    [700, 1, 2, undefined],
  )
})

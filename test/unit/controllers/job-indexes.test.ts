import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  countOf,
  firstMissing,
  formatIndexes,
  holds,
  overlap,
  parseIndexes,
  toIndexes,
  union,
} from '../../../src/controllers/job/indexes.ts'

const numbers = fc.uniqueArray(fc.nat(60), { maxLength: 40 })
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b)

describe('completion indexes', () => {
  for (const [list, text] of [
    [[], ''],
    [[0], '0'],
    [[1, 2], '1,2'],
    [[1, 2, 3], '1-3'],
    [[0, 2, 3, 5, 6, 7, 9], '0,2,3,5-7,9'],
  ] as const)
    test(`${list.join(' ') || 'none'} are written as "${text}"`, () => {
      assert.equal(formatIndexes(toIndexes(list)), text)
    })

  for (const [text, completions, expected] of [
    [undefined, 5, ''],
    ['', 5, ''],
    ['0-9', 5, '0-4'],
    ['0,1,2', 5, '0-2'],
    ['1,x,3', 5, '1,3'],
    ['7,8', 5, ''],
    ['3-', 5, ''],
  ] as const)
    test(`"${text}" of ${completions} is read as "${expected}"`, () => {
      assert.equal(formatIndexes(parseIndexes(text, completions)), expected)
    })

  test('any sets: text and back, union, overlap, membership and gaps are those of the numbers', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.nat(70), fc.nat(70), (one, other, count, completions) => {
        const [a, b] = [toIndexes(one), toIndexes(other)]
        assert.deepEqual(parseIndexes(formatIndexes(a), 100), a)
        assert.deepEqual(union(a, b), toIndexes([...one, ...other]))
        assert.equal(countOf(a), one.length)
        assert.equal(overlap(a, b), one.filter((index) => other.includes(index)).length)
        for (let index = 0; index < 62; index += 1)
          assert.equal(holds(a, index), one.includes(index))
        const free = Array.from({ length: completions }, (_, index) => index)
          .filter((index) => !one.includes(index))
          .slice(0, count)
        assert.deepEqual(firstMissing(a, count, completions), free)
        const low = sorted(one).filter((index) => index < completions)
        assert.deepEqual(parseIndexes(formatIndexes(a), completions), toIndexes(low))
      }),
    )
  })
})

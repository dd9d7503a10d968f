import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilli,
  quantityUnits,
  tryParseQuantity,
} from '../../../src/kinds/quantity.ts'

const canonical: readonly (readonly [string, string])[] = [
  ['0', '0'],
  ['0.5', '500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['0.5Gi', '512Mi'],
  ['512', '512'],
  ['0.001', '1m'],
  ['1n', '1n'],
  ['0.1n', '1n'],
  ['-1.5', '-1500m'],
  ['+2', '2'],
  ['.5', '500m'],
  ['5.', '5'],
  ['1000Ki', '1000Ki'],
  ['128974848', '128974848'],
  ['123Mi', '123Mi'],
  ['12e6', '12e6'],
  ['1Ei', '1Ei'],
  ['1E', '1E'],
]

for (const [text, expected] of canonical)
  test(`the canonical form of ${text} is ${expected}`, () => {
    assert.equal(canonicalQuantity(text), expected)
  })

for (const text of ['', '.', '1 Gi', 'Gi', '1gi', '1K', '--1', '1e', '1.2.3', '0x1', '1e9999'])
  test(`"${text}" is no quantity`, () => assert.equal(tryParseQuantity(text), undefined))

test('milli and units round up', () => {
  assert.equal(quantityMilli('250m'), 250)
  assert.equal(quantityMilli('2'), 2000)
  assert.equal(quantityMilli('1n'), 1)
  assert.equal(quantityUnits('1Ki'), 1024)
  assert.equal(quantityUnits('100m'), 1)
})

/** A quantity's text, and its value in billionths worked out another way. */
const modelled = fc
  .tuple(
    fc.integer({ min: -999_999, max: 999_999 }),
    fc.constantFrom(
      ['n', 1n],
      ['u', 1000n],
      ['m', 10n ** 6n],
      ['', 10n ** 9n],
      ['k', 10n ** 12n],
      ['G', 10n ** 18n],
      ['Ki', 1024n * 10n ** 9n],
      ['Gi', 1024n ** 3n * 10n ** 9n],
      ['e2', 10n ** 11n],
      ['e-3', 10n ** 6n],
    ) as fc.Arbitrary<[string, bigint]>,
  )
  .map(([count, [suffix, unit]]) => ({ text: `${count}${suffix}`, nano: BigInt(count) * unit }))

test('parsing agrees with integers, and formatting loses nothing', () => {
  fc.assert(
    fc.property(modelled, ({ text, nano }) => {
      const quantity = parseQuantity(text)
      assert.equal(quantity.nano, nano)
      const again = parseQuantity(formatQuantity(quantity))
      assert.equal(again.nano, nano)
      assert.equal(formatQuantity(again), formatQuantity(quantity))
    }),
  )
})

test('order and sum agree with integers', () => {
  fc.assert(
    fc.property(modelled, modelled, (a, b) => {
      const left = parseQuantity(a.text)
      const right = parseQuantity(b.text)
      const order = a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
      assert.equal(compareQuantities(left, right), order)
      assert.equal(addQuantities(left, right).nano, a.nano + b.nano)
    }),
  )
})

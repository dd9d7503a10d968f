import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nestsDeeper } from '../../../src/kinds/codec/json-depth.ts'

const depthOf = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 0
    : 1 + Math.max(0, ...Object.values(value).map(depthOf))

test('the depth of a JSON text is that of its value, whatever its strings hold', () => {
  const strings = fc
    .array(fc.constantFrom('[', '{', '"', '\\', ']', 'ä', ''))
    .map((all) => all.join(''))
  const { value: json } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      strings,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(strings, tie('value'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(json, fc.integer({ min: 0, max: 6 }), (value, most) => {
      const text = Buffer.from(JSON.stringify(value))
      assert.equal(nestsDeeper(text, most), depthOf(value) > most, String(text))
    }),
  )
})

test('a text without an end is as deep as it looks', () => {
  assert.equal(nestsDeeper(Buffer.from('['.repeat(11)), 10), true)
  assert.equal(nestsDeeper(Buffer.from(`"${'['.repeat(11)}`), 10), false)
  assert.equal(nestsDeeper(Buffer.from('\\"[['), 1), false)
})

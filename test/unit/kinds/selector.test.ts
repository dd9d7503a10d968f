import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isStatus } from '../../../src/base/status.ts'
import {
  everything,
  nothing,
  parseFieldSelector,
  parseLabelSelector,
  selectorOf,
} from '../../../src/kinds/selector.ts'

const keys = fc.constantFrom('a', 'b', 'x.y/z', 'in', 'notin')
const values = fc.constantFrom<string>('', '1', 'v', 'x-y')
const labels = fc
  .dictionary(keys, values)
  .map((entries) => Object.assign(Object.create(null), entries) as Record<string, string>)

type Model = (found: Record<string, string>) => boolean

/** A requirement's text and what it means, side by side. */
const requirement: fc.Arbitrary<{ text: string; meets: Model }> = fc
  .tuple(keys, values, fc.array(values, { minLength: 1, maxLength: 3 }), fc.nat(6))
  .map(([key, value, list, shape]) => {
    const set = `(${list.join(', ')})`
    const models: { text: string; meets: Model }[] = [
      { text: `${key}=${value}`, meets: (found) => found[key] === value },
      { text: `${key} == ${value}`, meets: (found) => found[key] === value },
      { text: `${key}!=${value}`, meets: (found) => found[key] !== value },
      { text: key, meets: (found) => key in found },
      { text: `!${key}`, meets: (found) => !(key in found) },
      {
        text: `${key} in ${set}`,
        meets: (found) => key in found && list.includes(found[key] ?? ''),
      },
      {
        text: `${key} notin ${set}`,
        meets: (found) => !(key in found) || !list.includes(found[key] ?? ''),
      },
    ]
    return models[shape] ?? assert.fail()
  })

test('label selectors select what a naive reading selects', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, found) => {
      const selector = parseLabelSelector(requirements.map(({ text }) => text).join(','))
      assert.equal(
        selector.matches(found),
        requirements.every(({ meets }) => meets(found)),
        `${selector.text} on ${JSON.stringify(found)}`,
      )
      assert.equal(parseLabelSelector(selector.text).text, selector.text)
    }),
    { numRuns: 500 },
  )
})

test('selector objects select like their text', () => {
  const selector = selectorOf({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['b', 'a'] },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  })
  assert.equal(selector.text, 'app=web,!old,tier in (a,b)')
  assert.ok(selector.matches({ app: 'web', tier: 'a' }))
  assert.ok(!selector.matches({ app: 'web', tier: 'a', old: '' }))
  assert.ok(!selector.matches(undefined))
})

test('no selector object selects nothing, an empty one everything', () => {
  assert.equal(selectorOf(undefined), nothing)
  assert.ok(!nothing.matches({}))
  assert.ok(selectorOf({}).matches(undefined))
  assert.ok(everything.empty)
})

test('inherited properties are no labels', () => {
  assert.ok(!parseLabelSelector('constructor').matches({}))
  assert.ok(!parseLabelSelector('toString').matches({}))
})

test('greater and less compare integers', () => {
  assert.ok(parseLabelSelector('n>5').matches({ n: '6' }))
  assert.ok(!parseLabelSelector('n>5').matches({ n: '5' }))
  assert.ok(parseLabelSelector('n<5').matches({ n: '-6' }))
  assert.ok(!parseLabelSelector('n<5').matches({ n: 'x' }))
})

const operators = 'in, notin, =, ==, !=, gt, lt'

const broken: readonly (readonly [string, RegExp | string])[] = [
  ['a b', `unable to parse requirement: found 'b', expected: ${operators}`],
  ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['a in (b,', "unable to parse requirement: found '', expected: ',', or identifier"],
  ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['a=b,', "found '', expected: identifier after ','"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ['=a', "found '=', expected: !, identifier, or 'end of string'"],
  ['!!a', "unable to parse requirement: found '!', expected: identifier"],
  ['a!', `unable to parse requirement: found '!', expected: ${operators}`],
  ['-a=b', /requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric/],
  ['a=-b', /requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be an empty/],
  ['n>x', /values\[0\]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be/],
]

for (const [text, message] of broken)
  test(`refuses the label selector "${text}"`, () => {
    assert.throws(
      () => parseLabelSelector(text),
      (error) => {
        assert.ok(isStatus(error, 'BadRequest'))
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      },
    )
  })

test('field selectors read operators and escapes', () => {
  assert.deepEqual(parseFieldSelector('metadata.name=a,status.phase!=Running,x==y'), [
    { field: 'metadata.name', operator: '=', value: 'a' },
    { field: 'status.phase', operator: '!=', value: 'Running' },
    { field: 'x', operator: '=', value: 'y' },
  ])
  assert.deepEqual(parseFieldSelector('a=b\\,c\\=d\\\\'), [
    { field: 'a', operator: '=', value: 'b,c=d\\' },
  ])
  assert.deepEqual(parseFieldSelector(''), [])
  assert.deepEqual(parseFieldSelector('a='), [{ field: 'a', operator: '=', value: '' }])
})

for (const text of ['a', 'a=b=c', 'a=\\x'])
  test(`refuses the field selector "${text}"`, () => {
    assert.throws(
      () => parseFieldSelector(text),
      (error) => isStatus(error, 'BadRequest'),
    )
  })

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { structuralErrors } from '../../../src/kinds/structural/check-structural.ts'
import { applyStructuralDefaults } from '../../../src/kinds/structural/default-values.ts'
import { parseJsonPath, valuesAt } from '../../../src/kinds/structural/json-path.ts'
import { prune } from '../../../src/kinds/structural/prune.ts'
import type { SchemaProps } from '../../../src/kinds/structural/schema-props.ts'
import { validateValue } from '../../../src/kinds/structural/validate-value.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'

const text: SchemaProps = { type: 'string' }
const object = (properties: Record<string, SchemaProps>, more: SchemaProps = {}): SchemaProps => ({
  type: 'object',
  properties,
  ...more,
})

function problems(schema: SchemaProps, value: unknown): string[] {
  return validateValue(schema, value, 'spec').map(fieldErrorText)
}

test('a schema that is not structural is told where and why', () => {
  const cases: readonly (readonly [SchemaProps, readonly string[]])[] = [
    [{}, ['s.type: Required value: must not be empty at the root']],
    [
      { type: 'array', items: text },
      ['s.type: Invalid value: "array": must be object at the root'],
    ],
    [
      object({ a: {} }),
      ['s.properties[a].type: Required value: must not be empty for specified object fields'],
    ],
    [
      object({ a: { type: 'array' } }),
      ['s.properties[a].items: Required value: must be specified'],
    ],
    [
      object({ a: text }, { anyOf: [{ properties: { b: { minLength: 1 } } }] }),
      ['s.properties[b]: Required value: because it is defined in s.anyOf[0].properties[b]'],
    ],
    [
      object({ a: text }, { not: { properties: { a: { type: 'string' } } } }),
      ['s.not.properties[a].type: Forbidden: must be empty to be structural'],
    ],
    [
      object({ metadata: object({ labels: { type: 'object' } }) }),
      [
        's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    [object({ metadata: object({ name: { type: 'string', maxLength: 3 } }) }), []],
    [
      object({
        port: {
          'x-kubernetes-int-or-string': true,
          anyOf: [{ type: 'integer' }, { type: 'string' }],
        },
      }),
      [],
    ],
    [
      object({ a: { type: 'string', pattern: '(' } }),
      [
        's.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
      ],
    ],
  ]
  for (const [schema, expected] of cases)
    assert.deepEqual(structuralErrors(schema, 's').map(fieldErrorText), expected)
})

test('values are judged by type, range, pattern, enum and the number of things', () => {
  const cases: readonly (readonly [SchemaProps, unknown, readonly string[]])[] = [
    [text, 'a', []],
    [text, 3, ['spec: Invalid value: "integer": spec in body must be of type string: "integer"']],
    [text, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    [{ type: 'string', nullable: true }, null, []],
    [{ type: 'number' }, 3, []],
    [
      { type: 'integer' },
      3.5,
      [
        'spec: Invalid value: "number": spec in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec',
      ],
    ],
    [
      { type: 'integer', minimum: 1, maximum: 5 },
      9,
      ['spec: Invalid value: 9: spec in body should be less than or equal to 5'],
    ],
    [
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      1,
      ['spec: Invalid value: 1: spec in body should be greater than 1'],
    ],
    [{ type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec'],
    ],
    [
      { type: 'string', pattern: '^(a+)+$' },
      `${'a'.repeat(40)}!`,
      [`spec: Invalid value: "${'a'.repeat(40)}!": spec in body should match '^(a+)+$'`],
    ],
    [{ type: 'string', maxLength: 2 }, 'äöü', ['spec: Too long: may not be more than 2 bytes']],
    [
      { type: 'string', minLength: 2 },
      'a',
      ['spec: Invalid value: "a": spec in body should be at least 2 chars long'],
    ],
    [
      { type: 'string', enum: ['a', 'b'] },
      'c',
      ['spec: Unsupported value: "c": supported values: "a", "b"'],
    ],
    [
      { type: 'string', format: 'ipv4' },
      '1.2.3.400',
      ['spec: Invalid value: "1.2.3.400": spec in body must be of type ipv4: "1.2.3.400"'],
    ],
    [{ type: 'string', format: 'unheard-of' }, 'x', []],
    [
      { type: 'array', items: text, maxItems: 1 },
      ['a', 'b'],
      ['spec: Too many: 2: must have at most 1 item'],
    ],
    [
      { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
      ['a', 'a'],
      ['spec[1]: Duplicate value: "a"'],
    ],
    [
      {
        type: 'array',
        items: object({ k: text }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
      [{ k: 'x' }, { k: 'x' }],
      ['spec[1]: Duplicate value: {"k":"x"}'],
    ],
    [object({ a: text }, { required: ['a'] }), {}, ['spec.a: Required value']],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { a: 'x' },
      ['spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'],
    ],
    [{ 'x-kubernetes-int-or-string': true }, '80%', []],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"'],
    ],
    [
      { type: 'object', minProperties: 1 },
      {},
      ['spec: Invalid value: 0: spec in body should have at least 1 properties'],
    ],
  ]
  for (const [schema, value, expected] of cases)
    assert.deepEqual(problems(schema, value), expected, JSON.stringify([schema, value]))
})

test('allOf, anyOf, oneOf and not', () => {
  const between: SchemaProps = { type: 'integer', allOf: [{ minimum: 2 }, { maximum: 4 }] }
  assert.deepEqual(problems(between, 3), [])
  assert.deepEqual(problems(between, 9), [
    'spec: Invalid value: 9: spec in body should be less than or equal to 4',
    '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)',
  ])
  const one: SchemaProps = { type: 'integer', oneOf: [{ minimum: 5 }, { maximum: 7 }] }
  assert.deepEqual(problems(one, 6), [
    '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ])
  assert.deepEqual(problems(one, 9), [])
  assert.equal(problems({ type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 2 }] }, 3).length, 2)
  assert.deepEqual(problems({ type: 'string', not: { enum: ['x'] } }, 'x'), [
    '<nil>: Invalid value: "": "spec" must not validate the schema (not)',
  ])
})

test('what no schema names is pruned, but for identity and what says to keep it', () => {
  const schema = object({
    spec: object({
      a: text,
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      list: { type: 'array', items: object({ b: text }) },
    }),
    inner: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { spec: object({}) },
    },
  })
  const value = {
    apiVersion: 'v1',
    kind: 'K',
    metadata: { name: 'n' },
    extra: 1,
    spec: { a: 'x', b: 2, open: { any: { thing: 1 } }, list: [{ b: '1', c: 2 }] },
    inner: { apiVersion: 'v1', kind: 'X', metadata: {}, status: {}, spec: { z: 1 } },
  }
  const gone = prune(schema, value, true)
  assert.deepEqual(gone.sort(), [
    'extra',
    'inner.spec.z',
    'inner.status',
    'spec.b',
    'spec.list[0].c',
  ])
  assert.deepEqual(value.spec, { a: 'x', open: { any: { thing: 1 } }, list: [{ b: '1' }] })
})

test('defaults fill what is left out, nulls that may not be included', () => {
  const schema = object({
    spec: object(
      {
        size: { type: 'integer', default: 3 },
        tag: { type: 'string', nullable: true, default: 'x' },
        deep: object({ a: { type: 'string', default: 'd' } }, { default: {} }),
      },
      { default: {} },
    ),
    list: { type: 'array', items: object({ on: { type: 'boolean', default: true } }) },
  })
  const value = { list: [{}] }
  applyStructuralDefaults(schema, value)
  assert.deepEqual(value, { list: [{ on: true }], spec: { size: 3, tag: 'x', deep: { a: 'd' } } })
  const withNulls = { spec: { size: null, tag: null } }
  applyStructuralDefaults(schema, withNulls)
  assert.deepEqual(withNulls, { spec: { size: 3, tag: null, deep: { a: 'd' } } })
})

test('no key of a value or a schema reaches a prototype', () => {
  const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"x":1}}') as object
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"object","default":{"polluted":1},"properties":{"polluted":{"type":"integer"}}}}}',
  ) as SchemaProps
  prune(schema, hostile, false)
  assert.deepEqual(Object.keys(hostile), ['__proto__'])
  const empty = {}
  applyStructuralDefaults(schema, empty)
  assert.deepEqual(Object.keys(empty), ['__proto__'])
  assert.equal(Object.getPrototypeOf(empty), Object.prototype)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.deepEqual(problems(object({}, { required: ['toString'] }), {}), [
    'spec.toString: Required value',
  ])
})

test('JSON paths of printer columns', () => {
  const value = {
    spec: { replicas: 2, 'a.b': 'dotted' },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Done', status: 'False' },
      ],
    },
  }
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['.spec.replicas', [2]],
    ['{.spec.replicas}', [2]],
    [".spec['a.b']", ['dotted']],
    ['.spec.a\\.b', ['dotted']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['.status.conditions[*].type', ['Ready', 'Done']],
    ['.status.conditions[-1].type', ['Done']],
    ['..status', [value.status, 'True', 'False']],
    ['.nothing.there', []],
    ['.spec.constructor', []],
  ]
  for (const [path, expected] of cases)
    assert.deepEqual(valuesAt(parseJsonPath(path), value), expected, path)
  assert.throws(() => parseJsonPath('.spec['), /unrecognized part/)
})

test('a list with keys that only changed its order is not judged again', () => {
  const schema: SchemaProps = {
    type: 'array',
    maxItems: 1,
    items: { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' } } },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  }
  const [a, b] = [
    { name: 'a', size: 1 },
    { name: 'b', size: 2 },
  ]
  assert.deepEqual(validateValue(schema, [b, a], 'spec', [a, b]), [])
  assert.equal(validateValue(schema, [b, { ...a, size: 3 }], 'spec', [a, b]).length, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { validateDefinition } from '../../../src/kinds/apiextensions/validate-definition.ts'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { Environment } from '../../../src/kinds/cel/environment.ts'
import { CelCompileError, CelCostError, CelRuntimeError } from '../../../src/kinds/cel/errors.ts'
import { dynType } from '../../../src/kinds/cel/types.ts'
import { celValueOf, jsonOf } from '../../../src/kinds/structural/cel-values.ts'
import { structuralErrors } from '../../../src/kinds/structural/check-structural.ts'
import { applyStructuralDefaults } from '../../../src/kinds/structural/default-values.ts'
import { parseJsonPath, valuesAt } from '../../../src/kinds/structural/json-path.ts'
import { prune } from '../../../src/kinds/structural/prune.ts'
import type { SchemaProps } from '../../../src/kinds/structural/schema-props.ts'
import { validateValue } from '../../../src/kinds/structural/validate-value.ts'
import { widgetDefinition, widgetVersion } from './widgets.ts'

const hostileNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
]
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'spec', 'items', ...hostileNames),
  fc.string({ maxLength: 4 }),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 53, '', 'a', 'ä'),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('any')), { maxLength: 4 }).map(record),
  ),
})).any

/** As JSON.parse makes it: hostile names are own members. */
function record(entries: readonly (readonly [string, unknown])[]): unknown {
  return JSON.parse(
    `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join(',')}}`,
  )
}

const schema: fc.Arbitrary<SchemaProps> = fc.letrec<{ any: SchemaProps }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'boolean'),
        nullable: fc.boolean(),
        default: value,
        enum: fc.array(value, { maxLength: 2 }),
        pattern: fc.constantFrom('^a*$', '(a+)+$', '['),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constant('array'),
        items: tie('any'),
        'x-kubernetes-list-type': fc.constantFrom('set', 'map', 'atomic'),
        'x-kubernetes-list-map-keys': fc.array(name, { maxLength: 2 }),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.array(fc.tuple(name, tie('any')), { maxLength: 3 }).map(record),
        required: fc.array(name, { maxLength: 2 }),
        additionalProperties: tie('any'),
        anyOf: fc.array(tie('any'), { maxLength: 2 }),
        not: tie('any'),
        'x-kubernetes-preserve-unknown-fields': fc.boolean(),
        'x-kubernetes-embedded-resource': fc.boolean(),
      },
      { requiredKeys: ['type'] },
    ),
  ) as fc.Arbitrary<SchemaProps>,
})).any

function assertUnpolluted(): void {
  for (const one of Object.keys(Object.prototype)) assert.fail(`Object.prototype has ${one}`)
}

/** A pattern that is none is refused with the definition, so no value meets it. */
function hasBadPattern(one: SchemaProps): boolean {
  return JSON.stringify(one).includes('"pattern":"["')
}

test('no schema and no value makes the validator crash, or reach a prototype', () => {
  fc.assert(
    fc.property(schema, value, value, (one, input, old) => {
      structuralErrors(one, 'schema')
      validateDefinition(
        widgetDefinition({ versions: [{ ...widgetVersion, schema: { openAPIV3Schema: one } }] }),
      )
      if (hasBadPattern(one)) return
      const pruned = structuredClone(input)
      prune(one, pruned, false)
      assert.deepEqual(
        prune(one, structuredClone(pruned), false),
        [],
        'pruning twice prunes no more',
      )
      applyStructuralDefaults(one, pruned)
      validateValue(one, pruned, '')
      validateValue(one, pruned, '', old)
      assertUnpolluted()
    }),
    { numRuns: 300 },
  )
})

const leaves = [
  'x',
  'x.a',
  'x[0]',
  '1',
  '1u',
  '1.5',
  '"a"',
  'true',
  'null',
  '[]',
  '{}',
  'b"a"',
  'x.?a',
  'y',
]
const operators = ['+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in']
const methods = [
  'size()',
  'contains("a")',
  'matches("a+")',
  'all(i, i == 1)',
  'map(i, i)',
  'filter(i, true)',
  'split("")',
  'find("a")',
  'orValue(1)',
  'transformList(i, v, v)',
  'format([1])',
  'isSorted()',
  'join(",")',
  'startsWith("a")',
]
const functions = [
  'int',
  'string',
  'double',
  'uint',
  'bytes',
  'duration',
  'timestamp',
  'quantity',
  'ip',
  'cidr',
  'url',
  'semver',
  'type',
  'dyn',
  'size',
  'has',
]
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...leaves),
    fc
      .tuple(tie('any'), fc.constantFrom(...operators), tie('any'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(tie('any'), fc.constantFrom(...methods)).map(([target, call]) => `${target}.${call}`),
    fc.tuple(fc.constantFrom(...functions), tie('any')).map(([call, one]) => `${call}(${one})`),
    fc
      .tuple(tie('any'), tie('any'), tie('any'))
      .map(([one, two, three]) => `(${one} ? ${two} : ${three})`),
    fc.array(tie('any'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  ),
})).any

const environment = new Environment({ variables: new Map([['x', dynType]]) })
const costMax = 20_000

function evaluated(source: string, x: unknown): void {
  try {
    const found = celValueOf(x)
    jsonOf(
      environment
        .compile(source)
        .run((one) => (one === 'x' ? found : undefined), new Budget(costMax)),
    )
  } catch (error) {
    const isExpected =
      error instanceof CelCompileError ||
      error instanceof CelRuntimeError ||
      error instanceof CelCostError
    if (!isExpected) throw error
  }
}

test('no expression makes CEL crash, run on, or reach a prototype', () => {
  fc.assert(
    fc.property(expression, value, (source, x) => {
      evaluated(source, x)
      assertUnpolluted()
    }),
    { numRuns: 1_500 },
  )
})

test('no text makes the parsers of CEL and of JSON paths crash', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '.',
        '?',
        ':',
        ',',
        '"',
        "'",
        '\\',
        '&&',
        '-',
        '!',
        '`',
        '//',
        '\n',
        'has(',
        '@',
        '*',
        '..',
        '[?(',
        '==',
        '$',
        '0x',
        '1e',
        'r"',
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 24 },
  )
  fc.assert(
    fc.property(pieces, value, (parts, x) => {
      const text = parts.join('')
      evaluated(text, x)
      try {
        valuesAt(parseJsonPath(text), x)
      } catch (error) {
        assert.match((error as Error).message, /^unrecognized part /)
      }
    }),
    { numRuns: 1_500 },
  )
})

test('deep nesting and long chains are refused, not a stack overflow', () => {
  const nested = [
    ['(', ')'],
    ['[', ']'],
    ['{1:', '}'],
    ['[0].all(i, ', ')'],
    ['int(', ')'],
  ] as const
  for (const [open, close] of nested) {
    const source = `${open.repeat(9_000)}1${close.repeat(9_000)}`
    assert.throws(() => environment.compile(source), CelCompileError, open)
  }
  for (const link of ['+1', '.a', '[0]', '.size()', '&&x', ' ? 1 : 2']) {
    const source = `x${link.repeat(Math.floor(90_000 / link.length))}`
    assert.throws(() => environment.compile(source), CelCompileError, link)
  }
  evaluated(`x${'+1'.repeat(400)}`, 1)
  evaluated(`${'!'.repeat(90_000)}true`, {})
  evaluated(`${'-'.repeat(90_000)}1`, {})
})

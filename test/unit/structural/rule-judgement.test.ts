import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { judgeRules } from '../../../src/kinds/structural/rules.ts'
import type { SchemaProps, SchemaRule } from '../../../src/kinds/structural/schema-props.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'

function told(schema: SchemaProps, value: unknown, old?: unknown, cost = 10_000_000) {
  const { errors, warnings } = judgeRules(schema, value, old, new Budget(cost))
  return { errors: errors.map(fieldErrorText), warnings: warnings.map(fieldErrorText) }
}

const ruled = (...rules: SchemaRule[]): SchemaProps => ({
  type: 'object',
  properties: {
    a: { type: 'integer', 'x-kubernetes-validations': rules },
    b: { type: 'string' },
  },
})

test('what is broken and was broken before is a warning, and an error once it changes', () => {
  const schema = ruled({ rule: 'self > 5' })
  assert.deepEqual(told(schema, { a: 1 }), {
    errors: ['a: Invalid value: 1: failed rule: self > 5'],
    warnings: [],
  })
  assert.deepEqual(told(schema, { a: 1, b: 'x' }, { a: 1 }), {
    errors: [],
    warnings: ['a: Invalid value: 1: failed rule: self > 5'],
  })
  assert.equal(told(schema, { a: 2 }, { a: 1 }).errors.length, 1)
})

test('elements without keys are as they were only where all of them are', () => {
  const schema: SchemaProps = {
    type: 'object',
    properties: {
      l: {
        type: 'array',
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 5' }] },
      },
    },
  }
  assert.equal(told(schema, { l: [1, 9] }, { l: [1, 9] }).warnings.length, 1)
  assert.deepEqual(told(schema, { l: [1, 8] }, { l: [1, 9] }).errors, [
    'l[0]: Invalid value: 1: failed rule: self > 5',
  ])
})

test('the object as a whole has no path', () => {
  const schema: SchemaProps = {
    type: 'object',
    properties: { a: { type: 'integer' } },
    'x-kubernetes-validations': [{ rule: 'self.a > 5' }, { rule: 'self.a > 6', fieldPath: '.a' }],
  }
  assert.deepEqual(told(schema, { a: 1 }).errors, [
    '<nil>: Invalid value: failed rule: self.a > 5',
    'a: Invalid value: failed rule: self.a > 6',
  ])
})

const long = 'x'.repeat(2_000)

test('a rule that costs too much ends all others', () => {
  const schema: SchemaProps = {
    type: 'object',
    properties: {
      l: {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-validations': [
          { rule: 'self.all(x, self.all(y, self.all(z, x == y || y != z)))' },
          { rule: 'false' },
        ],
      },
    },
  }
  assert.deepEqual(told(schema, { l: Array(200).fill(long) }).errors, [
    `l: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(x, self.all(y, self.all(z, x == y || y != z)))`,
  ])
  assert.deepEqual(told(schema, { l: [long, long] }, undefined, 500).errors, [
    'l: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
  ])
})

test('a message that costs too much says so instead', () => {
  const schema: SchemaProps = {
    type: 'object',
    properties: {
      s: {
        type: 'string',
        'x-kubernetes-validations': [
          { rule: 'false', messageExpression: 'self.replace("", self)' },
        ],
      },
    },
  }
  assert.deepEqual(told(schema, { s: long }, undefined, 300).errors, [
    's: Invalid value: "string": messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
  ])
})

test('values of the wrong type, and rules that do not compile, are told of as such', () => {
  const schema = (rule: string): SchemaProps => ({
    type: 'object',
    properties: {
      a: { 'x-kubernetes-int-or-string': true, 'x-kubernetes-validations': [{ rule }] },
    },
  })
  assert.deepEqual(told(schema('self + 1 > 2'), { a: 'x' }).errors, [
    `a: Invalid value: "": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self + 1 > 2`,
  ])
  assert.match(
    told(schema('nope'), { a: 'x' }).errors[0] ?? '',
    /^a: Invalid value: "": rule compile error: compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope'/,
  )
})

test('an optional oldSelf is what was written, without what the schema makes of it', () => {
  const schema = (rule: string): SchemaProps => ({
    type: 'object',
    properties: {
      o: {
        type: 'object',
        properties: { at: { type: 'string', format: 'date-time' }, n: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule, optionalOldSelf: true }],
      },
    },
  })
  const value = { o: { at: '2020-01-02T03:04:05Z', n: 1 } }
  assert.deepEqual(told(schema('oldSelf.value().n == self.n'), value, value).errors, [])
  assert.equal(told(schema('oldSelf.value() == self'), value, value).errors.length, 1)
})

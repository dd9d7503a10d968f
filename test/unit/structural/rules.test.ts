import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomDefinition } from '../../../src/kinds/apiextensions/definition-spec.ts'
import { validateDefinition } from '../../../src/kinds/apiextensions/validate-definition.ts'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { judgeRules } from '../../../src/kinds/structural/rules.ts'
import type { SchemaProps, SchemaRule } from '../../../src/kinds/structural/schema-props.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'

function schemaWith(...rules: SchemaRule[]): SchemaProps {
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-validations': rules,
        properties: {
          min: { type: 'integer' },
          max: { type: 'integer' },
          'a-b': { type: 'string' },
          when: { type: 'string', format: 'date-time' },
          parts: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
              type: 'object',
              required: ['name'],
              properties: {
                name: { type: 'string' },
                size: {
                  type: 'integer',
                  'x-kubernetes-validations': [
                    { rule: 'self >= oldSelf', message: 'must not shrink' },
                  ],
                },
              },
            },
          },
        },
      },
    },
  }
}

function judged(schema: SchemaProps, value: unknown, old?: unknown, units = 1_000_000): string[] {
  return judgeRules(schema, value, old, new Budget(units)).errors.map(fieldErrorText)
}

function definitionWith(schema: SchemaProps): CustomDefinition {
  return {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}

test('a rule that does not hold refuses with its message, or says itself', () => {
  const schema = schemaWith(
    { rule: 'self.min <= self.max', message: 'min must not be more than max' },
    {
      rule: "!has(self.a__dash__b) || self.a__dash__b != 'x'",
      fieldPath: '.a-b',
      reason: 'FieldValueForbidden',
    },
    { rule: 'self.max < 100', messageExpression: "'max is ' + string(self.max)" },
  )
  assert.deepEqual(judged(schema, { spec: { min: 1, max: 2 } }), [])
  assert.deepEqual(judged(schema, { spec: { min: 3, max: 2 } }), [
    'spec: Invalid value: min must not be more than max',
  ])
  assert.deepEqual(judged(schema, { spec: { min: 1, max: 2, 'a-b': 'x' } }), [
    "spec.a-b: Forbidden: failed rule: !has(self.a__dash__b) || self.a__dash__b != 'x'",
  ])
  assert.deepEqual(judged(schema, { spec: { min: 1, max: 200 } }), [
    'spec: Invalid value: max is 200',
  ])
  assert.deepEqual(judged(schema, { spec: { max: 2 } }), [
    'spec: Invalid value: "object": no such key: min evaluating rule: min must not be more than max',
  ])
})

test('rules about changes know the value before, list elements by their keys', () => {
  const schema = schemaWith({ rule: 'self.max >= oldSelf.max', message: 'max must not shrink' })
  assert.deepEqual(judged(schema, { spec: { max: 1 } }), [])
  assert.deepEqual(judged(schema, { spec: { max: 1 } }, { spec: { max: 2 } }), [
    'spec: Invalid value: max must not shrink',
  ])
  const before = {
    spec: {
      max: 1,
      parts: [
        { name: 'a', size: 5 },
        { name: 'b', size: 1 },
      ],
    },
  }
  const after = {
    spec: {
      max: 1,
      parts: [
        { name: 'b', size: 2 },
        { name: 'a', size: 4 },
      ],
    },
  }
  assert.deepEqual(judged(schema, after, before), [
    'spec.parts[1].size: Invalid value: 4: must not shrink',
  ])
  const created = schemaWith({ rule: 'oldSelf.hasValue() || self.max == 1', optionalOldSelf: true })
  assert.equal(judged(created, { spec: { max: 2 } }).length, 1)
  assert.equal(judged(created, { spec: { max: 2 } }, { spec: { max: 1 } }).length, 0)
})

test('a value that did not change is not judged again', () => {
  const schema = schemaWith({ rule: 'self.max < 10' })
  assert.deepEqual(judged(schema, { spec: { max: 50 } }, { spec: { max: 50 } }), [])
  assert.equal(judged(schema, { spec: { max: 60 } }, { spec: { max: 50 } }).length, 1)
})

test('rules stop where the budget of the request ends', () => {
  const schema = schemaWith({
    rule: 'self.parts.all(a, self.parts.all(b, a.name == b.name || a.name != b.name))',
  })
  const parts = Array.from({ length: 200 }, (_, index) => ({ name: `p${index}` }))
  const [error] = judged(schema, { spec: { parts } }, undefined, 10_000)
  assert.match(error ?? '', /running out of cost budget, no further validation rules will be run/)
})

test('a definition with a rule that does not compile is refused', () => {
  const refused = (rule: SchemaRule) =>
    validateDefinition(definitionWith(schemaWith(rule))).map(fieldErrorText)
  const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]'
  const [wrongType = ''] = refused({ rule: "self.min > 'a'" })
  assert.ok(
    wrongType.startsWith(`${at}.rule: Invalid value: {"Rule":"self.min \\u003e 'a'","Message":""`),
    wrongType,
  )
  assert.match(
    wrongType,
    /compilation failed: ERROR: <input>:1:10: found no matching overload for '_>_' applied to '\(int, string\)'/,
  )
  assert.match(refused({ rule: 'self.nothing == 1' })[0] ?? '', /undefined field 'nothing'/)
  assert.match(refused({ rule: 'self.min' })[0] ?? '', /cel expression must evaluate to a bool/)
  assert.match(
    refused({ rule: 'self.min > 0', messageExpression: '1' })[0] ?? '',
    /messageExpression must evaluate to a string/,
  )
  assert.deepEqual(refused({ rule: '' }), [`${at}.rule: Required value: rule is not specified`])
  assert.match(
    refused({ rule: 'true', fieldPath: '.nowhere' })[0] ?? '',
    /fieldPath: Invalid value: ".nowhere": must be a valid path/,
  )
  assert.deepEqual(refused({ rule: 'self.when > timestamp("2020-01-01T00:00:00Z")' }), [])
})

test('a rule about changes is asked of what did not change, too', () => {
  const schema = schemaWith({ rule: 'self.min > oldSelf.min', message: 'must grow' })
  const value = { spec: { min: 1 } }
  assert.equal(judged(schema, value, value).length, 1)
  const unruled = schemaWith({ rule: 'self.min > 1', message: 'must be large' })
  assert.deepEqual(judged(unruled, value, value), [])
})

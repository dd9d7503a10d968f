import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../src/base/limits.ts'
import type { CustomDefinition } from '../../../src/kinds/apiextensions/definition-spec.ts'
import { validateDefinition } from '../../../src/kinds/apiextensions/validate-definition.ts'
import type { SchemaProps, SchemaRule } from '../../../src/kinds/structural/schema-props.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'

function definitionWith(spec: SchemaProps): CustomDefinition {
  const schema: SchemaProps = { type: 'object', properties: { spec } }
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

const at = 'spec.validation.openAPIV3Schema.properties[spec]'
const hint =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'

function refusals(spec: SchemaProps, old?: CustomDefinition): string[] {
  return validateDefinition(definitionWith(spec), old).map(fieldErrorText)
}

const texts = (bounds: object, ...rules: SchemaRule[]): SchemaProps => ({
  type: 'array',
  items: { type: 'string' },
  'x-kubernetes-validations': rules,
  ...bounds,
})

const pairs = { rule: 'self.all(x, self.all(y, x == y))' }

test('a rule that could cost too much is refused, with how much too much', () => {
  assert.deepEqual(refusals(texts({}, pairs)), [
    `${at}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
    `${at}.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
    `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
  ])
  // 314,573 steps a comparison of two texts that fill a request.
  assert.deepEqual(refusals(texts({ maxItems: 6 }, pairs)), [
    `${at}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.132484x ${hint}`,
  ])
  assert.deepEqual(refusals(texts({ maxItems: 5 }, pairs)), [])
  const short: SchemaProps = { type: 'string', maxLength: 20 }
  assert.deepEqual(refusals({ ...texts({ maxItems: 300 }, pairs), items: short }), [])
})

test('a rule counts as often as its list or map can be long', () => {
  const inside = (bounds: object): SchemaProps => ({
    type: 'object',
    ...bounds,
    additionalProperties: {
      type: 'string',
      maxLength: 10,
      'x-kubernetes-validations': [{ rule: "self.matches('^a+$') || self.contains('b')" }],
    },
  })
  assert.deepEqual(refusals(inside({ maxProperties: 1_000 })), [])
  const [unbounded = ''] = refusals(inside({}))
  assert.match(unbounded, /additionalProperties.*estimated rule cost exceeds budget by factor of/)
})

test('a message that could cost too much is refused', () => {
  const rule = { rule: 'true', messageExpression: 'self.map(x, self.map(y, x + y).join()).join()' }
  const [error = ''] = refusals(texts({}, rule))
  assert.match(
    error,
    /messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x/,
  )
})

test('a schema that did not change keeps a rule that is too expensive alone', () => {
  const spec = texts({ maxItems: 6 }, pairs)
  const old = definitionWith(spec)
  assert.deepEqual(refusals(spec, old), [])
  assert.equal(refusals({ ...spec, description: 'another' }, old).length, 1)
})

test('rules of a schema have an end', () => {
  const rule = { rule: `true || ${"'a' == 'b' || ".repeat(1_000)}false` }
  const count = Math.ceil(limits.schemaRuleCharactersMax / rule.rule.length) + 1
  const rules = Array.from({ length: count }, () => rule)
  const [error = ''] = refusals({ type: 'object', 'x-kubernetes-validations': rules })
  assert.match(error, /may have 100000 characters together/)
})

test('a default has to satisfy the rules of its schema', () => {
  const spec: SchemaProps = {
    type: 'object',
    properties: {
      size: { type: 'integer', default: 3, 'x-kubernetes-validations': [{ rule: 'self > 5' }] },
    },
  }
  assert.deepEqual(refusals(spec), [
    `${at}.properties[size].default: Invalid value: 3: failed rule: self > 5`,
  ])
})

test('only a name is oldSelf; where elements are not told apart it may not be used', () => {
  const named = (rule: string): SchemaProps => ({
    type: 'array',
    maxItems: 3,
    items: { type: 'string', maxLength: 10, 'x-kubernetes-validations': [{ rule }] },
  })
  assert.deepEqual(refusals(named("self != r'\\oldSelf' && self != 'oldSelf'")), [])
  assert.deepEqual(refusals(named('self == oldSelf')), [
    `${at}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}`,
  ])
})

test('rules of conditions are no part of a structural schema', () => {
  const condition = { maxLength: 3, 'x-kubernetes-validations': [{ rule: "self != 'q'" }] }
  assert.deepEqual(refusals({ type: 'string', allOf: [condition] }), [
    `${at}.allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural`,
  ])
})

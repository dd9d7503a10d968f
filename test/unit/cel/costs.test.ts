import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { limits } from '../../../src/base/limits.ts'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { Environment } from '../../../src/kinds/cel/environment.ts'
import { CelRuntimeError } from '../../../src/kinds/cel/errors.ts'
import { sizedSchema, sizesWithin } from '../../../src/kinds/structural/cel-sizes.ts'
import { celTypeOf } from '../../../src/kinds/structural/cel-types.ts'
import { celValueOf } from '../../../src/kinds/structural/cel-values.ts'
import type { SchemaProps } from '../../../src/kinds/structural/schema-props.ts'

/** Schema, object, expression, least and greatest estimate, cost: as Kubernetes' own code has them. */
type Case = readonly [number, number, string, string, string, string]
type Line = { readonly schema: SchemaProps } | { readonly object: object } | Case

const file = resolve(import.meta.dirname, '../../../../test/golden/cel/costs.ndjson')
const lines = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)
const schemas = lines.flatMap((line) => ('schema' in line ? [line.schema] : []))
const objects = lines.flatMap((line) => ('object' in line ? [line.object] : []))
const cases = lines.filter((line): line is Case => Array.isArray(line))

function found(schema: SchemaProps, object: object, source: string) {
  const self = celTypeOf(schema, 'self')
  const sizes = sizedSchema(schema, false)
  assert.ok(self && sizes)
  const variables = new Map([
    ['self', self],
    ['oldSelf', self],
  ])
  const program = new Environment({ variables }).compile(source)
  const { min, max } = program.estimate(sizesWithin(sizes))
  const budget = new Budget(limits.celCallCostMax)
  const value = celValueOf(object, schema)
  try {
    program.run(() => value, budget)
  } catch (error) {
    // What an expression costs that fails is told, too.
    if (!(error instanceof CelRuntimeError)) throw error
  }
  const cost = limits.celCallCostMax - budget.costLeft
  return [String(min), String(max), String(cost)]
}

test('estimates and costs of expressions are those of Kubernetes', () => {
  const wrong: string[] = []
  for (const [schemaAt, objectAt, source, min, max, cost] of cases) {
    const [schema, object] = [schemas[schemaAt], objects[objectAt]]
    assert.ok(schema && object)
    const [ourMin, ourMax, ourCost] = found(schema, object, source)
    if (min !== ourMin || max !== ourMax || cost !== ourCost)
      wrong.push(`${source}: ${min}-${max}, ${cost}; not ${ourMin}-${ourMax}, ${ourCost}`)
  }
  const equal = cases.length - wrong.length
  assert.equal(
    `${equal} of ${cases.length} equal`,
    `${cases.length} of ${cases.length} equal`,
    wrong.slice(0, 10).join('\n'),
  )
  assert.ok(cases.length > 900)
})

import { test } from 'node:test'
import fc from 'fast-check'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject, Kind } from '../../../src/kinds/kind.ts'
import { type Definition, definition, type ValueType } from '../../../src/kinds/schema.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'

/** Whatever decodes may come in, however little of it is there: rules judge it and never throw. */
const runsPerKind = 12
const skeletonDepthMax = 8

function completed(fields: Record<string, unknown>): AnyObject {
  return structuredClone({ metadata: { name: 'a', uid: 'u' }, ...fields }) as AnyObject
}

function judge(kind: Kind, first: Record<string, unknown>, second: Record<string, unknown>): void {
  const bare = completed(first)
  kind.row(bare, 0)
  kind.selectableFields(bare)
  const object = completed(first)
  applyDefaults(kind, object)
  kind.prepareCreate(object)
  kind.validateCreate(object)
  kind.row(object, 0)
  const old = completed(second)
  applyDefaults(kind, old)
  kind.prepareUpdate(object, old)
  kind.validateUpdate(object, old)
  const observed = completed(first)
  kind.prepareStatusUpdate(observed, old, 0)
  kind.validateStatusUpdate(observed, old)
  for (const part of kind.parts.values()) {
    const changed = completed(first)
    part.prepare(changed, old, 0)
    part.validate(changed, old)
  }
}

/**
 * An object of nothing but structure: every list has one element, no scalar is there, and at `depth`
 * everything is empty. So each rule meets each field that it reads without it, whatever chance brings.
 */
function skeleton(schema: Definition, depth: number): Record<string, unknown> {
  if (depth === 0) return {}
  const result: Record<string, unknown> = {}
  for (const { name, type } of schema.fields) {
    const value = hollow(type, depth - 1)
    if (value !== undefined && name !== 'metadata') result[name] = value
  }
  return result
}

function hollow(type: ValueType, depth: number): unknown {
  if (type.is === 'object') return skeleton(definition(type.definition), depth)
  if (type.is === 'scalar') return undefined
  const inner = hollow(type.of, depth)
  if (inner === undefined) return undefined
  return type.is === 'list' ? [inner] : { key: inner }
}

for (const kind of allKinds)
  test(`the rules of ${apiVersionOf(kind)} ${kind.kind} read no field that may be missing`, () => {
    for (let depth = 1; depth <= skeletonDepthMax; depth++) {
      const hollowed = skeleton(definition(kind.definition), depth)
      judge(kind, hollowed, hollowed)
      judge(kind, hollowed, {})
      judge(kind, {}, hollowed)
    }
  })

for (const kind of allKinds)
  test(`the rules of ${apiVersionOf(kind)} ${kind.kind} judge every object that decodes`, () => {
    const objects = objectOf(kind.definition)
    const property = fc.property(objects, objects, (first, second) => judge(kind, first, second))
    fc.assert(property, { numRuns: runsPerKind, verbose: true })
  })

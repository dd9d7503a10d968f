import { test } from 'node:test'
import fc from 'fast-check'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject, Kind } from '../../../src/kinds/kind.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'

/** Whatever decodes may come in, however little of it is there: rules judge it and never throw. */
const runsPerKind = 12

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

for (const kind of allKinds)
  test(`the rules of ${apiVersionOf(kind)} ${kind.kind} judge every object that decodes`, () => {
    const objects = objectOf(kind.definition)
    const property = fc.property(objects, objects, (first, second) => judge(kind, first, second))
    fc.assert(property, { numRuns: runsPerKind, verbose: true })
  })

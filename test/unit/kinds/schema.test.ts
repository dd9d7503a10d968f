import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { typesSource } from '../../../src/kinds/schema/types-source.ts'
import { allDefinitions, definition, elementDefinition } from '../../../src/kinds/schema.ts'
import { allKinds, kindOf, kindOfResource } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'

test('types.ts is what the schema table says; else run scripts/generate-kinds.ts', () => {
  let root = import.meta.dirname
  while (!existsSync(join(root, 'package.json'))) root = dirname(root)
  assert.equal(readFileSync(join(root, 'src/kinds/types.ts'), 'utf8'), typesSource())
})

test('protobuf numbers are unique within their message', () => {
  for (const { name, fields } of allDefinitions()) {
    const numbered = fields.filter(({ number }) => number > 0)
    const paths = numbered.map(({ inside, number }) => [...inside, number].join('/'))
    assert.equal(new Set(paths).size, paths.length, name)
    for (const path of paths)
      assert.ok(!paths.some((other) => other.startsWith(`${path}/`)), `${name} ${path}`)
  }
})

test('merge keys and list keys are fields of the list element', () => {
  for (const { name, fields } of allDefinitions())
    for (const field of fields) {
      const element = elementDefinition(field.type)
      const keys = [...field.listKeys, ...(field.mergeKey === undefined ? [] : [field.mergeKey])]
      for (const key of keys) assert.ok(element?.byName.has(key), `${name}.${field.name} ${key}`)
    }
})

test('defaults are of the type and enum of their field', () => {
  for (const { name, fields } of allDefinitions())
    for (const field of fields) {
      if (field.default === undefined) continue
      const type = field.type.is === 'scalar' ? field.type.scalar : field.type.is
      const expected = { bool: 'boolean', int32: 'number', int64: 'number', object: 'object' }
      const wanted = expected[type as keyof typeof expected] ?? 'string'
      if (type === 'intOrString') assert.match(String(field.default), /^\d+%?$/)
      else assert.equal(typeof field.default, wanted, `${name}.${field.name}`)
      if (field.enum) assert.ok(field.enum.includes(field.default as string), name)
    }
})

test('every definition and field is described', () => {
  const bare = allDefinitions().flatMap((schema) => [
    ...(schema.description === '' ? [schema.shortName] : []),
    ...schema.fields
      .filter(({ description }) => description === '')
      .map(({ name }) => `${schema.shortName}.${name}`),
  ])
  assert.deepEqual(bare, [])
})

test('kinds are found by resource and by kind', () => {
  for (const kind of allKinds) {
    assert.equal(kindOfResource(kind.group, kind.version, kind.resource), kind)
    assert.equal(kindOf(kind.group, kind.version, kind.kind), kind)
    const known = definition(kind.definition).kinds
    assert.deepEqual(known, [{ group: kind.group, version: kind.version, kind: kind.kind }])
    assert.equal(kind.columns.length, kind.row({ metadata: { name: 'a' } }, 0).length, kind.kind)
  }
  assert.equal(kindOfResource('', 'v1', 'nothings'), undefined)
})

test('defaults change nothing the second time', () => {
  const kindAndObject = fc
    .constantFrom(...allKinds)
    .chain((kind) => objectOf(kind.definition).map((object) => ({ kind, object })))
  fc.assert(
    fc.property(kindAndObject, ({ kind, object }) => {
      const value = { metadata: {}, ...object } as AnyObject
      applyDefaults(kind, value)
      const once = JSON.stringify(value)
      applyDefaults(kind, value)
      assert.equal(JSON.stringify(value), once)
    }),
  )
})

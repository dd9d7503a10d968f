import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyObject } from '../../../src/api/apply/apply-object.ts'
import { decodeRoot, emptySet, type FieldSet } from '../../../src/api/apply/field-set.ts'
import { readOwnerships, serverMetadata } from '../../../src/api/apply/managed-fields.ts'
import { encodedMembers, holdsAll, holdsSome } from '../../../src/api/apply/owned-fields.ts'
import { shapeOf } from '../../../src/api/apply/shape.ts'
import { ownersAfterUpdate, ownersOfNew } from '../../../src/api/apply/track-update.ts'
import { compare, fieldsOf } from '../../../src/api/apply/typed-merge.ts'
import { copyJson } from '../../../src/api/patch/json-value.ts'
import { isStatus } from '../../../src/base/status.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { objectOf } from '../kinds/arbitrary.ts'

const deployment = {
  definition: 'io.k8s.api.apps.v1.Deployment',
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  statusKeeps: ['labels'],
}
const shape = shapeOf(deployment)
const time = '2026-01-01T00:00:00Z'
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

// Lists and maps are never empty here: empty ones have one owner, as leaves have, and outlive what is in them.
const name = fc.constantFrom('a', 'b', 'c')
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x', 'y'),
    args: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    env: fc.uniqueArray(fc.record({ name, value: name }), {
      selector: (one) => one.name,
      minLength: 1,
    }),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
)
const containers = fc.uniqueArray(container, {
  selector: (one) => one.name,
  minLength: 1,
  maxLength: 3,
})
const content = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 2 }),
    labels: fc.dictionary(name, name, { noNullPrototype: true, minKeys: 1 }),
    containers,
  },
  { requiredKeys: [], noNullPrototype: true },
)
type Content = typeof content extends fc.Arbitrary<infer T> ? T : never

function documentOf({ replicas, labels, containers: list }: Content): AnyObject {
  return plain({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n', ...(labels ? { labels } : {}) },
    ...(replicas === undefined && !list
      ? {}
      : {
          spec: {
            ...(replicas === undefined ? {} : { replicas }),
            ...(list ? { template: { spec: { containers: list } } } : {}),
          },
        }),
  })
}

const write = fc.record({
  manager: fc.constantFrom('m1', 'm2', 'm3'),
  operation: fc.constantFrom('apply' as const, 'force' as const, 'update' as const),
  content,
})
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never

/** The object after a write, as the store would hold it; unchanged when there was a conflict. */
function after(live: AnyObject, { manager, operation, content: wanted }: Write): AnyObject {
  const document = documentOf(wanted)
  const updater = { manager, subresource: '', time }
  if (operation === 'update') {
    const entries = live.metadata.managedFields ?? []
    const object = plain({ ...document, metadata: { ...document.metadata, uid: 'u' } })
    object.metadata.managedFields = ownersAfterUpdate(deployment, live, object, entries, updater)
    return plain(object)
  }
  try {
    const applier = { ...updater, force: operation === 'force' }
    return plain(applyObject(deployment, live, document, applier))
  } catch (error) {
    if (isStatus(error, 'Conflict')) return live
    throw error
  }
}

function born(wanted: Content): AnyObject {
  const document = documentOf(wanted)
  document.metadata.uid = 'u'
  const updater = { manager: 'maker', subresource: '', time }
  document.metadata.managedFields = ownersOfNew(deployment, document, updater)
  return plain(document)
}

const ownedOf = (object: AnyObject) => readOwnerships(object.metadata.managedFields)
const setOf = (object: AnyObject): FieldSet =>
  fieldsOf(
    shape,
    copyJson({ ...object, metadata: { ...object.metadata, managedFields: undefined } }),
  )

/** True when a path of the set, or something below it, is in the object. */
function unknownPaths(owned: FieldSet, object: AnyObject): string[] {
  const there = setOf(object).paths()
  return owned.paths().filter((path) => path !== '' && !there.some((one) => one.startsWith(path)))
}

test('encoded sets are those of the sets of fields, for objects of every kind', () => {
  const kindAndObject = fc
    .constantFrom(...allKinds)
    .chain((kind) => objectOf(kind.definition).map((object) => ({ kind, object })))
  fc.assert(
    fc.property(kindAndObject, ({ kind, object }) => {
      const own = shapeOf(kind)
      if (own.is !== 'struct') return
      const expected = compare(own, {}, copyJson(object)).changed.encode()
      assert.deepEqual(plain(encodedMembers(own, object as never)), plain(expected))
    }),
    { numRuns: 300 },
  )
})

test('holdsAll and holdsSome ask encoded sets as sets would answer', () => {
  const set = content.map((one) => fieldsOf(shape, copyJson(documentOf(one))))
  fc.assert(
    fc.property(set, set, (left, right) => {
      const encoded = plain(left.encode())
      assert.equal(holdsAll(encoded, right), right.difference(left).isEmpty)
      assert.equal(holdsSome(encoded, right), !right.intersection(left).isEmpty)
    }),
  )
})

test('whoever writes what: owned fields are there, and two updaters never own the same', () => {
  fc.assert(
    fc.property(content, fc.array(write, { maxLength: 8 }), (first, writes) => {
      let live = born(first)
      for (const one of writes) {
        live = after(live, one)
        const owners = ownedOf(live)
        for (const owner of owners) {
          assert.deepEqual(unknownPaths(owner.fields, live), [], owner.manager)
          assert.equal(owner.fields.isEmpty, false)
        }
        const updaters = owners.filter((owner) => owner.operation === 'Update')
        let all = emptySet
        for (const { fields } of updaters) {
          assert.deepEqual(all.intersection(fields).paths(), [])
          all = all.union(fields)
        }
        const keys = owners.map((owner) => `${owner.manager} ${owner.operation}`)
        assert.equal(new Set(keys).size, keys.length)
      }
    }),
  )
})

test('every field that somebody set has an owner', () => {
  fc.assert(
    fc.property(content, fc.array(write, { maxLength: 8 }), (first, writes) => {
      const live = writes.reduce(after, born(first))
      if ((live.metadata.managedFields ?? []).length === 0) return
      const owned = ownedOf(live).reduce((all, one) => all.union(one.fields), emptySet)
      const server = new Set([...serverMetadata].map((field) => `.metadata.${field}`))
      const orphans = setOf(live)
        .paths()
        .filter((path) => !server.has(path) && !['', '.apiVersion', '.kind'].includes(path))
        .filter(
          (path) => !owned.paths().some((one) => path.startsWith(one) || one.startsWith(path)),
        )
      assert.deepEqual(orphans, [])
    }),
  )
})

test('the same write twice changes nothing the second time', () => {
  fc.assert(
    fc.property(content, fc.array(write, { maxLength: 5 }), write, (first, writes, last) => {
      const once = after(writes.reduce(after, born(first)), last)
      assert.deepEqual(after(once, last), once)
    }),
  )
})

test('appliers of different fields may come in any order', () => {
  const parts = fc.shuffledSubarray(['replicas', 'labels', 'containers'] as const, {
    minLength: 3,
    maxLength: 3,
  })
  fc.assert(
    fc.property(content, content, parts, (base, wanted, order) => {
      const apply = (live: AnyObject, part: (typeof order)[number]) => {
        const document = documentOf({ [part]: wanted[part] } as Content)
        const applier = { manager: part, subresource: '', force: true, time }
        return plain(applyObject(deployment, live, document, applier))
      }
      const one = order.reduce(apply, born(base))
      const other = [...order].reverse().reduce(apply, born(base))
      const difference = compare(
        shape,
        copyJson(withoutOwners(one)),
        copyJson(withoutOwners(other)),
      )
      assert.ok(difference.changed.isEmpty && difference.removed.isEmpty)
      const sets = (object: AnyObject) =>
        Object.fromEntries(ownedOf(object).map((own) => [own.manager, own.fields.paths()]))
      assert.deepEqual(sets(one), sets(other))
    }),
  )
})

test('entries that are no entries harm nobody', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (fieldsV1, odd) => {
      const set = decodeRoot(fieldsV1)
      assert.ok(set.paths().length >= 0)
      assert.equal(typeof holdsSome(fieldsV1, decodeRoot(odd)), 'boolean')
    }),
    { examples: [[{ 'k:': false }, {}]] },
  )
})

function withoutOwners(object: AnyObject): AnyObject {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } } as AnyObject
}

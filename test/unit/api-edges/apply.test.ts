import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Applier, applyObject } from '../../../src/api/apply/apply-object.ts'
import { decodeFieldSet, type FieldSet } from '../../../src/api/apply/field-set.ts'
import { shapeOf } from '../../../src/api/apply/shape.ts'
import { ownersAfterUpdate } from '../../../src/api/apply/track-update.ts'
import { compare, fieldsOf, merge } from '../../../src/api/apply/typed-merge.ts'
import { copyJson, type Json } from '../../../src/api/patch/json-value.ts'
import { isStatus, StatusError } from '../../../src/base/status.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'

const deployment = {
  definition: 'io.k8s.api.apps.v1.Deployment',
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  statusKeeps: ['labels'],
}
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const time = '2026-01-01T00:00:00Z'
const by = (manager: string, more: Partial<Applier> = {}): Applier => ({
  manager,
  subresource: '',
  force: false,
  time,
  ...more,
})

const config = (spec: object, metadata: object = {}): AnyObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'default', ...metadata },
    spec,
  }) as AnyObject
const empty = (): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  statusKeeps: ['labels'],
  metadata: { name: 'd', namespace: 'default' },
})
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } })

/** As the store would hold it after a creation. */
const stored = (object: AnyObject): AnyObject =>
  plain({ ...object, metadata: { ...object.metadata, uid: 'u', creationTimestamp: time } })
const apply = (live: AnyObject, applied: AnyObject, applier: Applier) =>
  stored(applyObject(deployment, live, applied, applier))
const update = (live: AnyObject, manager: string, change: (spec: AnyObject) => void): AnyObject => {
  const object = plain(live) as AnyObject
  change(object)
  const entries = live.metadata.managedFields ?? []
  object.metadata.managedFields = ownersAfterUpdate(deployment, live, object, entries, {
    manager,
    subresource: '',
    time: '2026-01-02T00:00:00Z',
  })
  return plain(object)
}
const owners = (object: AnyObject) =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry) => [
      entry.manager,
      decodeFieldSet(entry.fieldsV1)
        .paths()
        .filter((path) => path !== ''),
    ]),
  )
const specOf = (object: AnyObject) => object['spec'] as Record<string, unknown>
const isConflict = (message: RegExp) => (error: unknown) =>
  isStatus(error, 'Conflict') && message.test(error.message)

describe('server-side apply', () => {
  test('creates what is applied and says who owns it', () => {
    const object = apply(
      empty(),
      config({ replicas: 2, ...containers({ name: 'a', image: 'x' }) }, { labels: { l: '1' } }),
      by('me'),
    )
    assert.deepEqual(object.metadata.managedFields, [
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:l': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': {
                'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
              },
            },
          },
        },
      },
    ])
  })

  test('a value that another applier owns is a conflict; force takes it over', () => {
    const live = apply(empty(), config({ replicas: 2, paused: true }), by('one'))
    assert.throws(
      () => apply(live, config({ replicas: 3 }), by('two')),
      isConflict(/^Apply failed with 1 conflict: conflict with "one": \.spec\.replicas$/),
    )
    const forced = apply(live, config({ replicas: 3 }), by('two', { force: true }))
    assert.equal(specOf(forced)['replicas'], 3)
    assert.deepEqual(owners(forced), { one: ['.spec.paused'], two: ['.spec.replicas'] })
  })

  test('several conflicts are listed, with a cause each', () => {
    const live = apply(empty(), config({ replicas: 2, paused: true }), by('one'))
    assert.throws(
      () => apply(live, config({ replicas: 3, paused: false }), by('two')),
      (error) => {
        assert.ok(isStatus(error, 'Conflict'))
        assert.equal(
          error.message,
          'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.paused\n- .spec.replicas',
        )
        assert.deepEqual((error as StatusError).status.details?.causes?.[0], {
          reason: 'FieldManagerConflict',
          field: '.spec.paused',
          message: 'conflict with "one"',
        })
        return true
      },
    )
  })

  test('the same value is shared, and stays while one of its owners wants it', () => {
    const one = apply(empty(), config({ replicas: 2, paused: true }), by('one'))
    const both = apply(one, config({ replicas: 2 }), by('two'))
    assert.deepEqual(owners(both)['two'], ['.spec.replicas'])
    const left = apply(both, config({ paused: true }), by('one'))
    assert.equal(specOf(left)['replicas'], 2)
    assert.deepEqual(owners(left), { one: ['.spec.paused'], two: ['.spec.replicas'] })
    const gone = apply(left, config({ minReadySeconds: 1 }), by('two'))
    assert.equal(specOf(gone)['replicas'], undefined)
  })

  test('what is left out goes: elements by key, keys of maps, whole structures', () => {
    const live = apply(
      empty(),
      config(
        {
          strategy: { type: 'Recreate' },
          ...containers({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }),
        },
        { labels: { l: '1', m: '2' }, finalizers: ['p/q', 'r/s'] },
      ),
      by('me'),
    )
    const next = apply(
      live,
      config(containers({ name: 'b', image: 'y' }), { labels: { m: '2' }, finalizers: ['r/s'] }),
      by('me'),
    )
    assert.deepEqual(specOf(next), containers({ name: 'b', image: 'y' }))
    assert.deepEqual(next.metadata.labels, { m: '2' })
    assert.deepEqual(next.metadata.finalizers, ['r/s'])
  })

  test('an element that nobody owns any more goes, with what others own within it', () => {
    const live = apply(empty(), config(containers({ name: 'a' }, { name: 'b' })), by('me'))
    const filled = update(live, 'other', (object) => {
      const { template } = specOf(object) as { template: { spec: { containers: object[] } } }
      template.spec.containers[1] = { name: 'b', image: 'x' }
    })
    const next = apply(filled, config(containers({ name: 'a' })), by('me'))
    assert.deepEqual(specOf(next), containers({ name: 'a' }))
    assert.deepEqual(Object.keys(owners(next)), ['me'])
  })

  test('the last field of metadata that anybody owned takes nothing else along', () => {
    const live = apply(empty(), config({ replicas: 1 }, { labels: { a: '1' } }), by('me'))
    const next = apply(live, config({ replicas: 1 }), by('me'))
    assert.equal(next.metadata.labels, undefined)
    assert.deepEqual([next.metadata.name, next.metadata.uid], ['d', 'u'])
  })

  test('keeps elements of others in their place', () => {
    const live = apply(empty(), config(containers({ name: 'a' }, { name: 'b' })), by('one'))
    const next = apply(live, config(containers({ name: 'c' }, { name: 'b' })), by('two'))
    assert.deepEqual(specOf(next), containers({ name: 'a' }, { name: 'c' }, { name: 'b' }))
  })

  test('tells ports by their keys and the default of a key', () => {
    const port = (list: object[]) => config(containers({ name: 'a', ports: list }))
    const live = apply(
      empty(),
      port([
        { containerPort: 53, protocol: 'TCP' },
        { containerPort: 53, protocol: 'UDP' },
      ]),
      by('me'),
    )
    const next = apply(live, port([{ containerPort: 53, name: 'dns' }]), by('two'))
    assert.deepEqual(specOf(next), {
      template: {
        spec: {
          containers: [
            {
              name: 'a',
              ports: [
                { containerPort: 53, protocol: 'TCP', name: 'dns' },
                { containerPort: 53, protocol: 'UDP' },
              ],
            },
          ],
        },
      },
    })
  })

  test('an element named twice is refused', () =>
    assert.throws(
      () => apply(empty(), config(containers({ name: 'a' }, { name: 'a' })), by('me')),
      (error) =>
        error instanceof StatusError &&
        /duplicate entries for key \[name="a"\]$/.test(error.message),
    ))

  test('the same again changes nothing, not even the time', () => {
    const live = apply(empty(), config({ replicas: 2 }), by('me'))
    const again = apply(live, config({ replicas: 2 }), by('me', { time: '2027-01-01T00:00:00Z' }))
    assert.deepEqual(again, live)
  })

  test('what was there before the first apply belongs to somebody', () => {
    const live = stored(config({ replicas: 2, paused: true }))
    assert.throws(
      () => apply(live, config({ replicas: 3 }), by('me')),
      isConflict(/conflict with "before-first-apply" using apps\/v1: /),
    )
    const same = apply(live, config({ replicas: 2 }), by('me'))
    assert.deepEqual(owners(same)['me'], ['.spec.replicas'])
    assert.ok(owners(same)['before-first-apply']?.includes('.spec.paused'))
  })

  test('kubectl takes over what it applied from the client side', () => {
    const last = JSON.stringify(config({ replicas: 2 }))
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': last }
    const live = stored(config({ replicas: 2, paused: true }, { annotations }))
    assert.equal(specOf(apply(live, config({ replicas: 3 }), by('kubectl')))['replicas'], 3)
    assert.throws(() => apply(live, config({ paused: false }), by('kubectl')), isConflict(/paused/))
    assert.throws(() => apply(live, config({ replicas: 3 }), by('me')), isConflict(/replicas/))
  })

  test('an update takes fields over, and removing one leaves it to nobody', () => {
    const live = apply(empty(), config({ replicas: 2, paused: true }), by('me'))
    const scaled = update(live, 'hpa', (object) => {
      specOf(object)['replicas'] = 5
    })
    assert.deepEqual(owners(scaled), { me: ['.spec.paused'], hpa: ['.spec.replicas'] })
    assert.throws(
      () => apply(scaled, config({ replicas: 2, paused: true }), by('me')),
      isConflict(/conflict with "hpa" using apps\/v1: \.spec\.replicas/),
    )
    const removed = update(scaled, 'hpa', (object) => {
      delete specOf(object)['replicas']
    })
    assert.deepEqual(owners(removed), { me: ['.spec.paused'] })
  })

  test('an update of an object that nobody applied keeps no record', () => {
    const live = stored(config({ replicas: 2 }))
    const scaled = update(live, 'hpa', (object) => {
      specOf(object)['replicas'] = 5
    })
    assert.equal(scaled.metadata.managedFields, undefined)
  })

  test('status and the rest have separate owners', () => {
    const live = apply(empty(), config({ replicas: 2 }), by('me'))
    const applied = { ...config({ replicas: 9 }), status: { replicas: 1 } }
    const next = apply(live, applied, by('me', { subresource: 'status' }))
    assert.equal(specOf(next)['replicas'], 2)
    assert.deepEqual(next['status'], { replicas: 1 })
    const entries = next.metadata.managedFields?.map((entry) => [
      entry.subresource ?? '',
      decodeFieldSet(entry.fieldsV1)
        .paths()
        .filter((path) => path !== ''),
    ])
    assert.deepEqual(entries, [
      ['', ['.spec.replicas']],
      ['status', ['.status.replicas']],
    ])
  })

  test('changes neither of its arguments', () => {
    const live = apply(empty(), config({ replicas: 2 }), by('one'))
    const applied = config({ replicas: 3 }, { labels: { a: 'b' } })
    const before = JSON.stringify([live, applied])
    apply(live, applied, by('two', { force: true }))
    assert.equal(JSON.stringify([live, applied]), before)
  })
})

const shape = shapeOf({ definition: deployment.definition })
const name = fc.constantFrom('a', 'b', 'c')
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x', 'y'),
    args: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    env: fc.uniqueArray(fc.record({ name, value: name }), { selector: (one) => one.name }),
  },
  { requiredKeys: ['name'] },
)
const spec = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 2 }),
    paused: fc.boolean(),
    template: fc.record({
      spec: fc.record({
        containers: fc.uniqueArray(container, { selector: (one) => one.name, minLength: 1 }),
      }),
    }),
  },
  { requiredKeys: [] },
)
const labels = fc.dictionary(name, name)
const document = fc.record({ spec, labels }).map((one) => config(one.spec, { labels: one.labels }))
const manager = fc.constantFrom('m1', 'm2', 'm3')

/** A list of elements that has none is no field: nobody owns it, and built-in kinds do not store it. */
function withoutEmptyLists(value: unknown): Json {
  const kept = (_name: string, member: unknown) =>
    Array.isArray(member) && member.length === 0 ? undefined : member
  return JSON.parse(JSON.stringify(value, kept)) as Json
}

describe('server-side apply, whatever is applied', () => {
  test('what was applied is there, and force never fails', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(manager, document), { minLength: 1, maxLength: 6 }),
        (steps) => {
          let live = empty()
          for (const [who, applied] of steps) {
            live = apply(live, applied, by(who, { force: true }))
            const merged = merge(shape, copyJson(live), copyJson(applied))
            assert.ok(isNothing(compare(shape, withoutEmptyLists(live), withoutEmptyLists(merged))))
            const owned = owners(live)[who]?.sort() ?? []
            const said = fieldsOf(
              shape,
              copyJson({ spec: applied['spec'], metadata: { labels: applied.metadata.labels } }),
            )
            for (const path of said.paths()) if (path !== '') assert.ok(owned.includes(path), path)
          }
        },
      ),
    )
  })

  test('one manager alone gets exactly what it applied last', () => {
    fc.assert(
      fc.property(document, document, (first, second) => {
        const live = apply(apply(empty(), first, by('m')), second, by('m'))
        const fresh = apply(empty(), second, by('m'))
        assert.ok(isNothing(compare(shape, withoutEmptyLists(live), withoutEmptyLists(fresh))))
      }),
    )
  })

  test('sets survive being written and read', () => {
    fc.assert(
      fc.property(document, (one) => {
        const set = fieldsOf(shape, copyJson(one))
        assert.ok(decodeFieldSet(JSON.parse(JSON.stringify(set.encode()))).equals(set))
      }),
    )
  })

  test('union, intersection and difference are those of sets', () => {
    const paths = (set: FieldSet) => new Set(set.paths())
    fc.assert(
      fc.property(document, document, (one, other) => {
        const left = fieldsOf(shape, copyJson(one))
        const right = fieldsOf(shape, copyJson(other))
        const [a, b] = [paths(left), paths(right)]
        assert.deepEqual(
          [...paths(left.intersection(right))].sort(),
          [...a].filter((p) => b.has(p)).sort(),
        )
        assert.deepEqual(
          [...paths(left.difference(right))].sort(),
          [...a].filter((p) => !b.has(p)).sort(),
        )
        assert.deepEqual([...paths(left.union(right))].sort(), [...new Set([...a, ...b])].sort())
      }),
    )
  })
})

function isNothing({ changed, removed }: ReturnType<typeof compare>): boolean {
  return changed.isEmpty && removed.isEmpty
}

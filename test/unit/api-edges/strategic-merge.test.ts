import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { copyJson, type JsonRecord, jsonEqual } from '../../../src/api/patch/json-value.ts'
import { type MergeSchema, strategicMerge } from '../../../src/api/patch/strategic-merge.ts'

/** `items` merge by `k`, `tags` merge as a set, `args` and `atom` are replaced, the rest nests. */
const schema: MergeSchema = {
  field: (name) => ({
    schema,
    merges: name !== 'args' && name !== 'atom',
    mergeKey: name === 'items' ? 'k' : undefined,
  }),
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const merged = (original: unknown, patch: unknown) =>
  plain(strategicMerge(copyJson(original) as JsonRecord, copyJson(patch) as JsonRecord, schema))

const golden: [name: string, original: unknown, patch: unknown, result: unknown][] = [
  ['objects merge', { m: { a: 1, b: 2 } }, { m: { b: 3, c: 4 } }, { m: { a: 1, b: 3, c: 4 } }],
  ['null removes, known or not', { a: 1, b: 2 }, { a: null, z: null }, { b: 2 }],
  ['nulls of a new object are dropped', {}, { m: { a: null, b: 1 } }, { m: { b: 1 } }],
  ['another type replaces', { a: { b: 1 } }, { a: 'x' }, { a: 'x' }],
  ['lists without strategy are replaced', { args: ['a', 'b'] }, { args: ['c'] }, { args: ['c'] }],
  [
    'objects with strategy replace are replaced',
    { atom: { a: 1 } },
    { atom: { b: 1 } },
    { atom: { b: 1 } },
  ],
  [
    'elements merge by key, new ones come after',
    {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    },
    { items: [{ k: 'b', w: 3 }, { k: 'c' }] },
    { items: [{ k: 'a', v: 1 }, { k: 'b', v: 2, w: 3 }, { k: 'c' }] },
  ],
  [
    'an element is deleted by its key',
    { items: [{ k: 'a' }, { k: 'b' }] },
    { items: [{ k: 'a', $patch: 'delete' }] },
    { items: [{ k: 'b' }] },
  ],
  [
    'a list is replaced by directive',
    { items: [{ k: 'a' }, { k: 'b' }] },
    { items: [{ k: 'c', v: 1 }, { $patch: 'replace' }] },
    { items: [{ k: 'c', v: 1 }] },
  ],
  [
    'an object is replaced by directive',
    { m: { a: 1 } },
    { m: { $patch: 'replace', b: 2 } },
    { m: { b: 2 } },
  ],
  [
    'a directive about nothing leaves nothing',
    {},
    { m: { $patch: 'delete', b: 2 }, n: 1 },
    { n: 1 },
  ],
  ['an object is emptied by directive', { m: { a: 1 } }, { m: { $patch: 'delete' } }, { m: {} }],
  [
    'sets of primitives unite',
    { tags: ['a', 'b'] },
    { tags: ['c', 'b'] },
    { tags: ['c', 'a', 'b'] },
  ],
  [
    'primitives are deleted from a set',
    { tags: ['a', 'b', 'c'] },
    { '$deleteFromPrimitiveList/tags': ['a', 'z'], tags: ['d'] },
    { tags: ['d', 'b', 'c'] },
  ],
  [
    'the order of a patch is kept, others keep their place',
    { items: [{ k: 'a' }, { k: 'server' }, { k: 'b' }] },
    { '$setElementOrder/items': [{ k: 'b' }, { k: 'a' }, { k: 'c' }], items: [{ k: 'c' }] },
    { items: [{ k: 'server' }, { k: 'b' }, { k: 'a' }, { k: 'c' }] },
  ],
  [
    'an order alone sorts what is there',
    { tags: ['a', 'b', 'c'] },
    { '$setElementOrder/tags': ['c', 'a'] },
    { tags: ['b', 'c', 'a'] },
  ],
  [
    'an order with a new list creates it without directives',
    {},
    {
      '$setElementOrder/items': [{ k: 'a' }],
      items: [
        { k: 'a', v: null },
        { k: 'b', $patch: 'delete' },
      ],
    },
    { items: [{ k: 'a' }] },
  ],
  ['an order of nothing leaves nothing', { a: 1 }, { '$setElementOrder/items': [] }, { a: 1 }],
  [
    'retained keys drop the others',
    { m: { type: 'A', a: { x: 1 }, both: 1 } },
    { m: { $retainKeys: ['type', 'b', 'both'], type: 'B', b: { y: 1 } } },
    { m: { type: 'B', b: { y: 1 }, both: 1 } },
  ],
  [
    'retained keys work in a list element',
    { items: [{ k: 'v1', emptyDir: {} }] },
    { items: [{ k: 'v1', $retainKeys: ['k', 'hostPath'], hostPath: { path: '/x' } }] },
    { items: [{ k: 'v1', hostPath: { path: '/x' } }] },
  ],
]

const refused: [name: string, original: unknown, patch: unknown, message: RegExp][] = [
  ['an unknown directive', {}, { $patch: 'spam' }, /unknown patch type/],
  ['an element without its key', { items: [{ k: 'a' }] }, { items: [{ v: 1 }] }, /merge key: k/],
  ['mixed elements', { tags: ['a'] }, { tags: [{ k: 1 }] }, /not identical/],
  ['lists of lists', { tags: [] }, { tags: [['a']] }, /lists of lists/],
  ['objects without a merge key', { tags: [{ a: 1 }] }, { tags: [{ a: 2 }] }, /without merge key/],
  [
    'a patch against its own order',
    { tags: [] },
    { '$setElementOrder/tags': ['a', 'b'], tags: ['b', 'a'] },
    /does not match \$setElementOrder/,
  ],
  ['retained keys that lack a set one', { m: {} }, { m: { $retainKeys: ['a'], b: 1 } }, /lacks b/],
]

describe('strategic merge', () => {
  for (const [name, original, patch, result] of golden)
    test(name, () => assert.deepEqual(merged(original, patch), result))

  for (const [name, original, patch, message] of refused)
    test(`refuses ${name}`, () => assert.throws(() => merged(original, patch), message))

  const element = fc.record({ k: fc.constantFrom('a', 'b', 'c', 'd'), v: fc.integer() })
  const elements = fc.uniqueArray(element, { selector: (one) => one.k })
  const tags = fc.uniqueArray(fc.constantFrom('p', 'q', 'r', 's'))
  const document = fc.record(
    { items: elements, tags, args: tags, m: fc.dictionary(fc.string(), fc.integer()) },
    { requiredKeys: [] },
  )

  test('applied twice is applied once', () => {
    fc.assert(
      fc.property(document, document, (original, patch) => {
        const once = merged(original, patch)
        const twice = merged(once, patch)
        assert.ok(jsonEqual(copyJson(once), copyJson(twice)))
      }),
    )
  })

  test('keeps every element of both sides, the server-only ones in their order', () => {
    fc.assert(
      fc.property(elements, elements, (live, patch) => {
        const result = (merged({ items: live }, { items: patch }) as { items: { k: string }[] })
          .items
        const names = result.map((one) => one.k)
        const patchNames = patch.map((one): string => one.k)
        const serverOnly = live.map((one): string => one.k).filter((k) => !patchNames.includes(k))
        assert.deepEqual([...names].sort(), [...new Set([...serverOnly, ...patchNames])].sort())
        assert.deepEqual(
          names.filter((k) => patchNames.includes(k)),
          patchNames,
        )
        assert.deepEqual(
          names.filter((k) => serverOnly.includes(k)),
          serverOnly,
        )
      }),
    )
  })

  test('stays quick on a long list', () => {
    const tags = Array.from({ length: 50_000 }, (_, index) => index)
    const startMs = performance.now()
    merged({ tags }, { tags: [...tags].reverse(), '$setElementOrder/tags': [...tags].reverse() })
    assert.ok(performance.now() - startMs < 5_000, 'quadratic work')
  })
})

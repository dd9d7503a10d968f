import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyJsonPatch } from '../../../src/api/patch/json-patch.ts'
import { copyJson, isRecord, type Json, jsonEqual } from '../../../src/api/patch/json-value.ts'
import { applyMergePatch } from '../../../src/api/patch/merge-patch.ts'
import { limits } from '../../../src/base/limits.ts'
import { StatusError } from '../../../src/base/status.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const patched = (document: unknown, patch: unknown) =>
  plain(applyJsonPatch(copyJson(document), copyJson(patch)))

/** RFC 6902 appendix A, and what Kubernetes adds or bounds. */
const applied: [name: string, document: unknown, patch: unknown, result: unknown][] = [
  ['adds a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  ['adds into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  ['appends with -', { a: [1] }, [{ op: 'add', path: '/a/-', value: [2] }], { a: [1, [2]] }],
  ['removes a member', { a: 1, b: 2 }, [{ op: 'remove', path: '/b' }], { a: 1 }],
  ['removes an element', { a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
  ['replaces a value', { a: 1 }, [{ op: 'replace', path: '/a', value: null }], { a: null }],
  ['replaces an element', { a: [1] }, [{ op: 'replace', path: '/a/0', value: 2 }], { a: [2] }],
  [
    'moves a value',
    { a: { b: 1 }, c: {} },
    [{ op: 'move', from: '/a/b', path: '/c/d' }],
    { a: {}, c: { d: 1 } },
  ],
  ['moves an element', { a: [1, 2] }, [{ op: 'move', from: '/a/0', path: '/a/1' }], { a: [2, 1] }],
  ['copies a value', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
  [
    'tests and goes on',
    { a: { x: [1] } },
    [{ op: 'test', path: '/a', value: { x: [1] } }],
    { a: { x: [1] } },
  ],
  ['tests a missing member as null', {}, [{ op: 'test', path: '/a', value: null }], {}],
  [
    'unescapes ~1 and ~0',
    { 'a/b': 1, 'm~n': 2 },
    [
      { op: 'remove', path: '/a~1b' },
      { op: 'replace', path: '/m~0n', value: 3 },
    ],
    { 'm~n': 3 },
  ],
  [
    'replaces what is not there',
    { a: 1 },
    [{ op: 'replace', path: '/b', value: 1 }],
    { a: 1, b: 1 },
  ],
  ['copies nothing as null', { a: 1 }, [{ op: 'copy', from: '/b', path: '/c' }], { a: 1, c: null }],
  ['replaces the whole document', { a: 1 }, [{ op: 'add', path: '', value: { b: 1 } }], { b: 1 }],
]

const refused: [name: string, document: unknown, patch: unknown, code: number][] = [
  ['add below a missing parent', { a: 1 }, [{ op: 'add', path: '/b/c', value: 1 }], 422],
  ['add below a scalar', { a: 1 }, [{ op: 'add', path: '/a/c', value: 1 }], 422],
  ['add past the end', { a: [1] }, [{ op: 'add', path: '/a/3', value: 1 }], 422],
  ['add at 01', { a: [1, 2] }, [{ op: 'add', path: '/a/01', value: 1 }], 422],
  ['remove of nothing', { a: 1 }, [{ op: 'remove', path: '/b' }], 422],
  ['replace below nothing', { a: 1 }, [{ op: 'replace', path: '/b/c', value: 1 }], 422],
  ['replace of no element', { a: [1] }, [{ op: 'replace', path: '/a/1', value: 1 }], 422],
  ['copy from below nothing', { a: 1 }, [{ op: 'copy', from: '/b/d', path: '/c' }], 422],
  ['copy of no element', { a: [1] }, [{ op: 'copy', from: '/a/1', path: '/c' }], 422],
  ['move of nothing', { a: 1 }, [{ op: 'move', from: '/b', path: '/c' }], 422],
  ['move into itself', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }], 422],
  ['a failed test', { a: 1 }, [{ op: 'test', path: '/a', value: '1' }], 422],
  ['a path through the prototype', { a: 1 }, [{ op: 'remove', path: '/constructor' }], 422],
  ['an unknown operation', {}, [{ op: 'spam', path: '/a' }], 400],
  ['an operation without value', {}, [{ op: 'add', path: '/a' }], 400],
  ['a pointer without slash', {}, [{ op: 'remove', path: 'a' }], 400],
  ['an object', {}, { op: 'remove', path: '/a' }, 400],
]

describe('json patch', () => {
  for (const [name, document, patch, result] of applied)
    test(name, () => assert.deepEqual(patched(document, patch), result))

  for (const [name, document, patch, code] of refused)
    test(`refuses ${name}`, () =>
      assert.throws(
        () => patched(document, patch),
        (error) => error instanceof StatusError && error.code === code,
      ))

  test('refuses more operations than the limit', () => {
    const patch = Array.from({ length: limits.jsonPatchOperationsMax + 1 }, () => ({
      op: 'test',
      path: '/a',
      value: 1,
    }))
    assert.throws(() => patched({ a: 1 }, patch), /maximum operations in a JSON patch is 10000/)
  })

  test('refuses copies that double the document again and again', () => {
    const patch = Array.from({ length: 64 }, (_, index) => ({
      op: 'copy',
      from: '',
      path: `/c${index}`,
    }))
    assert.throws(
      () => patched({ a: 'x'.repeat(100) }, patch),
      (error) => error instanceof StatusError && error.code === 422,
    )
  })

  test('sets a member named __proto__ and changes no prototype', () => {
    const patch = JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":true}}]')
    const result = applyJsonPatch(copyJson({}), copyJson(patch))
    assert.ok(isRecord(result) && Object.hasOwn(result, '__proto__'))
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })
})

/** The pseudo-code of RFC 7386, on maps. */
function naiveMerge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = new Map<string, unknown>(
    typeof target === 'object' && target !== null && !Array.isArray(target)
      ? Object.entries(target)
      : [],
  )
  for (const [key, value] of Object.entries(patch))
    if (value === null) merged.delete(key)
    else merged.set(key, naiveMerge(merged.get(key), value))
  return Object.fromEntries(merged)
}

const arbitraryJson = fc.jsonValue({ maxDepth: 4 })

describe('merge patch', () => {
  test('does what the pseudo-code of RFC 7386 does', () => {
    fc.assert(
      fc.property(arbitraryJson, arbitraryJson, (document, patch) => {
        const result = applyMergePatch(copyJson(document), copyJson(patch))
        assert.ok(jsonEqual(result, copyJson(naiveMerge(document, patch)) as Json))
      }),
    )
  })

  test('applied twice is applied once', () => {
    fc.assert(
      fc.property(arbitraryJson, arbitraryJson, (document, patch) => {
        const once = applyMergePatch(copyJson(document), copyJson(patch))
        const twice = applyMergePatch(copyJson(once), copyJson(patch))
        assert.ok(jsonEqual(once, twice))
      }),
    )
  })

  test('merges below a member named __proto__ without touching a prototype', () => {
    const patch = copyJson(JSON.parse('{"__proto__":{"polluted":true}}'))
    const result = applyMergePatch(copyJson({ a: 1 }), patch)
    assert.ok(isRecord(result) && Object.hasOwn(result, '__proto__'))
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })
})

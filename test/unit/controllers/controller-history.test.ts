import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decideHistory,
  oldestFirst,
  surplusRevisions,
} from '../../../src/controllers/controller-history/decide.ts'
import {
  dataText,
  revisionData,
  revisionHash,
  revisionName,
  sameData,
  templateOf,
} from '../../../src/controllers/controller-history/revision-data.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../../src/kinds/types.ts'

const template = (image: string): PodTemplateSpec => ({
  spec: { containers: [{ name: 'c', image }] },
  metadata: { labels: { app: 'web' } },
})
const revision = (number: number, image: string, name = `web-${number}`): ControllerRevision => ({
  metadata: { name },
  data: revisionData(template(image)),
  revision: number,
})
const names = (all: readonly ControllerRevision[]) => all.map(({ metadata }) => metadata.name)

describe('data of a revision', () => {
  test('is the patch that brings the template back, as encoding/json writes it', () => {
    const data = revisionData(template('one'))
    const text =
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},' +
      '"spec":{"containers":[{"image":"one","name":"c"}]}}}}'
    assert.equal(dataText(data), text)
    assert.equal(JSON.stringify(data), text, 'sorted as it is sent')
    assert.deepEqual(
      templateOf({ metadata: {}, data: JSON.parse(text), revision: 1 }),
      template('one'),
    )
    assert.equal(templateOf({ metadata: {}, data: { other: 1 }, revision: 1 }), undefined)
    assert.equal(templateOf({ metadata: {}, revision: 1 }), undefined)
  })

  // The names are what hash/fnv and rand.SafeEncodeString make of the same bytes.
  const odd = {
    spec: {
      containers: [
        {
          name: 'c',
          image: 'a<b>&c\u2028é',
          resources: {},
          ports: [{ containerPort: 80 }],
          args: [],
        },
      ],
    },
  } as PodTemplateSpec
  for (const [what, given, count, expected] of [
    ['the first time', template('one'), 0, '56ff876d7c'],
    ['after three collisions', template('one'), 3, '56ff876d7d'],
    ['what Go escapes', odd, 0, '6cf6cf9b9b'],
    ['what Go escapes, after three', odd, 3, '6cf6cf9b9f'],
  ] as const)
    test(`is hashed as Kubernetes does: ${what}`, () =>
      assert.equal(revisionHash(revisionData(given), count), expected))

  test('is the same whatever the order of its keys, and another for another value', () => {
    const { spec, metadata } = template('one')
    assert.ok(sameData(revisionData({ metadata, spec }), revisionData({ spec, metadata })))
    assert.ok(!sameData(revisionData(template('one')), revisionData(template('two'))))
  })

  test('gives names that no owner makes too long', () => {
    assert.equal(revisionName('web', 'abc'), 'web-abc')
    assert.equal(revisionName('w'.repeat(253), 'abc').length, 227)
  })
})

describe('history', () => {
  const decide = (revisions: readonly ControllerRevision[], image: string) => {
    const { current, number, old, duplicates } = decideHistory(
      revisions,
      revisionData(template(image)),
    )
    return [current?.metadata.name, number, names(old), names(duplicates)]
  }
  for (const [what, given, image, expected] of [
    ['the first template is revision 1', [], 'one', [undefined, 1, [], []]],
    ['the same template changes nothing', [revision(3, 'one')], 'one', ['web-3', 3, [], []]],
    [
      'another template comes after all others',
      [revision(5, 'two'), revision(2, 'one')],
      'three',
      [undefined, 6, ['web-2', 'web-5'], []],
    ],
    [
      'a former template gets the highest number again',
      [revision(1, 'one'), revision(2, 'two')],
      'one',
      ['web-1', 3, ['web-2'], []],
    ],
    [
      'of two revisions of one template the newer counts',
      [revision(4, 'one', 'b'), revision(2, 'one', 'a'), revision(3, 'two')],
      'one',
      ['b', 4, ['web-3'], ['a']],
    ],
  ] as const)
    test(what, () => assert.deepEqual(decide(given, image), expected))

  test('is ordered by number, age, name', () => {
    const aged = (name: string, number: number, time: string): ControllerRevision => ({
      metadata: { name, creationTimestamp: time },
      revision: number,
    })
    const sorted = oldestFirst([
      aged('d', 2, '2026-01-01T00:00:00Z'),
      aged('c', 1, '2026-01-02T00:00:00Z'),
      aged('b', 1, '2026-01-02T00:00:00Z'),
      aged('a', 1, '2026-01-01T00:00:00Z'),
      aged('e', 10, '2025-01-01T00:00:00Z'),
    ])
    assert.deepEqual(names(sorted), ['a', 'b', 'c', 'd', 'e'])
  })

  test('loses its oldest revisions beyond the limit, but none that pods are of', () => {
    const old = [1, 2, 3, 4].map((number) => revision(number, `i${number}`))
    const surplus = (limit: number, ...alive: string[]) =>
      names(surplusRevisions(old, limit, ({ metadata }) => alive.includes(metadata.name ?? '')))
    assert.deepEqual(surplus(4), [])
    assert.deepEqual(surplus(2), ['web-1', 'web-2'])
    assert.deepEqual(surplus(2, 'web-1'), ['web-2', 'web-3'])
    assert.deepEqual(surplus(0, 'web-4'), ['web-1', 'web-2', 'web-3'])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { applyPatch } from '../../../src/api/patch/apply-patch.ts'
import { isStatus } from '../../../src/base/status.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'

const pod = { definition: 'io.k8s.api.core.v1.Pod' }
const deployment = { definition: 'io.k8s.api.apps.v1.Deployment' }
const service = { definition: 'io.k8s.api.core.v1.Service' }
const node = { definition: 'io.k8s.api.core.v1.Node' }

const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const strategic = 'application/strategic-merge-patch+json'

const object = (spec: unknown, metadata: object = {}): AnyObject =>
  ({ metadata: { name: 'x', ...metadata }, spec }) as AnyObject

/** Strategic merge by the schema table: what `kubectl apply` and its relatives send. */
const table: [
  name: string,
  kind: { definition: string },
  spec: unknown,
  patch: unknown,
  result: unknown,
][] = [
  [
    'containers merge by name',
    pod,
    { containers: [{ name: 'a', image: '1', env: [{ name: 'E', value: '1' }] }] },
    { containers: [{ name: 'a', image: '2', env: [{ name: 'F', value: '2' }] }] },
    {
      containers: [
        {
          name: 'a',
          image: '2',
          env: [
            { name: 'F', value: '2' },
            { name: 'E', value: '1' },
          ],
        },
      ],
    },
  ],
  [
    'args are replaced',
    pod,
    { containers: [{ name: 'a', args: ['x', 'y'] }] },
    { containers: [{ name: 'a', args: ['z'] }] },
    { containers: [{ name: 'a', args: ['z'] }] },
  ],
  [
    'a volume changes its source by retained keys',
    pod,
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/d' } }] },
    { volumes: [{ name: 'v', hostPath: { path: '/d' } }] },
  ],
  [
    'a node selector of labels merges as a map',
    pod,
    { nodeSelector: { a: '1', b: '2' } },
    { nodeSelector: { b: null, c: '3' } },
    { nodeSelector: { a: '1', c: '3' } },
  ],
  [
    'a template within a deployment merges to its depth',
    deployment,
    { template: { spec: { containers: [{ name: 'a', image: '1' }] } } },
    {
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
          containers: [{ name: 'b', image: '2' }],
        },
      },
    },
    {
      template: {
        spec: {
          containers: [
            { name: 'b', image: '2' },
            { name: 'a', image: '1' },
          ],
        },
      },
    },
  ],
  [
    'a rollout strategy changes by retained keys',
    deployment,
    { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
    { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    { strategy: { type: 'Recreate' } },
  ],
  [
    'service ports merge by port',
    service,
    { ports: [{ port: 80, name: 'http' }, { port: 443 }] },
    {
      ports: [
        { port: 80, targetPort: 8080 },
        { port: 443, $patch: 'delete' },
      ],
    },
    { ports: [{ port: 80, name: 'http', targetPort: 8080 }] },
  ],
  [
    'taints are replaced',
    node,
    { taints: [{ key: 'a', effect: 'NoSchedule' }] },
    { taints: [{ key: 'b', effect: 'NoExecute' }] },
    { taints: [{ key: 'b', effect: 'NoExecute' }] },
  ],
]

describe('applyPatch', () => {
  for (const [name, kind, spec, patch, result] of table)
    test(name, () => {
      const current = object(spec)
      const patched = applyPatch(kind, current, strategic, bytes({ spec: patch }))
      assert.deepEqual(plain(patched['spec']), result)
    })

  test('finalizers and owner references merge', () => {
    const current = object({}, { finalizers: ['a'], ownerReferences: [{ uid: '1', name: 'o' }] })
    const patch = {
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['a'],
        ownerReferences: [
          { uid: '1', $patch: 'delete' },
          { uid: '2', name: 'p' },
        ],
      },
    }
    const { metadata } = applyPatch(pod, current, strategic, bytes(patch))
    assert.deepEqual(plain(metadata), {
      name: 'x',
      finalizers: [],
      ownerReferences: [{ uid: '2', name: 'p' }],
    })
  })

  test('serves the three types, with parameters', () => {
    const current = object({ a: 1 })
    const merge = applyPatch(
      pod,
      current,
      'application/merge-patch+json; charset=utf-8',
      bytes({ spec: { b: 2 } }),
    )
    assert.deepEqual(plain(merge['spec']), { a: 1, b: 2 })
    const json = applyPatch(
      pod,
      current,
      'application/json-patch+json',
      bytes([{ op: 'remove', path: '/spec' }]),
    )
    assert.equal(json['spec'], undefined)
  })

  test('never changes the object it patches', () => {
    const freeze = (value: unknown): unknown => {
      if (typeof value === 'object' && value !== null)
        Object.values(Object.freeze(value)).forEach(freeze)
      return value
    }
    for (const [, kind, spec, patch] of table) {
      const current = freeze(object(structuredClone(spec))) as AnyObject
      const before = JSON.stringify(current)
      const patched = applyPatch(kind, current, strategic, bytes({ spec: patch }))
      ;(patched.metadata as { name: string }).name = 'changed'
      assert.equal(JSON.stringify(current), before)
    }
  })

  const refused: [name: string, type: string, body: string, reason: string][] = [
    ['server-side apply', 'application/apply-patch+yaml', '{}', 'UnsupportedMediaType'],
    ['plain JSON', 'application/json', '{}', 'UnsupportedMediaType'],
    ['nothing named', '', '{}', 'UnsupportedMediaType'],
    ['what is no JSON', strategic, '{', 'BadRequest'],
    ['bad UTF-8', strategic, '"\u0000', 'BadRequest'],
    ['a list as merge patch', 'application/merge-patch+json', '[]', 'BadRequest'],
    [
      'a document turned into a list',
      'application/json-patch+json',
      '[{"op":"add","path":"","value":[]}]',
      'BadRequest',
    ],
    ['metadata turned into text', 'application/merge-patch+json', '{"metadata":"x"}', 'BadRequest'],
    ['nesting without end', strategic, `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`, 'BadRequest'],
    [
      'a JSON patch that does not apply',
      'application/json-patch+json',
      '[{"op":"remove","path":"/q"}]',
      'Invalid',
    ],
  ]
  for (const [name, type, body, reason] of refused)
    test(`refuses ${name} with ${reason}`, () =>
      assert.throws(
        () => applyPatch(pod, object({}), type, Buffer.from(body)),
        (error) => isStatus(error, reason as 'Invalid'),
      ))

  test('says no more of a request whose type it does not know', () =>
    assert.throws(
      () => applyPatch(pod, object({}), 'text/plain', bytes({})),
      /415: Unsupported Media Type/,
    ))
})

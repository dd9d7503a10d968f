import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpMethod } from '../../../src/client/transport.ts'
import { type Answer, openCluster, type TestCluster } from './cluster.ts'

const core = '/api/v1/namespaces/default'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const type = (name: string) => ({ 'content-type': `application/${name}` })

type Write = readonly [
  what: string,
  method: HttpMethod,
  path: string,
  body: unknown,
  headers?: Record<string, string>,
]

const labels = { app: 'd' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
const pod = (name: string) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'x' }] },
})
const target = { apiVersion: 'v1', kind: 'Node', name: 'n' }

/** One after the other: each finds what the real ones before it left. */
const writes: readonly Write[] = [
  ['create', 'POST', `${core}/configmaps`, { metadata: { name: 'a' }, data: { x: '1' } }],
  ['create with a prefix', 'POST', `${core}/configmaps`, { metadata: { generateName: 'g-' } }],
  [
    'create that allocates',
    'POST',
    `${core}/services`,
    { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } },
  ],
  ['update', 'PUT', `${core}/configmaps/a`, { metadata: { name: 'a' }, data: { x: '2' } }],
  [
    'JSON patch',
    'PATCH',
    `${core}/configmaps/a`,
    [{ op: 'add', path: '/data/y', value: '1' }],
    type('json-patch+json'),
  ],
  ['merge patch', 'PATCH', `${core}/configmaps/a`, { data: { z: '1' } }, type('merge-patch+json')],
  [
    'strategic patch',
    'PATCH',
    `${core}/configmaps/a`,
    { data: { w: '1' } },
    type('strategic-merge-patch+json'),
  ],
  [
    'apply',
    'PATCH',
    `${core}/configmaps/a?fieldManager=m`,
    { metadata: { name: 'a' }, data: { v: '1' } },
    type('apply-patch+yaml'),
  ],
  [
    'apply that creates',
    'PATCH',
    `${core}/configmaps/b?fieldManager=m`,
    { metadata: { name: 'b' } },
    type('apply-patch+yaml'),
  ],
  [
    'create of a workload',
    'POST',
    deployments,
    { metadata: { name: 'd' }, spec: { selector: { matchLabels: labels }, template } },
  ],
  [
    'update of a status',
    'PATCH',
    `${deployments}/d/status`,
    { status: { replicas: 1 } },
    type('merge-patch+json'),
  ],
  [
    'update of a scale',
    'PATCH',
    `${deployments}/d/scale`,
    { spec: { replicas: 4 } },
    type('merge-patch+json'),
  ],
  ['create of a pod', 'POST', `${core}/pods`, pod('p')],
  ['binding', 'POST', `${core}/pods/p/binding`, { metadata: { name: 'p' }, target }],
  ['eviction', 'POST', `${core}/pods/p/eviction`, { metadata: { name: 'p' } }],
  ['delete', 'DELETE', `${core}/configmaps/b`, undefined],
  ['delete of a collection', 'DELETE', `${core}/configmaps`, undefined],
]

/** What differs between two answers to the same question by chance. */
function essence({ status, json }: Answer): unknown {
  const text = JSON.stringify(json, (key, value: unknown) =>
    ['uid', 'resourceVersion', 'clusterIP', 'clusterIPs'].includes(key) ? undefined : value,
  )
  return { status, said: JSON.parse(text.replaceAll(/"g-[a-z0-9]{5}"/g, '"g-"')) as unknown }
}

describe('a dry run answers as the write would, and leaves nothing behind', () => {
  test('for every verb and every part', async () => {
    await using cluster = await openCluster()
    for (const [what, method, path, body, headers] of writes) {
      const { store } = cluster.memory
      const before = store.view.revision
      const more = headers ? { headers } : {}
      const dryPath = `${path}${path.includes('?') ? '&' : '?'}dryRun=All`
      const dry = await cluster.ask(method, dryPath, body, more)
      assert.equal(store.view.revision, before, `${what} wrote`)
      const real = await cluster.ask(method, path, body, more)
      assert.ok(store.view.revision > before, `${what} wrote nothing: ${real.text}`)
      assert.deepEqual(essence(dry), essence(real), what)
    }
  })

  test('what would be refused is refused', async () => {
    await using cluster = await openCluster()
    await cluster.ask('POST', `${core}/configmaps`, { metadata: { name: 'a' } })
    const refused: readonly (readonly [HttpMethod, string, unknown, number])[] = [
      ['POST', `${core}/configmaps`, { metadata: { name: 'a' } }, 409],
      ['POST', `${core}/configmaps`, { metadata: { name: 'A' } }, 422],
      ['POST', '/api/v1/namespaces/none/configmaps', { metadata: { name: 'a' } }, 404],
      ['PUT', `${core}/configmaps/a`, { metadata: { name: 'a', resourceVersion: '1' } }, 409],
      ['DELETE', `${core}/configmaps/none`, undefined, 404],
    ]
    for (const [method, path, body, status] of refused)
      assert.equal((await cluster.ask(method, `${path}?dryRun=All`, body)).status, status, path)
  })
})

describe('preconditions of a delete', () => {
  async function withMap(): Promise<{
    cluster: TestCluster
    uid: string
    resourceVersion: string
  }> {
    const cluster = await openCluster()
    const { json } = await cluster.ask('POST', `${core}/configmaps`, { metadata: { name: 'a' } })
    return { cluster, ...json.metadata }
  }

  test('another uid or revision is a conflict that names both; the right ones delete', async () => {
    const { cluster, uid, resourceVersion } = await withMap()
    await using _open = cluster
    const remove = (preconditions: object) =>
      cluster.ask('DELETE', `${core}/configmaps/a`, { preconditions })
    const other = await remove({ uid: 'other' })
    assert.equal(other.status, 409)
    assert.match(
      other.json.message,
      new RegExp(
        `the UID in the precondition \\(other\\) does not match the UID in record \\(${uid}\\)`,
      ),
    )
    const stale = await remove({ uid, resourceVersion: '1' })
    assert.equal(stale.status, 409)
    assert.match(stale.json.message, /the ResourceVersion in the precondition \(1\) does not match/)
    assert.equal((await remove({ uid, resourceVersion })).status, 200)
  })
})

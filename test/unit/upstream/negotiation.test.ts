import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import {
  admin,
  configMap,
  named,
  openCluster,
  requestOf,
  type TestCluster,
} from '../api/cluster.ts'
import { establish } from '../extension/widgets.ts'

const recorded = resolve(import.meta.dirname, '../../../../test/golden/protobuf/negotiation.ndjson')

/** A request, and what is answered to it: status, content type, message of a refusal, for which headers. */
type Line = readonly [
  request: readonly [HttpMethod, string, unknown, string | null],
  answers: readonly (readonly [number, string, string | null, readonly number[]])[],
]

test('requests are answered in the form in which the real server answers them', async () => {
  await using cluster = await openCluster()
  await prepare(cluster)
  const [first = '', ...rest] = readFileSync(recorded, 'utf8').trim().split('\n')
  const accepts = JSON.parse(first) as readonly (string | null)[]
  let count = 0
  for (const line of rest) {
    const [[method, path, body, type], answers] = JSON.parse(line) as Line
    for (const [status, contentType, message, which] of answers)
      for (const index of which) {
        const accept = accepts[index] ?? undefined
        const hangUp = new AbortController()
        const headers: Record<string, string> = {
          'content-type': type ?? 'application/json',
          ...(accept === undefined ? {} : { accept }),
        }
        const request = requestOf(method, path, body ?? undefined, headers, hangUp.signal)
        const answer = await cluster.api.handle(request, admin)
        const where = `${method} ${path} ${accept}`
        assert.equal(answer.status, status, where)
        assert.equal(answer.headers.get('content-type'), contentType, where)
        // A watch need not run to its end.
        if (contentType.includes('watch') || answer.body.kind === 'stream') hangUp.abort()
        const text = Buffer.from(await bodyBytes(answer.body)).toString('utf8')
        if (message !== null) assert.equal(JSON.parse(text).message, message, where)
        count += 1
      }
  }
  assert.ok(count > 1_900, String(count))
})

async function prepare(cluster: TestCluster): Promise<void> {
  const namespace = '/api/v1/namespaces/default'
  const labels = { a: 'b' }
  const containers = [{ name: 'a', image: 'b' }]
  const made = [
    await cluster.ask(
      'POST',
      `${namespace}/configmaps`,
      configMap('matrix-cm', {}, { matrix: '1' }),
    ),
    await cluster.ask('POST', `${namespace}/serviceaccounts`, named('ServiceAccount', 'matrix-sa')),
    await cluster.ask('POST', `${namespace}/pods`, {
      ...{ metadata: { name: 'matrix-pod' }, spec: { schedulerName: 'none', containers } },
    }),
    await cluster.ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'matrix-d' },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    }),
    await cluster.ask('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name: 'v1.' },
      spec: { version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
    }),
  ]
  await establish(cluster, {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'gizmos.matrix.io' },
    spec: {
      group: 'matrix.io',
      scope: 'Namespaced',
      names: { plural: 'gizmos', kind: 'Gizmo' },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true },
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  })
  made.push(
    await cluster.ask('POST', '/apis/matrix.io/v1/namespaces/default/gizmos', {
      ...{ apiVersion: 'matrix.io/v1', kind: 'Gizmo', metadata: { name: 'g1' } },
    }),
  )
  for (const { status, text } of made) assert.equal(status, 201, text)
}

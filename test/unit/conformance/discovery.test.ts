import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { establish, widgetDefinition } from '../extension/widgets.ts'

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
/** What client-go asks with: it takes older forms, too. */
const clientGo = `${aggregated},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`

/** One resource of every group, as the upstream tests look for them. */
const builtIn = [
  ...['v1/namespaces', 'v1/pods', 'v1/configmaps', 'v1/services'],
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apiregistration.k8s.io/v1/apiservices',
  'apps/v1/deployments',
  'authentication.k8s.io/v1/tokenreviews',
  'authorization.k8s.io/v1/selfsubjectaccessreviews',
  'autoscaling/v1/horizontalpodautoscalers',
  'autoscaling/v2/horizontalpodautoscalers',
  'batch/v1/jobs',
  'certificates.k8s.io/v1/certificatesigningrequests',
  'coordination.k8s.io/v1/leases',
  'discovery.k8s.io/v1/endpointslices',
  'events.k8s.io/v1/events',
  'networking.k8s.io/v1/ingresses',
  'node.k8s.io/v1/runtimeclasses',
  'policy/v1/poddisruptionbudgets',
  'scheduling.k8s.io/v1/priorityclasses',
  'storage.k8s.io/v1/csinodes',
]

interface Group {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly {
    readonly version: string
    readonly freshness: string
    readonly resources: readonly { readonly resource: string }[]
  }[]
}

/** All that both documents announce, as `group/version/resource`. */
async function announced(cluster: TestCluster, accept: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const root of ['/api', '/apis']) {
    const answer = await cluster.ask('GET', root, undefined, { headers: { accept } })
    assert.equal(answer.headers.get('content-type'), aggregated)
    assert.ok(answer.headers.get('etag'), 'an unchanged document need not be sent again')
    for (const { metadata, versions } of answer.json.items as Group[])
      for (const { version, freshness, resources } of versions) {
        assert.equal(freshness, 'Current')
        const prefix = metadata.name ? `${metadata.name}/` : ''
        for (const { resource } of resources) found.add(`${prefix}${version}/${resource}`)
      }
  }
  return found
}

async function announcesBuiltIn(accept: string): Promise<void> {
  await using cluster = await openCluster()
  const found = await announced(cluster, accept)
  assert.deepEqual(
    builtIn.filter((one) => !found.has(one)),
    [],
  )
}

async function announcesCustom(accept: string): Promise<void> {
  await using cluster = await openCluster()
  assert.ok(!(await announced(cluster, accept)).has('example.com/v1/widgets'))
  await establish(cluster, widgetDefinition())
  assert.ok((await announced(cluster, accept)).has('example.com/v1/widgets'))
}

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]', () =>
  announcesBuiltIn(aggregated))

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]', () =>
  announcesCustom(aggregated))

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]', () =>
  announcesBuiltIn(clientGo))

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs [Conformance]', () =>
  announcesCustom(clientGo))

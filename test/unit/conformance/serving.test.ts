import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, openCluster } from '../api/cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'
const chunksOf = (limit: number) => `${path}?limit=${limit}`

test('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]', async () => {
  await using cluster = await openCluster()
  for (let at = 0; at < 40; at += 1)
    await cluster.ask('POST', path, configMap(`c-${`${at}`.padStart(4, '0')}`))
  const names: string[] = []
  let token = ''
  let version: string | undefined
  do {
    const { json } = await cluster.ask(
      'GET',
      `${chunksOf(7)}&continue=${encodeURIComponent(token)}`,
    )
    version ??= json.metadata.resourceVersion
    assert.equal(json.metadata.resourceVersion, version, 'every chunk is of one moment')
    for (const item of json.items) names.push(item.metadata.name)
    const left = 40 - names.length
    assert.equal(json.metadata.remainingItemCount ?? 0, left)
    token = json.metadata.continue ?? ''
    // What comes and goes in between belongs to another moment.
    await cluster.ask('DELETE', `${path}/c-0039`)
  } while (token !== '')
  assert.deepEqual(names.length, 40)
  assert.deepEqual(names, [...names].sort())
  assert.equal((await cluster.ask('GET', path)).json.items.length, 39)
})

test('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]', async () => {
  await using cluster = await openCluster()
  const { store } = cluster.memory
  for (let at = 0; at < 20; at += 1)
    await cluster.ask('POST', path, configMap(`c-${`${at}`.padStart(4, '0')}`))
  const first = (await cluster.ask('GET', chunksOf(5))).json
  const next = (token: string, limit = 5) =>
    cluster.ask('GET', `${chunksOf(limit)}&continue=${encodeURIComponent(token)}`)
  await cluster.ask('POST', path, configMap('c-0004a'))
  await store.compact(store.view.revision)
  const expired = await next(first.metadata.continue)
  assert.deepEqual([expired.status, expired.json.reason], [410, 'Expired'])
  const token: string = expired.json.metadata.continue
  assert.ok(token, 'where to go on from is told')
  const second = (await next(token)).json
  assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion)
  assert.equal(second.items[0].metadata.name, 'c-0004a', 'what came meanwhile is seen')
  const rest = (await next(second.metadata.continue, 0)).json
  assert.equal(rest.metadata.resourceVersion, second.metadata.resourceVersion)
  assert.equal(rest.metadata.continue ?? '', '')
  const names = [first, second, rest].flatMap(({ items }) =>
    items.map((item: { metadata: { name: string } }) => item.metadata.name),
  )
  assert.equal(new Set(names).size, 21)
  assert.deepEqual(names, [...names].sort())
})

test('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]', async () => {
  await using cluster = await openCluster()
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  }
  const answer = await cluster.ask(
    ...['POST' as const, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review],
    { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
  )
  assert.deepEqual([answer.status, answer.json.reason], [406, 'NotAcceptable'])
})

test('[sig-api-machinery] server version should find the server version [Conformance]', async () => {
  await using cluster = await openCluster()
  const { json } = await cluster.ask('GET', '/version')
  assert.match(json.major, /^[1-9]\d*$/)
  assert.match(json.minor, /^\d+\+?$/)
  assert.match(json.gitVersion, new RegExp(`^v${json.major}\\.${json.minor}\\.\\d+`))
})

test('[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]', async () => {
  await using cluster = await openCluster()
  assert.ok((await cluster.ask('GET', '/api')).json.versions.includes('v1'))
})

test('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]', async () => {
  await using cluster = await openCluster()
  const { json } = await cluster.ask('GET', '/apis')
  assert.ok(json.groups.length > 5)
  for (const group of json.groups) {
    const one = await cluster.ask('GET', `/apis/${group.name}`)
    assert.deepEqual(one.json.preferredVersion, group.preferredVersion)
    const versions = one.json.versions.map((of: { groupVersion: string }) => of.groupVersion)
    assert.ok(versions.includes(group.preferredVersion.groupVersion))
  }
})

test('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]', async () => {
  await using cluster = await openCluster()
  const expected = [
    ['admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'],
    ['apiextensions.k8s.io/v1', 'customresourcedefinitions'],
    ['apiregistration.k8s.io/v1', 'apiservices'],
    ['apps/v1', 'deployments'],
    ['authentication.k8s.io/v1', 'tokenreviews'],
    ['authorization.k8s.io/v1', 'selfsubjectaccessreviews'],
    ['autoscaling/v1', 'horizontalpodautoscalers'],
    ['autoscaling/v2', 'horizontalpodautoscalers'],
    ['batch/v1', 'jobs'],
    ['certificates.k8s.io/v1', 'certificatesigningrequests'],
    ['coordination.k8s.io/v1', 'leases'],
    ['discovery.k8s.io/v1', 'endpointslices'],
    ['events.k8s.io/v1', 'events'],
    ['flowcontrol.apiserver.k8s.io/v1', 'flowschemas'],
    ['networking.k8s.io/v1', 'ingresses'],
    ['node.k8s.io/v1', 'runtimeclasses'],
    ['policy/v1', 'poddisruptionbudgets'],
    ['rbac.authorization.k8s.io/v1', 'clusterroles'],
    ['resource.k8s.io/v1', 'resourceclaims'],
    ['scheduling.k8s.io/v1', 'priorityclasses'],
    ['storage.k8s.io/v1', 'csinodes'],
  ]
  const { json } = await cluster.ask('GET', '/apis')
  const announced = new Set(
    json.groups.flatMap((group: { versions: { groupVersion: string }[] }) =>
      group.versions.map(({ groupVersion }) => groupVersion),
    ),
  )
  for (const [groupVersion = '', resource] of expected) {
    assert.ok(announced.has(groupVersion), groupVersion)
    const list = (await cluster.ask('GET', `/apis/${groupVersion}`)).json
    assert.deepEqual([list.kind, list.groupVersion], ['APIResourceList', groupVersion])
    assert.ok(
      list.resources.some((one: { name: string }) => one.name === resource),
      resource,
    )
  }
})

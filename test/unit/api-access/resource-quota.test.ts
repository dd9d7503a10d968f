import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { objectKey } from '../../../src/api/storage-keys.ts'
import { parseObject } from '../../../src/api/stored-object.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { listOf } from '../../../src/kinds/quota/amounts.ts'
import { podRequests } from '../../../src/kinds/quota/pod-amounts.ts'
import { quotaCounts } from '../../../src/kinds/quota/scopes.ts'
import { missingDemands, usageOf } from '../../../src/kinds/quota/usage.ts'
import type { PodSpec, ResourceQuota } from '../../../src/kinds/types.ts'
import { configMap, openCluster, type TestCluster } from '../api/cluster.ts'
import { type Place, putStored } from './rbac-rig.ts'

const quotas: Place = { group: '', resource: 'resourcequotas', namespaced: true }
const pods = '/api/v1/namespaces/default/pods'

type Resources = Record<string, string>

const container = (name: string, requests: Resources = {}, limits: Resources = {}) => ({
  name,
  image: 'i',
  resources: { requests, limits },
})
const pod = (name: string, requests: Resources = {}, limits: Resources = {}) => ({
  metadata: { name },
  spec: { containers: [container('c', requests, limits)] },
})

async function putQuota(cluster: TestCluster, name: string, hard: object, more: object = {}) {
  const zero = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']))
  await putStored(cluster.memory.store, quotas, {
    metadata: { namespace: 'default', name },
    spec: { hard, ...more },
    status: { hard, used: zero },
  })
}

function usedOf(cluster: TestCluster, name: string): Record<string, string> {
  const record = cluster.memory.store.view.get(objectKey(quotas, 'default', name))
  assert.ok(record)
  const { status } = parseObject(record.value) as unknown as ResourceQuota
  return status?.used ?? {}
}

describe('resource quota', () => {
  test('a pod is counted in the transaction that makes it, and refused past the limit', async () => {
    await using cluster = await openCluster()
    await putQuota(cluster, 'q', { pods: '2', 'requests.cpu': '1', 'count/pods': '5' })
    const first = await cluster.ask('POST', pods, pod('a', { cpu: '600m' }))
    assert.equal(first.status, 201, first.text)
    assert.deepEqual(usedOf(cluster, 'q'), { 'count/pods': '1', pods: '1', 'requests.cpu': '600m' })
    const quota = cluster.memory.store.view.get(objectKey(quotas, 'default', 'q'))
    assert.equal(String(quota?.modRevision), first.json.metadata.resourceVersion)
    const second = await cluster.ask('POST', pods, pod('b', { cpu: '500m' }))
    assert.equal(second.status, 403)
    assert.equal(
      second.json.message,
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, ' +
        'used: requests.cpu=600m, limited: requests.cpu=1',
    )
    assert.equal((await cluster.ask('POST', pods, pod('b', { cpu: '400m' }))).status, 201)
    const third = await cluster.ask('POST', pods, pod('c', { cpu: '100m' }))
    assert.match(
      third.json.message,
      /requested: pods=1,requests.cpu=100m, used: pods=2,requests.cpu=1,/,
    )
  })

  test('what a quota counts must be said by every container', async () => {
    await using cluster = await openCluster()
    await putQuota(cluster, 'q', { 'limits.cpu': '1', 'requests.memory': '1Gi' })
    const { status, json } = await cluster.ask('POST', pods, pod('a', { memory: '1Mi' }))
    assert.equal(status, 403)
    assert.equal(
      json.message,
      'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c',
    )
  })

  test('a quota without a status refuses what it cannot count yet', async () => {
    await using cluster = await openCluster()
    await putStored(cluster.memory.store, quotas, {
      metadata: { namespace: 'default', name: 'new' },
      spec: { hard: { pods: '5' } },
    })
    const { json } = await cluster.ask('POST', pods, pod('a'))
    assert.equal(
      json.message,
      'pods "a" is forbidden: status unknown for quota: new, resources: pods',
    )
  })

  test('a dry run takes nothing', async () => {
    await using cluster = await openCluster()
    await putQuota(cluster, 'q', { 'count/configmaps': '1' })
    const maps = '/api/v1/namespaces/default/configmaps'
    assert.equal((await cluster.ask('POST', `${maps}?dryRun=All`, configMap('a'))).status, 201)
    assert.deepEqual(usedOf(cluster, 'q'), { 'count/configmaps': '0' })
  })

  test('of many who write at once exactly as many get through as there is room for', async () => {
    await using cluster = await openCluster()
    await putQuota(cluster, 'q', { configmaps: '7' })
    const maps = '/api/v1/namespaces/default/configmaps'
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => cluster.ask('POST', maps, configMap(`m${index}`))),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 7)
    assert.equal(answers.filter(({ status }) => status === 403).length, 33)
    assert.deepEqual(usedOf(cluster, 'q'), { configmaps: '7' })
  })

  test('two masters give away no more than there is', async () => {
    await using cluster = await openCluster()
    await using other = await openCluster({ store: cluster.memory.store })
    await putQuota(cluster, 'q', { configmaps: '5' })
    const maps = '/api/v1/namespaces/default/configmaps'
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? cluster : other).ask('POST', maps, configMap(`m${index}`)),
      ),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 5)
    assert.deepEqual(usedOf(cluster, 'q'), { configmaps: '5' })
  })

  test('growing an object takes the difference', async () => {
    await using cluster = await openCluster()
    await putQuota(cluster, 'q', { 'services.nodeports': '2', services: '5' })
    const services = '/api/v1/namespaces/default/services'
    const service = (ports: number[]) => ({
      metadata: { name: 's' },
      spec: { type: 'NodePort', ports: ports.map((port) => ({ name: `p${port}`, port })) },
    })
    assert.equal((await cluster.ask('POST', services, service([80]))).status, 201)
    const grown = await cluster.ask('PUT', `${services}/s`, service([80, 81]))
    assert.equal(grown.status, 200, grown.text)
    assert.deepEqual(usedOf(cluster, 'q'), { services: '1', 'services.nodeports': '2' })
    const tooMany = await cluster.ask('PUT', `${services}/s`, service([80, 81, 82]))
    assert.match(
      tooMany.json.message,
      /requested: services.nodeports=1, used: services.nodeports=2/,
    )
  })

  test('scopes choose pods', () => {
    const bare: PodSpec = { containers: [] }
    const busy: PodSpec = { containers: [container('c', { cpu: '1' })] }
    const quota = (spec: ResourceQuota['spec']): ResourceQuota => ({ metadata: {}, spec })
    const counts = (spec: ResourceQuota['spec'], pod: PodSpec | undefined) =>
      quotaCounts(quota(spec), pod)
    assert.ok(counts({ scopes: ['BestEffort'] }, bare))
    assert.ok(!counts({ scopes: ['BestEffort'] }, busy))
    assert.ok(counts({ scopes: ['NotBestEffort'] }, busy))
    assert.ok(counts({ scopes: ['Terminating'] }, { ...busy, activeDeadlineSeconds: 5 }))
    assert.ok(!counts({ scopes: ['NotTerminating'] }, { ...busy, activeDeadlineSeconds: 5 }))
    const classes = (operator: string, values?: string[]) => ({
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values ? { values } : {}) }],
      },
    })
    const high: PodSpec = { ...bare, priorityClassName: 'high' }
    assert.ok(counts(classes('In', ['high']), high))
    assert.ok(!counts(classes('In', ['high']), bare))
    assert.ok(counts(classes('NotIn', ['high']), bare))
    assert.ok(counts(classes('Exists'), high))
    assert.ok(counts(classes('DoesNotExist'), bare))
    assert.ok(!counts({ scopes: ['BestEffort'] }, undefined), 'only pods have scopes')
  })

  test('usage of pods, services and claims', () => {
    const used = (group: string, resource: string, object: Partial<AnyObject>, nowMs = 0) =>
      listOf(usageOf({ group, resource }, { metadata: {}, ...object }, nowMs))
    const spec = {
      containers: [container('a', { cpu: '1', memory: '1Gi', 'acme.com/gpu': '2' }, { cpu: '2' })],
      initContainers: [
        { ...container('side', { cpu: '500m' }), restartPolicy: 'Always' },
        container('init', { cpu: '3' }),
      ],
      overhead: { cpu: '10m' },
    }
    assert.deepEqual(used('', 'pods', { spec }), {
      'count/pods': '1',
      cpu: '3510m',
      'limits.cpu': '2010m',
      memory: '1Gi',
      pods: '1',
      'requests.acme.com/gpu': '2',
      'requests.cpu': '3510m',
      'requests.memory': '1Gi',
    })
    assert.deepEqual(used('', 'pods', { spec, status: { phase: 'Failed' } }), { 'count/pods': '1' })
    const claim = { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } }
    assert.deepEqual(used('', 'persistentvolumeclaims', { spec: claim }), {
      'count/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
      persistentvolumeclaims: '1',
      'requests.storage': '1Gi',
    })
    assert.deepEqual(used('apps', 'deployments', {}), { 'count/deployments.apps': '1' })
    assert.deepEqual(listOf(podRequests({ containers: [] })), {})
    assert.equal(missingDemands(spec, new Set(['limits.memory'])), 'limits.memory for: a,init,side')
  })
})

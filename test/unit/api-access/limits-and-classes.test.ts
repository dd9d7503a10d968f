import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openCluster } from '../api/cluster.ts'
import { type Place, putStored } from './rbac-rig.ts'

const ranges: Place = { group: '', resource: 'limitranges', namespaced: true }
const priorities: Place = {
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  namespaced: false,
}
const runtimes: Place = { group: 'node.k8s.io', resource: 'runtimeclasses', namespaced: false }
const pods = '/api/v1/namespaces/default/pods'

const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
})

async function withRange(item: object) {
  const cluster = await openCluster()
  await putStored(cluster.memory.store, ranges, {
    metadata: { namespace: 'default', name: 'r' },
    spec: { limits: [item] },
  })
  return cluster
}

describe('limit ranges', () => {
  test('fill in what containers leave out, and say so', async () => {
    await using cluster = await withRange({
      type: 'Container',
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    })
    const { json } = await cluster.ask('POST', pods, pod('a', { limits: { cpu: '2' } }))
    assert.deepEqual(json.spec.containers[0].resources, {
      limits: { cpu: '2', memory: '1Gi' },
      requests: { cpu: '2' },
    })
    const bare = await cluster.ask('POST', pods, pod('b'))
    assert.deepEqual(bare.json.spec.containers[0].resources.requests.cpu, '100m')
    assert.equal(
      bare.json.metadata.annotations['kubernetes.io/limit-ranger'],
      'LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c',
    )
  })

  const refusals: [item: object, resources: object, message: string][] = [
    [
      { type: 'Container', min: { cpu: '100m' } },
      { requests: { cpu: '50m' } },
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [
      { type: 'Container', min: { memory: '1Mi' } },
      {},
      'minimum memory usage per Container is 1Mi. No request is specified',
    ],
    [
      { type: 'Container', max: { memory: '1Gi' } },
      { requests: { memory: '1Mi' } },
      'maximum memory usage per Container is 1Gi. No limit is specified',
    ],
    [
      { type: 'Pod', max: { cpu: '1' } },
      { limits: { cpu: '2' } },
      'maximum cpu usage per Pod is 1, but limit is 2',
    ],
    [
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      { requests: { cpu: '1' }, limits: { cpu: '3' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
    [
      { type: 'Container', max: { cpu: '1', memory: '1Gi' } },
      { limits: { cpu: '2', memory: '2Gi' } },
      '[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    ],
  ]
  for (const [item, resources, message] of refusals)
    test(`say: ${message}`, async () => {
      await using cluster = await withRange(item)
      const { status, json } = await cluster.ask('POST', pods, pod('a', resources))
      assert.equal(status, 403)
      assert.equal(json.message, `pods "a" is forbidden: ${message}`)
    })
})

describe('priority classes', () => {
  const putClass = (cluster: Awaited<ReturnType<typeof openCluster>>, name: string, more: object) =>
    putStored(cluster.memory.store, priorities, { metadata: { name }, ...more })

  test('give pods their number, and the default to those that name none', async () => {
    await using cluster = await openCluster()
    const plain = await cluster.ask('POST', pods, pod('plain'))
    assert.equal(plain.json.spec.priority, 0)
    assert.equal(plain.json.spec.preemptionPolicy, 'PreemptLowerPriority')
    await putClass(cluster, 'high', { value: 1_000, preemptionPolicy: 'Never' })
    await putClass(cluster, 'usual', { value: 7, globalDefault: true })
    const high = await cluster.ask('POST', pods, pod('a', {}, { priorityClassName: 'high' }))
    assert.equal(high.json.spec.priority, 1_000)
    assert.equal(high.json.spec.preemptionPolicy, 'Never')
    const usual = await cluster.ask('POST', pods, pod('b'))
    assert.equal(usual.json.spec.priority, 7)
    assert.equal(usual.json.spec.priorityClassName, 'usual')
  })

  test('must be there, and no pod chooses its number', async () => {
    await using cluster = await openCluster()
    const none = await cluster.ask('POST', pods, pod('a', {}, { priorityClassName: 'none' }))
    assert.equal(
      none.json.message,
      'pods "a" is forbidden: no PriorityClass with name none was found',
    )
    const chosen = await cluster.ask('POST', pods, pod('a', {}, { priority: 5 }))
    assert.equal(
      chosen.json.message,
      'pods "a" is forbidden: the integer value of priority (5) must not be provided in pod spec; ' +
        'priority admission controller computed 0 from the given PriorityClass name',
    )
  })
})

describe('runtime classes', () => {
  test('give pods overhead and a place', async () => {
    await using cluster = await openCluster()
    await putStored(cluster.memory.store, runtimes, {
      metadata: { name: 'gvisor' },
      handler: 'runsc',
      overhead: { podFixed: { cpu: '50m' } },
      scheduling: { nodeSelector: { runtime: 'gvisor' }, tolerations: [{ key: 'sandboxed' }] },
    })
    const ask = (name: string, spec: object) =>
      cluster.ask('POST', pods, pod(name, {}, { runtimeClassName: 'gvisor', ...spec }))
    const { json } = await ask('a', { nodeSelector: { zone: 'x' } })
    assert.deepEqual(json.spec.overhead, { cpu: '50m' })
    assert.deepEqual(json.spec.nodeSelector, { zone: 'x', runtime: 'gvisor' })
    assert.ok(json.spec.tolerations.some(({ key }: { key: string }) => key === 'sandboxed'))
    const elsewhere = await ask('b', { nodeSelector: { runtime: 'runc' } })
    assert.equal(elsewhere.status, 403)
    const missing = await ask('c', { runtimeClassName: 'none' })
    assert.equal(
      missing.json.message,
      'pods "c" is forbidden: pod rejected: RuntimeClass "none" not found',
    )
  })
})

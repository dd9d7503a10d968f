import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../api/cluster.ts'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const team = '/api/v1/namespaces/team'
const quotas = `${team}/resourcequotas`

/** The limits of the upstream tests, as far as they are about kinds here. */
const hard = {
  ...{ services: '10', 'services.nodeports': '1', 'services.loadbalancers': '1' },
  ...{ cpu: '1', memory: '500Mi', pods: '5', resourcequotas: '1', configmaps: '10', secrets: '10' },
  ...{ 'ephemeral-storage': '50Gi', 'requests.example.com/dongle': '3' },
  ...{ replicationcontrollers: '10', 'count/replicasets.apps': '5' },
}

interface Quota {
  readonly world: World
  used(name?: string): Promise<Record<string, string>>
  /** Waits until the quota says that so much is used. */
  counts(used: Record<string, string>, name?: string): Promise<void>
  post(path: string, body: object): Promise<Answer>
  delete(path: string): Promise<void>
}

/** A namespace with the quota `q`, counted. */
async function withQuota(body: (quota: Quota) => Promise<void>, limits: object = hard) {
  await withApi(async (world) => {
    const { client, cluster, until } = world
    await namespace(client, 'kube-node-lease')
    await namespace(client, 'team')
    await addNodes(client, 'n1')
    const has = async (path: string) => (await cluster.ask('GET', `${team}/${path}`)).status === 200
    await until('the account', () => has('serviceaccounts/default'))
    await until('the authority', () => has('configmaps/kube-root-ca.crt'))
    const used = async (name = 'q') =>
      (await cluster.ask('GET', `${quotas}/${name}`)).json.status.used ?? {}
    const quota: Quota = {
      world,
      used,
      counts: (amounts, name) =>
        until(JSON.stringify(amounts), async () => {
          const now = await used(name)
          return Object.entries(amounts).every(([key, value]) => now[key] === value)
        }),
      post: async (path, object) => {
        const answer = await cluster.ask('POST', path, object)
        assert.equal(answer.status, 201, answer.text)
        return answer
      },
      delete: async (path) => {
        const options = { propagationPolicy: 'Background', gracePeriodSeconds: 0 }
        const answer = await cluster.ask('DELETE', path, options)
        assert.equal(answer.status, 200, answer.text)
      },
    }
    await quota.post(quotas, { metadata: { name: 'q' }, spec: { hard: limits } })
    await until('the first count', async () => {
      const counted = await used()
      return Object.keys(limits).every((name) => counted[name] !== undefined)
    })
    await body(quota)
    assert.deepEqual(world.failures, [])
  })
}

/** Makes an object, sees `name` go from `from` to one more, deletes it, and sees it come back. */
async function seesLifeOf(quota: Quota, path: string, name: string, object: object) {
  const before = (await quota.used())[name] ?? ''
  const made = await quota.post(path, object)
  await quota.counts({ [name]: `${Number(before) + 1}` })
  await quota.delete(`${path}/${made.json.metadata.name}`)
  await quota.counts({ [name]: before })
}

const labels = { name: 'x' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'pause:1' }] } }

const pod = (name: string, requests: object = {}, limits: object = {}, more: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'pause:1', resources: { requests, limits } }], ...more },
})

const exceeded = (answer: Answer) => {
  assert.deepEqual([answer.status, answer.json.reason], [403, 'Forbidden'], answer.text)
  assert.match(answer.json.message, /exceeded quota/)
}

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]', async () => {
  await withQuota(async (quota) => {
    await quota.counts({ resourcequotas: '1', pods: '0', configmaps: '1', services: '0' })
    const { json } = await quota.world.cluster.ask('GET', `${quotas}/q`)
    assert.deepEqual(json.status.hard, json.spec.hard)
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]', async () => {
  await withQuota(async (quota) => {
    const service = (name: string, type: string) => ({
      metadata: { name },
      spec: { type, ports: [{ port: 80, targetPort: 80 }] },
    })
    const services = `${team}/services`
    await quota.post(services, service('cluster', 'ClusterIP'))
    await quota.post(services, service('node', 'NodePort'))
    const { cluster } = quota.world
    exceeded(await cluster.ask('POST', services, service('balanced', 'LoadBalancer')))
    await quota.counts({ services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
    // What changes its type gives its port back.
    const spec = { type: 'ClusterIP' }
    assert.equal((await cluster.ask('PATCH', `${services}/node`, { spec }, merge)).status, 200)
    await quota.counts({ services: '2', 'services.nodeports': '0' })
    for (const name of ['cluster', 'node']) await quota.delete(`${services}/${name}`)
    await quota.counts({ services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]', async () => {
  await withQuota(async (quota) => {
    const object = { metadata: { name: 's' }, data: { a: 'dmFsdWU=' } }
    await seesLifeOf(quota, `${team}/secrets`, 'secrets', object)
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]', async () => {
  await withQuota(async (quota) => {
    await seesLifeOf(quota, `${team}/configmaps`, 'configmaps', { metadata: { name: 'c' } })
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller. [Conformance]', async () => {
  await withQuota(async (quota) => {
    const object = { metadata: { name: 'r' }, spec: { replicas: 0, selector: labels, template } }
    const path = `${team}/replicationcontrollers`
    await seesLifeOf(quota, path, 'replicationcontrollers', object)
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set. [Conformance]', async () => {
  await withQuota(async (quota) => {
    const spec = { replicas: 0, selector: { matchLabels: labels }, template }
    const path = '/apis/apps/v1/namespaces/team/replicasets'
    await seesLifeOf(quota, path, 'count/replicasets.apps', { metadata: { name: 'r' }, spec })
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]', async () => {
  await withQuota(async (quota) => {
    const { cluster } = quota.world
    const pods = `${team}/pods`
    const dongle = 'example.com/dongle'
    const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' }
    const limits = { [dongle]: '2' }
    await quota.post(pods, pod('fits', requests, limits))
    const taken = {
      ...{ pods: '1', cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi' },
      ...{ [`requests.${dongle}`]: '2' },
    }
    await quota.counts(taken)
    exceeded(await cluster.ask('POST', pods, pod('big', { cpu: '600m', memory: '100Mi' })))
    const more = { ...requests, 'ephemeral-storage': '10Gi' }
    exceeded(await cluster.ask('POST', pods, pod('dongles', more, limits)))
    const { json } = await cluster.ask('GET', `${pods}/fits`)
    json.spec.containers[0].resources.requests.cpu = '100m'
    const changed = await cluster.ask('PUT', `${pods}/fits`, json)
    assert.equal(changed.status, 422, 'what a pod asks for stays')
    await quota.counts(taken)
    await quota.delete(`${pods}/fits`)
    await quota.counts({ pods: '0', cpu: '0', memory: '0', [`requests.${dongle}`]: '0' })
  })
})

test('[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]', async () => {
  await withQuota(
    async ({ world, counts }) => {
      const path = `${quotas}/q`
      const { json } = await world.cluster.ask('GET', path)
      assert.deepEqual(json.spec.hard, { cpu: '1', memory: '500Mi' })
      json.spec.hard = { cpu: '2', memory: '1Gi' }
      const updated = await world.cluster.ask('PUT', path, json)
      assert.deepEqual(updated.json.spec.hard, { cpu: '2', memory: '1Gi' })
      await world.until('the new limits', async () => {
        const { status } = (await world.cluster.ask('GET', path)).json
        return status.hard.cpu === '2' && status.hard.memory === '1Gi'
      })
      await counts({ cpu: '0', memory: '0' })
      assert.equal((await world.cluster.ask('DELETE', path)).status, 200)
      assert.equal((await world.cluster.ask('GET', path)).status, 404)
    },
    { cpu: '1', memory: '500Mi' },
  )
})

const compute = {
  ...{ 'requests.cpu': '1', 'requests.memory': '500Mi' },
  ...{ 'limits.cpu': '2', 'limits.memory': '1Gi' },
}

/** Two quotas of opposite scopes: pods of the first sort count in the first alone, and so on. */
async function countsByScope(
  scopes: [string, string],
  limits: [object, object],
  pods: [object, object],
) {
  await withQuota(
    async (quota) => {
      for (const [at, scope] of scopes.entries()) {
        const spec = { hard: { pods: '5', ...limits[at] }, scopes: [scope] }
        await quota.post(quotas, { metadata: { name: `scope-${at}` }, spec })
        await quota.counts({ pods: '0' }, `scope-${at}`)
      }
      for (const [at, object] of pods.entries()) {
        const path = `${team}/pods`
        const { json } = await quota.post(path, object)
        await quota.counts({ pods: '1' }, `scope-${at}`)
        await quota.counts({ pods: '0' }, `scope-${1 - at}`)
        await quota.delete(`${path}/${json.metadata.name}`)
        await quota.counts({ pods: '0' }, `scope-${at}`)
      }
    },
    { 'count/pods': '9' },
  )
}

const requests = { cpu: '500m', memory: '200Mi' }
const limits = { cpu: '1', memory: '400Mi' }

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]', async () => {
  await countsByScope(
    ['BestEffort', 'NotBestEffort'],
    [{}, compute],
    [pod('best-effort'), pod('burstable', requests, limits)],
  )
})

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes. [Conformance]', async () => {
  await countsByScope(
    ['NotTerminating', 'Terminating'],
    [compute, compute],
    [
      pod('long', requests, limits),
      pod('short', requests, limits, { activeDeadlineSeconds: 3_600 }),
    ],
  )
})

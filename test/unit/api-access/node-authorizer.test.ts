import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { named, openCluster } from '../api/cluster.ts'
import { openPolicy, type Place, userNamed } from './rbac-rig.ts'

const pods: Place = { group: '', resource: 'pods', namespaced: true }
const volumes: Place = { group: '', resource: 'persistentvolumes', namespaced: false }
const w1 = userNamed('system:node:w1', 'system:nodes')
const w2 = userNamed('system:node:w2', 'system:nodes')

const spec = (nodeName: string) => ({
  nodeName,
  serviceAccountName: 'builder',
  imagePullSecrets: [{ name: 'pull' }],
  containers: [
    {
      name: 'c',
      env: [
        { name: 'A', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'env-map', key: 'k' } } },
      ],
      envFrom: [{ secretRef: { name: 'from-secret' } }, { configMapRef: { name: 'from-map' } }],
    },
  ],
  initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'init-secret' } }] }],
  volumes: [
    { name: 'a', secret: { secretName: 'vol-secret' } },
    { name: 'b', configMap: { name: 'vol-map' } },
    { name: 'c', persistentVolumeClaim: { claimName: 'claim' } },
    { name: 'scratch', ephemeral: {} },
    { name: 'd', projected: { sources: [{ secret: { name: 'proj-secret' } }] } },
    { name: 'e', projected: { sources: [{ configMap: { name: 'proj-map' } }] } },
  ],
})
const pod = (name: string, nodeName: string) => ({
  metadata: { namespace: 'web', name },
  spec: spec(nodeName),
})
const unrelated = `no relationship found between node 'w1' and this object`

describe('node authorizer', () => {
  const readable = [
    ...['pull', 'env-secret', 'from-secret', 'init-secret', 'vol-secret', 'proj-secret'].map(
      (name) => `secrets/${name}`,
    ),
    ...['env-map', 'from-map', 'vol-map', 'proj-map'].map((name) => `configmaps/${name}`),
    ...['claim', 'p-scratch'].map((name) => `persistentvolumeclaims/${name}`),
  ]

  test('lets a node read exactly what its pods name, while they are there', async () => {
    await using rig = await openPolicy()
    await rig.put(pods, pod('p', 'w1'))
    for (const one of readable) {
      const path = `/api/v1/namespaces/web/${one}`
      assert.equal(rig.ask(w1, 'GET', path), 'yes', path)
      assert.match(rig.ask(w2, 'GET', path), /no relationship found between node 'w2'/)
      assert.equal(rig.ask(w1, 'GET', path.replace('web', 'other')), unrelated)
    }
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets/other'), unrelated)
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets'), 'No Object name found')
    const oneOf = (name: string) =>
      `/api/v1/namespaces/web/secrets?watch=1&fieldSelector=metadata.name%3D${name}`
    assert.equal(rig.ask(w1, 'GET', oneOf('pull')), 'yes')
    assert.equal(rig.ask(w1, 'GET', oneOf('other')), unrelated)
    await rig.put(pods, pod('q', 'w1'))
    await rig.remove(pods, 'web', 'p')
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets/pull'), 'yes')
    await rig.remove(pods, 'web', 'q')
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets/pull'), unrelated)
  })

  test('a pod that is not bound yet leads nowhere', async () => {
    await using rig = await openPolicy()
    await rig.put(pods, pod('p', ''))
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets/pull'), unrelated)
    await rig.put(pods, pod('p', 'w1'))
    assert.equal(rig.ask(w1, 'GET', '/api/v1/namespaces/web/secrets/pull'), 'yes')
  })

  test('volumes are reached through the claim that they are bound to', async () => {
    await using rig = await openPolicy()
    await rig.put(pods, pod('p', 'w1'))
    const claimRef = { namespace: 'web', name: 'claim' }
    await rig.put(volumes, { metadata: { name: 'pv' }, spec: { claimRef } })
    await rig.put(volumes, { metadata: { name: 'free' }, spec: {} })
    assert.equal(rig.ask(w1, 'GET', '/api/v1/persistentvolumes/pv'), 'yes')
    assert.equal(rig.ask(w1, 'GET', '/api/v1/persistentvolumes/free'), unrelated)
    assert.equal(rig.ask(w1, 'GET', '/api/v1/persistentvolumes/none'), unrelated)
  })

  test('writes nothing of it, and gets tokens for the accounts of its pods alone', async () => {
    await using rig = await openPolicy()
    await rig.put(pods, pod('p', 'w1'))
    const web = '/api/v1/namespaces/web'
    assert.notEqual(rig.ask(w1, 'PUT', `${web}/secrets/pull`), 'yes')
    assert.equal(rig.ask(w1, 'PATCH', `${web}/persistentvolumeclaims/claim/status`), 'yes')
    assert.equal(rig.ask(w1, 'POST', `${web}/serviceaccounts/builder/token`), 'yes')
    assert.equal(rig.ask(w1, 'POST', `${web}/serviceaccounts/other/token`), unrelated)
    assert.notEqual(rig.ask(w1, 'GET', `${web}/serviceaccounts/builder`), 'yes')
  })
})

describe('node restriction', () => {
  test('a node deletes the pods that are bound to it, and no others, gracefully or at once', async () => {
    await using cluster = await openCluster()
    const path = '/api/v1/namespaces/default/pods'
    const spec = { nodeName: 'w1', containers: [{ name: 'c', image: 'i' }] }
    const created = await cluster.ask('POST', path, named('Pod', 'p', { spec }))
    assert.equal(created.status, 201, created.text)
    for (const gracePeriodSeconds of [30, 0]) {
      const options = { gracePeriodSeconds }
      const refused = await cluster.ask('DELETE', `${path}/p`, options, { user: w2 })
      assert.equal(refused.status, 403, refused.text)
      assert.match(refused.json.message, /can only delete pods with spec\.nodeName set to itself/)
    }
    const own = await cluster.ask('DELETE', `${path}/p`, { gracePeriodSeconds: 0 }, { user: w1 })
    assert.equal(own.status, 200, own.text)
  })
})

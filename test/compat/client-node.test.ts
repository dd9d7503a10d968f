import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import {
  ApiException,
  AppsV1Api,
  Attach,
  CoreV1Api,
  Exec,
  type Informer,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Deployment,
  type V1Pod,
  type V1Status,
  Watch,
} from '@kubernetes/client-node'
import { startTestCluster, type TestCluster } from '../process/test-cluster.ts'

/** What programs on the official JavaScript client do, against three masters. */

const namespace = 'default'
/** A watch that stays silent fails instead of hanging. */
const limit = { timeout: 180_000 }
let cluster: TestCluster
let config: KubeConfig
let core: CoreV1Api
let apps: AppsV1Api

before(async () => {
  cluster = await startTestCluster({ runtime: 'sim' })
  config = new KubeConfig()
  config.loadFromFile(cluster.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  apps = config.makeApiClient(AppsV1Api)
})

after(() => cluster.remove())

function configMap(name: string, data: Record<string, string>): V1ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
}

function deployment(name: string, replicas: number): V1Deployment {
  const labels = { app: name }
  return {
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'web', image: 'kijabi/web:1', ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  }
}

/** The Status of a refused request. */
async function refusalOf(asked: Promise<unknown>): Promise<{ code: number; reason: string }> {
  try {
    await asked
  } catch (error) {
    assert.ok(error instanceof ApiException, String(error))
    return { code: error.code, reason: JSON.parse(error.body as string).reason as string }
  }
  return assert.fail('nothing was refused')
}

/** Resolves when the informer holds what `holds` wants, checked at each of its events. */
function untilInformed(informer: Informer<V1ConfigMap>, holds: () => boolean): Promise<void> {
  return new Promise((done) => {
    const check = () => {
      if (holds()) done()
    }
    for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, check)
    check()
  })
}

test('create, read, list, replace, delete, and refusals as typed errors', limit, async () => {
  const created = await core.createNamespacedConfigMap({
    namespace,
    body: configMap('crud', { a: '1' }),
  })
  assert.ok(created.metadata?.uid)
  assert.ok(created.metadata.creationTimestamp instanceof Date)
  const again = core.createNamespacedConfigMap({ namespace, body: configMap('crud', {}) })
  assert.deepEqual(await refusalOf(again), { code: 409, reason: 'AlreadyExists' })
  const read = await core.readNamespacedConfigMap({ namespace, name: 'crud' })
  assert.deepEqual(read.data, { a: '1' })
  const replaced = await core.replaceNamespacedConfigMap({
    ...{ namespace, name: 'crud' },
    body: { ...read, data: { a: '2' } },
  })
  assert.deepEqual(replaced.data, { a: '2' })
  const stale = core.replaceNamespacedConfigMap({ namespace, name: 'crud', body: read })
  assert.deepEqual(await refusalOf(stale), { code: 409, reason: 'Conflict' })
  const listed = await core.listNamespacedConfigMap({ namespace, limit: 1 })
  assert.equal(listed.items.length, 1)
  await core.deleteNamespacedConfigMap({ namespace, name: 'crud' })
  const gone = core.readNamespacedConfigMap({ namespace, name: 'crud' })
  assert.deepEqual(await refusalOf(gone), { code: 404, reason: 'NotFound' })
})

test('patches of every type, and apply', limit, async () => {
  const name = 'patched'
  await core.createNamespacedConfigMap({ namespace, body: configMap(name, { a: '1', b: '1' }) })
  const patch = (body: unknown, type: PatchStrategy, more: object = {}) =>
    core.patchNamespacedConfigMap(
      { namespace, name, body, ...more },
      setHeaderOptions('Content-Type', type),
    )
  const json = [{ op: 'replace', path: '/data/a', value: '2' }]
  await patch(json, PatchStrategy.JsonPatch)
  await patch({ data: { b: null } }, PatchStrategy.MergePatch)
  await patch({ data: { c: '3' } }, PatchStrategy.StrategicMergePatch)
  const applied = await patch(configMap(name, { d: '4' }), PatchStrategy.ServerSideApply, {
    fieldManager: 'client-node',
  })
  assert.deepEqual(applied.data, { a: '2', c: '3', d: '4' })
  assert.ok(applied.metadata?.managedFields?.some((one) => one.manager === 'client-node'))
})

test('an informer follows what happens, from its list on', limit, async () => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const labelSelector = 'informed=yes'
  const make = (name: string) =>
    core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, labels: { informed: 'yes' } }, data: { a: '1' } },
    })
  await make('before')
  const informer = makeInformer<V1ConfigMap>(
    ...([config, path] as const),
    () => core.listNamespacedConfigMap({ namespace, labelSelector }),
    labelSelector,
  )
  await informer.start()
  try {
    await untilInformed(informer, () => informer.list().length === 1)
    await make('after')
    await untilInformed(informer, () => informer.get('after', namespace) !== undefined)
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector })
    const [changed] = items
    assert.ok(changed)
    changed.data = { a: '2' }
    await core.replaceNamespacedConfigMap({ namespace, name: 'after', body: changed })
    await untilInformed(informer, () => informer.get('after', namespace)?.data?.['a'] === '2')
    await core.deleteNamespacedConfigMap({ namespace, name: 'before' })
    await untilInformed(informer, () => informer.get('before', namespace) === undefined)
  } finally {
    await informer.stop()
  }
})

test('a watch tells of a rollout; scale and status are read and written', limit, async () => {
  const name = 'rolled'
  const created = await apps.createNamespacedDeployment({ namespace, body: deployment(name, 2) })
  const resourceVersion = created.metadata?.resourceVersion
  const ready = await new Promise<V1Deployment>((done, fail) => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
    const query = { resourceVersion, fieldSelector: `metadata.name=${name}` }
    const watching = new Watch(config).watch(
      ...([path, query] as const),
      (_phase, object: V1Deployment) => {
        if (object.status?.availableReplicas !== 2) return
        watching.then((request) => request.abort()).catch(fail)
        done(object)
      },
      (error) => fail(error ?? new Error('the watch ended')),
    )
    watching.catch(fail)
  })
  assert.equal(ready.status?.unavailableReplicas, undefined)
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name })
  assert.equal(scale.spec?.replicas, 2)
  assert.ok(scale.spec)
  scale.spec.replicas = 0
  await apps.replaceNamespacedDeploymentScale({ namespace, name, body: scale })
  const scaled = await apps.readNamespacedDeployment({ namespace, name })
  assert.equal(scaled.spec?.replicas, 0)
  const status = await apps.readNamespacedDeploymentStatus({ namespace, name })
  assert.equal(status.metadata?.name, name)
  await apps.deleteNamespacedDeployment({ namespace, name, propagationPolicy: 'Foreground' })
})

test('objects of any kind by what discovery says of them', limit, async () => {
  const objects = KubernetesObjectApi.makeApiClient(config)
  const made = await objects.create(configMap('dynamic', { a: '1' }))
  assert.equal(made.metadata?.namespace, namespace)
  const found = await objects.read<V1ConfigMap>({
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'dynamic', namespace },
  })
  assert.deepEqual(found.data, { a: '1' })
  const patched = await objects.patch<V1ConfigMap>(configMap('dynamic', { b: '2' }))
  assert.deepEqual(patched.data, { a: '1', b: '2' })
  await objects.delete(configMap('dynamic', {}))
})

test('exec, attach and port-forward of a pod', limit, async () => {
  const name = 'streamed'
  const containers = [
    { name: 'web', image: 'kijabi/web:1', ports: [{ containerPort: 8080 }] },
    { name: 'copies', image: 'any:1', args: ['cat'], stdin: true, stdinOnce: true },
  ]
  await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec: { containers } } })
  await untilReady(name)
  const text = (stream: PassThrough) => stream.setEncoding('utf8')
  const [out, err] = [text(new PassThrough()), text(new PassThrough())]
  const status = await new Promise<V1Status>((done, fail) => {
    const command = ['sh', '-c', 'echo out; echo err 1>&2; exit 3']
    new Exec(config)
      .exec(...([namespace, name, 'web', command, out, err, null, false, done] as const))
      .catch(fail)
  })
  assert.deepEqual([out.read(), err.read()], ['out\n', 'err\n'])
  assert.equal(status.details?.causes?.[0]?.message, '3')
  const typed = new PassThrough()
  const shown = text(new PassThrough())
  await new Attach(config).attach(namespace, name, 'copies', shown, null, typed, false)
  typed.end('typed\n')
  assert.equal(await once(shown, 'data').then(([chunk]) => chunk), 'typed\n')
  const [asked, answer] = [new PassThrough(), text(new PassThrough())]
  const forward = new PortForward(config)
  await forward.portForward(namespace, name, [8080], answer, null, asked)
  asked.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  let page = ''
  answer.on('data', (chunk: string) => {
    page += chunk
  })
  while (!page.includes(name)) await once(answer, 'data')
  asked.end()
})

/** Resolves when the pod's condition Ready holds, as a watch tells it. */
function untilReady(name: string): Promise<void> {
  return new Promise((done, fail) => {
    const query = { fieldSelector: `metadata.name=${name}` }
    const watching = new Watch(config).watch(
      ...([`/api/v1/namespaces/${namespace}/pods`, query] as const),
      (_phase, pod: V1Pod) => {
        const ready = pod.status?.conditions?.some(
          (one) => one.type === 'Ready' && one.status === 'True',
        )
        if (!ready) return
        watching.then((request) => request.abort()).catch(fail)
        done()
      },
      (error) => fail(error ?? new Error('the watch ended')),
    )
    watching.catch(fail)
  })
}

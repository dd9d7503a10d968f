import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, openCluster, type TestCluster } from '../api/cluster.ts'

const pods = '/api/v1/namespaces/default/pods'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }

const pod = (name: string, spec: object = {}, more: object = {}) => ({
  metadata: { name, labels: { name: 'foo', time: 't' }, ...more },
  spec: { containers: [{ name: 'c', image: 'pause:1' }], ...spec },
})

async function create(cluster: TestCluster, object: object) {
  const made = await cluster.ask('POST', pods, object)
  assert.equal(made.status, 201, made.text)
  return made.json
}

const resources = (requests: object, limits: object = requests) => ({
  containers: [{ name: 'c', image: 'pause:1', resources: { requests, limits } }],
})

async function bind(cluster: TestCluster, name: string): Promise<void> {
  const binding = { metadata: { name }, target: { kind: 'Node', name: 'n1' } }
  const bound = await cluster.ask('POST', `${pods}/${name}/binding`, binding)
  assert.equal(bound.status, 201, bound.text)
}

test('[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]', async () => {
  await using cluster = await openCluster()
  const all = { cpu: '100m', memory: '100Mi' }
  const guaranteed = await create(cluster, pod('guaranteed', resources(all)))
  assert.equal(guaranteed.status.qosClass, 'Guaranteed')
  const burstable = await create(cluster, pod('burstable', resources({ cpu: '100m' }, {})))
  assert.equal(burstable.status.qosClass, 'Burstable')
  assert.equal((await create(cluster, pod('best'))).status.qosClass, 'BestEffort')
})

test('[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34] [Conformance]', async () => {
  await using cluster = await openCluster()
  const initContainers = [{ name: 'i', image: 'busybox:1' }]
  assert.equal((await create(cluster, pod('p', { initContainers }))).metadata.generation, 1)
  await bind(cluster, 'p')
  const path = `${pods}/p`
  const read = async () => (await cluster.ask('GET', path)).json
  assert.equal((await read()).metadata.generation, 1, 'a node is no news to whoever wrote it')
  const changes: [generation: number, change: { spec?: object; metadata?: object }][] = [
    [1, {}],
    // Those of the node's troubles are left out, and come back.
    [2, { spec: { tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] } }],
    [3, { spec: { activeDeadlineSeconds: 5_000 } }],
    [4, { spec: { containers: [{ ...(await read()).spec.containers[0], image: 'nginx:1' }] } }],
    [5, { spec: { initContainers: [{ ...(await read()).spec.initContainers[0], image: 'a:1' }] } }],
    [5, { metadata: { annotations: { key: 'value' } } }],
    [5, { metadata: { generation: 1 } }],
  ]
  for (const [generation, { spec, metadata }] of changes) {
    const object = await read()
    Object.assign(object.spec, spec)
    Object.assign(object.metadata, metadata)
    const put = await cluster.ask('PUT', path, object)
    assert.equal(put.status, 200, put.text)
    assert.equal(put.json.metadata.generation, generation)
  }
  assert.equal((await read()).spec.tolerations.length, 3)
  const patch = async (part: string, body: object) =>
    (await cluster.ask('PATCH', `${path}${part}`, body, strategic)).json.metadata.generation
  const ephemeralContainers = [{ name: 'debug', image: 'busybox:1' }]
  assert.equal(await patch('/ephemeralcontainers', { spec: { ephemeralContainers } }), 6)
  assert.equal(await patch('/status', { status: { message: 'm' } }), 6)
})

test('[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete [Conformance]', async () => {
  await using cluster = await openCluster()
  const made = await create(cluster, pod('p', {}, { generation: 100 }))
  assert.equal(made.metadata.generation, 1, 'whatever its maker says')
  await bind(cluster, 'p')
  const before: number = (await cluster.ask('GET', `${pods}/p`)).json.metadata.generation
  const gone = await cluster.ask('DELETE', `${pods}/p`, { gracePeriodSeconds: 30 })
  assert.equal(gone.status, 200, gone.text)
  const { metadata } = (await cluster.ask('GET', `${pods}/p`)).json
  assert.equal(metadata.deletionGracePeriodSeconds, 30)
  assert.equal(metadata.generation, before + 1)
})

test('[sig-node] Pods should be updated [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, pod('p'))
  const selected = async (value: string) =>
    (await cluster.ask('GET', `${pods}?labelSelector=time=${value}`)).json.items.length
  assert.equal(await selected('t'), 1)
  const { json } = await cluster.ask('GET', `${pods}/p`)
  json.metadata.labels.time = 'later'
  assert.equal((await cluster.ask('PUT', `${pods}/p`, json)).status, 200)
  assert.deepEqual([await selected('t'), await selected('later')], [0, 1])
})

test('[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, pod('p'))
  const set = async (activeDeadlineSeconds: number | undefined): Promise<Answer> => {
    const { json } = await cluster.ask('GET', `${pods}/p`)
    return cluster.ask('PUT', `${pods}/p`, {
      ...json,
      spec: { ...json.spec, activeDeadlineSeconds },
    })
  }
  assert.equal((await set(5)).json.spec.activeDeadlineSeconds, 5)
  for (const wrong of [6, undefined]) {
    const { status, json } = await set(wrong)
    assert.equal(status, 422)
    assert.match(
      json.message,
      /spec\.activeDeadlineSeconds: Invalid value: .*(less than or equal to|must not update from a positive integer to nil)/,
    )
  }
})

test('[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  const query = 'labelSelector=time=t'
  const { json } = await cluster.ask('GET', `${pods}?${query}`)
  assert.deepEqual(json.items, [])
  const version = json.metadata.resourceVersion
  const watch = await cluster.watch(`${pods}?watch=true&${query}&resourceVersion=${version}`)
  await create(cluster, pod('p'))
  await bind(cluster, 'p')
  assert.equal((await watch.next()).type, 'ADDED')
  const gone = await cluster.ask('DELETE', `${pods}/p`, { gracePeriodSeconds: 30 })
  assert.ok(gone.json.metadata.deletionTimestamp, 'a pod on a node ends gracefully')
  assert.equal(gone.json.metadata.deletionGracePeriodSeconds, 30)
  const removed = await cluster.ask('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })
  assert.equal(removed.status, 200)
  let last = await watch.next()
  while (last.type !== 'DELETED') last = await watch.next()
  assert.ok(last.object.metadata.deletionTimestamp)
  assert.ok(last.object.spec.terminationGracePeriodSeconds > 0)
  await watch.close()
  assert.deepEqual((await cluster.ask('GET', `${pods}?${query}`)).json.items, [])
})

test('[sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, pod('p'))
  const path = `${pods}/p/ephemeralcontainers`
  const first = {
    name: 'debugger',
    image: 'busybox:1',
    command: ['/bin/sh'],
    stdin: true,
    tty: true,
  }
  const patched = await cluster.ask(
    'PATCH',
    path,
    { spec: { ephemeralContainers: [first] } },
    strategic,
  )
  assert.equal(patched.status, 200, patched.text)
  const { json } = await cluster.ask('GET', path)
  json.spec.ephemeralContainers.push({ ...first, name: 'debugger2' })
  const put = await cluster.ask('PUT', path, json)
  assert.equal(put.status, 200, put.text)
  assert.deepEqual(
    put.json.spec.ephemeralContainers.map((one: { name: string }) => one.name),
    ['debugger', 'debugger2'],
  )
})

test('[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]', async () => {
  await using cluster = await openCluster()
  const query = 'labelSelector=test-pod-static=true'
  const watch = await cluster.watch(`${pods}?watch=true&${query}`)
  await create(
    cluster,
    pod('p', { terminationGracePeriodSeconds: 1 }, { labels: { 'test-pod-static': 'true' } }),
  )
  assert.equal((await watch.next()).type, 'ADDED')
  const containers = [{ name: 'c', image: 'pause:2' }]
  const patch = { metadata: { labels: { 'test-pod': 'patched' } }, spec: { containers } }
  const patched = await cluster.ask('PATCH', `${pods}/p`, patch, strategic)
  assert.equal(patched.json.spec.containers[0].image, 'pause:2')
  assert.equal((await watch.next()).object.metadata.labels['test-pod'], 'patched')
  const { json } = await cluster.ask('GET', `${pods}/p/status`)
  const conditions = [
    { type: 'Ready', status: 'True' },
    { type: 'ContainersReady', status: 'True' },
  ]
  json.status.conditions = conditions
  const replaced = await cluster.ask('PUT', `${pods}/p/status`, json)
  assert.equal(replaced.status, 200, replaced.text)
  const ready = { status: { conditions: [{ type: 'Ready', status: 'False' }] } }
  const again = await cluster.ask('PATCH', `${pods}/p/status`, ready, strategic)
  const statuses = Object.fromEntries(
    again.json.status.conditions.map((one: { type: string; status: string }) => [
      one.type,
      one.status,
    ]),
  )
  assert.deepEqual(statuses, { Ready: 'False', ContainersReady: 'True' }, 'by type, others stay')
  assert.equal((await cluster.ask('DELETE', `${pods}?${query}`)).status, 200)
  let last = await watch.next()
  while (last.type !== 'DELETED') last = await watch.next()
  await watch.close()
})

test('[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  const { status, json } = await cluster.ask('POST', pods, pod('p', { runtimeClassName: 'nobody' }))
  assert.deepEqual([status, json.reason], [403, 'Forbidden'])
  assert.match(json.message, /pod rejected: RuntimeClass "nobody" not found/)
})

const runtimeClasses = '/apis/node.k8s.io/v1/runtimeclasses'

test('[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', runtimeClasses, { metadata: { name: 'r' }, handler: 'runc' })
  assert.equal((await cluster.ask('DELETE', `${runtimeClasses}/r`)).status, 200)
  const { status } = await cluster.ask('POST', pods, pod('p', { runtimeClassName: 'r' }))
  assert.equal(status, 403)
})

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  const podFixed = { cpu: '10m', memory: '1Mi' }
  const made = { metadata: { name: 'r' }, handler: 'runc', overhead: { podFixed } }
  assert.equal((await cluster.ask('POST', runtimeClasses, made)).status, 201)
  assert.deepEqual(
    (await create(cluster, pod('p', { runtimeClassName: 'r' }))).spec.overhead,
    podFixed,
  )
  const wrong = pod('q', { runtimeClassName: 'r', overhead: { cpu: '5m' } })
  assert.equal((await cluster.ask('POST', pods, wrong)).status, 403)
})

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance] [Conformance]', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', runtimeClasses, { metadata: { name: 'r' }, handler: 'runc' })
  const { spec } = await create(cluster, pod('p', { runtimeClassName: 'r' }))
  assert.deepEqual([spec.runtimeClassName, spec.overhead], ['r', undefined])
})

test('[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls [Conformance]', async () => {
  await using cluster = await openCluster()
  const sysctls = [
    { name: 'foo-', value: 'bar' },
    { name: 'kernel.shmmax', value: '100000000' },
    { name: 'safe-and-unsafe', value: '100000000' },
    { name: 'bar..', value: '42' },
  ]
  const { status, json } = await cluster.ask(
    'POST',
    pods,
    pod('p', { securityContext: { sysctls } }),
  )
  assert.equal(status, 422)
  assert.match(json.message, /Invalid value: "foo-"/)
  assert.match(json.message, /Invalid value: "bar\.\."/)
  assert.doesNotMatch(json.message, /safe-and-unsafe|kernel\.shmmax/)
})

test('[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]', async () => {
  await using cluster = await openCluster()
  const csi = { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true }
  const volumes = [{ name: 'v', csi }]
  await create(cluster, pod('p', { volumes }))
  const { items } = (await cluster.ask('GET', `${pods}?labelSelector=name=foo`)).json
  assert.deepEqual(items[0].spec.volumes[0].csi, csi)
  const patched = await cluster.ask(
    'PATCH',
    `${pods}/p`,
    { metadata: { labels: { p: 'x' } } },
    merge,
  )
  assert.equal(patched.json.metadata.labels.p, 'x')
  assert.equal((await cluster.ask('DELETE', `${pods}/p`)).status, 200)
  assert.equal((await cluster.ask('GET', `${pods}/p`)).status, 404)
})

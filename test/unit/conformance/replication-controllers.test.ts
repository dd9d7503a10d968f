import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

const pods = '/api/v1/namespaces/default/pods'
const controllers = '/api/v1/namespaces/default/replicationcontrollers'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const labels = { name: 'simple' }

const spec = { containers: [{ name: 'c', image: 'pause:1' }], terminationGracePeriodSeconds: 0 }
const controller = (name: string, replicas: number, selector: Record<string, string> = labels) => ({
  metadata: { name, labels: { 'test-rc-static': 'true' } },
  spec: { replicas, selector, template: { metadata: { labels: selector }, spec } },
})

interface Owned {
  readonly metadata: {
    name: string
    uid: string
    labels: Record<string, string>
    deletionTimestamp?: string
    ownerReferences?: { uid: string; kind: string; controller?: boolean }[]
  }
}

async function podsNow({ cluster }: World): Promise<Owned[]> {
  return (await cluster.ask('GET', pods)).json.items
}

async function made(world: World, name: string, replicas: number): Promise<Owned> {
  const { status, json, text } = await world.cluster.ask(
    ...(['POST', controllers, controller(name, replicas)] as const),
  )
  assert.equal(status, 201, text)
  const counted = async () => {
    const { json: seen } = await world.cluster.ask('GET', `${controllers}/${name}`)
    return seen.status.replicas === replicas && seen.status.observedGeneration === 1
  }
  await world.until(`${replicas} replicas of ${name}`, counted)
  return json
}

async function withNode(body: (world: World) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    await namespace(world.client, 'kube-node-lease')
    await addNodes(world.client, 'n1')
    await body(world)
    assert.deepEqual(world.failures, [])
  })
}

async function deleted(world: World, { metadata }: Owned, propagationPolicy: string) {
  const options = { propagationPolicy, preconditions: { uid: metadata.uid } }
  const gone = await world.cluster.ask('DELETE', `${controllers}/${metadata.name}`, options)
  assert.equal(gone.status, 200, gone.text)
}

const isGone =
  (world: World, { metadata }: Owned) =>
  async () =>
    (await world.cluster.ask('GET', `${controllers}/${metadata.name}`)).status === 404

test('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]', async () => {
  await withNode(async (world) => {
    const owner = await made(world, 'simpletest.rc', 2)
    await deleted(world, owner, 'Background')
    await world.until('the end of its pods', async () => (await podsNow(world)).length === 0)
  })
})

test('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]', async () => {
  await withNode(async (world) => {
    const owner = await made(world, 'simpletest.rc', 5)
    await deleted(world, owner, 'Orphan')
    await world.until('its end', isGone(world, owner))
    await world.clock.advanceAsync(30_000)
    const left = await podsNow(world)
    assert.equal(left.length, 5)
    assert.ok(left.every(({ metadata }) => metadata.ownerReferences === undefined))
  })
})

test('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] [Conformance]', async () => {
  await withNode(async (world) => {
    const owner = await made(world, 'simpletest.rc', 5)
    await deleted(world, owner, 'Foreground')
    let alone = 0
    await world.until('its end', async () => {
      const here = !(await isGone(world, owner)())
      const left = await podsNow(world)
      if (!here && left.length > 0) alone += 1
      return !here && left.length === 0
    })
    assert.equal(alone, 0, 'pods outlived the controller')
  })
})

test("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial] [Conformance]", async () => {
  await withNode(async (world) => {
    const going = await made(world, 'simpletest-rc-to-be-deleted', 4)
    const stays = await world.cluster.ask(
      ...(['POST', controllers, controller('simpletest-rc-to-stay', 0, { other: 'x' })] as const),
    )
    const { name, uid } = stays.json.metadata
    const second = { apiVersion: 'v1', kind: 'ReplicationController', name, uid }
    for (const { metadata } of (await podsNow(world)).slice(0, 2)) {
      const ownerReferences = [...(metadata.ownerReferences ?? []), second]
      const patch = { metadata: { ownerReferences } }
      const patched = await world.cluster.ask('PATCH', `${pods}/${metadata.name}`, patch, merge)
      assert.equal(patched.status, 200, patched.text)
    }
    await deleted(world, going, 'Foreground')
    await world.until('its end', isGone(world, going))
    const left = await podsNow(world)
    assert.equal(left.length, 2)
    for (const { metadata } of left) {
      assert.equal(metadata.deletionTimestamp, undefined)
      assert.deepEqual(
        metadata.ownerReferences?.map((one) => one.uid),
        [uid],
      )
    }
  })
})

test('[sig-apps] ReplicationController should adopt matching pods on creation [Conformance]', async () => {
  await withNode(async (world) => {
    await world.cluster.ask('POST', pods, { metadata: { name: 'pod-adoption', labels }, spec })
    const owner = await made(world, 'pod-adoption', 1)
    const [pod, ...more] = await podsNow(world)
    assert.equal(more.length, 0)
    assert.equal(pod?.metadata.name, 'pod-adoption')
    const [reference] = pod?.metadata.ownerReferences ?? []
    assert.deepEqual(
      [reference?.kind, reference?.uid, reference?.controller],
      ['ReplicationController', owner.metadata.uid, true],
    )
  })
})

test('[sig-apps] ReplicationController should release no longer matching pods [Conformance]', async () => {
  await withNode(async (world) => {
    await made(world, 'pod-release', 1)
    const [pod] = await podsNow(world)
    const path = `${pods}/${pod?.metadata.name}`
    await world.cluster.ask('PATCH', path, { metadata: { labels: { name: 'else' } } }, merge)
    await world.until('its release', async () => {
      const { json } = await world.cluster.ask('GET', path)
      return json.metadata.ownerReferences === undefined
    })
    await world.until('another pod', async () => (await podsNow(world)).length === 2)
  })
})

test('[sig-apps] ReplicationController should get and update a ReplicationController scale [Conformance]', async () => {
  await withNode(async (world) => {
    await made(world, 'scaled', 1)
    const path = `${controllers}/scaled/scale`
    const { json } = await world.cluster.ask('GET', path)
    assert.deepEqual([json.kind, json.spec.replicas], ['Scale', 1])
    assert.equal(json.status.selector, 'name=simple')
    const wider = await world.cluster.ask('PUT', path, { ...json, spec: { replicas: 2 } })
    assert.equal(wider.json.spec?.replicas, 2, wider.text)
    await world.until('two pods', async () => (await podsNow(world)).length === 2)
  })
})

test('[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]', async () => {
  await withNode(async (world) => {
    const { cluster, until } = world
    const quota = { metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } }
    await cluster.ask('POST', '/api/v1/namespaces/default/resourcequotas', quota)
    const path = `${controllers}/condition-test`
    assert.equal(
      (await cluster.ask('POST', controllers, controller('condition-test', 3))).status,
      201,
    )
    const fails = async () => {
      const { json } = await cluster.ask('GET', path)
      const conditions: { type: string; reason: string }[] = json.status.conditions ?? []
      return conditions.find(({ type }) => type === 'ReplicaFailure')?.reason
    }
    await until('the condition', async () => (await fails()) === 'FailedCreate')
    await cluster.ask('PATCH', path, { spec: { replicas: 2 } }, merge)
    await until('its end', async () => (await fails()) === undefined)
    // A pod that is refused is the one failure that this test asks for.
    const refused = world.failures.splice(0)
    assert.ok(refused.every((one) => /exceeded quota/.test(JSON.stringify(one, errorText))))
  })
})

function errorText(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}

test('[sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]', async () => {
  await withNode(async (world) => {
    const { cluster } = world
    const watch = await cluster.watch(`${controllers}?watch=true&labelSelector=test-rc-static=true`)
    const until = async (done: (event: { type: string; object: Seen }) => boolean) => {
      for (let event = await watch.next(); !done(event); event = await watch.next());
    }
    await made(world, 'rc-test', 1)
    await until(({ type }) => type === 'ADDED')
    const path = `${controllers}/rc-test`
    await cluster.ask('PATCH', path, { metadata: { labels: { 'test-rc': 'patched' } } }, merge)
    await until(({ object }) => object.metadata.labels['test-rc'] === 'patched')
    const status = { availableReplicas: 0, readyReplicas: 0 }
    const patched = await cluster.ask('PATCH', `${path}/status`, { status }, merge)
    assert.equal(patched.status, 200, patched.text)
    const scaled = await cluster.ask('PATCH', `${path}/scale`, { spec: { replicas: 2 } }, merge)
    assert.equal(scaled.json.spec?.replicas, 2, scaled.text)
    await world.until('two pods', async () => (await podsNow(world)).length === 2)
    await until(({ object }) => object.status.replicas === 2)
    const query = '?labelSelector=test-rc-static=true'
    const all = await cluster.ask('GET', `/api/v1/replicationcontrollers${query}`)
    assert.equal(all.json.items.length, 1)
    await cluster.ask('DELETE', `${controllers}${query}`, { propagationPolicy: 'Background' })
    await until(({ type }) => type === 'DELETED')
    await watch.close()
  })
})

interface Seen {
  readonly metadata: { readonly labels: Record<string, string> }
  readonly status: { readonly replicas: number }
}

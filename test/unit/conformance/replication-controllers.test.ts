import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inLab, type Lab, labels, merge, pods, template } from './lab.ts'

const controllers = '/api/v1/namespaces/default/replicationcontrollers'
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }

const controller = (name: string, replicas: number, selector: Record<string, string> = labels) => ({
  metadata: { name, labels: selector },
  spec: { replicas, selector, template: template('web:1', selector) },
})

async function make(lab: Lab, name: string, replicas: number, selector = labels) {
  const made = await lab.ok('POST', controllers, controller(name, replicas, selector))
  await lab.until('its pods', async () => {
    const { status } = await lab.ok('GET', `${controllers}/${name}`)
    return (status?.availableReplicas ?? 0) === replicas
  })
  return made
}

const isGone = (lab: Lab, name: string) =>
  lab.until(
    `the end of ${name}`,
    async () => (await lab.cluster.ask('GET', `${controllers}/${name}`)).status === 404,
  )

const ownersOf = async (lab: Lab, path: string) =>
  (await lab.items(path)).map(({ metadata }) => metadata.ownerReferences ?? [])

test('[sig-apps] ReplicationController should adopt matching pods on creation [Conformance]', () =>
  inLab(async (lab) => {
    await lab.ok('POST', pods, { metadata: { name: 'orphan', labels }, spec: template().spec })
    const { metadata } = await lab.ok('POST', controllers, controller('r', 1))
    await lab.until('the adoption', async () => {
      const [owners = []] = await ownersOf(lab, pods)
      return owners[0]?.uid === metadata.uid
    })
    assert.equal((await lab.items(pods)).length, 1)
  }))

test('[sig-apps] ReplicationController should release no longer matching pods [Conformance]', () =>
  inLab(async (lab) => {
    const { metadata } = await make(lab, 'r', 1)
    const [pod] = await lab.items(pods)
    const path = `${pods}/${pod?.metadata.name}`
    await lab.ok('PATCH', path, { metadata: { labels: { name: 'not-matching' } } }, merge)
    await lab.until('the release', async () => {
      const { ownerReferences = [] } = (await lab.ok('GET', path)).metadata
      return !ownerReferences.some(({ uid }: { uid: string }) => uid === metadata.uid)
    })
  }))

test('[sig-apps] ReplicationController should get and update a ReplicationController scale [Conformance]', () =>
  inLab(async (lab) => {
    await make(lab, 'r', 1)
    await lab.scale(`${controllers}/r`)
  }))

test('[sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]', () =>
  inLab(async (lab) => {
    const path = `${controllers}/r`
    const watch = await lab.cluster.watch(`${controllers}?watch=true&labelSelector=name=sample`)
    await make(lab, 'r', 1)
    const next = async (
      is: (object: {
        metadata: { labels: Record<string, string> }
        status: { readyReplicas?: number; replicas?: number }
      }) => boolean,
    ) => {
      for (;;) {
        const { object } = await watch.next()
        if (is(object)) return
      }
    }
    await next(({ status }) => status.readyReplicas === 1)
    await lab.ok('PATCH', path, { metadata: { labels: { patched: 'yes' } } }, strategic)
    await next(({ metadata }) => metadata.labels['patched'] === 'yes')
    const status = { status: { readyReplicas: 0, availableReplicas: 0 } }
    const told = await lab.ok('PATCH', `${path}/status`, status, strategic)
    assert.equal(told.status.readyReplicas ?? 0, 0)
    await next(({ status: now }) => (now.readyReplicas ?? 0) === 0)
    assert.equal((await lab.ok('GET', `${path}/status`)).kind, 'ReplicationController')
    await next(({ status: now }) => now.readyReplicas === 1)
    await lab.ok('PATCH', `${path}/scale`, { spec: { replicas: 2 } }, merge)
    await lab.until('two', async () => (await lab.ok('GET', path)).status.readyReplicas === 2)
    const object = await lab.ok('GET', path)
    object.metadata.labels.updated = 'yes'
    await lab.ok('PUT', path, object)
    const everywhere = await lab.items('/api/v1/replicationcontrollers?labelSelector=updated=yes')
    assert.deepEqual(
      everywhere.map(({ metadata }) => metadata.name),
      ['r'],
    )
    await lab.ok('DELETE', `${controllers}?labelSelector=updated=yes`)
    await isGone(lab, 'r')
    await watch.close()
  }))

test('[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]', () =>
  inLab(async (lab) => {
    const quotas = '/api/v1/namespaces/default/resourcequotas'
    await lab.ok('POST', quotas, { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } })
    await lab.until(
      'the count',
      async () => (await lab.ok('GET', `${quotas}/q`)).status.hard?.pods === '2',
    )
    await lab.ok('POST', controllers, controller('r', 3))
    const failure = async () => {
      const { metadata, status } = await lab.ok('GET', `${controllers}/r`)
      if (status?.observedGeneration !== metadata.generation) return 'unseen'
      return (status.conditions ?? []).find(
        ({ type }: { type: string }) => type === 'ReplicaFailure',
      )
    }
    await lab.until('the failure', async () => (await failure())?.reason === 'FailedCreate')
    assert.match((await failure()).message, /exceeded quota/)
    await lab.ok('PATCH', `${controllers}/r`, { spec: { replicas: 2 } }, merge)
    await lab.until('its end', async () => (await failure()) === undefined)
    lab.failures.length = 0
  }))

test('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]', () =>
  inLab(async (lab) => {
    const { metadata } = await make(lab, 'r', 2)
    const options = { propagationPolicy: 'Background', preconditions: { uid: metadata.uid } }
    await lab.ok('DELETE', `${controllers}/r`, options)
    await lab.until('the end of its pods', async () => (await lab.items(pods)).length === 0)
  }))

test('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]', () =>
  inLab(async (lab) => {
    const { metadata } = await make(lab, 'r', 10)
    const options = { propagationPolicy: 'Orphan', preconditions: { uid: metadata.uid } }
    await lab.ok('DELETE', `${controllers}/r`, options)
    await isGone(lab, 'r')
    await lab.clock.advanceAsync(30_000)
    const owners = await ownersOf(lab, pods)
    assert.deepEqual([owners.length, owners.flat()], [10, []])
  }))

test('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] [Conformance]', () =>
  inLab(async (lab) => {
    const { metadata } = await make(lab, 'r', 10)
    const options = { propagationPolicy: 'Foreground', preconditions: { uid: metadata.uid } }
    const going = await lab.ok('DELETE', `${controllers}/r`, options)
    assert.deepEqual(going.metadata.finalizers, ['foregroundDeletion'])
    await lab.until('the end', async () => {
      const there = (await lab.cluster.ask('GET', `${controllers}/r`)).status === 200
      const left = (await lab.items(pods)).length
      assert.ok(there || left === 0, `${left} pods outlived their controller`)
      return !there
    })
  }))

test("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial] [Conformance]", () =>
  inLab(async (lab) => {
    const doomed = await make(lab, 'doomed', 10)
    const stays = await lab.ok('POST', controllers, controller('stays', 0, { name: 'other' }))
    const owner = {
      ...{ apiVersion: 'v1', kind: 'ReplicationController' },
      ...{ name: 'stays', uid: stays.metadata.uid },
    }
    const half = (await lab.items(pods)).slice(0, 5)
    for (const { metadata } of half) {
      const patch = { metadata: { ownerReferences: [owner] } }
      const both = await lab.ok('PATCH', `${pods}/${metadata.name}`, patch, strategic)
      assert.equal(both.metadata.ownerReferences.length, 2)
    }
    const preconditions = { uid: doomed.metadata.uid }
    const options = { propagationPolicy: 'Foreground', preconditions }
    await lab.ok('DELETE', `${controllers}/doomed`, options)
    await isGone(lab, 'doomed')
    const left = await lab.items(pods)
    assert.deepEqual(
      left.map(({ metadata }) => [
        metadata.name,
        metadata.ownerReferences?.map(({ uid }) => uid),
        (metadata as { deletionTimestamp?: string }).deletionTimestamp,
      ]),
      half.map(({ metadata }) => [metadata.name, [stays.metadata.uid], undefined]),
    )
  }))

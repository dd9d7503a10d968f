import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { podInfo } from '../../../src/scheduler/pod-info.ts'
import { labelMatcher } from '../../../src/scheduler/selector.ts'
import { Snapshot } from '../../../src/scheduler/snapshot.ts'
import { cluster, node, place, pod } from './cluster.ts'

const zoneKey = 'topology.kubernetes.io/zone'
const web = {
  key: 'default|web',
  matches: (one: ReturnType<typeof podInfo>) =>
    labelMatcher({ matchLabels: { app: 'web' } })(one.labels),
}

test('an assumed pod takes room until it is forgotten, and the watch confirms it', () => {
  const snapshot = cluster(node('a'))
  const [a] = snapshot.nodes
  assert.ok(a)
  const one = podInfo(pod('p', { requests: { cpu: '1' } }))
  snapshot.assume(one, a)
  assert.equal(a.requested.milliCpu, 1_000)
  assert.ok(snapshot.isAssumed(one.key))
  snapshot.forget(one.key)
  assert.equal(a.requested.milliCpu, 0)
  snapshot.assume(one, a)
  place(snapshot, 'a', one.pod)
  assert.ok(!snapshot.isAssumed(one.key))
  snapshot.forget(one.key)
  assert.equal(a.requested.milliCpu, 1_000, 'a late failure does not undo what the API shows')
})

test('a pod that has ended takes no room', () => {
  const snapshot = cluster(node('a'))
  place(snapshot, 'a', { ...pod('p', { requests: { cpu: '1' } }), status: { phase: 'Succeeded' } })
  assert.equal(snapshot.node('a')?.pods.size, 0)
})

test('pods of a removed node count again when it comes back', () => {
  const snapshot = cluster(node('a'))
  place(snapshot, 'a', pod('p', { requests: { cpu: '1' } }))
  snapshot.removeNode('a')
  assert.equal(snapshot.nodes.length, 0)
  snapshot.setNode(node('a'))
  assert.equal(snapshot.nodes[0]?.requested.milliCpu, 1_000)
})

test('nodes are taken from the zones in turn', () => {
  const inZone = (name: string, zone: string) => node(name, { labels: { [zoneKey]: zone } })
  const snapshot = cluster(inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b'), node('x'))
  assert.deepEqual(
    snapshot.nodes.map((one) => one.name),
    ['a1', 'b1', 'x', 'a2'],
  )
})

test('counters kept pod by pod equal a recount', () => {
  const step = fc.record({
    what: fc.constantFrom('place', 'remove', 'assume', 'forget', 'relabel', 'drop', 'count'),
    pod: fc.integer({ min: 0, max: 5 }),
    node: fc.integer({ min: 0, max: 3 }),
    app: fc.constantFrom('web', 'db'),
    zone: fc.constantFrom('x', 'y'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const snapshot = new Snapshot()
      for (const { what, pod: podIndex, node: nodeIndex, app, zone } of steps) {
        const one = pod(`p${podIndex}`, { labels: { app }, owner: app, requests: { cpu: '1' } })
        const nodeName = `n${nodeIndex}`
        const target = snapshot.node(nodeName)
        const key = `default/p${podIndex}`
        if (what === 'place') place(snapshot, nodeName, one)
        if (what === 'remove') snapshot.removePod(key)
        if (what === 'forget') snapshot.forget(key)
        if (what === 'relabel') snapshot.setNode(node(nodeName, { labels: { [zoneKey]: zone } }))
        if (what === 'drop') snapshot.removeNode(nodeName)
        if (what === 'assume' && target?.node) {
          snapshot.removePod(key)
          snapshot.assume(podInfo(one), target)
        }
        if (what === 'count') {
          snapshot.counter(web).domains(zoneKey)
          snapshot.ownerCounter(podInfo(one))?.domains(zoneKey)
        }
      }
      let webs = 0
      for (const info of snapshot.nodes) {
        const matching = [...info.pods.values()].filter((one) => web.matches(one)).length
        webs += matching
        assert.equal(snapshot.counter(web).on(info), matching)
        const owned = snapshot.ownerCounter(podInfo(pod('x', { owner: 'web' })))
        assert.equal(owned?.on(info), matching)
        assert.equal(info.requested.milliCpu, 1_000 * info.pods.size)
        const neighbours = snapshot.nodes.filter(
          (other) => other.labels.get(zoneKey) === info.labels.get(zoneKey),
        )
        const there = neighbours
          .flatMap((other) => [...other.pods.values()])
          .filter((p) => web.matches(p))
        if (info.labels.has(zoneKey))
          assert.equal(snapshot.counter(web).inDomain(zoneKey, info), there.length)
      }
      assert.ok(snapshot.counter(web).total >= webs)
    }),
  )
})

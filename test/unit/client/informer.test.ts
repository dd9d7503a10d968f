import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { statusError } from '../../../src/base/status.ts'
import { InformerStore } from '../../../src/client/informer-store.ts'
import { createInformer, createInformerFactory } from '../../../src/client/reflector.ts'
import { paths, pods } from '../../../src/client/resources.ts'
import type { ResourceClient, WatchEvent } from '../../../src/client/typed.ts'
import type { Pod } from '../../../src/kinds/types.ts'
import { MemoryApi, withScope } from './memory-api.ts'

const pod = (name: string, version: number, uid = `u-${name}`, nodeName = 'n'): Pod => ({
  metadata: { name, namespace: 'ns', uid, resourceVersion: String(version) },
  spec: { containers: [], nodeName },
})
const deps = (clock: ManualClock) => ({
  clock,
  random: new SeededRandom(1),
  logger: silentLogger,
})

function logOf(subscribe: { subscribe: InformerStore<Pod>['subscribe'] }): string[] {
  const log: string[] = []
  const name = (object: Pod) => `${object.metadata.name}@${object.metadata.resourceVersion}`
  subscribe.subscribe({
    added: (object) => log.push(`+${name(object)}`),
    updated: (object, previous) => log.push(`~${name(previous)}>${name(object)}`),
    deleted: (object) => log.push(`-${name(object)}`),
  })
  return log
}

/** A resource whose lists and watches a test writes down beforehand. */
function scripted(
  steps: (Pod[] | Error | { events: WatchEvent<Pod>[]; after?: Error | 'hang' })[],
) {
  const calls: string[] = []
  const next = () => steps.shift()
  const resource: Pick<ResourceClient<Pod>, 'list' | 'watch' | 'path'> = {
    path: paths.pods,
    async list() {
      calls.push('list')
      const step = next()
      if (step instanceof Error) throw step
      assert.ok(Array.isArray(step), 'the script has a list here')
      const version = Math.max(0, ...step.map((item) => Number(item.metadata.resourceVersion)))
      return { items: structuredClone(step), resourceVersion: String(version), continue: undefined }
    },
    async *watch(options) {
      calls.push(`watch ${options.resourceVersion}`)
      const step = next() ?? { events: [], after: 'hang' as const }
      if (step instanceof Error) throw step
      assert.ok(!Array.isArray(step), 'the script has a watch here')
      yield* structuredClone(step.events)
      if (step.after instanceof Error) throw step.after
      if (step.after === 'hang')
        await new Promise((resolve) => options.signal?.addEventListener('abort', resolve))
    },
  }
  return { resource: resource as ResourceClient<Pod>, calls }
}

describe('informer store', () => {
  test('tells a list as the difference to what it had', () => {
    const store = new InformerStore<Pod>({}, assert.ifError)
    const log = logOf(store)
    const list = (...items: Pod[]) => ({ items, resourceVersion: '9', continue: undefined })
    store.replace(list(pod('a', 1), pod('b', 2), pod('c', 3)))
    store.replace(list(pod('a', 1), pod('b', 5), pod('d', 6), pod('c', 7, 'other')))
    store.replace(list())
    assert.deepEqual(log.slice(0, 3), ['+a@1', '+b@2', '+c@3'])
    assert.deepEqual(log.slice(3, 7), ['~b@2>b@5', '+d@6', '-c@3', '+c@7'])
    assert.deepEqual(log.slice(7).sort(), ['-a@1', '-b@5', '-c@7', '-d@6'])
  })

  test('never goes back: older objects, older deletions and older lists change nothing', () => {
    const store = new InformerStore<Pod>({}, assert.ifError)
    store.replace({ items: [pod('a', 10)], resourceVersion: '10', continue: undefined })
    store.apply({ type: 'MODIFIED', object: pod('a', 9) })
    store.apply({ type: 'DELETED', object: pod('a', 9) })
    assert.equal(store.replace({ items: [], resourceVersion: '9', continue: undefined }), false)
    store.apply({ type: 'BOOKMARK', resourceVersion: '8' })
    assert.equal(store.get('ns/a')?.metadata.resourceVersion, '10')
    assert.equal(store.resourceVersion, '10')
  })

  test('files objects under their index values and freezes them', () => {
    const byNode = (object: Pod) => [object.spec?.nodeName ?? '']
    const store = new InformerStore<Pod>({ indexes: { byNode } }, assert.ifError)
    store.apply({ type: 'ADDED', object: pod('a', 1, 'u', 'n1') })
    store.apply({ type: 'ADDED', object: pod('b', 2, 'v', 'n1') })
    store.apply({ type: 'MODIFIED', object: pod('a', 3, 'u', 'n2') })
    store.apply({ type: 'DELETED', object: pod('b', 4, 'v', 'n1') })
    assert.deepEqual(store.indexed('byNode', 'n1'), [])
    assert.equal(store.indexed('byNode', 'n2').length, 1)
    assert.ok(Object.isFrozen(store.get('ns/a')?.spec?.containers))
  })

  test('one failing subscriber does not keep the others from hearing', () => {
    const errors: unknown[] = []
    const store = new InformerStore<Pod>({}, (error) => errors.push(error))
    store.subscribe({
      added: () => {
        throw new Error('mine')
      },
    })
    const log = logOf(store)
    store.apply({ type: 'ADDED', object: pod('a', 1) })
    assert.deepEqual([log, errors.length], [['+a@1'], 1])
  })

  test('any mix of lists and events leaves the latest state and a consistent story', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      deleted: fc.boolean(),
      seen: fc.constantFrom('event', 'lost', 'list'),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const store = new InformerStore<Pod>({}, assert.ifError)
        const told = new Map<string, string>()
        store.subscribe({
          added: ({ metadata }) => {
            assert.ok(!told.has(metadata.name ?? ''), 'added twice')
            told.set(metadata.name ?? '', metadata.resourceVersion ?? '')
          },
          updated: ({ metadata }, previous) => {
            assert.equal(told.get(metadata.name ?? ''), previous.metadata.resourceVersion)
            told.set(metadata.name ?? '', metadata.resourceVersion ?? '')
          },
          deleted: ({ metadata }) => assert.ok(told.delete(metadata.name ?? ''), 'deleted twice'),
        })
        const truth = new Map<string, Pod>()
        let revision = 0
        let lost = false
        const relist = () => {
          const items = structuredClone([...truth.values()])
          store.replace({ items, resourceVersion: String(revision), continue: undefined })
          lost = false
        }
        for (const { name, deleted, seen } of changes) {
          const old = truth.get(name)
          if (deleted && !old) continue
          revision += 1
          const object = pod(name, revision, old?.metadata.uid ?? `u${revision}`)
          if (deleted) truth.delete(name)
          else truth.set(name, object)
          if (seen === 'list') relist()
          else if (seen === 'lost' || lost) lost = true
          else {
            const type = deleted ? 'DELETED' : old ? 'MODIFIED' : 'ADDED'
            store.apply({ type, object: structuredClone(object) })
          }
        }
        relist()
        const versions = [...truth].map(([name, { metadata }]) => [name, metadata.resourceVersion])
        assert.deepEqual(new Map(told), new Map(versions as [string, string][]))
        assert.deepEqual(
          new Set(store.list().map((item) => item.metadata.name)),
          new Set(truth.keys()),
        )
      }),
    )
  })
})

describe('reflector', () => {
  test('lists, then watches from the version of the list; resumes from the last one it saw', async () => {
    const clock = new ManualClock()
    const { resource, calls } = scripted([
      [pod('a', 4)],
      { events: [{ type: 'ADDED', object: pod('b', 6) }] },
      { events: [{ type: 'BOOKMARK', resourceVersion: '9' }] },
    ])
    await withScope(async (scope) => {
      const informer = createInformer(resource, {}, deps(clock))
      const log = logOf(informer)
      assert.equal(informer.hasSynced, false)
      informer.start(scope)
      await informer.synced
      await clock.advanceAsync(10)
      assert.deepEqual(calls, ['list', 'watch 4', 'watch 6', 'watch 9'])
      assert.deepEqual(log, ['+a@4', '+b@6'])
    })
    assert.equal(clock.pendingTimers, 0)
  })

  test('lists anew when the history is gone, without telling what did not change', async () => {
    const clock = new ManualClock()
    const { resource, calls } = scripted([
      [pod('a', 4), pod('b', 5)],
      statusError('Expired', 'too old'),
      [pod('a', 4), pod('c', 8)],
    ])
    await withScope(async (scope) => {
      const informer = createInformer(resource, {}, deps(clock))
      const log = logOf(informer)
      informer.start(scope)
      await clock.advanceAsync(1)
      assert.deepEqual(calls, ['list', 'watch 5', 'list', 'watch 8'])
      assert.deepEqual(log, ['+a@4', '+b@5', '+c@8', '-b@5'])
    })
  })

  test('tries at once after the first failure, then ever more slowly up to 5 s', async () => {
    const clock = new ManualClock()
    const failure = () => statusError('ServiceUnavailable', 'down')
    const { resource, calls } = scripted(Array.from({ length: 40 }, failure))
    await withScope(async (scope) => {
      createInformer(resource, {}, deps(clock)).start(scope)
      await clock.advanceAsync(0)
      assert.equal(calls.length, 2)
      await clock.advanceAsync(100)
      assert.equal(calls.length, 3)
      await clock.advanceAsync(20_000)
      const before = calls.length
      await clock.advanceAsync(20_000)
      const tries = calls.length - before
      assert.ok(tries >= 4 && tries <= 8, `${tries} tries in 20 s`)
    })
    assert.equal(clock.pendingTimers, 0)
  })

  test('the factory shares a copy between equal selections and adds later indexes', async () => {
    const clock = new ManualClock()
    const api = new MemoryApi()
    const created = await pods(api).create('ns', { metadata: { name: 'a' } })
    assert.ok(created.metadata.uid)
    await withScope(async (scope) => {
      const factory = createInformerFactory(api, deps(clock))
      const one = factory.informer<Pod>(paths.pods)
      factory.start(scope)
      const indexes = { all: () => ['x'] }
      assert.equal(factory.informer<Pod>(paths.pods, { indexes }), one)
      assert.notEqual(factory.informer<Pod>(paths.pods, { namespace: 'ns' }), one)
      await factory.synced()
      assert.equal(one.indexed('all', 'x').length, 1)
      await pods(api).delete('ns', 'a')
      await clock.advanceAsync(1)
      assert.deepEqual(one.indexed('all', 'x'), [])
    })
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { User } from '../../../src/api/context.ts'
import { classify, inPrecedence } from '../../../src/api/fairness/classify.ts'
import { defaultFlows } from '../../../src/api/fairness/default-flows.ts'
import { FairQueues } from '../../../src/api/fairness/fair-queues.ts'
import { Fairness } from '../../../src/api/fairness/fairness.ts'
import { parseRequestInfo } from '../../../src/api/request-info.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { isStatus } from '../../../src/base/status.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { putStored, userNamed } from './rbac-rig.ts'

const schemas = inPrecedence(defaultFlows.schemas)
const node = userNamed('system:node:w1', 'system:nodes')
const bot = userNamed('system:serviceaccount:web:bot', 'system:serviceaccounts')
const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1'
const pods = '/api/v1/namespaces/web/pods'

describe('flows of a new cluster', () => {
  const table: [user: User, method: string, path: string, schema: string, level: string][] = [
    [userNamed('root', 'system:masters'), 'GET', pods, 'exempt', 'exempt'],
    [userNamed('jane'), 'GET', '/healthz', 'probes', 'exempt'],
    [node, 'PUT', lease, 'system-node-high', 'node-high'],
    [node, 'PATCH', '/api/v1/nodes/w1/status', 'system-node-high', 'node-high'],
    [node, 'GET', '/api/v1/pods', 'system-nodes', 'system'],
    [bot, 'PUT', lease, 'workload-leader-election', 'leader-election'],
    [bot, 'GET', pods, 'service-accounts', 'workload-low'],
    [userNamed('system:kube-scheduler'), 'GET', pods, 'kube-scheduler', 'workload-high'],
    [userNamed('jane'), 'GET', pods, 'global-default', 'global-default'],
  ]
  for (const [user, method, path, schema, level] of table)
    test(`${user.name} ${method} ${path} goes by ${schema}`, () => {
      const flow = classify(schemas, user, parseRequestInfo(method, path))
      assert.equal(flow?.schema, schema)
      assert.equal(flow?.level, level)
    })
})

describe('fair queues', () => {
  test('free seats go to the flows in turn', () => {
    const queues = new FairQueues({ seats: 1, waitingPerFlowMax: 5, waitingMax: 9 })
    const begun: string[] = []
    assert.ok(queues.tryEnter(false))
    for (const one of ['a1', 'a2', 'a3']) queues.wait('a', () => begun.push(one))
    queues.wait('b', () => begun.push('b1'))
    queues.wait('c', () => begun.push('c1'))
    for (let turn = 0; turn < 5; turn += 1) {
      queues.leave()
      queues.beginNext(false)
    }
    assert.deepEqual(begun, ['a1', 'b1', 'c1', 'a2', 'a3'])
    assert.equal(queues.waiting, 0)
  })

  test('a full queue takes nobody, and who gave up does not begin', () => {
    const queues = new FairQueues({ seats: 1, waitingPerFlowMax: 1, waitingMax: 2 })
    const begun: string[] = []
    assert.ok(queues.tryEnter(false))
    const giveUp = queues.wait('a', () => begun.push('a'))
    assert.equal(
      queues.wait('a', () => undefined),
      undefined,
    )
    queues.wait('b', () => begun.push('b'))
    assert.equal(
      queues.wait('c', () => undefined),
      undefined,
    )
    giveUp?.()
    queues.leave()
    assert.ok(queues.beginNext(false))
    assert.deepEqual(begun, ['b'])
    assert.ok(!queues.beginNext(false))
  })
})

describe('fairness', () => {
  async function openFairness() {
    const { store } = await openMemoryStore()
    const clock = new ManualClock()
    const fairness = new Fairness(store, clock)
    const enter = (user: User, signal?: AbortSignal) =>
      fairness.enter(user, parseRequestInfo('GET', pods), signal ? { signal } : {})
    return { store, clock, enter, [Symbol.asyncDispose]: () => store.stop() }
  }

  test('a node is served at once however many requests a noisy client has', async () => {
    await using rig = await openFairness()
    const noisy = userNamed('noisy')
    const inside: (() => void)[] = []
    const waiting: Promise<() => void>[] = []
    for (let count = 0; count < limits.requestSeatsMax; count += 1)
      inside.push(await rig.enter(noisy))
    for (let count = 0; count < 50; count += 1) waiting.push(rig.enter(noisy))
    const quiet = rig.enter(userNamed('quiet'))
    const leave = await rig.enter(node)
    leave()
    // The first seats that come free go to both, not to all who came first.
    inside.pop()?.()
    inside.pop()?.()
    for (const left of inside.splice(0, limits.requestSeatsMax - 60)) left()
    ;(await quiet)()
    for (const left of inside) left()
    for (const one of waiting) (await one)()
  })

  test('who waits for too long, or hangs up, is told to come again', async () => {
    await using rig = await openFairness()
    const noisy = userNamed('noisy')
    for (let count = 0; count < limits.requestSeatsMax; count += 1) await rig.enter(noisy)
    const late = assert.rejects(rig.enter(noisy), (error) => {
      assert.ok(isStatus(error, 'TooManyRequests'))
      return error.status.details?.retryAfterSeconds === 1
    })
    const hangUp = new AbortController()
    const gone = assert.rejects(rig.enter(noisy, hangUp.signal), (error) =>
      isStatus(error, 'TooManyRequests'),
    )
    await Promise.resolve()
    hangUp.abort()
    await gone
    await rig.clock.advanceAsync(limits.requestWaitMsMax)
    await late
  })

  test('honours the levels and schemas that the store holds', async () => {
    await using rig = await openFairness()
    const place = (resource: string) => ({
      group: 'flowcontrol.apiserver.k8s.io',
      resource,
      namespaced: false,
    })
    const limited = { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } }
    await putStored(rig.store, place('prioritylevelconfigurations'), {
      metadata: { name: 'small' },
      spec: { type: 'Limited', limited },
    })
    const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }
    await putStored(rig.store, place('flowschemas'), {
      metadata: { name: 'all' },
      spec: {
        priorityLevelConfiguration: { name: 'small' },
        rules: [{ subjects: [{ kind: 'User', user: { name: '*' } }], resourceRules: [everything] }],
      },
    })
    const jane = userNamed('jane')
    for (let count = 0; count < limits.requestSeatsMax; count += 1) await rig.enter(jane)
    await assert.rejects(rig.enter(jane), (error) => isStatus(error, 'TooManyRequests'))
    await rig.enter(userNamed('root', 'system:masters'))
  })
})

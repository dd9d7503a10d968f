import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Authorizer } from '../../../src/api/auth/authorizer.ts'
import { reviewHandlers } from '../../../src/api/auth/reviews.ts'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import type { User } from '../../../src/api/context.ts'
import { groupVersions } from '../../../src/api/discovery/resources.ts'
import { metricsHandlers } from '../../../src/api/metrics/resource-metrics.ts'
import { isStatus } from '../../../src/base/status.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import type { ClusterStore } from '../../../src/state/cluster-store.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { testContext, testUser } from './context.ts'

const node: User = {
  name: 'system:node:w1',
  uid: '',
  groups: ['system:nodes', 'system:authenticated'],
}

let authorizer: Authorizer
let store: ClusterStore
let stop: () => Promise<void>
before(async () => {
  const opened = await openMemoryStore()
  store = opened.store
  authorizer = createAuthorizer(store)
  stop = () => opened.store.stop()
})
after(() => stop())

async function ask(path: string, body: object, user: User = testUser) {
  const [, , group = '', version = '', ...rest] = path.split('/')
  const handler = reviewHandlers.get(`${group}/${version}/${rest.at(-1)}`)
  assert.ok(handler, path)
  const bytes = Buffer.from(JSON.stringify(body))
  const response = await handler(
    testContext('POST', path, {}, { user, body: bytes, authorizer, store }),
  )
  assert.equal(response.status, 201)
  return JSON.parse(Buffer.from(await bodyBytes(response.body)).toString())
}

const authorization = '/apis/authorization.k8s.io/v1'
const authentication = '/apis/authentication.k8s.io/v1'

describe('reviews', () => {
  test('discovery names exactly those that are answered', () => {
    const named = groupVersions([]).flatMap((one) =>
      one.resources.map((resource) => `${one.group}/${one.version}/${resource.resource}`),
    )
    // Bindings are no question: they are acted upon, as a subresource of pods is.
    const answered = ['/v1/bindings', ...reviewHandlers.keys(), ...metricsHandlers.keys()]
    assert.deepEqual(named.sort(), answered.sort())
  })

  test('whoami says name and groups', async () => {
    const path = `${authentication}/selfsubjectreviews`
    const { kind, metadata, status } = await ask(path, { metadata: { name: 'mine' } }, node)
    assert.equal(kind, 'SelfSubjectReview')
    // It is made anew; nothing of the one that was sent stays.
    assert.deepEqual(Object.keys(metadata), ['creationTimestamp'])
    assert.deepEqual(status.userInfo, { username: node.name, groups: node.groups })
  })

  test('can-i answers for oneself', async () => {
    const path = `${authorization}/selfsubjectaccessreviews`
    const asking = (verb: string, resource: string, fieldSelector?: object) => ({
      spec: { resourceAttributes: { verb, resource, namespace: 'a', fieldSelector } },
    })
    const ownPods = { key: 'spec.nodeName', operator: 'In', values: ['w1'] }
    const nodeMay = async (fieldSelector?: object) =>
      (await ask(path, asking('list', 'pods', fieldSelector), node)).status.allowed
    assert.equal(await nodeMay(), false)
    assert.equal(await nodeMay({ requirements: [ownPods] }), true)
    assert.equal(await nodeMay({ requirements: [{ ...ownPods, values: ['w1', 'w2'] }] }), false)
    assert.equal(await nodeMay({ rawSelector: 'spec.nodeName=w1' }), true)
    assert.equal((await ask(path, asking('create', 'secrets'), node)).status.allowed, false)
    assert.equal((await ask(path, asking('*', '*'))).status.allowed, true)
    const metrics = { spec: { nonResourceAttributes: { verb: 'get', path: '/metrics' } } }
    assert.equal((await ask(path, metrics, node)).status.allowed, false)
    await assert.rejects(ask(path, { spec: {} }), (error) => isStatus(error, 'Invalid'))
  })

  test('can-i of a member whose replica lags waits until it knows', async () => {
    let lags = true
    const late: Authorizer = {
      authorize: () => ({ allowed: !lags, reason: '' }),
      rulesOf: () => ({ rules: [], incomplete: false, errors: [] }),
    }
    const catching = {
      barrier: () => {
        lags = false
        return Promise.resolve(1)
      },
    } as Partial<ClusterStore> as ClusterStore
    const path = `${authorization}/selfsubjectaccessreviews`
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'a' } }
    const body = Buffer.from(JSON.stringify({ spec }))
    const context = testContext('POST', path, {}, { body, authorizer: late, store: catching })
    const handler = reviewHandlers.get('authorization.k8s.io/v1/selfsubjectaccessreviews')
    const response = await handler?.(context)
    assert.ok(response)
    const { status } = JSON.parse(Buffer.from(await bodyBytes(response.body)).toString())
    assert.deepEqual(status, { allowed: true })
  })

  test('administrators ask for others', async () => {
    const spec = {
      user: node.name,
      groups: node.groups,
      resourceAttributes: { verb: 'update', resource: 'nodes', name: 'w2', namespace: 'a' },
    }
    const path = `${authorization}/subjectaccessreviews`
    assert.equal((await ask(path, { spec })).status.allowed, false)
    const local = `${authorization}/namespaces/a/localsubjectaccessreviews`
    assert.equal((await ask(local, { spec })).status.allowed, false)
    const elsewhere = `${authorization}/namespaces/b/localsubjectaccessreviews`
    await assert.rejects(ask(elsewhere, { spec }), (error) => isStatus(error, 'Invalid'))
    const ofPath = { user: 'a', nonResourceAttributes: { path: '/metrics', verb: 'get' } }
    await assert.rejects(ask(local, { spec: ofPath }), (error) => isStatus(error, 'Invalid'))
  })

  test('can-i --list names the rules', async () => {
    const path = `${authorization}/selfsubjectrulesreviews`
    const { status } = await ask(path, { spec: { namespace: 'default' } }, node)
    assert.equal(status.incomplete, true)
    assert.equal(status.evaluationError, 'node authorizer does not support user rule resolution')
    const { resourceRules, nonResourceRules } = status
    assert.ok(
      resourceRules.some((rule: { resources: string[] }) =>
        rule.resources.includes('selfsubjectreviews'),
      ),
    )
    assert.ok(
      nonResourceRules.some((rule: { nonResourceURLs: string[] }) =>
        rule.nonResourceURLs.includes('/openapi/*'),
      ),
    )
    const all = (await ask(path, { spec: { namespace: 'default' } })).status
    assert.deepEqual(all.resourceRules, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }])
  })

  test('are only created', async () => {
    for (const [key, handler] of reviewHandlers) {
      const [group, version, resource] = key.split('/')
      const context = testContext('GET', `/apis/${group}/${version}/${resource}/x`)
      await assert.rejects(handler(context), (error) => isStatus(error, 'MethodNotAllowed'))
    }
  })
})

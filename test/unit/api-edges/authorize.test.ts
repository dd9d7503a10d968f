import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { anonymousUser } from '../../../src/api/auth/authenticate.ts'
import { type Authorizer, forbidden } from '../../../src/api/auth/authorizer.ts'
import { restrictNode } from '../../../src/api/auth/node-restriction.ts'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import type { User } from '../../../src/api/context.ts'
import { attributesOf, parseRequestInfo } from '../../../src/api/request-info.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

const user = (name: string, ...groups: string[]): User => ({
  name,
  uid: '',
  groups: [...groups, 'system:authenticated'],
})
const users = {
  admin: user('kubernetes-admin', 'system:masters'),
  master: user('m1', 'kijabi:masters'),
  w1: user('system:node:w1', 'system:nodes'),
  fakeNode: user('system:node:w1'),
  proxy: user('system:kube-proxy'),
  account: user('system:serviceaccount:default:default', 'system:serviceaccounts'),
  anonymous: anonymousUser,
}

const table: [who: keyof typeof users, method: string, path: string, allowed: boolean][] = [
  ['admin', 'DELETE', '/api/v1/nodes/w1', true],
  ['admin', 'GET', '/metrics', true],
  ['master', 'POST', '/api/v1/namespaces/x/pods/p/binding', true],
  ['anonymous', 'GET', '/healthz', true],
  ['anonymous', 'GET', '/livez/ping', false],
  ['anonymous', 'GET', '/readyz', true],
  ['anonymous', 'GET', '/version', true],
  ['anonymous', 'POST', '/version', false],
  ['anonymous', 'GET', '/api', false],
  ['anonymous', 'GET', '/apis/apps/v1', false],
  ['anonymous', 'GET', '/openapi/v3', false],
  ['anonymous', 'GET', '/metrics', false],
  ['anonymous', 'GET', '/api/v1/pods', false],
  ['account', 'GET', '/api', true],
  ['account', 'GET', '/api/v1', true],
  ['account', 'GET', '/apis/apps/v1', true],
  ['account', 'GET', '/openapi/v3/api/v1', true],
  ['account', 'GET', '/metrics', false],
  ['account', 'GET', '/api/v1/namespaces/default/pods', false],
  ['account', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', true],
  ['account', 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', true],
  ['w1', 'GET', '/api/v1/pods?watch=1', false],
  ['w1', 'GET', '/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dw1', true],
  ['w1', 'GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dw2', false],
  ['w1', 'GET', '/api/v1/pods?fieldSelector=spec.nodeName%21%3Dw1', false],
  ['w1', 'GET', '/api/v1/nodes/w1', true],
  ['w1', 'GET', '/api/v1/nodes/w2', false],
  ['w1', 'GET', '/api/v1/nodes', false],
  ['w1', 'GET', '/api/v1/nodes?fieldSelector=metadata.name%3Dw1', true],
  ['w1', 'GET', '/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dw2', false],
  ['w1', 'POST', '/api/v1/nodes', true],
  ['w1', 'PATCH', '/api/v1/nodes/w1', true],
  ['w1', 'PATCH', '/api/v1/nodes/w1/status', true],
  ['w1', 'PATCH', '/api/v1/nodes/w2/status', false],
  ['w1', 'DELETE', '/api/v1/nodes/w1', false],
  ['w1', 'PUT', '/api/v1/namespaces/a/pods/p/status', true],
  ['w1', 'PATCH', '/api/v1/namespaces/a/pods/p', false],
  ['w1', 'DELETE', '/api/v1/namespaces/a/pods/p', true],
  ['w1', 'GET', '/api/v1/namespaces/a/secrets/s', false],
  ['w1', 'POST', '/api/v1/namespaces/a/serviceaccounts/default/token', false],
  ['w1', 'GET', '/api/v1/namespaces/a/secrets', false],
  ['w1', 'GET', '/api/v1/secrets?watch=true', false],
  ['w1', 'POST', '/api/v1/namespaces/a/secrets', false],
  ['w1', 'POST', '/api/v1/namespaces/a/events', true],
  ['w1', 'GET', '/api/v1/services', true],
  // Its proxy asks as the node (binding kijabi:node-proxier); of Kubernetes' own rights this is none.
  ['w1', 'GET', '/apis/discovery.k8s.io/v1/endpointslices', true],
  ['w1', 'POST', '/apis/discovery.k8s.io/v1/namespaces/a/endpointslices', false],
  ['w1', 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1', true],
  ['w1', 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w2', false],
  ['w1', 'PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/w1', false],
  ['w1', 'GET', '/apis/apps/v1/deployments', false],
  ['w1', 'POST', '/api/v1/namespaces/a/pods/p/exec', false],
  ['fakeNode', 'GET', '/api/v1/pods', false],
  ['proxy', 'GET', '/api/v1/services?watch=true', true],
  ['proxy', 'GET', '/apis/discovery.k8s.io/v1/endpointslices', true],
  ['proxy', 'POST', '/api/v1/namespaces/default/events', true],
  ['proxy', 'GET', '/api/v1/secrets', false],
  ['proxy', 'PATCH', '/api/v1/nodes/w1', false],
]

describe('authorizer of a new cluster', () => {
  let authorizer: Authorizer
  let stop: () => Promise<void>
  before(async () => {
    const { store } = await openMemoryStore()
    authorizer = createAuthorizer(store)
    stop = () => store.stop()
  })
  after(() => stop())

  for (const [who, method, path, allowed] of table)
    test(`${allowed ? 'lets' : 'stops'} ${who} ${method} ${path}`, () =>
      assert.equal(
        authorizer.authorize(users[who], attributesOf(parseRequestInfo(method, path))).allowed,
        allowed,
      ))

  const messages: [method: string, path: string, message: string][] = [
    [
      'GET',
      '/api/v1/namespaces/default/pods',
      'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'GET',
      '/apis/apps/v1/namespaces/a/deployments/d/scale',
      'deployments.apps "d" is forbidden: User "x" cannot get resource "deployments/scale" in API group "apps" in the namespace "a"',
    ],
    [
      'GET',
      '/api/v1/nodes',
      'nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    ['GET', '/metrics', 'forbidden: User "x" cannot get path "/metrics"'],
  ]
  for (const [method, path, message] of messages)
    test(`says: ${message}`, () => {
      const error = forbidden(user('x'), parseRequestInfo(method, path))
      assert.equal(error.message, message)
      assert.equal(error.code, 403)
    })
})

const object = (name: string, fields: Record<string, unknown> = {}): AnyObject => ({
  metadata: { name },
  ...fields,
})

describe('node restriction', () => {
  const check = (
    method: string,
    path: string,
    now: AnyObject | undefined,
    old?: AnyObject,
    who = users.w1,
  ) => restrictNode(who, parseRequestInfo(method, path), now, old)?.message

  test('leaves everybody but nodes alone', () =>
    assert.equal(check('POST', '/api/v1/nodes', object('w2'), undefined, users.admin), undefined))

  test('lets a node create and change itself only', () => {
    assert.equal(check('POST', '/api/v1/nodes', object('w1')), undefined)
    assert.match(check('POST', '/api/v1/nodes', object('w2')) ?? '', /modify node "w2"/)
  })

  test('keeps a node from choosing its taints and reserved labels', () => {
    const tainted = object('w1', { spec: { taints: [{ key: 'a' }] } })
    const path = '/api/v1/nodes/w1'
    assert.match(check('PATCH', path, tainted, object('w1')) ?? '', /modify taints/)
    assert.equal(check('POST', '/api/v1/nodes', tainted), undefined)
    const labelled: AnyObject = {
      metadata: { name: 'w1', labels: { 'node-restriction.kubernetes.io/x': '1' } },
    }
    assert.match(check('PATCH', path, labelled, object('w1')) ?? '', /modify label/)
  })

  test('lets a node write the status of its own pods only', () => {
    const path = '/api/v1/namespaces/a/pods/p/status'
    const own = object('p', { spec: { nodeName: 'w1' } })
    const other = object('p', { spec: { nodeName: 'w2' } })
    assert.equal(check('PATCH', path, own, own), undefined)
    assert.match(check('PATCH', path, own, other) ?? '', /spec.nodeName set to itself/)
    assert.match(check('DELETE', '/api/v1/namespaces/a/pods/p', undefined, other) ?? '', /delete/)
  })

  test('lets a node create mirror pods only', () => {
    const path = '/api/v1/namespaces/a/pods'
    const pod = object('p', { spec: { nodeName: 'w1' } })
    assert.match(check('POST', path, pod) ?? '', /mirror/)
    const mirror: AnyObject = {
      ...pod,
      metadata: { name: 'p', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    }
    assert.equal(check('POST', path, mirror), undefined)
  })

  test('lets a node hold its own lease only', () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
    assert.equal(check('POST', path, object('w1')), undefined)
    assert.match(check('POST', path, object('w2')) ?? '', /same name/)
  })
})

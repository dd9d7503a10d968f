import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultPolicy } from '../../../src/api/auth/rbac/default-policy.ts'
import type { Binding } from '../../../src/api/auth/rbac/rbac-objects.ts'
import {
  reconciledBinding,
  reconciledRole,
  reconcilePolicy,
} from '../../../src/api/auth/rbac/reconcile-policy.ts'
import { keepBootstrapObjects } from '../../../src/api/bootstrap-objects.ts'
import { defaultFlows } from '../../../src/api/fairness/default-flows.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { aggregatedRules } from '../../../src/kinds/rbac/aggregation.ts'
import { admin, openCluster, type TestCluster } from '../api/cluster.ts'
import { userNamed } from './rbac-rig.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }

async function openWithPolicy(): Promise<TestCluster> {
  const cluster = await openCluster()
  for (const name of ['kube-system', 'kube-public'])
    await cluster.ask('POST', '/api/v1/namespaces', { metadata: { name } })
  await reconcilePolicy(clientOf(cluster))
  return cluster
}

const clientOf = (cluster: TestCluster) =>
  createClient(createInProcessTransport((request) => cluster.api.handle(request, admin)))

describe('default policy in a cluster', () => {
  test('is written once, and put back where a part of it is missing', async () => {
    await using cluster = await openWithPolicy()
    const { json: list } = await cluster.ask('GET', `${rbac}/clusterroles`)
    assert.equal(list.items.length, defaultPolicy().clusterRoles.length)
    const { revision } = cluster.memory.store.view
    await reconcilePolicy(clientOf(cluster))
    assert.equal(cluster.memory.store.view.revision, revision, 'a second start writes nothing')
    await cluster.ask('DELETE', `${rbac}/clusterroles/system:discovery`)
    const path = `${rbac}/clusterrolebindings/system:basic-user`
    const { json: binding } = await cluster.ask('GET', path)
    const mine = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'guest' }
    const changed = await cluster.ask('PUT', path, { ...binding, subjects: [mine] })
    assert.equal(changed.status, 200, changed.text)
    await reconcilePolicy(clientOf(cluster))
    assert.equal((await cluster.ask('GET', `${rbac}/clusterroles/system:discovery`)).status, 200)
    const subjects = (await cluster.ask('GET', path)).json.subjects
    assert.deepEqual(
      subjects.map(({ name }: { name: string }) => name),
      ['guest', 'system:authenticated'],
    )
  })

  test('leaves alone what says so, and what is there beyond it', () => {
    const [role] = defaultPolicy().clusterRoles.filter(
      ({ metadata }) => metadata.name === 'system:basic-user',
    )
    assert.ok(role)
    const more = { ...role, rules: [...(role.rules ?? []), readPods] }
    assert.equal(reconciledRole(more, role), undefined)
    const less = { ...role, rules: [] }
    const next = reconciledRole(less, role)
    assert.ok(next && 'update' in next && (next.update.rules ?? []).length === 3)
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
    const own = { ...less, metadata: { ...role.metadata, annotations } }
    assert.equal(reconciledRole(own, role), undefined)
    const [binding] = defaultPolicy().clusterRoleBindings
    const other: Binding = {
      ...(binding as Binding),
      roleRef: { kind: 'ClusterRole', name: 'other' },
    }
    assert.deepEqual(reconciledBinding(other, binding as Binding), { replace: binding })
  })

  test('a role made from others has each of their rules once, its own left out', () => {
    const labels = { into: 'all' }
    const rule = (name: string) => ({ verbs: ['get'], apiGroups: [''], resources: [name] })
    const all = {
      metadata: { name: 'all', labels },
      rules: [rule('own')],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] },
    }
    const roles = [
      all,
      { metadata: { name: 'b', labels }, rules: [rule('pods'), rule('nodes')] },
      { metadata: { name: 'a', labels }, rules: [rule('pods')] },
      { metadata: { name: 'c' }, rules: [rule('secrets')] },
    ]
    assert.deepEqual(aggregatedRules(all, roles), [rule('pods'), rule('nodes')])
    assert.equal(aggregatedRules({ metadata: {}, rules: [] }, roles), undefined)
  })
})

describe('escalation', () => {
  const jane = userNamed('jane')
  const janesRight = [
    {
      verbs: ['create', 'get', 'update'],
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['roles', 'rolebindings'],
    },
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
  ]
  async function openForJane(rules: readonly object[]) {
    const cluster = await openWithPolicy()
    await cluster.ask('POST', `${rbac}/clusterroles`, { metadata: { name: 'jane' }, rules })
    const bound = await cluster.ask('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'jane' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'jane' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
    })
    assert.equal(bound.status, 201, bound.text)
    return cluster
  }
  const roles = `${rbac}/namespaces/default/roles`
  const roleWith = (name: string, rules: readonly object[]) => ({ metadata: { name }, rules })

  test('nobody makes a role with rights that they have not', async () => {
    await using cluster = await openForJane(janesRight)
    const ask = (name: string, rules: readonly object[]) =>
      cluster.ask('POST', roles, roleWith(name, rules), { user: jane })
    assert.equal((await ask('fine', [readPods])).status, 201)
    const more = { verbs: ['get', 'delete', 'create'], apiGroups: [''], resources: ['pods'] }
    const refused = await ask('more', [more])
    assert.equal(refused.status, 403)
    assert.equal(
      refused.json.message,
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" ' +
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
    )
  })

  test('nobody binds a role with rights that they have not, unless they may bind it', async () => {
    await using cluster = await openForJane(janesRight)
    const bindings = `${rbac}/namespaces/default/rolebindings`
    const ask = (role: string) =>
      cluster.ask(
        'POST',
        bindings,
        {
          metadata: { name: `to-${role}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
          subjects: [],
        },
        { user: jane },
      )
    assert.equal((await ask('jane')).status, 201)
    const refused = await ask('cluster-admin')
    assert.equal(refused.status, 403)
    assert.match(refused.json.message, /not currently held:\n\{APIGroups:\["\*"\]/)
    assert.equal((await ask('missing')).status, 404)
    const bind = {
      verbs: ['bind'],
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: ['cluster-admin'],
    }
    await cluster.ask('PUT', `${rbac}/clusterroles/jane`, roleWith('jane', [...janesRight, bind]))
    assert.equal((await ask('cluster-admin')).status, 201)
  })

  test('a plain refusal reads as Kubernetes writes it', async () => {
    await using cluster = await openWithPolicy()
    const { json } = await cluster.ask('GET', '/api/v1/namespaces/y/pods', undefined, {
      user: jane,
    })
    assert.equal(
      json.message,
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "y"',
    )
    assert.equal((await cluster.ask('GET', '/api', undefined, { user: jane })).status, 200)
  })
})

describe('what every cluster begins with', () => {
  test('priority classes and flows are served, whole and once', async () => {
    await using cluster = await openCluster()
    await using scope = new Scope()
    const masters = [{ address: '10.0.0.1', port: 6443 }]
    const keeping = { clock: cluster.clock, logger: silentLogger, scope }
    await keepBootstrapObjects(clientOf(cluster), () => masters, keeping)
    const names = async (path: string) =>
      (await cluster.ask('GET', path)).json.items.map(
        (item: { metadata: { name: string } }) => item.metadata.name,
      )
    assert.deepEqual(await names('/apis/scheduling.k8s.io/v1/priorityclasses'), [
      'system-cluster-critical',
      'system-node-critical',
    ])
    const flows = '/apis/flowcontrol.apiserver.k8s.io/v1'
    assert.equal((await names(`${flows}/flowschemas`)).length, defaultFlows.schemas.length)
    const levels = await names(`${flows}/prioritylevelconfigurations`)
    assert.deepEqual(levels.sort(), defaultFlows.levels.map(({ metadata }) => metadata.name).sort())
    const { revision } = cluster.memory.store.view
    await keepBootstrapObjects(clientOf(cluster), () => masters, keeping)
    assert.equal(cluster.memory.store.view.revision, revision)
  })
})

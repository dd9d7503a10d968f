import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultPolicy } from '../../../src/api/auth/rbac/default-policy.ts'
import { missingRules, ruleAllows } from '../../../src/api/auth/rbac/policy-rule.ts'
import { defaultIndex } from '../../../src/api/auth/rbac/stored-policy.ts'
import { attributesOf, parseRequestInfo } from '../../../src/api/request-info.ts'
import type { Revision } from '../../../src/base/brand.ts'
import {
  bindingOf,
  clusterRole,
  clusterRoleBindings,
  clusterRoles,
  openPolicy,
  role,
  roleBindings,
  roles,
  userNamed,
} from './rbac-rig.ts'

const jane = userNamed('jane', 'devs')
const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }
const podsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`

describe('rules', () => {
  const allows = (rule: object, method: string, path: string) =>
    ruleAllows({ verbs: ['*'], ...rule }, attributesOf(parseRequestInfo(method, path)))
  const onlyP = { apiGroups: [''], resources: ['pods'], resourceNames: ['p'] }
  const table: [rule: object, method: string, path: string, allowed: boolean][] = [
    [{ apiGroups: ['apps'], resources: ['deployments'] }, 'GET', '/apis/apps/v1/deployments', true],
    [{ apiGroups: [''], resources: ['deployments'] }, 'GET', '/apis/apps/v1/deployments', false],
    [{ apiGroups: ['*'], resources: ['pods'] }, 'GET', `${podsOf('a')}/p/log`, false],
    [{ apiGroups: ['*'], resources: ['pods/log'] }, 'GET', `${podsOf('a')}/p/log`, true],
    [{ apiGroups: ['*'], resources: ['*/log'] }, 'GET', `${podsOf('a')}/p/log`, true],
    [{ apiGroups: ['*'], resources: ['*/log'] }, 'GET', `${podsOf('a')}/p`, false],
    [{ apiGroups: ['*'], resources: ['*'] }, 'GET', `${podsOf('a')}/p/log`, true],
    [
      { apiGroups: [''], resources: ['pods'], resourceNames: ['p'] },
      'GET',
      `${podsOf('a')}/p`,
      true,
    ],
    [
      { apiGroups: [''], resources: ['pods'], resourceNames: ['p'] },
      'GET',
      `${podsOf('a')}/q`,
      false,
    ],
    [{ apiGroups: [''], resources: ['pods'], resourceNames: ['p'] }, 'GET', podsOf('a'), false],
    [onlyP, 'GET', `${podsOf('a')}?fieldSelector=metadata.name%3Dp`, true],
    [onlyP, 'GET', `${podsOf('a')}?watch=1&fieldSelector=a%3Db,metadata.name%3D%3Dp`, true],
    [onlyP, 'GET', `${podsOf('a')}?fieldSelector=metadata.name%3Dq`, false],
    [onlyP, 'GET', `${podsOf('a')}?fieldSelector=metadata.name%21%3Dp`, false],
    [onlyP, 'GET', `${podsOf('a')}?fieldSelector=metadata.name`, false],
    [onlyP, 'DELETE', `${podsOf('a')}?fieldSelector=metadata.name%3Dp`, false],
    [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }, 'GET', `${podsOf('a')}/p`, false],
    [{ nonResourceURLs: ['/metrics'] }, 'GET', '/metrics', true],
    [{ nonResourceURLs: ['/metrics'] }, 'GET', '/metrics/slis', false],
    [{ nonResourceURLs: ['/metrics*'] }, 'GET', '/metrics/slis', true],
    [{ nonResourceURLs: ['*'] }, 'GET', podsOf('a'), false],
    [{ apiGroups: ['*'], resources: ['*'] }, 'GET', '/metrics', false],
  ]
  for (const [rule, method, path, allowed] of table)
    test(`${JSON.stringify(rule)} ${allowed ? 'lets' : 'stops'} ${method} ${path}`, () =>
      assert.equal(allows(rule, method, path), allowed))

  test('an escalation check finds each verb and resource that is not covered', () => {
    const owned = [
      { verbs: ['get'], apiGroups: ['', 'apps'], resources: ['pods', '*/scale'] },
      { verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['a', 'b'] },
      { verbs: ['get'], nonResourceURLs: ['/logs/*'] },
    ]
    const missing = (rule: object) => missingRules(owned, [{ verbs: [], ...rule }])
    assert.deepEqual(missing({ verbs: ['get'], apiGroups: ['apps'], resources: ['x/scale'] }), [])
    assert.deepEqual(missing({ verbs: ['get'], nonResourceURLs: ['/logs/a/b'] }), [])
    const lists = { verbs: ['list'], apiGroups: [''], resources: ['pods'] }
    assert.deepEqual(missing({ ...lists, resourceNames: ['a'] }), [])
    assert.deepEqual(missing({ ...lists, resourceNames: ['a', 'c'] }), [
      { ...lists, resourceNames: ['c'] },
    ])
    assert.deepEqual(missing(lists), [lists])
    assert.deepEqual(missing({ verbs: ['get', '*'], apiGroups: [''], resources: ['pods'] }), [
      { verbs: ['*'], apiGroups: [''], resources: ['pods'] },
    ])
    assert.deepEqual(missing({ verbs: ['get'], nonResourceURLs: ['/logs'] }), [
      { verbs: ['get'], nonResourceURLs: ['/logs'] },
    ])
  })
})

describe('default policy', () => {
  const { clusterRoles: defaults, clusterRoleBindings: bindings } = defaultPolicy()
  const names = defaults.map(({ metadata }) => metadata.name)

  test('has every role once, and every binding names one', () => {
    assert.equal(new Set(names).size, names.length)
    for (const { roleRef } of bindings) assert.ok(names.includes(roleRef.name), roleRef.name)
    for (const name of ['cluster-admin', 'admin', 'edit', 'view', 'system:kube-scheduler'])
      assert.ok(names.includes(name), name)
    assert.ok(names.filter((name) => name?.startsWith('system:controller:')).length >= 35)
  })

  test('gives view to edit and edit to admin, and secrets to edit alone', () => {
    const index = defaultIndex()
    const may = (name: string, method: string, path: string) =>
      (index.rulesOfRole({ roleRef: { kind: 'ClusterRole', name } }, '') ?? []).some((rule) =>
        ruleAllows(rule, parseRequestInfo(method, path)),
      )
    const can = (method: string, path: string) =>
      ['view', 'edit', 'admin', 'cluster-admin'].filter((name) => may(name, method, path))
    assert.deepEqual(can('GET', podsOf('a')), ['view', 'edit', 'admin', 'cluster-admin'])
    assert.deepEqual(can('POST', podsOf('a')), ['edit', 'admin', 'cluster-admin'])
    assert.deepEqual(can('GET', '/api/v1/namespaces/a/secrets'), ['edit', 'admin', 'cluster-admin'])
    const rolesPath = '/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles'
    assert.deepEqual(can('POST', rolesPath), ['admin', 'cluster-admin'])
    assert.deepEqual(can('DELETE', '/api/v1/nodes/n'), ['cluster-admin'])
    assert.deepEqual(can('POST', '/api/v1/namespaces/a/resourcequotas'), ['cluster-admin'])
  })
})

describe('rbac over the store', () => {
  test('a role binding lets its subjects do what its role says, in its namespace', async () => {
    await using rig = await openPolicy()
    await rig.put(clusterRoles, clusterRole('reader', [readPods]))
    assert.equal(rig.ask(jane, 'GET', podsOf('a')), '')
    const ref = { kind: 'ClusterRole', name: 'reader' } as const
    await rig.put(roleBindings, bindingOf('b', ref, [{ kind: 'Group', name: 'devs' }], 'a'))
    assert.equal(rig.ask(jane, 'GET', podsOf('a')), 'yes')
    assert.equal(rig.ask(jane, 'GET', podsOf('b')), '')
    assert.equal(rig.ask(jane, 'GET', '/api/v1/pods'), '')
    assert.equal(rig.ask(userNamed('joe'), 'GET', podsOf('a')), '')
    await rig.remove(roleBindings, 'a', 'b')
    assert.equal(rig.ask(jane, 'GET', podsOf('a')), '')
  })

  test('a cluster role binding holds everywhere, until its role changes', async () => {
    await using rig = await openPolicy()
    await rig.put(clusterRoles, clusterRole('reader', [readPods]))
    const ref = { kind: 'ClusterRole', name: 'reader' } as const
    await rig.put(clusterRoleBindings, bindingOf('b', ref, [{ kind: 'User', name: 'jane' }]))
    assert.equal(rig.ask(jane, 'GET', podsOf('b')), 'yes')
    assert.equal(rig.ask(jane, 'GET', '/api/v1/pods'), 'yes')
    const { reason } = rig.authorizer.authorize(jane, parseRequestInfo('GET', podsOf('a')))
    assert.equal(
      reason,
      'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to User "jane"',
    )
    await rig.put(clusterRoles, clusterRole('reader', []))
    assert.equal(rig.ask(jane, 'GET', podsOf('b')), '')
    await rig.put(clusterRoles, clusterRole('other', []))
    await rig.remove(clusterRoles, '', 'reader')
    assert.equal(
      rig.ask(jane, 'GET', podsOf('b')),
      'RBAC: clusterrole.rbac.authorization.k8s.io "reader" not found',
    )
  })

  test('service accounts are found by the name that their tokens speak for', async () => {
    await using rig = await openPolicy()
    await rig.put(roles, role('a', 'reader', [readPods]))
    const account = userNamed('system:serviceaccount:tools:bot', 'system:serviceaccounts:tools')
    const ref = { kind: 'Role', name: 'reader' } as const
    const subject = { kind: 'ServiceAccount', name: 'bot', namespace: 'tools' }
    await rig.put(roleBindings, bindingOf('b', ref, [subject], 'a'))
    assert.equal(rig.ask(account, 'GET', podsOf('a')), 'yes')
    const { reason } = rig.authorizer.authorize(account, parseRequestInfo('GET', podsOf('a')))
    assert.equal(
      reason,
      'RBAC: allowed by RoleBinding "b/a" of Role "reader" to ServiceAccount "bot/tools"',
    )
  })

  test('the first role of a cluster ends the built-in policy', async () => {
    await using rig = await openPolicy()
    assert.equal(rig.ask(jane, 'GET', '/api'), 'yes')
    await rig.put(clusterRoles, clusterRole('reader', [readPods]))
    assert.equal(rig.ask(jane, 'GET', '/api'), '')
  })

  test('a copy that fell behind the history reads everything again', async () => {
    await using rig = await openPolicy()
    await rig.put(clusterRoles, clusterRole('reader', [readPods]))
    const ref = { kind: 'ClusterRole', name: 'reader' } as const
    const binding = bindingOf('b', ref, [{ kind: 'User', name: 'jane' }])
    await rig.put(clusterRoleBindings, binding)
    assert.equal(rig.ask(jane, 'GET', podsOf('a')), 'yes')
    await rig.remove(clusterRoleBindings, '', 'b')
    await rig.put(clusterRoleBindings, { ...binding, metadata: { name: 'c' }, subjects: [] })
    await rig.store.compact((rig.store.view.revision + 0) as Revision)
    assert.equal(rig.ask(jane, 'GET', podsOf('a')), '')
  })

  test('administrators and masters are asked nothing', async () => {
    await using rig = await openPolicy()
    await rig.put(clusterRoles, clusterRole('none', []))
    assert.equal(rig.ask(userNamed('root', 'system:masters'), 'DELETE', '/api/v1/nodes/n'), 'yes')
    assert.equal(rig.ask(userNamed('m1', 'kijabi:masters'), 'DELETE', '/api/v1/nodes/n'), 'yes')
  })
})

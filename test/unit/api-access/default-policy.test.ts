import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../../src/api/auth/rbac/default-policy.ts'
import type { PolicyRule } from '../../../src/api/auth/rbac/policy-rule.ts'
import type { Role } from '../../../src/api/auth/rbac/rbac-objects.ts'

const { clusterRoles, clusterRoleBindings, roles } = defaultPolicy()
const text = ({ verbs, resources = [], nonResourceURLs = [] }: PolicyRule) =>
  `${verbs.join(' ')} ${[...resources, ...nonResourceURLs].join(' ')}`
const rulesOf = (from: readonly Role[], name: string) =>
  (from.find(({ metadata }) => metadata.name === name)?.rules ?? []).map(text)

/** Facts of v1.36 that differ from those of the versions before it. */
test('the default roles have the rules of Kubernetes 1.36', () => {
  const holds = (name: string, rule: string, from: readonly Role[] = clusterRoles) =>
    assert.ok(rulesOf(from, name).includes(rule), `${name}: ${rulesOf(from, name).join('; ')}`)
  const controller = (name: string) => `system:controller:${name}`
  holds(controller('statefulset-controller'), 'delete update persistentvolumeclaims')
  holds(controller('statefulset-controller'), 'update pods/finalizers')
  holds(controller('resource-claim-controller'), 'patch update resourceclaims/binding')
  holds(controller('selinux-warning-controller'), 'get list watch csidrivers')
  holds(
    controller('volumeattributesclass-protection-controller'),
    'get list update watch volumeattributesclasses',
  )
  holds('system:kube-scheduler', 'get list watch volumeattachments')
  holds('system:kube-scheduler', 'patch update resourceclaims/binding')
  holds('system:node', 'deletecollection resourceslices')
  holds(
    'system:service-account-issuer-discovery',
    'get /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
  )
  for (const name of ['kube-controller-manager', 'kube-scheduler'])
    holds(`system::leader-locking-${name}`, 'create get list update watch leasecandidates', roles)
})

test('every default role is named once, and each controller role is bound to its account', () => {
  const names = clusterRoles.map(({ metadata }) => metadata.name ?? '')
  assert.deepEqual(names, [...new Set(names)])
  for (const name of names.filter((one) => one.startsWith('system:controller:'))) {
    const binding = clusterRoleBindings.find(({ metadata }) => metadata.name === name)
    assert.deepEqual(
      binding?.subjects?.map((subject) => `${subject.kind} ${subject.namespace}/${subject.name}`),
      [`ServiceAccount kube-system/${name.slice('system:controller:'.length)}`],
    )
  }
})

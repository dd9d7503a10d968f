import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee, patchOf } from './callee.ts'
import { install, registration, rulesFor } from './registrations.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

/** A cluster, and the annotations of the last line of its audit log. */
async function audited(
  level: 'Metadata' | 'Request' = 'Metadata',
): Promise<{ cluster: TestCluster; last(): Record<string, string> }> {
  const lines: string[] = []
  const rules = [{ level }]
  const cluster = await openCluster({ audit: { rules, write: (line) => lines.push(line) } })
  return { cluster, last: () => JSON.parse(lines.at(-1) ?? '{}').annotations }
}

async function bind(cluster: TestCluster, spec: object, actions: readonly string[]) {
  const policy = await cluster.ask('POST', `${registration}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: rulesFor('*', 'configmaps') }, ...spec },
  })
  assert.equal(policy.status, 201, policy.text)
  for (const name of ['b1', 'b2'])
    await cluster.ask('POST', `${registration}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: 'p', validationActions: actions },
    })
}

test('the audit log says who was let in by what', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  await cluster.ask('GET', configMaps)
  assert.deepEqual(last(), {
    'authorization.k8s.io/decision': 'allow',
    'authorization.k8s.io/reason': 'member of system:masters',
  })
  const nobody = { name: 'jane', uid: '', groups: ['system:authenticated'] }
  await cluster.ask('GET', configMaps, undefined, { user: nobody })
  assert.equal(last()['authorization.k8s.io/decision'], 'forbid')
})

test('a binding that audits lets the request pass and notes the validation that failed', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  const validations = [{ expression: 'true' }, { expression: 'has(object.data)', message: 'empty' }]
  await bind(cluster, { validations }, ['Audit', 'Warn'])
  const made = await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(
    JSON.parse(last()['validation.policy.admission.k8s.io/validation_failure'] ?? ''),
    [
      {
        ...{ message: 'empty', policy: 'p', binding: 'b1', expressionIndex: 1 },
        validationActions: ['Audit', 'Warn'],
      },
    ],
  )
})

test('a policy annotates by its own expressions, once for all of its bindings', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  const auditAnnotations = [
    { key: 'name', valueExpression: "'it is ' + object.metadata.name" },
    { key: 'none', valueExpression: 'null' },
    { key: 'blank', valueExpression: "' '" },
  ]
  await bind(cluster, { auditAnnotations }, ['Deny'])
  await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })
  const { 'p/name': name, ...others } = last()
  assert.equal(name, 'it is a')
  assert.deepEqual(Object.keys(others), [
    'authorization.k8s.io/decision',
    'authorization.k8s.io/reason',
  ])
})

test('an annotation that fails denies unless the policy ignores failures', async () => {
  const auditAnnotations = [{ key: 'k', valueExpression: 'string(object.data.missing)' }]
  for (const [failurePolicy, status] of [
    ['Fail', 422],
    ['Ignore', 201],
  ] as const) {
    const { cluster } = await audited()
    await using _cluster = cluster
    await bind(cluster, { auditAnnotations, failurePolicy }, ['Deny'])
    const made = await cluster.ask('POST', configMaps, {
      metadata: { name: 'a' },
      data: { a: 'b' },
    })
    assert.equal(made.status, status, made.text)
  }
})

test('webhooks annotate under their own name', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, { rules: rulesFor('*', 'configmaps') })
  callee.answer = () => ({ allowed: true, auditAnnotations: { why: 'because' } })
  await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })
  assert.equal(last()['one.example.com/why'], 'because')
})

test('rounds of mutating webhooks are noted, and those that failed and may', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  await using callee = await openCallee()
  await using gone = await openCallee()
  await gone[Symbol.asyncDispose]()
  const rules = rulesFor('*', 'configmaps')
  await install(cluster, 'Mutating', callee, { rules }, 'a')
  const open = { rules, failurePolicy: 'Ignore', name: 'gone.example.com' }
  await install(cluster, 'Mutating', gone, open, 'b')
  await install(cluster, 'Validating', gone, open, 'c')
  callee.answer = () => patchOf({ op: 'add', path: '/data', value: { a: 'b' } })
  await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })
  const noted = last()
  const [changed, unchanged] = [0, 1].map((index) =>
    JSON.parse(noted[`mutation.webhook.admission.k8s.io/round_0_index_${index}`] ?? ''),
  )
  assert.deepEqual(changed, { configuration: 'a', webhook: 'one.example.com', mutated: true })
  assert.deepEqual(unchanged, { configuration: 'b', webhook: 'gone.example.com', mutated: false })
  const failed = Object.keys(noted).filter((key) => key.startsWith('failed-open'))
  assert.deepEqual(failed.sort(), [
    'failed-open.mutation.webhook.admission.k8s.io/round_0_index_1',
    'failed-open.validating.webhook.admission.k8s.io/round_0_index_0',
  ])
})

test('what webhooks patched is noted where requests are', async () => {
  for (const level of ['Metadata', 'Request'] as const) {
    const { cluster, last } = await audited(level)
    await using _cluster = cluster
    await using callee = await openCallee()
    await install(cluster, 'Mutating', callee, { rules: rulesFor('*', 'configmaps') }, 'a')
    const change = { op: 'add', path: '/data', value: { a: 'b' } }
    callee.answer = () => patchOf(change)
    await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })
    const noted = last()['patch.webhook.admission.k8s.io/round_0_index_0']
    const expected = {
      ...{ configuration: 'a', webhook: 'one.example.com' },
      ...{ patch: [change], patchType: 'JSONPatch' },
    }
    assert.equal(noted, level === 'Request' ? JSON.stringify(expected) : undefined)
  }
})

test('pod security notes the level, and what its audit level has against a pod', async () => {
  const { cluster, last } = await audited()
  await using _cluster = cluster
  const labels = {
    'pod-security.kubernetes.io/audit': 'baseline',
    'pod-security.kubernetes.io/audit-version': 'v1.30',
  }
  await cluster.ask('POST', '/api/v1/namespaces', { metadata: { name: 'x', labels } })
  const spec = { hostPID: true, containers: [{ name: 'c', image: 'i' }] }
  const made = await cluster.ask('POST', '/api/v1/namespaces/x/pods', {
    metadata: { name: 'p' },
    spec,
  })
  assert.equal(made.status, 201, made.text)
  const noted = last()
  assert.equal(noted['pod-security.kubernetes.io/enforce-policy'], 'privileged:latest')
  assert.equal(
    noted['pod-security.kubernetes.io/audit-violations'],
    'would violate PodSecurity "baseline:v1.30": host namespaces (hostPID=true)',
  )
})

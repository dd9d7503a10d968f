import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee, patchOf } from './callee.ts'
import { install, registration, rulesFor } from './registrations.ts'
import { establish, widget, widgetDefinition, widgetsPath, widgetVersion } from './widgets.ts'

/** matchPolicy: whether rules for one version of a resource are about requests in another. */

const scalers = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const scaler = {
  metadata: { name: 'h' },
  spec: {
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
      },
    ],
  },
}
const forOldScalers = {
  rules: rulesFor('CREATE,UPDATE', 'horizontalpodautoscalers', 'autoscaling', 'v1'),
}

test('a webhook for another version is asked in that version, and its patch comes back in the own one', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Mutating', callee, forOldScalers)
  callee.answer = () =>
    patchOf({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 70 })
  const made = await cluster.ask('POST', scalers, scaler)
  assert.equal(made.status, 201, made.text)
  assert.equal(made.json.apiVersion, 'autoscaling/v2')
  assert.equal(made.json.spec.metrics[0].resource.target.averageUtilization, 70)
  const { request } = callee.asked[0]
  assert.equal(request.object.apiVersion, 'autoscaling/v1')
  assert.equal(request.object.spec.targetCPUUtilizationPercentage, 60)
  assert.deepEqual(
    [request.kind.version, request.resource.version],
    ['v1', 'v1'],
    'as the rule names it',
  )
  assert.deepEqual(
    [request.requestKind.version, request.requestResource.version],
    ['v2', 'v2'],
    'as the request does',
  )
})

test('with matchPolicy Exact it is not asked, nor with a rule for its own version twice', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, { ...forOldScalers, matchPolicy: 'Exact' })
  assert.equal((await cluster.ask('POST', scalers, scaler)).status, 201)
  assert.equal(callee.asked.length, 0)
  await using both = await openCallee()
  const rules = rulesFor('*', 'horizontalpodautoscalers', 'autoscaling', '*')
  await install(cluster, 'Validating', both, { rules }, 'both')
  await cluster.ask('DELETE', `${scalers}/h`)
  assert.deepEqual(
    both.asked.map(({ request }) => request.kind.version),
    ['v2'],
  )
})

async function withTwoVersions(): Promise<TestCluster> {
  const cluster = await openCluster()
  const versions = [widgetVersion, { ...widgetVersion, name: 'v2', storage: false }]
  await establish(cluster, widgetDefinition({ versions }))
  return cluster
}

test('a policy for one version of a custom resource judges requests in the other', async () => {
  await using cluster = await withTwoVersions()
  const policy = await cluster.ask('POST', `${registration}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: {
      matchConstraints: { resourceRules: rulesFor('CREATE', 'widgets', 'example.com', 'v1') },
      validations: [{ expression: "object.apiVersion != 'example.com/v1'", message: 'as v1' }],
    },
  })
  assert.equal(policy.status, 201, policy.text)
  await cluster.ask('POST', `${registration}/validatingadmissionpolicybindings`, {
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'] },
  })
  const path = widgetsPath.replace('/v1/', '/v2/')
  const refused = await cluster.ask('POST', path, { ...widget('w'), apiVersion: 'example.com/v2' })
  assert.equal(refused.status, 422, refused.text)
  assert.match(refused.json.message, /denied request: as v1$/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typeWarnings } from '../../../src/kinds/admissionregistration/check-types.ts'
import { customKind } from '../../../src/kinds/apiextensions/custom-kind.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import type { ValidatingAdmissionPolicySpec } from '../../../src/kinds/types.ts'
import { withApi } from '../controllers/with-api.ts'
import { widgetDefinition, widgetVersion } from './widgets.ts'

const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

const rule = (group: string, resource: string) => ({
  ...{ apiGroups: [group], apiVersions: ['v1'], resources: [resource] },
  operations: ['CREATE', 'UPDATE'],
})

function spec(
  validations: { expression: string; messageExpression?: string }[],
  more: Partial<ValidatingAdmissionPolicySpec> = {},
): ValidatingAdmissionPolicySpec {
  const matchConstraints = { resourceRules: [rule('apps', 'deployments')] }
  return { matchConstraints, validations, ...more }
}

const warned = (
  given: ValidatingAdmissionPolicySpec,
  kinds = allKinds,
): [field: string, warning: string][] =>
  typeWarnings(given, kinds).map(({ fieldRef, warning }) => [fieldRef, warning])

test('an expression is checked against the kind that the policy is about', () => {
  assert.deepEqual(warned(spec([{ expression: 'object.spec.replicas > 1' }])), [])
  const confused = spec([
    {
      expression: "object.spec.replicas > '1'",
      messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
    },
  ])
  const [first, second, ...rest] = warned(confused)
  assert.deepEqual(rest, [])
  assert.equal(first?.[0], 'spec.validations[0].expression')
  assert.match(
    first?.[1] ?? '',
    /^apps\/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '\(int, string\)'\n \| object/,
  )
  assert.equal(second?.[0], 'spec.validations[0].messageExpression')
  assert.match(
    second?.[1] ?? '',
    /found no matching overload for '_\+_' applied to '\(string, int\)'/,
  )
})

test('fields that a kind has not are told, and what is found by way of variables', () => {
  const variables = [{ name: 'spec', expression: 'object.spec' }]
  const found = warned(spec([{ expression: 'variables.spec.replicaz == 1' }], { variables }))
  assert.match(found[0]?.[1] ?? '', /undefined field 'replicaz'/)
  const fine = [
    'object.metadata.labels.exists(key, key.startsWith("a"))',
    'object.spec.template.spec.containers.all(c, !has(c.resources) || size(c.image) > 1)',
    'object.metadata.creationTimestamp < timestamp("2030-01-01T00:00:00Z")',
    'object.spec.strategy.rollingUpdate.maxSurge == 1 || oldObject == null',
  ].map((expression) => ({ expression }))
  assert.deepEqual(warned(spec(fine)), [])
})

test('every kind that is named is checked, none that a star stands for', () => {
  const resourceRules = [rule('', 'pods'), rule('apps', 'deployments'), rule('apps', '*')]
  const both = spec([{ expression: 'object.spec.replicas > 1' }], {
    matchConstraints: { resourceRules },
  })
  const found = warned(both)
  assert.equal(found.length, 1)
  assert.match(found[0]?.[1] ?? '', /^\/v1, Kind=Pod: ERROR: .*undefined field 'replicas'/)
  const any = spec([{ expression: 'object.no.such.field' }], {
    matchConstraints: { resourceRules: [{ ...rule('apps', 'deployments'), apiVersions: ['*'] }] },
  })
  assert.deepEqual(warned(any), [])
})

test('custom kinds and parameters have types, too', () => {
  const kinds = [...allKinds, customKind(widgetDefinition(), widgetVersion)]
  const given = spec(
    [
      { expression: 'object.spec.size > 1 && object.metadata.namespace != ""' },
      { expression: 'object.spec.color > 1' },
      { expression: 'params.data.max == 1' },
    ],
    {
      matchConstraints: { resourceRules: [rule('example.com', 'widgets')] },
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    },
  )
  const found = warned(given, kinds)
  assert.deepEqual(
    found.map(([field]) => field),
    ['spec.validations[1].expression', 'spec.validations[2].expression'],
  )
  assert.match(found[1]?.[1] ?? '', /'_==_' applied to '\(string, int\)'/)
})

test('the status of a policy says what was found, anew for every generation', async () => {
  await withApi(async ({ cluster, until, failures }) => {
    const read = async () => (await cluster.ask('GET', `${policies}/p`)).json
    const checked = () =>
      until('the check', async () => {
        const { metadata, status } = await read()
        return status?.observedGeneration === metadata.generation && status.typeChecking
      })
    const made = await cluster.ask('POST', policies, {
      metadata: { name: 'p' },
      spec: spec([{ expression: 'object.spec.replicas > 1' }]),
    })
    assert.equal(made.status, 201, made.text)
    await checked()
    assert.deepEqual((await read()).status.typeChecking, {}, 'nothing found is an answer')
    const object = await read()
    object.spec.validations[0].expression = "object.spec.replicas > '1'"
    assert.equal((await cluster.ask('PUT', `${policies}/p`, object)).status, 200)
    await checked()
    const { expressionWarnings } = (await read()).status.typeChecking
    assert.equal(expressionWarnings[0].fieldRef, 'spec.validations[0].expression')
    assert.deepEqual(failures, [])
  })
})

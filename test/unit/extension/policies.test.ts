import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const registration = '/apis/admissionregistration.k8s.io/v1'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const configMaps = '/api/v1/namespaces/default/configmaps'

function deployment(name: string, replicas: number, more: object = {}) {
  return {
    metadata: { name, ...more },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'c', image: 'x:1' }] },
      },
    },
  }
}

const onDeployments = {
  resourceRules: [
    {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['deployments'],
    },
  ],
}
const onMaps = {
  resourceRules: [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['configmaps'],
    },
  ],
}

async function validating(cluster: TestCluster, spec: object, binding: object = {}) {
  const policy = await cluster.ask('POST', `${registration}/validatingadmissionpolicies`, {
    metadata: { name: 'rule' },
    spec: { matchConstraints: onDeployments, ...spec },
  })
  assert.equal(policy.status, 201, policy.text)
  const bound = await cluster.ask('POST', `${registration}/validatingadmissionpolicybindings`, {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'rule', validationActions: ['Deny'], ...binding },
  })
  assert.equal(bound.status, 201, bound.text)
}

async function mutating(cluster: TestCluster, spec: object) {
  const policy = await cluster.ask('POST', `${registration}/mutatingadmissionpolicies`, {
    metadata: { name: 'change' },
    spec: { matchConstraints: onDeployments, reinvocationPolicy: 'Never', ...spec },
  })
  assert.equal(policy.status, 201, policy.text)
  const bound = await cluster.ask('POST', `${registration}/mutatingadmissionpolicybindings`, {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'change' },
  })
  assert.equal(bound.status, 201, bound.text)
}

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]', async () => {
  await using cluster = await openCluster()
  await validating(cluster, {
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'isOdd', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [
      { expression: 'variables.replicas > 1', message: 'too few' },
      {
        expression: 'variables.isOdd',
        messageExpression: "'even: ' + string(variables.replicas)",
        reason: 'Forbidden',
      },
    ],
  })
  assert.equal((await cluster.ask('POST', deployments, deployment('a', 3))).status, 201)
  const few = await cluster.ask('POST', deployments, deployment('b', 1))
  assert.equal(few.status, 422)
  assert.equal(
    few.json.message,
    `deployments.apps "b" is forbidden: ValidatingAdmissionPolicy 'rule' with binding 'everywhere' denied request: too few`,
  )
  const even = await cluster.ask('POST', deployments, deployment('c', 4))
  assert.equal(even.status, 403)
  assert.match(even.json.message, /denied request: even: 4$/)
})

test('bindings warn, and choose by selectors; conditions skip', async () => {
  await using cluster = await openCluster()
  await validating(
    cluster,
    {
      matchConditions: [
        { name: 'not-mine', expression: "request.userInfo.username != 'somebody'" },
      ],
      validations: [{ expression: 'object.spec.replicas > 1' }],
    },
    {
      validationActions: ['Warn', 'Audit'],
      matchResources: { objectSelector: { matchLabels: { env: 'prod' } } },
    },
  )
  const warned = await cluster.ask(
    'POST',
    deployments,
    deployment('a', 1, { labels: { env: 'prod' } }),
  )
  assert.equal(warned.status, 201)
  assert.equal(
    warned.headers.get('warning'),
    `299 - "Validation failed for ValidatingAdmissionPolicy 'rule' with binding 'everywhere': failed expression: object.spec.replicas > 1"`,
  )
  const other = await cluster.ask('POST', deployments, deployment('b', 1))
  assert.equal(other.headers.get('warning'), undefined)
})

test('an expression that fails denies, unless failures are ignored', async () => {
  await using cluster = await openCluster()
  const spec = { validations: [{ expression: 'object.spec.nothing.there == 1' }] }
  await validating(cluster, spec)
  const failed = await cluster.ask('POST', deployments, deployment('a', 1))
  assert.match(
    failed.json.message,
    /expression 'object\.spec\.nothing\.there == 1' resulted in error: no such key: nothing$/,
  )
  await using other = await openCluster()
  await validating(other, { ...spec, failurePolicy: 'Ignore' })
  assert.equal((await other.ask('POST', deployments, deployment('a', 1))).status, 201)
})

test('parameters come from the object that the binding names', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', configMaps, { metadata: { name: 'limits' }, data: { max: '3' } })
  await validating(
    cluster,
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [
        {
          expression: 'object.spec.replicas <= int(params.data.max)',
          messageExpression: "'at most ' + params.data.max",
        },
      ],
    },
    { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
  )
  assert.equal((await cluster.ask('POST', deployments, deployment('a', 3))).status, 201)
  assert.match(
    (await cluster.ask('POST', deployments, deployment('b', 4))).json.message,
    /at most 3$/,
  )
  await cluster.ask('DELETE', `${configMaps}/limits`)
  assert.match(
    (await cluster.ask('POST', deployments, deployment('c', 1))).json.message,
    /'rule' with binding 'everywhere' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  )
  // Made anew they are there at once.
  await cluster.ask('POST', configMaps, { metadata: { name: 'limits' }, data: { max: '1' } })
  assert.equal((await cluster.ask('POST', deployments, deployment('c', 1))).status, 201)
})

test('a binding that cannot be configured denies, whatever its actions are', async () => {
  await using cluster = await openCluster()
  await validating(
    cluster,
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'params.data.max == "1"' }],
    },
    {
      validationActions: ['Warn'],
      paramRef: { name: 'none', namespace: 'default', parameterNotFoundAction: 'Deny' },
    },
  )
  const refused = await cluster.ask('POST', deployments, deployment('a', 1))
  assert.equal(refused.status, 422, refused.text)
  assert.match(refused.json.message, /failed to configure binding: no params found/)
})

test('what there is none of is null to an expression', async () => {
  await using cluster = await openCluster()
  const expression = 'oldObject == null || object.spec.replicas < 5'
  await validating(cluster, { validations: [{ expression }] })
  const made = await cluster.ask('POST', deployments, deployment('a', 9))
  assert.equal(made.status, 201, made.text)
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const scaled = await cluster.ask('PATCH', `${deployments}/a`, { spec: { replicas: 6 } }, merge)
  assert.match(scaled.json.message, /denied request: failed expression/)
  await using other = await openCluster()
  await validating(other, { validations: [{ expression: 'oldObject.metadata.name == "a"' }] })
  const refused = await other.ask('POST', deployments, deployment('a', 1))
  assert.match(refused.json.message, /resulted in error: no such key: metadata$/)
  await using third = await openCluster()
  await validating(third, { validations: [{ expression: '!has(oldObject.metadata)' }] })
  assert.equal((await third.ask('POST', deployments, deployment('a', 1))).status, 201)
})

test('an apply configuration may not say part of what is one whole', async () => {
  await using cluster = await openCluster()
  const container = 'Object.spec.template.spec.containers.item{name: "c", args: ["x"]}'
  const template = `Object.spec.template{spec: Object.spec.template.spec{containers: [${container}]}}`
  const expression = `Object{spec: Object.spec{template: ${template}}}`
  const applyConfiguration = { expression }
  await mutating(cluster, { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration }] })
  const refused = await cluster.ask('POST', deployments, deployment('a', 1))
  assert.match(
    refused.json.message,
    /invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.template\.spec\.containers\[0\]\.args$/,
  )
})

test('a patch of a policy whose test does not hold changes nothing and refuses nothing', async () => {
  await using cluster = await openCluster()
  const add = 'JSONPatch{op: "add", path: "/metadata/labels/b", value: "y"}'
  const expression = `[JSONPatch{op: "test", path: "/metadata/labels/a", value: "x"}, ${add}]`
  await mutating(cluster, { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] })
  for (const [name, a, labels] of [
    ['one', 'x', { a: 'x', b: 'y' }],
    ['two', 'z', { a: 'z' }],
  ] as const) {
    const made = await cluster.ask('POST', deployments, deployment(name, 1, { labels: { a } }))
    assert.deepEqual(made.json?.metadata?.labels, labels, made.text)
  }
})

test('a mutation that fails refuses in the words of its policy, and the others are tried', async () => {
  await using cluster = await openCluster()
  const failing = (name: string) => ({
    patchType: 'JSONPatch',
    jsonPatch: {
      expression: `[JSONPatch{op: "add", path: "/metadata/labels/" + object.metadata.labels["${name}"], value: "x"}]`,
    },
  })
  await mutating(cluster, { mutations: [failing('one'), failing('two')] })
  const refused = await cluster.ask('POST', deployments, deployment('a', 1, { labels: { a: 'b' } }))
  assert.deepEqual([refused.status, refused.json.reason], [403, 'Invalid'])
  assert.match(
    refused.json.message,
    /^policy 'change' with binding 'everywhere' denied request: .*no such key: one/,
  )
  assert.equal(refused.json.details.causes.length, 2)
})

test('namespaces and rights are there to be asked about', async () => {
  await using cluster = await openCluster()
  await validating(cluster, {
    validations: [
      { expression: "namespaceObject.metadata.name == 'default'" },
      {
        expression:
          "authorizer.group('apps').resource('deployments').namespace('default').check('create').allowed()",
      },
      { expression: "authorizer.requestResource.check('delete').allowed()" },
      {
        expression:
          "!authorizer.serviceAccount('default', 'nobody').group('').resource('secrets').check('get').allowed()",
      },
    ],
  })
  const answer = await cluster.ask('POST', deployments, deployment('a', 1))
  assert.equal(answer.status, 201, answer.text)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment [Conformance]', async () => {
  await using cluster = await openCluster()
  await mutating(cluster, {
    variables: [{ name: 'team', expression: "'blue'" }],
    mutations: [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: {
          expression:
            'Object{metadata: Object.metadata{labels: Object.metadata.labels{team: variables.team}}, spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers.item{name: "c", env: [Object.env{name: "E", value: "v"}]}]}}}}',
        },
      },
    ],
  })
  const created = await cluster.ask(
    'POST',
    deployments,
    deployment('a', 1, { labels: { own: 'x' } }),
  )
  assert.equal(created.status, 201, created.text)
  assert.deepEqual(created.json.metadata.labels, { own: 'x', team: 'blue' })
  const [container] = created.json.spec.template.spec.containers
  assert.deepEqual([container.image, container.env], ['x:1', [{ name: 'E', value: 'v' }]])
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations [Conformance]', async () => {
  await using cluster = await openCluster()
  const expression = `
    Object{
      metadata: Object.metadata{
        annotations: {
          "mutated-by": "admission-policy"
        }
      }
    }`
  await mutating(cluster, {
    mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
  })
  const annotations = { own: 'x' }
  const made = await cluster.ask('POST', deployments, deployment('a', 1, { annotations }))
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.metadata.annotations, { own: 'x', 'mutated-by': 'admission-policy' })
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]', async () => {
  await using cluster = await openCluster()
  const namespaceSelector = { matchLabels: { unique: 'true' } }
  await validating(
    cluster,
    {
      matchConstraints: { ...onDeployments, namespaceSelector },
      // A number cannot be added to a text: the message is then the expression.
      validations: [
        {
          expression: 'object.spec.replicas > 1',
          messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
        },
      ],
    },
    { matchResources: { namespaceSelector } },
  )
  const other = await cluster.ask('POST', deployments, deployment('elsewhere', 1))
  assert.equal(other.status, 201, 'a namespace without the label is no matter of it')
  const named = { metadata: { name: 'marked', labels: { unique: 'true' } } }
  await cluster.ask('POST', '/api/v1/namespaces', named)
  const path = '/apis/apps/v1/namespaces/marked'
  const denied = await cluster.ask('POST', `${path}/deployments`, deployment('marker', 1))
  assert.deepEqual([denied.status, denied.json.reason], [422, 'Invalid'])
  assert.match(denied.json.message, /failed expression: object\.spec\.replicas > 1$/)
  const fine = await cluster.ask('POST', `${path}/deployments`, deployment('replicated', 2))
  assert.equal(fine.status, 201, fine.text)
  const set = await cluster.ask('POST', `${path}/replicasets`, deployment('set', 1))
  assert.equal(set.status, 201, set.text)
})

test('a mutating policy applies JSON patches, escaped keys included', async () => {
  await using cluster = await openCluster()
  await mutating(cluster, {
    matchConstraints: onMaps,
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression:
            '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}, JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/x"), value: string(size(object.data))}]',
        },
      },
    ],
  })
  const created = await cluster.ask('POST', configMaps, {
    metadata: { name: 'a' },
    data: { a: '1', b: '2' },
  })
  assert.equal(created.status, 201, created.text)
  assert.deepEqual(created.json.metadata.annotations, { 'example.com/x': '2' })
})

test('policies that do not compile are refused when they are written', async () => {
  await using cluster = await openCluster()
  const refused = async (path: string, spec: object) => {
    const answer = await cluster.ask('POST', `${registration}/${path}`, {
      metadata: { name: 'x' },
      spec: { matchConstraints: onMaps, ...spec },
    })
    assert.equal(answer.status, 422, answer.text)
    return answer.json.message as string
  }
  assert.match(
    await refused('validatingadmissionpolicies', { validations: [{ expression: 'object.x +' }] }),
    /spec\.validations\[0\]\.expression: Invalid value: "object\.x \+": compilation failed: ERROR: <input>:1:11: Syntax error/,
  )
  assert.match(
    await refused('validatingadmissionpolicies', {
      validations: [{ expression: 'variables.missing' }],
    }),
    /undefined field 'missing'/,
  )
  assert.match(
    await refused('validatingadmissionpolicies', { validations: [{ expression: "'text'" }] }),
    /must evaluate to bool, not string/,
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../src/base/limits.ts'
import { StatusError } from '../../../src/base/status.ts'
import { decodeJson, type FieldValidation } from '../../../src/kinds/decode-json.ts'

const pod = 'io.k8s.api.core.v1.Pod'
const deployment = 'io.k8s.api.apps.v1.Deployment'

function decode(name: string, body: string, validation: FieldValidation = 'Strict') {
  return decodeJson(name, new TextEncoder().encode(body), validation)
}

function refusal(name: string, body: string): string {
  try {
    decode(name, body)
  } catch (error) {
    assert.ok(error instanceof StatusError && error.code === 400, String(error))
    return error.message
  }
  return assert.fail(`${body} was decoded`)
}

const refusals: readonly (readonly [string, string, string])[] = [
  [pod, '{"spec":{"foo":1}}', 'strict decoding error: unknown field "spec.foo"'],
  [
    pod,
    '{"spec":{"foo":{"a":1,"a":2},"containers":[{"name":"a"},{"name":"b","name":"c","x":"]}"}]},"y":0}',
    'strict decoding error: unknown field "spec.foo", duplicate field "spec.containers[1].name", ' +
      'unknown field "spec.containers[1].x", unknown field "y"',
  ],
  [
    pod,
    '{"metadata":{"labels":{"a":"1","a":"2"}}}',
    'strict decoding error: duplicate field "metadata.labels.a"',
  ],
  [
    pod,
    '{"metadata":{"na\\u006de":"1","name":"2"}}',
    'strict decoding error: duplicate field "metadata.name"',
  ],
  [
    deployment,
    '{"spec":{"replicas":"3"}}',
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    deployment,
    '{"spec":{"replicas":3000000000}}',
    'json: cannot unmarshal number 3000000000 into Go struct field ' +
      'DeploymentSpec.spec.replicas of type int32',
  ],
  [
    deployment,
    '{"spec":{"template":{"spec":{"containers":{"name":"a"}}}}}',
    'json: cannot unmarshal object into Go struct field ' +
      'PodSpec.spec.template.spec.containers of type []v1.Container',
  ],
  [
    deployment,
    '{"metadata":{"labels":{"a":1}}}',
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [
    pod,
    '{"spec":{"containers":[{"resources":{"limits":{"cpu":"1 core"}}}]}}',
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [
    'io.k8s.api.core.v1.Secret',
    '{"data":{"a":"not base64"}}',
    'illegal base64 data at input byte 3',
  ],
]

for (const [name, body, problem] of refusals)
  test(`refuses ${body}`, () => {
    const kind = name.slice(name.lastIndexOf('.') + 1)
    const prefix = `${kind} in version "v1" cannot be handled as a ${kind}: `
    assert.equal(refusal(name, body), prefix + problem)
  })

test('Warn returns the problems that Strict throws, Ignore drops them', () => {
  const body = '{"spec":{"foo":1,"nodeName":"a","nodeName":"b"}}'
  const warned = decode(pod, body, 'Warn')
  assert.deepEqual(warned.warnings, ['unknown field "spec.foo"', 'duplicate field "spec.nodeName"'])
  assert.equal(JSON.stringify(warned.object), '{"spec":{"nodeName":"b"},"metadata":{}}')
  assert.deepEqual(decode(pod, body, 'Ignore').warnings, [])
})

test('nulls vanish, quantities and times become canonical', () => {
  const { object } = decode(
    pod,
    `{"metadata":{"creationTimestamp":null,"deletionTimestamp":"2026-01-02T03:04:05.678+01:00"},
      "spec":{"nodeName":null,"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}`,
  )
  assert.equal(
    JSON.stringify(object),
    '{"metadata":{"deletionTimestamp":"2026-01-02T02:04:05Z"},' +
      '"spec":{"containers":[{"resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]}}',
  )
})

test('what Go would leave out is left out; what its pointers keep apart stays', () => {
  const { object } = decode(
    pod,
    `{"metadata":{"labels":{},"annotations":{"a":""},"finalizers":[]},
      "spec":{"hostNetwork":false,"nodeName":"","terminationGracePeriodSeconds":0,"tolerations":[],
      "securityContext":{},"volumes":[{"name":"v","emptyDir":{}}],
      "containers":[{"name":"","imagePullPolicy":"","env":[{"name":"A","value":""}],
      "livenessProbe":{"periodSeconds":0,"tcpSocket":{"port":0}}}]},
      "status":{"containerStatuses":[{"ready":false,"restartCount":0,"started":false}]}}`,
  )
  assert.deepEqual(JSON.parse(JSON.stringify(object)), {
    metadata: { annotations: { a: '' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: {},
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: '', env: [{ name: 'A' }], livenessProbe: { tcpSocket: { port: 0 } } }],
    },
    status: { containerStatuses: [{ ready: false, restartCount: 0, started: false }] },
  })
})

test('keys of users reach no prototype', () => {
  const { object } = decode(
    pod,
    '{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"y":1}}',
    'Warn',
  )
  assert.equal(Object.getPrototypeOf(object.metadata.labels), null)
  assert.deepEqual(Object.keys(object.metadata.labels ?? {}), ['__proto__'])
  assert.equal((object as { y?: unknown })['y'], undefined)
})

test('free-form fields nest no deeper than the limit', () => {
  const depth = limits.jsonDepthMax + 1
  const nested = `${'{"f:a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const body = `{"metadata":{"managedFields":[{"fieldsV1":${nested}}]}}`
  assert.match(refusal(pod, body), /exceeded max depth/)
})

test('deep nesting in unknown fields overflows no stack', () => {
  const depth = 100_000
  const body = `{"foo":${'['.repeat(depth)}${']'.repeat(depth)}}`
  assert.match(refusal(pod, body), /unknown field "foo"/)
})

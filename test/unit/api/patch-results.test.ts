import { test } from 'node:test'
import { play } from './transcripts.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const services = '/api/v1/namespaces/default/services'
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }
const merge = { 'content-type': 'application/merge-patch+json' }

test('a patch whose result does not fit the kind is itself what is invalid', () => {
  const refused = (patch: object, headers: Record<string, string>, message: RegExp) => ({
    ...{ ask: ['PATCH', `${deployments}/d`, patch] as const, headers, status: 422, message },
    answer: { reason: 'Invalid', details: { causes: [{ field: 'patch' }] } },
  })
  const container = (fields: object) => ({
    spec: { template: { spec: { containers: [{ name: 'c', ...fields }] } } },
  })
  return play([
    { ask: ['POST', deployments, deployment], status: 201 },
    // As kube-apiserver 1.36 answers each of them.
    refused(
      { metadata: { labels: 'invalid' } },
      strategic,
      /^ "" is invalid: patch: Invalid value: "map\[metadata:map\[labels:invalid\]\]": cannot restore map from string$/,
    ),
    refused({ metadata: { labels: { a: 1 } } }, strategic, /: cannot convert int64 to string$/),
    refused({ spec: { replicas: 'x' } }, strategic, /: unrecognized type: int32$/),
    refused({ spec: { replicas: 1.5 } }, strategic, /: cannot convert float64 to int32$/),
    refused({ spec: { paused: 1 } }, strategic, /: unrecognized type: bool$/),
    refused({ spec: ['x'] }, strategic, /: cannot restore struct from: slice$/),
    refused(container({ ports: ['a'] }), strategic, /: cannot restore struct from: string$/),
    refused(container({ command: 'x' }), strategic, /: cannot restore slice from string$/),
    refused(
      container({ command: [1] }),
      strategic,
      /"map\[spec:map\[template:map\[spec:map\[containers:\[map\[command:\[1\] name:c\]\]\]\]\]\]": cannot convert int64 to string$/,
    ),
    refused(
      { metadata: { labels: 'invalid' } },
      merge,
      /^ "" is invalid: patch: Invalid value: "\{.*json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map\[string\]string$/,
    ),
  ])
})

test('a Service whose clusterIP is changed is told that it stays, not that a list beside it differs', () =>
  play([
    {
      ask: ['POST', services, { metadata: { name: 'h' }, spec: headless }],
      status: 201,
      answer: { spec: { clusterIPs: ['None'] } },
    },
    {
      ask: ['PATCH', `${services}/h`, { spec: { clusterIP: '10.96.0.78' } }],
      ...{ headers: merge, status: 422 },
      message: /spec.clusterIPs\[0\]: Invalid value: \["10.96.0.78"\]: may not change once set$/,
    },
  ]))

const headless = { clusterIP: 'None', ports: [{ port: 80 }] }
const deployment = {
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    },
  },
}

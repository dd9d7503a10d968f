import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'

const manifest = (metadata: string, spec: string, pod: string) => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "d", ${metadata} "labels": {"app": "web"}},
  "spec": {${spec} "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {${pod} "labels": {"app": "web"}},
      "spec": {"containers": [{"name": "c", "image": "web:1"}]}}}
}`

async function refusal(cluster: TestCluster, body: string): Promise<string> {
  const query = `${deployments}?fieldValidation=Strict`
  const { status, json } = await cluster.ask('POST', query, body)
  assert.deepEqual([status, json.reason], [400, 'BadRequest'])
  return json.message
}

test('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]', async () => {
  await using cluster = await openCluster()
  const body = manifest(
    '',
    '"unknown1": "val1", "unknownDupe": "a", "unknownDupe": "b", "paused": true, "paused": false,',
    '',
  )
  const message = await refusal(cluster, body)
  assert.match(message, /strict decoding error: /)
  for (const part of [
    'unknown field "spec.unknown1"',
    'unknown field "spec.unknownDupe"',
    'duplicate field "spec.paused"',
  ])
    assert.ok(message.includes(part), `${part} in ${message}`)
  const applied = await cluster.ask(
    'PATCH',
    `${deployments}/d?fieldManager=m&fieldValidation=Strict`,
    body,
    {
      headers: { 'content-type': 'application/apply-patch+yaml' },
    },
  )
  assert.ok(applied.status >= 400, applied.text)
  const warned = await cluster.ask('POST', `${deployments}?fieldValidation=Warn`, body)
  assert.equal(warned.status, 201)
  assert.match(warned.headers.get('warning') ?? '', /unknown field \\"spec\.unknown1\\"/)
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]', async () => {
  await using cluster = await openCluster()
  const message = await refusal(
    cluster,
    manifest('"unknownMeta": "a",', '', '"unknownSubMeta": "b",'),
  )
  for (const part of [
    'unknown field "metadata.unknownMeta"',
    'unknown field "spec.template.metadata.unknownSubMeta"',
  ])
    assert.ok(message.includes(part), `${part} in ${message}`)
})

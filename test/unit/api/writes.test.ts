import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, named, openCluster } from './cluster.ts'
import { play } from './transcripts.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const merge = { 'content-type': 'application/merge-patch+json' }
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }
const jsonPatch = { 'content-type': 'application/json-patch+json' }

function pod(name: string, more: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...more },
  }
}

function deployment(name: string): object {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'c', image: 'nginx' }] },
      },
    },
  }
}

test('create: names are given, taken, generated and checked', () =>
  play([
    { ask: ['POST', maps, configMap('a')], status: 201 },
    {
      ask: ['POST', maps, configMap('a')],
      status: 409,
      message: 'configmaps "a" already exists',
      answer: { reason: 'AlreadyExists', details: { name: 'a', kind: 'configmaps' } },
    },
    {
      ask: ['POST', maps, { metadata: { generateName: 'job-' } }],
      status: 201,
      answer: { kind: 'ConfigMap', metadata: { name: /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/ } },
    },
    {
      ask: ['POST', maps, { metadata: {} }],
      status: 422,
      message: /name or generateName is required/,
    },
    {
      ask: ['POST', maps, configMap('Not_A_Name')],
      status: 422,
      answer: { reason: 'Invalid', details: { causes: [{ field: 'metadata.name' }] } },
      message: /^ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name"/,
    },
    {
      ask: [
        'POST',
        maps,
        named('ConfigMap', 'b', { metadata: { name: 'b', resourceVersion: '5' } }),
      ],
      status: 400,
      message: 'resourceVersion should not be set on objects to be created',
    },
    {
      ask: ['POST', maps, { metadata: { name: 'b', namespace: 'other' } }],
      status: 400,
      message: /namespace of the provided object does not match/,
    },
    {
      ask: ['POST', `${maps}?dryRun=All`, configMap('dry')],
      status: 201,
      answer: { metadata: { name: 'dry', resourceVersion: undefined } },
    },
    { ask: ['GET', `${maps}/dry`], status: 404, message: 'configmaps "dry" not found' },
    {
      ask: ['POST', `${maps}?dryRun=Some`, configMap('dry')],
      status: 422,
      message: /^CreateOptions.* dryRun: Unsupported value: \["Some"\]: supported values: "All"$/,
    },
  ]))

test('create: a namespace must be there and not be ending', () =>
  play([
    {
      ask: ['POST', '/api/v1/namespaces/gone/configmaps', configMap('a')],
      status: 404,
      message: 'namespaces "gone" not found',
    },
    {
      ask: ['POST', '/api/v1/namespaces', named('Namespace', 'n')],
      status: 201,
      answer: { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
    },
    {
      ask: ['DELETE', '/api/v1/namespaces/n'],
      answer: { kind: 'Namespace', status: { phase: 'Terminating' } },
    },
    {
      ask: ['POST', '/api/v1/namespaces/n/configmaps', configMap('a')],
      status: 403,
      message:
        'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
      answer: { details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    },
    { ask: ['GET', '/api/v1/namespaces/n'], keep: 'n' },
    {
      ask: [
        'PUT',
        '/api/v1/namespaces/n/finalize',
        { metadata: { name: 'n', resourceVersion: '{rv:n}' }, spec: { finalizers: [] } },
      ],
      answer: { kind: 'Namespace' },
    },
    { ask: ['GET', '/api/v1/namespaces/n'], status: 404 },
    { ask: ['DELETE', '/api/v1/namespaces/default'], status: 403, message: /may not be deleted/ },
  ]))

test('update: resourceVersion guards, and nothing changes by nothing', () =>
  play([
    { ask: ['POST', maps, configMap('a', { x: '1' })], status: 201, keep: 'first' },
    {
      ask: ['PUT', `${maps}/a`, configMap('a', { x: '1' })],
      answer: { metadata: { resourceVersion: /^.+$/ } },
      keep: 'same',
    },
    { ask: ['GET', `${maps}/a?resourceVersion={rv:same}`], answer: { data: { x: '1' } } },
    {
      ask: [
        'PUT',
        `${maps}/a`,
        { metadata: { name: 'a', resourceVersion: '{rv:first}' }, data: { x: '2' } },
      ],
      keep: 'second',
    },
    {
      ask: [
        'PUT',
        `${maps}/a`,
        { metadata: { name: 'a', resourceVersion: '{rv:first}' }, data: { x: '3' } },
      ],
      status: 409,
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      answer: { reason: 'Conflict' },
    },
    {
      ask: ['PUT', `${maps}/a`, { metadata: { name: 'a', uid: 'another' } }],
      status: 409,
      message: /UID in precondition: another/,
    },
    {
      ask: ['PUT', `${maps}/a`, configMap('b')],
      status: 400,
      message: /name of the object \(b\) does not match the name on the URL \(a\)/,
    },
    { ask: ['PUT', `${maps}/none`, configMap('none')], status: 404 },
    {
      ask: ['PUT', `${maps}/a?dryRun=All`, configMap('a', { x: '9' })],
      answer: { data: { x: '9' }, metadata: { resourceVersion: /^\d+$/ } },
    },
    { ask: ['GET', `${maps}/a`], answer: { data: { x: '2' } } },
  ]))

test('update: generation counts spec, status has its own path', () =>
  play([
    {
      ask: ['POST', deployments, { ...deployment('w'), status: { replicas: 9 } }],
      status: 201,
      answer: { metadata: { generation: 1 }, status: {} },
    },
    {
      ask: ['PATCH', `${deployments}/w`, { metadata: { labels: { a: 'b' } } }],
      headers: merge,
      answer: { metadata: { generation: 1 } },
    },
    {
      ask: ['PATCH', `${deployments}/w`, { spec: { replicas: 3 }, status: { replicas: 7 } }],
      headers: merge,
      answer: { metadata: { generation: 2 }, spec: { replicas: 3 } },
    },
    {
      ask: ['PATCH', `${deployments}/w/status`, { spec: { replicas: 5 }, status: { replicas: 3 } }],
      headers: merge,
      answer: { metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 3 } },
    },
    { ask: ['GET', `${deployments}/w/status`], answer: { status: { replicas: 3 } } },
    {
      ask: ['GET', `${deployments}/w/scale`],
      answer: { kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 3, selector: 'app=w' } },
    },
    {
      ask: ['PUT', `${deployments}/w/scale`, { metadata: { name: 'w' }, spec: { replicas: 4 } }],
      answer: { spec: { replicas: 4 } },
    },
    {
      ask: ['PATCH', `${deployments}/w/scale`, { spec: { replicas: -1 } }],
      headers: merge,
      status: 422,
      message: /spec\.replicas: Invalid value: -1/,
    },
    {
      ask: ['PATCH', `${deployments}/w/scale`, { spec: { replicas: 6 } }],
      headers: merge,
      answer: { spec: { replicas: 6 } },
    },
    {
      ask: ['GET', `${deployments}/w`],
      answer: { metadata: { generation: 4 }, spec: { replicas: 6 } },
    },
    { ask: ['POST', `${deployments}/w/scale`, {}], status: 405 },
    { ask: ['GET', `${deployments}/w/nothing`], status: 404 },
  ]))

test('patch: three kinds of patch, and the refused ones', () =>
  play([
    { ask: ['POST', maps, configMap('a', { x: '1' })], status: 201, keep: 'a' },
    {
      ask: ['PATCH', `${maps}/a`, { data: { x: null, y: '2' } }],
      headers: merge,
      answer: { data: { x: undefined, y: '2' } },
    },
    {
      ask: ['PATCH', `${maps}/a`, [{ op: 'add', path: '/data/z', value: '3' }]],
      headers: jsonPatch,
      answer: { data: { y: '2', z: '3' } },
    },
    {
      ask: ['PATCH', `${maps}/a`, { metadata: { labels: { l: 'm' } } }],
      headers: strategic,
      answer: { metadata: { labels: { l: 'm' } } },
    },
    {
      ask: ['PATCH', `${maps}/a`, { metadata: { resourceVersion: '{rv:a}' } }],
      headers: merge,
      status: 409,
    },
    { ask: ['PATCH', `${maps}/a`, { metadata: { name: 'b' } }], headers: merge, status: 400 },
    { ask: ['PATCH', `${maps}/a`, '{"data":'], headers: merge, status: 400 },
    { ask: ['PATCH', `${maps}/a`, {}], headers: { 'content-type': 'text/plain' }, status: 415 },
    { ask: ['PATCH', `${maps}/no`, {}], headers: { 'content-type': 'text/plain' }, status: 415 },
    {
      ask: ['PATCH', `${maps}/a?fieldValidation=Strict`, { surplus: 1 }],
      headers: merge,
      status: 422,
      message: /^ "" is invalid: patch: .*: strict decoding error: unknown field "surplus"$/,
    },
    { ask: ['PATCH', `${maps}/none`, {}], headers: merge, status: 404 },
  ]))

test('delete: preconditions, finalizers and propagation', () =>
  play([
    { ask: ['POST', maps, configMap('a')], status: 201, keep: 'a' },
    {
      ask: ['DELETE', `${maps}/a`, { preconditions: { uid: 'other' } }],
      status: 409,
      message:
        /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(other\) does not match/,
    },
    { ask: ['DELETE', `${maps}/a`, { preconditions: { resourceVersion: '1' } }], status: 409 },
    { ask: ['DELETE', `${maps}/a`, { dryRun: ['All'] }], answer: { status: 'Success' } },
    {
      ask: [
        'DELETE',
        `${maps}/a`,
        { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: '{uid:a}' } },
      ],
      answer: { kind: 'Status', status: 'Success', details: { name: 'a', uid: /.+/ } },
    },
    { ask: ['DELETE', `${maps}/a`], status: 404 },
    {
      ask: ['POST', maps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } }],
      status: 201,
    },
    {
      ask: ['DELETE', `${maps}/held`],
      answer: {
        kind: 'ConfigMap',
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
      },
    },
    {
      ask: [
        'PATCH',
        `${maps}/held`,
        { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
      ],
      headers: merge,
      status: 422,
      message: /no new finalizers can be added/,
    },
    { ask: ['PATCH', `${maps}/held`, { metadata: { finalizers: null } }], headers: merge },
    { ask: ['GET', `${maps}/held`], status: 404 },
    { ask: ['POST', deployments, deployment('w')], status: 201 },
    {
      ask: ['DELETE', `${deployments}/w`, { propagationPolicy: 'Sideways' }],
      status: 422,
      message: /propagationPolicy: Unsupported value: "Sideways"/,
    },
    {
      ask: ['DELETE', `${deployments}/w`, { propagationPolicy: 'Foreground' }],
      answer: { metadata: { finalizers: ['foregroundDeletion'] } },
    },
    {
      ask: ['DELETE', `${deployments}/w`, { propagationPolicy: 'Orphan' }],
      answer: { metadata: { finalizers: ['orphan'] } },
    },
    {
      ask: ['DELETE', `${deployments}/w`, { propagationPolicy: 'Background' }],
      answer: { status: 'Success' },
    },
  ]))

test('delete: pods wait for their kubelet, and only as long as asked', () =>
  play([
    { ask: ['POST', pods, pod('new')], status: 201 },
    { ask: ['DELETE', `${pods}/new`], answer: { kind: 'Pod' } },
    { ask: ['GET', `${pods}/new`], status: 404 },
    { ask: ['POST', pods, pod('p')], status: 201 },
    {
      ask: [
        'POST',
        `${pods}/p/binding`,
        { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } },
      ],
      status: 201,
      answer: { kind: 'Status', status: 'Success' },
    },
    {
      ask: ['DELETE', `${pods}/p`],
      answer: {
        metadata: { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 },
      },
      keep: 'p',
    },
    { ask: ['DELETE', `${pods}/p`], answer: { metadata: { deletionGracePeriodSeconds: 30 } } },
    {
      ask: ['DELETE', `${pods}/p?gracePeriodSeconds=5`],
      answer: {
        metadata: { deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 },
      },
    },
    {
      ask: ['DELETE', `${pods}/p?gracePeriodSeconds=60`],
      answer: { metadata: { deletionGracePeriodSeconds: 5 } },
    },
    { ask: ['DELETE', `${pods}/p?gracePeriodSeconds=x`], status: 400 },
    {
      ask: ['DELETE', `${pods}/p`, { gracePeriodSeconds: 0, preconditions: { uid: '{uid:p}' } }],
      answer: { kind: 'Pod' },
    },
    { ask: ['GET', `${pods}/p`], status: 404 },
  ]))

const podOfAccount = {
  metadata: { name: 'p' },
  spec: { serviceAccountName: 'sa', containers: [{ name: 'c', image: 'i' }] },
}

test('a pod needs the service account that it names', () =>
  play([
    {
      ask: ['POST', pods, podOfAccount],
      status: 403,
      message:
        'pods "p" is forbidden: error looking up service account default/sa: ' +
        'serviceaccount "sa" not found',
    },
    {
      ask: ['POST', pods, { ...podOfAccount, metadata: { generateName: 'p-' } }],
      status: 403,
      message: /^pods "p-" is forbidden: /,
    },
    {
      ask: ['POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'sa' } }],
      status: 201,
    },
    {
      ask: ['POST', pods, podOfAccount],
      status: 201,
    },
  ]))

test('binding and eviction', () =>
  play([
    {
      ask: ['POST', pods, pod('p')],
      status: 201,
      answer: {
        spec: {
          serviceAccountName: 'default',
          priority: 0,
          tolerations: [
            { key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 },
            { key: 'node.kubernetes.io/unreachable' },
          ],
        },
      },
    },
    { ask: ['POST', `${pods}/p/binding`, { target: { kind: 'Node' } }], status: 400 },
    {
      ask: ['POST', `${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Pod' } }],
      status: 500,
      message: /^\[target.kind: Unsupported value: "Pod".*, target.name: Required value\]$/,
    },
    {
      ask: [
        'POST',
        `${pods}/p/binding`,
        { metadata: { name: 'p', namespace: 'other' }, target: { name: 'n1' } },
      ],
      status: 400,
    },
    {
      ask: [
        'POST',
        `${pods}/p/binding`,
        { metadata: { name: 'p', resourceVersion: '1' }, target: { name: 'n1' } },
      ],
      status: 409,
      message: /ResourceVersion in precondition: 1/,
    },
    {
      ask: [
        'POST',
        '/api/v1/namespaces/default/bindings',
        { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } },
      ],
      status: 201,
    },
    {
      ask: ['GET', `${pods}/p`],
      answer: {
        spec: { nodeName: 'n1' },
        status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
      },
    },
    {
      ask: ['POST', `${pods}/p/binding`, { metadata: { name: 'p' }, target: { name: 'n2' } }],
      status: 409,
      message: /on pods\/binding "p": pod p is already assigned to node "n1"/,
    },
    {
      ask: [
        'POST',
        `${pods}/p/eviction`,
        {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'p' },
          deleteOptions: { gracePeriodSeconds: 0 },
        },
      ],
      status: 201,
      answer: { status: 'Success' },
    },
    { ask: ['GET', `${pods}/p`], status: 404 },
    {
      ask: ['POST', `${pods}/p/binding`, { metadata: { name: 'p' }, target: { name: 'n2' } }],
      status: 404,
    },
    { ask: ['POST', `${pods}/p/eviction`, {}], status: 400 },
    { ask: ['POST', `${pods}/p/eviction`, { metadata: { name: 'q' } }], status: 400 },
  ]))

test('deletecollection takes what its selector chooses', () =>
  play([
    { ask: ['POST', maps, configMap('a', {}, { app: 'x' })], status: 201 },
    { ask: ['POST', maps, configMap('b', {}, { app: 'y' })], status: 201 },
    { ask: ['POST', maps, configMap('c', {}, { app: 'x' })], status: 201 },
    {
      ask: ['DELETE', `${maps}?labelSelector=app%3Dx`],
      answer: {
        kind: 'ConfigMapList',
        items: [{ metadata: { name: 'a' } }, { metadata: { name: 'c' } }],
      },
    },
    { ask: ['GET', maps], answer: { items: [{ metadata: { name: 'b' } }] } },
  ]))

test('leases are created by an update to a missing name', () =>
  play([
    {
      ask: [
        'PUT',
        '/apis/coordination.k8s.io/v1/namespaces/default/leases/l',
        { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } },
      ],
      status: 201,
    },
    {
      ask: [
        'PUT',
        '/apis/coordination.k8s.io/v1/namespaces/default/leases/l',
        { metadata: { name: 'l' }, spec: { holderIdentity: 'you' } },
      ],
      status: 422,
    },
  ]))

test('services get their addresses and give them back', () =>
  play([
    {
      ask: [
        'POST',
        '/api/v1/namespaces/default/services',
        {
          metadata: { name: 's' },
          spec: {
            type: 'NodePort',
            clusterIP: '10.96.0.77',
            ports: [{ port: 80, nodePort: 30080 }],
          },
        },
      ],
      status: 201,
      answer: { spec: { clusterIP: '10.96.0.77', ports: [{ nodePort: 30080 }] } },
    },
    {
      ask: [
        'POST',
        '/api/v1/namespaces/default/services',
        { metadata: { name: 't' }, spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] } },
      ],
      status: 422,
      message: /already allocated/,
    },
    { ask: ['DELETE', '/api/v1/namespaces/default/services/s'], answer: { kind: 'Service' } },
    {
      ask: [
        'POST',
        '/api/v1/namespaces/default/services',
        { metadata: { name: 't' }, spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] } },
      ],
      status: 201,
    },
  ]))

test('what a deletion would change is not seen by others before it does', async () => {
  await using cluster = await openCluster()
  const held = { name: 'held', finalizers: ['example.com/hold'] }
  await cluster.ask('POST', maps, { metadata: held })
  const headers = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }
  const seen = async () => (await cluster.ask('GET', `${maps}/held`, undefined, { headers })).json
  await seen()
  const query = 'dryRun=All&propagationPolicy=Foreground'
  const { json } = await cluster.ask('DELETE', `${maps}/held?${query}`)
  assert.ok(json.metadata.deletionTimestamp)
  assert.deepEqual(json.metadata.finalizers, [...held.finalizers, 'foregroundDeletion'])
  const { metadata } = await seen()
  assert.equal(metadata.deletionTimestamp, undefined)
  assert.deepEqual(metadata.finalizers, held.finalizers)
})

test('who writes what hardly does as meant is told once, and not when nothing changes', async () => {
  await using cluster = await openCluster()
  const image = { name: 'c', image: 'nginx', ports: [{ containerPort: 80 }, { containerPort: 80 }] }
  const spec = { containers: [image] }
  const made = await cluster.ask('POST', pods, pod('p', spec))
  const warning = (path: string) =>
    `299 - "${path}spec.containers[0].ports[1]: duplicate port definition with ${path}spec.containers[0].ports[0]"`
  assert.equal(made.status, 201, made.text)
  assert.equal(made.headers.get('warning'), warning(''))
  const plain = await cluster.ask('POST', deployments, deployment('d'))
  assert.equal(plain.headers.get('warning'), undefined)
  const changed = { spec: { template: { spec } } }
  const options = { headers: strategic }
  const patched = await cluster.ask('PATCH', `${deployments}/d`, changed, options)
  assert.equal(patched.status, 200, patched.text)
  assert.equal(patched.headers.get('warning'), warning('spec.template.'))
  const again = await cluster.ask('PATCH', `${deployments}/d`, changed, options)
  assert.equal(again.headers.get('warning'), undefined)
})

test('a deletion that waits is accepted where its caller wants dependents gone, and done otherwise', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/namespaces/default/configmaps'
  const finalizers = ['example.com/wait']
  for (const [name, held, body, status] of [
    ['a', true, { orphanDependents: false }, 202],
    ['b', false, { orphanDependents: false }, 200],
    ['c', true, {}, 200],
    ['d', true, { propagationPolicy: 'Foreground' }, 200],
  ] as const) {
    await cluster.ask('POST', path, { metadata: { name, ...(held ? { finalizers } : {}) } })
    const deleted = await cluster.ask('DELETE', `${path}/${name}`, body)
    assert.equal(deleted.status, status, name)
  }
})

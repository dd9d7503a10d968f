import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { limits } from '../../../src/base/limits.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const jsonPatch = { headers: { 'content-type': 'application/json-patch+json' } }
const applying = { headers: { 'content-type': 'application/apply-patch+yaml' } }

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly time: string
  readonly subresource?: string
  readonly fieldsV1: Record<string, unknown>
}

async function entriesOf(cluster: TestCluster, path: string): Promise<readonly Entry[]> {
  return (await cluster.ask('GET', path)).json.metadata.managedFields ?? []
}

/** `manager operation fields` of each entry, fields as JSON. */
async function owners(cluster: TestCluster, path: string): Promise<string[]> {
  const entries = await entriesOf(cluster, path)
  return entries.map((one) => {
    const part = one.subresource ? `/${one.subresource}` : ''
    return `${one.manager}${part} ${one.operation} ${JSON.stringify(one.fieldsV1)}`
  })
}

async function withMap(): Promise<TestCluster> {
  const cluster = await openCluster()
  const body = { metadata: { name: 'a', labels: { l: '1' } }, data: { x: '1', y: '1' } }
  const created = await cluster.ask('POST', `${maps}?fieldManager=maker`, body)
  assert.equal(created.status, 201)
  return cluster
}

test('who may patch and not create does not create by applying', async () => {
  await using cluster = await openCluster()
  const root = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  const grant = async (verb: string) => {
    const rules = [{ verbs: [verb], apiGroups: [''], resources: ['configmaps'] }]
    await cluster.ask('POST', `${root}/roles`, { metadata: { name: verb }, rules })
    await cluster.ask('POST', `${root}/rolebindings`, {
      metadata: { name: verb },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: verb },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'panda' }],
    })
  }
  const user = { name: 'panda', uid: '', groups: ['system:authenticated'] }
  const wanted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } }
  const applyIt = () =>
    cluster.ask('PATCH', `${maps}/a?fieldManager=me`, wanted, { ...applying, user })
  await grant('patch')
  const refused = await applyIt()
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, /User "panda" cannot create resource "configmaps"/)
  await grant('create')
  assert.equal((await applyIt()).status, 201)
})

describe('owners of fields', () => {
  test('a creator owns all that it set and the defaults, but nothing that the server sets', async () => {
    await using cluster = await openCluster()
    const spec = { containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 80 }] }] }
    await cluster.ask(
      ...([
        'POST',
        '/api/v1/namespaces/default/pods',
        { metadata: { generateName: 'p-' }, spec },
      ] as const),
      { headers: { 'user-agent': 'kubectl/v1.36 (linux)' } },
    )
    const { json } = await cluster.ask('GET', '/api/v1/namespaces/default/pods')
    const [entry, ...others] = json.items[0].metadata.managedFields
    assert.deepEqual(others, [])
    const { fieldsV1, ...rest } = entry
    assert.deepEqual(rest, {
      manager: 'kubectl',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
    })
    assert.deepEqual(fieldsV1['f:metadata'], { 'f:generateName': {} })
    assert.deepEqual(Object.keys(fieldsV1['f:spec']['f:containers']), ['k:{"name":"main"}'])
    const main = fieldsV1['f:spec']['f:containers']['k:{"name":"main"}']
    assert.deepEqual([main['.'], main['f:image'], main['f:imagePullPolicy']], [{}, {}, {}])
    const port = 'k:{"containerPort":80,"protocol":"TCP"}'
    assert.deepEqual(Object.keys(main['f:ports']), ['.', port])
    assert.equal(fieldsV1['f:spec']['f:restartPolicy'] !== undefined, true)
    assert.equal(fieldsV1['f:status'], undefined)
    assert.equal(fieldsV1['f:spec']['f:tolerations'], undefined, 'admission owns nothing')
  })

  test('an update takes what it changes from others; what it removes is nobody’s', async () => {
    await using cluster = await withMap()
    await cluster.ask(
      'PATCH',
      `${maps}/a?fieldManager=other`,
      { data: { x: '2', y: null, z: '3' } },
      merge,
    )
    assert.deepEqual(await owners(cluster, `${maps}/a`), [
      'maker Update {"f:data":{},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
      'other Update {"f:data":{"f:x":{},"f:z":{}}}',
    ])
  })

  test('a write that changes nothing keeps the times and makes no revision', async () => {
    await using cluster = await withMap()
    const before = (await cluster.ask('GET', `${maps}/a`)).json
    cluster.clock.advance(60_000)
    for (const manager of ['maker', 'other'])
      await cluster.ask('PATCH', `${maps}/a?fieldManager=${manager}`, { data: { x: '1' } }, merge)
    await cluster.ask('PUT', `${maps}/a?fieldManager=third`, before)
    assert.deepEqual((await cluster.ask('GET', `${maps}/a`)).json, before)
  })

  test('applying again what is stored already makes no revision, defaults of an atomic list included', async () => {
    await using cluster = await openCluster()
    const path = '/apis/apps/v1/namespaces/default/statefulsets/s'
    const labels = { app: 's' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } }
    const wanted = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: {
        ...{ serviceName: 's', selector: { matchLabels: labels }, template },
        volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: claim }],
      },
    }
    const apply = () => cluster.ask('PATCH', `${path}?fieldManager=me`, wanted, applying)
    const before = await apply()
    cluster.clock.advance(60_000)
    assert.deepEqual((await apply()).json, before.json)
  })

  test('who applies false or null owns the field, and quarrels with who said otherwise', async () => {
    await using cluster = await openCluster()
    const node = (spec: object) => ({
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec },
    })
    const apply = (manager: string, spec: object) =>
      cluster.ask('PATCH', `/api/v1/nodes/n?fieldManager=${manager}`, node(spec), applying)
    assert.equal((await apply('one', { unschedulable: true })).status, 201)
    assert.equal((await apply('two', { unschedulable: false })).status, 409)
    assert.equal((await apply('two', { unschedulable: null })).status, 409)
    const released = await apply('one', { unschedulable: false })
    assert.equal(released.json.spec?.unschedulable, undefined)
    const [entry] = released.json.metadata.managedFields
    assert.deepEqual(entry.fieldsV1, { 'f:spec': { 'f:unschedulable': {} } })
    cluster.clock.advance(60_000)
    assert.deepEqual((await apply('one', { unschedulable: false })).json, released.json)
  })

  test('an object of which nobody owns anything does not say so', async () => {
    await using cluster = await openCluster()
    const nothing = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'n' } }
    for (const status of [201, 200]) {
      const { json, ...answer } = await cluster.ask(
        'PATCH',
        `${maps}/n?fieldManager=me`,
        nothing,
        applying,
      )
      assert.equal(answer.status, status)
      assert.equal('managedFields' in json.metadata, false)
    }
  })

  test('an object that is too large with its owners is stored without, unless it is applied', async () => {
    await using cluster = await openCluster()
    const key = (at: number) => `${'k'.repeat(240)}-${at}`
    const data = Object.fromEntries(Array.from({ length: 3_500 }, (_, at) => [key(at), 'v']))
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data }
    const created = await cluster.ask('POST', maps, body)
    assert.equal(created.status, 201)
    assert.equal(created.json.metadata.managedFields, undefined)
    await cluster.ask('POST', maps, { metadata: { name: 'grows' } })
    const patched = await cluster.ask('PATCH', `${maps}/grows`, { data }, merge)
    assert.equal(patched.status, 200)
    assert.equal(patched.json.metadata.managedFields, undefined)
    const applied = await cluster.ask('PATCH', `${maps}/large?fieldManager=me`, body, applying)
    assert.equal(applied.status, 413)
  })

  test('changing again what is one’s own moves only the time', async () => {
    await using cluster = await withMap()
    const [before] = await entriesOf(cluster, `${maps}/a`)
    cluster.clock.advance(60_000)
    await cluster.ask('PATCH', `${maps}/a?fieldManager=maker`, { data: { x: '9' } }, merge)
    const [after, ...others] = await entriesOf(cluster, `${maps}/a`)
    assert.deepEqual(after, { ...before, time: '2026-01-01T00:01:00Z' })
    assert.deepEqual(others, [])
  })

  test('labels are written and owned through the status of most kinds, and of some are not', async () => {
    await using cluster = await openCluster()
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    await cluster.ask('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec })
    const labelled = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { b: '2' } } }
    const path = '/api/v1/namespaces/default/pods/p/status?fieldManager=me'
    const pod = await cluster.ask('PATCH', path, labelled, applying)
    assert.deepEqual(pod.json.metadata.labels, { b: '2' })
    const mine = pod.json.metadata.managedFields.find((one: Entry) => one.manager === 'me')
    assert.deepEqual(mine.fieldsV1, { 'f:metadata': { 'f:labels': { 'f:b': {} } } })
    const flows = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'
    const level = { name: 'catch-all' }
    await cluster.ask('POST', flows, {
      metadata: { name: 'f' },
      spec: { priorityLevelConfiguration: level },
    })
    const label = { metadata: { labels: { b: '2' } } }
    const flow = await cluster.ask('PATCH', `${flows}/f/status`, label, merge)
    assert.equal(flow.status, 200, flow.text)
    assert.equal(flow.json.metadata.labels, undefined)
  })

  test('status and scale are owned under their names', async () => {
    await using cluster = await openCluster()
    const labels = { app: 'w' }
    const spec = {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    }
    await cluster.ask('POST', `${deployments}?fieldManager=maker`, {
      metadata: { name: 'w' },
      spec,
    })
    const by = (manager: string, part: string) => `${deployments}/w/${part}?fieldManager=${manager}`
    await cluster.ask('PATCH', by('controller', 'status'), { status: { replicas: 1 } }, merge)
    await cluster.ask('PATCH', by('autoscaler', 'scale'), { spec: { replicas: 5 } }, merge)
    const entries = await owners(cluster, `${deployments}/w`)
    assert.ok(
      entries.includes('controller/status Update {"f:status":{"f:replicas":{}}}'),
      String(entries),
    )
    assert.ok(
      entries.includes('autoscaler/scale Update {"f:spec":{"f:replicas":{}}}'),
      String(entries),
    )
    const makers = entries.find((one) => one.startsWith('maker '))
    assert.equal(makers?.includes('"f:replicas"'), false)
  })

  test('the server’s own marks change no owner', async () => {
    await using cluster = await openCluster()
    const body = { metadata: { name: 'a', finalizers: ['x.io/f'] }, data: { x: '1' } }
    await cluster.ask('POST', `${maps}?fieldManager=maker`, body)
    const before = await entriesOf(cluster, `${maps}/a`)
    await cluster.ask('DELETE', `${maps}/a?fieldManager=other`)
    const after = (await cluster.ask('GET', `${maps}/a`)).json.metadata
    assert.ok(after.deletionTimestamp)
    assert.deepEqual(after.managedFields, before)
    const pods = '/api/v1/namespaces/default/pods'
    const spec = { containers: [{ name: 'c', image: 'x' }] }
    await cluster.ask('POST', `${pods}?fieldManager=maker`, { metadata: { name: 'p' }, spec })
    const unbound = await entriesOf(cluster, `${pods}/p`)
    const target = { apiVersion: 'v1', kind: 'Node', name: 'n' }
    const binding = { metadata: { name: 'p' }, target }
    assert.equal((await cluster.ask('POST', `${pods}/p/binding`, binding)).status, 201)
    assert.deepEqual(await entriesOf(cluster, `${pods}/p`), unbound)
  })

  test('past the limit of updaters the oldest become one', async () => {
    await using cluster = await withMap()
    const count = limits.updateManagersMax + 3
    for (let at = 0; at < count; at += 1) {
      cluster.clock.advance(1_000)
      const data = { [`k${String(at).padStart(2, '0')}`]: '1' }
      await cluster.ask('PATCH', `${maps}/a?fieldManager=m${at}`, { data }, merge)
    }
    const entries = await owners(cluster, `${maps}/a`)
    assert.equal(entries.length, limits.updateManagersMax)
    const ancient = entries.find((one) => one.startsWith('ancient-changes '))
    for (const field of ['f:l', 'f:x', 'f:k00', 'f:k02'])
      assert.ok(ancient?.includes(`"${field}"`), `${field} in ${ancient}`)
    assert.equal(ancient?.includes('"f:k12"'), false)
    const [first] = await entriesOf(cluster, `${maps}/a`)
    assert.equal(first?.manager, 'ancient-changes')
  })

  test('a name that is no manager’s is refused', async () => {
    await using cluster = await openCluster()
    for (const manager of ['x'.repeat(129), 'a%07b']) {
      const body = { metadata: { name: 'b' } }
      const answer = await cluster.ask('POST', `${maps}?fieldManager=${manager}`, body)
      assert.equal(answer.status, 422, answer.text)
      assert.match(
        answer.json.message,
        /^CreateOptions\.meta\.k8s\.io "" is invalid: fieldManager: (Too long|Invalid value)/,
      )
    }
  })
})

describe('owners that a writer names itself', () => {
  test('one empty entry resets them; then updates keep no record until somebody applies', async () => {
    await using cluster = await withMap()
    const reset = await cluster.ask(
      'PATCH',
      `${maps}/a`,
      { metadata: { managedFields: [{}] } },
      merge,
    )
    assert.equal(reset.json.metadata.managedFields, undefined)
    await cluster.ask('PATCH', `${maps}/a?fieldManager=other`, { data: { x: '2' } }, merge)
    assert.deepEqual(await owners(cluster, `${maps}/a`), [])
    await cluster.ask(
      'PATCH',
      `${maps}/a?fieldManager=me`,
      { metadata: { name: 'a' }, data: { q: '1' } },
      applying,
    )
    assert.deepEqual(await owners(cluster, `${maps}/a`), [
      'me Apply {"f:data":{"f:q":{}}}',
      'before-first-apply Update {"f:data":{".":{},"f:x":{},"f:y":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
    ])
  })

  test('of two entries of one manager the last counts', async () => {
    await using cluster = await withMap()
    const { json } = await cluster.ask('GET', `${maps}/a`)
    const [entry] = json.metadata.managedFields
    const second = { ...entry, fieldsV1: { 'f:data': { 'f:x': {} } } }
    json.metadata.managedFields = [entry, second]
    await cluster.ask('PUT', `${maps}/a?fieldManager=other`, json)
    assert.deepEqual(await owners(cluster, `${maps}/a`), ['maker Update {"f:data":{"f:x":{}}}'])
  })

  test('an empty list resets them, none at all leaves them as they are', async () => {
    await using cluster = await withMap()
    const before = await owners(cluster, `${maps}/a`)
    const body = { metadata: { name: 'a', labels: { l: '1' } }, data: { x: '1', y: '1' } }
    await cluster.ask('PUT', `${maps}/a?fieldManager=other`, body)
    assert.deepEqual(await owners(cluster, `${maps}/a`), before)
    const metadata = { ...body.metadata, managedFields: [] }
    await cluster.ask('PUT', `${maps}/a?fieldManager=other`, { ...body, metadata })
    assert.deepEqual(await owners(cluster, `${maps}/a`), [])
  })

  test('kubectl’s way from client-side to server-side apply: the entry changes hands by a patch', async () => {
    await using cluster = await openCluster()
    const body = { metadata: { name: 'a' }, data: { x: '1' } }
    await cluster.ask('POST', `${maps}?fieldManager=kubectl-client-side-apply`, body)
    const { metadata } = (await cluster.ask('GET', `${maps}/a`)).json
    const [entry] = metadata.managedFields
    const managedFields = [{ ...entry, manager: 'kubectl', operation: 'Apply' }]
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ]
    assert.equal((await cluster.ask('PATCH', `${maps}/a`, patch, jsonPatch)).status, 200)
    assert.deepEqual(await owners(cluster, `${maps}/a`), [
      'kubectl Apply {"f:data":{".":{},"f:x":{}}}',
    ])
    // Now what it applies no more goes away.
    await cluster.ask(
      'PATCH',
      `${maps}/a?fieldManager=kubectl`,
      { metadata: { name: 'a' }, data: { z: '1' } },
      applying,
    )
    assert.deepEqual((await cluster.ask('GET', `${maps}/a`)).json.data, { z: '1' })
  })
})

describe('applying over updates', () => {
  const applied = { metadata: { name: 'a' }, data: { x: '2' } }

  test('a value that an updater owns is a conflict that says who and through what', async () => {
    await using cluster = await withMap()
    const answer = await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, applied, applying)
    assert.equal(answer.status, 409)
    const { message, reason, details } = answer.json
    assert.equal(reason, 'Conflict')
    assert.equal(message, 'Apply failed with 1 conflict: conflict with "maker" using v1: .data.x')
    assert.deepEqual(details.causes, [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "maker" using v1',
        field: '.data.x',
      },
    ])
    const forced = await cluster.ask(
      'PATCH',
      `${maps}/a?fieldManager=me&force=true`,
      applied,
      applying,
    )
    assert.equal(forced.json.data.x, '2')
    assert.deepEqual(await owners(cluster, `${maps}/a`), [
      'me Apply {"f:data":{"f:x":{}}}',
      'maker Update {"f:data":{".":{},"f:y":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
    ])
  })

  test('the same value is owned together, and stays until its last owner lets go', async () => {
    await using cluster = await withMap()
    const same = { metadata: { name: 'a' }, data: { x: '1' } }
    await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, same, applying)
    const entries = await owners(cluster, `${maps}/a`)
    assert.equal(entries.filter((one) => one.includes('"f:x"')).length, 2)
    await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, { metadata: { name: 'a' } }, applying)
    assert.equal((await cluster.ask('GET', `${maps}/a`)).json.data.x, '1')
  })

  test('an updater that changes what it owns together with an applier owns it alone', async () => {
    await using cluster = await withMap()
    const same = { metadata: { name: 'a' }, data: { x: '1' } }
    await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, same, applying)
    await cluster.ask('PATCH', `${maps}/a?fieldManager=maker`, { data: { x: '7' } }, merge)
    const entries = await owners(cluster, `${maps}/a`)
    assert.deepEqual(
      entries.filter((one) => one.includes('"f:x"')).map((one) => one.split(' ')[0]),
      ['maker'],
    )
  })

  test('an update of an applied field leaves it to the updater; applying it again quarrels', async () => {
    await using cluster = await openCluster()
    await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, applied, applying)
    await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, { data: { x: '5' } }, merge)
    // The same name by another operation is another manager.
    assert.deepEqual(await owners(cluster, `${maps}/a`), ['me Update {"f:data":{"f:x":{}}}'])
    const again = await cluster.ask('PATCH', `${maps}/a?fieldManager=me`, applied, applying)
    assert.equal(again.status, 409)
  })
})

test('who applies an empty map owns it, and whoever fills it is in conflict; an empty list is no field', async () => {
  await using cluster = await openCluster()
  const asked = (manager: string, body: object) =>
    cluster.ask('PATCH', `${maps}/a?fieldManager=${manager}`, body, applying)
  const empty = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'a', labels: {}, finalizers: [], creationTimestamp: null },
    data: {},
  }
  const made = await asked('one', empty)
  assert.equal(made.status, 201, made.text)
  assert.equal(made.json.metadata.labels, undefined)
  assert.ok(made.json.metadata.creationTimestamp)
  assert.deepEqual(await owners(cluster, `${maps}/a`), [
    'one Apply {"f:data":{},"f:metadata":{"f:labels":{}}}',
  ])
  const filled = { ...empty, metadata: { name: 'a', labels: { x: '1' } }, data: { y: '1' } }
  const refused = await asked('two', filled)
  assert.equal(refused.status, 409, refused.text)
  const fields = refused.json.details.causes.map((one: { field: string }) => one.field)
  assert.deepEqual(fields, ['.data', '.metadata.labels'])
  const again = await cluster.ask(
    'PATCH',
    `${maps}/a?fieldManager=two&force=true`,
    filled,
    applying,
  )
  assert.equal(again.status, 200, again.text)
  assert.deepEqual(await owners(cluster, `${maps}/a`), [
    'two Apply {"f:data":{"f:y":{}},"f:metadata":{"f:labels":{"f:x":{}}}}',
  ])
})

test('an empty list of containers’ ports is owned by nobody', async () => {
  await using cluster = await openCluster()
  const containers = [{ name: 'c', image: 'i', ports: [] }]
  const labels = { app: 'a' }
  const body = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  }
  const made = await cluster.ask('PATCH', `${deployments}/a?fieldManager=m`, body, applying)
  assert.equal(made.status, 201, made.text)
  const [owned = ''] = await owners(cluster, `${deployments}/a`)
  assert.match(owned, /"k:\{\\"name\\":\\"c\\"\}":\{"\.":\{\},"f:image":\{\},"f:name":\{\}\}/)
})

test('the address families of a Service are chosen with its address: nobody owns them', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/namespaces/default/services'
  const body = { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } }
  const made = await cluster.ask('POST', `${path}?fieldManager=m`, body)
  assert.deepEqual(made.json.spec.ipFamilies, ['IPv4'])
  const [owned = ''] = await owners(cluster, `${path}/a`)
  assert.doesNotMatch(owned, /ipFamil|clusterIP/)
})

test('owners of replicas are those of a Scale to whoever applies one', async () => {
  await using cluster = await openCluster()
  const [labels, containers] = [{ app: 'a' }, [{ name: 'c', image: 'i' }]]
  const spec = {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  }
  await cluster.ask('POST', `${deployments}?fieldManager=maker`, { metadata: { name: 'a' }, spec })
  const scale = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'a' },
    spec: { replicas: 3 },
  }
  const refused = await cluster.ask(
    'PATCH',
    `${deployments}/a/scale?fieldManager=m`,
    scale,
    applying,
  )
  assert.equal(refused.status, 409, refused.text)
  assert.match(
    refused.json.message,
    /conflict with "maker" using autoscaling\/v1: \.spec\.replicas$/,
  )
})

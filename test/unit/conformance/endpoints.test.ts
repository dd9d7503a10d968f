import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice, Endpoints } from '../../../src/kinds/types.ts'
import type { TestCluster } from '../api/cluster.ts'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

const core = '/api/v1/namespaces/default'
const slicesPath = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

interface Lab extends World {
  slices(service: string): Promise<EndpointSlice[]>
  endpoints(service: string): Promise<Endpoints | undefined>
  make(path: string, object: object): Promise<void>
}

async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    const { client, cluster } = world
    await namespace(client, 'kube-node-lease')
    await addNodes(client, 'n1')
    await body({
      ...world,
      slices: async (service) =>
        (
          await list(cluster, `${slicesPath}?labelSelector=kubernetes.io/service-name=${service}`)
        ).sort((left, right) => (left.ports?.[0]?.port ?? 0) - (right.ports?.[0]?.port ?? 0)),
      endpoints: async (service) => {
        const answer = await cluster.ask('GET', `${core}/endpoints/${service}`)
        return answer.status === 404 ? undefined : answer.json
      },
      make: async (path, object) => {
        const made = await cluster.ask('POST', path, object)
        assert.equal(made.status, 201, made.text)
      },
    })
    assert.deepEqual(world.failures, [])
  })
}

async function list(cluster: TestCluster, path: string): Promise<EndpointSlice[]> {
  return (await cluster.ask('GET', path)).json.items
}

const pod = (name: string, containerPort: number) => ({
  metadata: { name, labels: { foo: 'bar', [name]: 'true' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'c',
        image: 'web:1',
        ports: [{ name: 'example-name', containerPort, protocol: 'TCP' }],
      },
    ],
  },
})

const service = (name: string, selector: object, ports: object[]) => ({
  metadata: { name },
  spec: { selector, ports },
})

async function withTwoPods({ make, until, cluster }: Lab): Promise<string[]> {
  await make(`${core}/pods`, pod('pod1', 3_000))
  await make(`${core}/pods`, pod('pod2', 3_001))
  const addresses = async () =>
    (await cluster.ask('GET', `${core}/pods`)).json.items.map(
      (one: { status: { podIP?: string } }) => one.status.podIP,
    )
  await until('addresses', async () => (await addresses()).every(Boolean))
  return await addresses()
}

test('[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]', () =>
  inLab(async (lab) => {
    const [first = '', second = ''] = await withTwoPods(lab)
    const named = [{ name: 'example', port: 80, targetPort: 'example-name', protocol: 'TCP' }]
    await lab.make(`${core}/services`, service('one', { pod1: 'true' }, named))
    await lab.make(`${core}/services`, service('both', { foo: 'bar' }, named))
    await lab.until(
      'one slice',
      async () => ((await lab.slices('one'))[0]?.endpoints ?? []).length === 1,
    )
    // A port of a name has another number in each pod: two slices, two subsets.
    await lab.until('two slices', async () => (await lab.slices('both')).length === 2)
    const told = (await lab.slices('both')).map(({ addressType, ports, endpoints }) => [
      addressType,
      ports?.map(({ name, port }) => [name, port]),
      endpoints?.map(({ addresses, conditions, nodeName, targetRef }) => [
        ...[addresses, conditions?.ready, nodeName, targetRef?.kind, targetRef?.name],
      ]),
    ])
    assert.deepEqual(told, [
      ['IPv4', [['example', 3_000]], [[[first], true, 'n1', 'Pod', 'pod1']]],
      ['IPv4', [['example', 3_001]], [[[second], true, 'n1', 'Pod', 'pod2']]],
    ])
    await lab.until('endpoints', async () => (await lab.endpoints('both'))?.subsets?.length === 2)
    const { metadata, subsets } = (await lab.endpoints('both')) ?? {}
    assert.equal(metadata?.labels?.['endpoints.kubernetes.io/managed-by'], 'endpoint-controller')
    assert.deepEqual(
      subsets?.map(({ addresses, ports }) => [
        addresses?.map(({ ip, nodeName, targetRef }) => [ip, nodeName, targetRef?.name]),
        ports?.map(({ name, port, protocol }) => [name, port, protocol]),
      ]),
      [
        [[[first, 'n1', 'pod1']], [['example', 3_000, 'TCP']]],
        [[[second, 'n1', 'pod2']], [['example', 3_001, 'TCP']]],
      ],
    )
  }))

test('[sig-network] EndpointsController should create Endpoints for Pods matching a Service [Conformance]', () =>
  inLab(async (lab) => {
    const addresses = await withTwoPods(lab)
    const ports = [
      { name: 'http', port: 80, targetPort: 8_080 },
      { name: 'https', port: 443, targetPort: 8_443 },
    ]
    await lab.make(`${core}/services`, service('s', { foo: 'bar' }, ports))
    const both = async () => (await lab.endpoints('s'))?.subsets?.[0]?.addresses?.length === 2
    await lab.until('both addresses', both)
    const subsets = (await lab.endpoints('s'))?.subsets ?? []
    assert.equal(subsets.length, 1, 'ports with the same addresses are one subset')
    assert.deepEqual(
      subsets[0]?.addresses?.map(({ ip }) => ip),
      [...addresses].sort(),
    )
    assert.deepEqual(
      subsets[0]?.ports?.map(({ port }) => port),
      [8_080, 8_443],
    )
    // What is not ready is told apart, what is gone is told no more.
    const status = { status: { conditions: [{ type: 'Ready', status: 'False' }] } }
    await lab.cluster.ask('PATCH', `${core}/pods/pod1/status`, status, merge)
    await lab.until(
      'the sick one',
      async () =>
        (await lab.endpoints('s'))?.subsets?.[0]?.notReadyAddresses?.[0]?.targetRef?.name ===
        'pod1',
    )
    await lab.cluster.ask('DELETE', `${core}/pods/pod1`)
    await lab.until('one address', async () => {
      const [subset] = (await lab.endpoints('s'))?.subsets ?? []
      return subset?.addresses?.length === 1 && !subset.notReadyAddresses
    })
  }))

for (const [kind, name] of [
  [
    'endpointslices',
    '[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]',
  ],
  [
    'endpoints',
    '[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods [Conformance]',
  ],
] as const)
  test(name, () =>
    inLab(async (lab) => {
      const ports = [{ name: 'example', port: 80, protocol: 'TCP' }]
      await lab.make(`${core}/services`, service('empty', { does: 'not-exist' }, ports))
      const count = async () =>
        kind === 'endpoints'
          ? (await lab.endpoints('empty'))
            ? 1
            : 0
          : (await lab.slices('empty')).length
      await lab.until('one', async () => (await count()) === 1)
      if (kind === 'endpoints') assert.deepEqual((await lab.endpoints('empty'))?.subsets ?? [], [])
      else {
        const [slice] = await lab.slices('empty')
        assert.deepEqual(slice?.endpoints ?? [], [])
        const { labels, ownerReferences } = slice?.metadata ?? {}
        assert.equal(
          labels?.['endpointslice.kubernetes.io/managed-by'],
          'endpointslice-controller.k8s.io',
        )
        assert.equal(ownerReferences?.[0]?.kind, 'Service')
      }
      assert.equal((await lab.cluster.ask('DELETE', `${core}/services/empty`)).status, 200)
      await lab.until('none', async () => (await count()) === 0)
    }),
  )

test('[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]', () =>
  inLab(async (lab) => {
    await lab.make(`${core}/services`, {
      metadata: { name: 'custom' },
      spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
    })
    const subset = (ip: string, port: number) => ({
      subsets: [{ addresses: [{ ip }], ports: [{ name: 'http', port, protocol: 'TCP' }] }],
    })
    await lab.make(`${core}/endpoints`, {
      metadata: { name: 'custom', labels: { mine: 'yes' } },
      ...subset('10.1.2.3', 80),
    })
    const tells = (ip: string, port: number) => async () => {
      const slices = await lab.slices('custom')
      const [slice] = slices
      const same = slice?.endpoints?.[0]?.addresses?.[0] === ip && slice.ports?.[0]?.port === port
      return slices.length === 1 && slice?.endpoints?.length === 1 && same
    }
    await lab.until('the mirror', tells('10.1.2.3', 80))
    const { metadata } = (await lab.slices('custom'))[0] ?? {}
    const managedBy = metadata?.labels?.['endpointslice.kubernetes.io/managed-by']
    assert.equal(managedBy, 'endpointslicemirroring-controller.k8s.io')
    assert.equal(metadata?.labels?.['mine'], 'yes')
    assert.deepEqual(
      metadata?.ownerReferences?.map(({ kind, name }) => [kind, name]),
      [['Endpoints', 'custom']],
    )
    const changed = await lab.cluster.ask(
      'PATCH',
      `${core}/endpoints/custom`,
      subset('10.2.3.4', 9_090),
      merge,
    )
    assert.equal(changed.status, 200, changed.text)
    await lab.until('the other mirror', tells('10.2.3.4', 9_090))
    assert.equal((await lab.cluster.ask('DELETE', `${core}/endpoints/custom`)).status, 200)
    await lab.until('no mirror', async () => (await lab.slices('custom')).length === 0)
  }))

test("Endpoints of a service that takes a selector become the cluster's, mirrors go", () =>
  inLab(async (lab) => {
    await lab.make(`${core}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } })
    const subsets = [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }]
    await lab.make(`${core}/endpoints`, { metadata: { name: 's' }, subsets })
    await lab.until('the mirror', async () => (await lab.slices('s')).length === 1)
    const selector = { spec: { selector: { foo: 'bar' } } }
    await lab.cluster.ask('PATCH', `${core}/services/s`, selector, merge)
    const makers = async () =>
      (await lab.slices('s')).map(
        ({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'],
      )
    await lab.until(
      'the change of hands',
      async () => (await makers()).join() === 'endpointslice-controller.k8s.io',
    )
    const addresses = async () => ((await lab.endpoints('s'))?.subsets ?? []).length
    await lab.until('the addresses to go', async () => (await addresses()) === 0)
  }))

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { endpointSlices, pods, services } from '../../../src/client/resources.ts'
import { decideSlices } from '../../../src/controllers/endpoint-slice/decide.ts'
import { endpointsPerSliceMax } from '../../../src/controllers/endpoint-slice/placement.ts'
import { isSelecting } from '../../../src/controllers/service-pods.ts'
import type { EndpointSlice, Pod, Service } from '../../../src/kinds/types.ts'
import { running, withCluster } from './cluster.ts'

const selector = { app: 'web' }
const service = (spec: Partial<NonNullable<Service['spec']>> = {}): Service => ({
  metadata: { name: 'web', namespace: 'ns', uid: 's', labels: { team: 'x' } },
  spec: {
    selector,
    clusterIP: '10.96.0.9',
    ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    ...spec,
  },
})
const pod = (
  index: number,
  extra: { ready?: boolean; going?: boolean; named?: number } = {},
): Pod => {
  const { ready = true, going = false, named } = extra
  const status = running(0, index)
  return {
    metadata: {
      name: `p${index}`,
      namespace: 'ns',
      uid: `u${index}`,
      labels: selector,
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      nodeName: 'n1',
      containers: [
        { name: 'c', ...(named ? { ports: [{ name: 'web', containerPort: named }] } : {}) },
      ],
    },
    status: {
      ...status,
      podIP: `10.1.${index >> 8}.${index & 255}`,
      podIPs: [{ ip: `10.1.${index >> 8}.${index & 255}` }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}
const zoneOf = (node: string) => `zone-${node}`

/** Applies a decision as the API would. */
function applied(
  slices: readonly EndpointSlice[],
  given: { service: Service; pods: readonly Pod[] },
) {
  const actions = decideSlices({ ...given, slices, zoneOf })
  const kept = slices
    .filter((slice) => !actions.delete.includes(slice))
    .map(
      (slice) => actions.update.find((one) => one.metadata.name === slice.metadata.name) ?? slice,
    )
  let made = slices.length
  const created = actions.create.map((slice) => {
    made += 1
    const name = `web-${made}-${Math.floor(made * 7)}-${kept.length}`
    return { ...slice, metadata: { ...slice.metadata, name } }
  })
  const writes = actions.create.length + actions.update.length + actions.delete.length
  return { slices: [...kept, ...created], writes, actions }
}

const addresses = (slices: readonly EndpointSlice[]) =>
  slices.flatMap((slice) => slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)

describe('endpoint slices', () => {
  test('tell address, conditions, node, zone, target and ports, and whose they are', () => {
    const { slices } = applied([], { service: service(), pods: [pod(1)] })
    const [slice] = slices
    assert.deepEqual(slice?.endpoints, [
      {
        addresses: ['10.1.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'n1',
        zone: 'zone-n1',
        targetRef: { kind: 'Pod', namespace: 'ns', name: 'p1', uid: 'u1' },
      },
    ])
    assert.deepEqual(slice?.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }])
    assert.deepEqual(slice?.metadata.labels, {
      team: 'x',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, 's')
  })

  for (const [title, extra, spec, expected] of [
    ['ready', {}, {}, [true, true, false]],
    ['not ready', { ready: false }, {}, [false, false, false]],
    ['terminating and still serving', { going: true }, {}, [false, true, true]],
    ['terminating', { going: true, ready: false }, {}, [false, false, true]],
    [
      'not ready but to be published',
      { ready: false },
      { publishNotReadyAddresses: true },
      [true, false, false],
    ],
  ] as const)
    test(`conditions of a pod that is ${title}`, () => {
      const { slices } = applied([], { service: service(spec), pods: [pod(1, extra)] })
      const { ready, serving, terminating } = slices[0]?.endpoints?.[0]?.conditions ?? {}
      assert.deepEqual([ready, serving, terminating], expected)
    })

  test('leave out pods that ended or have no address', () => {
    const ended = { ...pod(1), status: { ...pod(1).status, phase: 'Succeeded' } }
    const homeless = { ...pod(2), status: { conditions: [] } }
    const { slices } = applied([], { service: service(), pods: [ended, homeless] })
    assert.deepEqual(addresses(slices), [])
    assert.equal(slices.length, 1, 'an empty slice stands for none')
  })

  test('group pods by the number that a named port has in them', () => {
    const named = service({ ports: [{ port: 80, targetPort: 'web' }] })
    const { slices } = applied([], {
      service: named,
      pods: [pod(1, { named: 81 }), pod(2, { named: 82 }), pod(3, { named: 81 }), pod(4)],
    })
    const told = slices.map(({ ports, endpoints }) => [
      ports?.map(({ port }) => port),
      endpoints?.length,
    ])
    assert.deepEqual(
      told.sort(),
      [
        [[81], 2],
        [[82], 1],
        [[], 1],
      ].sort(),
    )
  })

  test('follow both families of a dual-stack service', () => {
    const both = pod(1)
    both.status = { ...both.status, podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }] }
    const { slices } = applied([], {
      service: service({ ipFamilies: ['IPv4', 'IPv6'] }),
      pods: [both],
    })
    assert.deepEqual(
      slices.map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses]),
      [
        ['IPv4', ['10.1.0.1']],
        ['IPv6', ['fd00::1']],
      ],
    )
  })

  test('mark a headless service and name its hosts', () => {
    const host = pod(1)
    host.spec = { ...host.spec, containers: [], hostname: 'h', subdomain: 'web' }
    const { slices } = applied([], { service: service({ clusterIP: 'None' }), pods: [host] })
    assert.equal(slices[0]?.metadata.labels?.['service.kubernetes.io/headless'], '')
    assert.equal(slices[0]?.endpoints?.[0]?.hostname, 'h')
  })

  test('are not for services without a selector or with an external name', () => {
    assert.equal(isSelecting(service({ selector: {} })), false)
    assert.equal(isSelecting(service({ type: 'ExternalName' })), false)
    assert.equal(isSelecting(service()), true)
  })

  test('any history: all endpoints once, at most 100 a slice, no write without a change', () => {
    const step = fc.uniqueArray(fc.nat(400), { maxLength: 350 })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        let slices: EndpointSlice[] = []
        for (const indices of steps) {
          const given = { service: service(), pods: indices.map((index) => pod(index)) }
          const next = applied(slices, given)
          slices = next.slices
          const want = given.pods.map((one) => one.status?.podIP)
          assert.deepEqual(addresses(slices).sort(), want.sort())
          for (const { endpoints } of slices)
            assert.ok((endpoints ?? []).length <= endpointsPerSliceMax)
          assert.equal(applied(slices, given).writes, 0)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('one pod that changes changes one slice', () => {
    const all = Array.from({ length: 250 }, (_, index) => pod(index))
    const { slices } = applied([], { service: service(), pods: all })
    assert.equal(slices.length, 3)
    const changed = all.map((one, index) => (index === 120 ? pod(120, { ready: false }) : one))
    const { writes, actions } = applied(slices, { service: service(), pods: changed })
    assert.deepEqual([writes, actions.update.length], [1, 1])
  })
})

describe('endpoint slice controller', () => {
  test('follows its service from creation to deletion', async () => {
    await withCluster(async (cluster) => {
      await services(cluster.api).create('ns', { ...service(), metadata: { name: 'web' } })
      await pods(cluster.api).create('ns', pod(1))
      await cluster.run(50)
      const list = async () => (await endpointSlices(cluster.api).list()).items
      assert.deepEqual(addresses(await list()), ['10.1.0.1'])
      const found = await pods(cluster.api).get('ns', 'p1')
      await pods(cluster.api).updateStatus({ ...found, status: pod(1, { ready: false }).status })
      await cluster.run(50)
      assert.equal((await list())[0]?.endpoints?.[0]?.conditions?.ready, false)
      await pods(cluster.api).create('ns', {
        ...pod(2),
        metadata: { name: 'p2', labels: { app: 'other' } },
      })
      await cluster.run(50)
      assert.equal(addresses(await list()).length, 1)
      const relabelled = await pods(cluster.api).get('ns', 'p2')
      relabelled.metadata.labels = selector
      await pods(cluster.api).update(relabelled)
      await cluster.run(50)
      assert.equal(addresses(await list()).length, 2)
      const [slice] = await list()
      await endpointSlices(cluster.api).delete('ns', slice?.metadata.name ?? '')
      await cluster.run(50)
      assert.equal(addresses(await list()).length, 2)
      await services(cluster.api).delete('ns', 'web')
      await cluster.run(50)
      assert.deepEqual(await list(), [])
      assert.deepEqual(cluster.failures, [])
    })
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endpointSlices, endpoints, pods, services } from '../../../src/client/resources.ts'
import {
  addressesMax,
  decideEndpoints,
  sameEndpoints,
} from '../../../src/controllers/endpoints/decide.ts'
import type { Endpoints, Pod, Service } from '../../../src/kinds/types.ts'
import { openCluster } from '../api/cluster.ts'
import { namespace, withApi } from './with-api.ts'

const labels = { app: 'web' }
const service = (spec: Partial<NonNullable<Service['spec']>> = {}): Service => ({
  metadata: { name: 'web', namespace: 'default', labels: { team: 'x' } },
  spec: {
    ...{ selector: labels, clusterIP: '10.96.0.9' },
    ports: [{ name: 'http', port: 80, targetPort: 'web' }],
    ...spec,
  },
})
const pod = (index: number, ready = true, port = 8080): Pod => ({
  metadata: { name: `p${index}`, namespace: 'default', uid: `u${index}`, labels },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: port }] }],
  },
  status: {
    ...{ phase: 'Running', podIP: `10.1.${index >> 8}.${index & 255}` },
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
})
const going = (one: Pod): Pod => ({
  ...one,
  metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
})
const ips = (one: Endpoints) =>
  (one.subsets ?? []).map(({ addresses = [], notReadyAddresses = [], ports = [] }) => [
    addresses.map(({ ip }) => ip),
    notReadyAddresses.map(({ ip }) => ip),
    ports.map(({ port }) => port),
  ])

describe('Endpoints of a service', () => {
  test('ready and unready pods apart, by their ports; those that end are in none', () => {
    const ended: Pod = { ...pod(5), status: { ...pod(5).status, phase: 'Succeeded' } }
    const all = [pod(2, false), pod(1), pod(3, true, 9090), going(pod(4)), ended]
    const made = decideEndpoints(service(), all, undefined)
    const expected = [
      [['10.1.0.1'], ['10.1.0.2'], [8080]],
      [['10.1.0.3'], [], [9090]],
    ]
    assert.deepEqual(ips(made), expected)
    assert.deepEqual(made.metadata.labels, {
      team: 'x',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    })
    assert.deepEqual(made.subsets?.[0]?.addresses, [
      {
        ...{ ip: '10.1.0.1', nodeName: 'n1' },
        targetRef: { kind: 'Pod', namespace: 'default', name: 'p1', uid: 'u1' },
      },
    ])
    assert.ok(sameEndpoints(made, decideEndpoints(service(), all.toReversed(), made)))
    assert.ok(!sameEndpoints(made, decideEndpoints(service(), all.slice(1), made)))
  })

  test('unready addresses are published where the service asks for it', () => {
    const asked = service({ publishNotReadyAddresses: true, clusterIP: 'None', ports: [] })
    const made = decideEndpoints(asked, [pod(1, false), going(pod(2))], undefined)
    assert.deepEqual(ips(made), [[['10.1.0.1', '10.1.0.2'], [], []]])
    assert.equal(made.metadata.labels?.['service.kubernetes.io/headless'], '')
  })

  test('past the limit they are cut, unready ones first, and say so until they fit', () => {
    const many = Array.from({ length: addressesMax + 10 }, (_, index) => pod(index, index >= 20))
    const cut = decideEndpoints(service(), many, undefined)
    const [[ready = [], unready = []] = []] = ips(cut)
    assert.deepEqual([ready.length, unready.length], [addressesMax - 10, 10])
    const key = 'endpoints.kubernetes.io/over-capacity'
    assert.equal(cut.metadata.annotations?.[key], 'truncated')
    const fits = decideEndpoints(service(), many.slice(20), cut)
    assert.equal(fits.metadata.annotations, undefined)
  })
})

describe('Endpoints on the real API', () => {
  test('whoever uses them is told of their successor', async () => {
    await using cluster = await openCluster()
    const { headers } = await cluster.ask('GET', '/api/v1/endpoints')
    assert.match(headers.get('warning') ?? '', /^299 - "v1 Endpoints is deprecated in v1\.33\+/)
  })

  test('follow pods and go with their service', async () => {
    await withApi(async ({ client, until }) => {
      await services(client).create('default', service())
      const seen = async () => {
        const { items } = await endpoints(client).list({ namespace: 'default' })
        return items.find((one) => one.metadata.name === 'web')
      }
      await until('empty Endpoints', async () => (await seen())?.subsets === undefined)
      await pods(client).create('default', pod(1))
      const { status = {} } = pod(1)
      await pods(client).patch(
        ...(['default', 'p1', 'application/merge-patch+json', { status }] as const),
        { subresource: 'status' },
      )
      await until('an address', async () => {
        const found = await seen()
        return found?.subsets?.[0]?.addresses?.[0]?.ip === '10.1.0.1'
      })
      await services(client).delete('default', 'web')
      await until('their end', async () => (await seen()) === undefined)
    })
  })

  test('written by hand they are mirrored to slices, and their changes and end are', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'own')
      const outside = service({ selector: undefined, clusterIP: undefined })
      await services(client).create('own', { ...outside, metadata: { name: 'outside' } })
      const subset = (ip: string, port: number) => [
        { addresses: [{ ip }], ports: [{ name: 'a', port }] },
      ]
      const made = await endpoints(client).create('own', {
        metadata: { name: 'outside', labels: { team: 'x' } },
        subsets: subset('10.9.0.1', 80),
      })
      const seen = async () => {
        const { items } = await endpointSlices(client).list({
          ...{ namespace: 'own', labelSelector: 'kubernetes.io/service-name=outside' },
        })
        return items.map(({ endpoints = [], ports = [], metadata, addressType }) => [
          ...[addressType, endpoints.map(({ addresses }) => addresses[0])],
          ...[ports.map(({ port }) => port), metadata.labels?.['team']],
        ])
      }
      const shows = (expected: unknown) => async () =>
        JSON.stringify(await seen()) === JSON.stringify(expected)
      await until('the mirror', shows([['IPv4', ['10.9.0.1'], [80], 'x']]))
      await endpoints(client).update({ ...made, subsets: subset('10.9.0.2', 81) })
      await until('its change', shows([['IPv4', ['10.9.0.2'], [81], 'x']]))
      await endpoints(client).delete('own', 'outside')
      await until('its end', shows([]))
      assert.deepEqual(failures, [])
    })
  })
})

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type AddressOptions,
  planServiceAddresses,
  releaseServiceAddresses,
  ServiceAddresses,
} from '../../../src/api/service-addresses.ts'
import {
  addressAt,
  parseCidr,
  parsePortRange,
  positionOf,
} from '../../../src/api/service-ranges.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { isStatus } from '../../../src/base/status.ts'
import { encodeObject } from '../../../src/kinds/encode.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import type { ServiceSpec } from '../../../src/kinds/types.ts'
import type { Compare, Operation } from '../../../src/state/cluster-store.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

const opened: { close(): void }[] = []
after(() => {
  for (const one of opened) one.close()
})

async function openAddresses(changes: Partial<AddressOptions> = {}) {
  const { store } = await openMemoryStore()
  opened.push({ close: () => void store.stop() })
  const options: AddressOptions = {
    view: store.view,
    random: new SeededRandom(7),
    serviceCidr: '10.96.0.0/16',
    nodePortRange: '30000-32767',
    ...changes,
  }
  const keyOf = (name: string) => `/registry/core/services/default/${name}`
  /** Writes a service the way the API does; the stored service, or undefined after a lost race. */
  const write = async (
    name: string,
    spec: ServiceSpec,
    stale?: { compares: readonly Compare[]; operations: readonly Operation[]; service: AnyObject },
  ): Promise<ServiceSpec | undefined> => {
    const old = read(name)
    const plan = stale ?? planServiceAddresses(options, object(name, spec), old)
    const { bytes, revisionOffset } = encodeObject(plan.service)
    const result = await store.commit({
      compares: plan.compares,
      success: [{ op: 'put', key: keyOf(name), value: bytes, revisionOffset }, ...plan.operations],
      failure: [],
    })
    return result.succeeded ? (plan.service['spec'] as ServiceSpec) : undefined
  }
  const read = (name: string): AnyObject | undefined => {
    const record = store.view.get(keyOf(name))
    return record && (JSON.parse(Buffer.from(record.value).toString()) as AnyObject)
  }
  const remove = async (name: string, release = true) => {
    const old = read(name)
    const given = old && release ? releaseServiceAddresses(options, old) : noClaims
    await store.commit({
      compares: given.compares,
      success: [{ op: 'delete', key: keyOf(name) }, ...given.operations],
      failure: [],
    })
  }
  const held = () =>
    store.view
      .range('/registry/kijabi/', '/registry/kijabi0')
      .items.map((item) => item.key.split('/').at(-1) ?? '')
  return { options, store, write, read, remove, held }
}

const noClaims = { compares: [], operations: [] }

function object(name: string, spec: ServiceSpec): AnyObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }
}

const refuses = (message: RegExp) => (error: unknown) =>
  isStatus(error, 'Invalid') && message.test(error.message)

describe('service addresses', () => {
  test('a service gets a ClusterIP in the range, above the band that people choose from', async () => {
    const { write, held } = await openAddresses()
    const spec = await write('a', { ports: [{ port: 80 }] })
    assert.match(spec?.clusterIP ?? '', /^10\.96\.\d+\.\d+$/)
    assert.ok((positionOf(parseCidr('10.96.0.0/16'), spec?.clusterIP ?? '') ?? 0) >= 256)
    assert.deepEqual(spec?.clusterIPs, [spec?.clusterIP])
    assert.deepEqual(spec?.ipFamilies, ['IPv4'])
    assert.deepEqual(held(), [spec?.clusterIP])
  })

  test('default/kubernetes gets the first address, and nobody else may ask for it', async () => {
    const { write } = await openAddresses()
    await assert.rejects(
      write('a', { clusterIP: '10.96.0.1' }),
      refuses(/failed to allocate IP 10.96.0.1: provided IP is already allocated/),
    )
    assert.equal((await write('kubernetes', {}))?.clusterIP, '10.96.0.1')
  })

  test('headless and ExternalName services hold nothing', async () => {
    const { write, held } = await openAddresses()
    assert.deepEqual((await write('h', { clusterIP: 'None' }))?.clusterIPs, ['None'])
    const external = await write('e', { type: 'ExternalName', externalName: 'x.example' })
    assert.equal(external?.clusterIP, undefined)
    assert.deepEqual(held(), [])
  })

  test('an address that is taken or out of range is refused in Kubernetes words', async () => {
    const { write } = await openAddresses()
    await write('a', { clusterIP: '10.96.5.5' })
    await assert.rejects(
      write('b', { clusterIP: '10.96.5.5' }),
      refuses(
        /^Service "b" is invalid: spec.clusterIPs: Invalid value: \["10.96.5.5"\]: failed to allocate IP 10.96.5.5: provided IP is already allocated$/,
      ),
    )
    for (const ip of ['10.97.0.1', '10.96.0.0', '10.96.255.255', '10.96.05.1', 'x', '::1'])
      await assert.rejects(write('c', { clusterIP: ip }), refuses(/is not in the valid range/), ip)
    await assert.rejects(
      write('a', { clusterIP: '10.96.5.6' }),
      refuses(/spec.clusterIPs\[0\]: Invalid value: \["10.96.5.6"\]: may not change once set/),
    )
  })

  test('node ports are given to every port, the same one to TCP and UDP', async () => {
    const { write, held } = await openAddresses()
    const spec = await write('a', {
      type: 'NodePort',
      ports: [
        { name: 'd', port: 53, protocol: 'UDP' },
        { name: 'e', port: 53, protocol: 'TCP' },
        { name: 'w', port: 80, nodePort: 30080 },
      ],
    })
    const [dns, dnsTcp, web] = (spec?.ports ?? []).map((port) => port.nodePort ?? 0)
    assert.equal(dns, dnsTcp)
    assert.equal(web, 30080)
    assert.ok(dns && dns >= 30000 && dns <= 32767)
    assert.equal(held().length, 3)
    await assert.rejects(
      write('b', { type: 'NodePort', ports: [{ port: 1, nodePort: 30080 }] }),
      refuses(/spec.ports\[0\].nodePort: Invalid value: 30080: provided port is already allocated/),
    )
    await assert.rejects(
      write('b', { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] }),
      refuses(/provided port is not in the valid range. The range of valid ports is 30000-32767/),
    )
  })

  test('an update keeps what it leaves out and releases what its type does not need', async () => {
    const { write, held } = await openAddresses()
    const first = await write('a', { type: 'NodePort', ports: [{ port: 80 }] })
    const kept = await write('a', { type: 'NodePort', ports: [{ port: 80 }, { port: 81 }] })
    assert.equal(kept?.clusterIP, first?.clusterIP)
    assert.equal(kept?.ports?.[0]?.nodePort, first?.ports?.[0]?.nodePort)
    assert.equal(held().length, 3)
    const inner = await write('a', { type: 'ClusterIP', ports: kept?.ports })
    assert.deepEqual(
      inner?.ports?.map((port) => port.nodePort),
      [undefined, undefined],
    )
    assert.deepEqual(held(), [first?.clusterIP])
    await write('a', { type: 'ExternalName', externalName: 'x' })
    assert.deepEqual(held(), [])
  })

  test('a load balancer with local traffic gets a port for health checks', async () => {
    const { write, held } = await openAddresses()
    const balanced: ServiceSpec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
    const spec = await write('a', { ...balanced, externalTrafficPolicy: 'Local' })
    assert.ok((spec?.healthCheckNodePort ?? 0) >= 30000)
    assert.equal(held().length, 3)
    const again = await write('a', { ...balanced, externalTrafficPolicy: 'Local' })
    assert.equal(again?.healthCheckNodePort, spec?.healthCheckNodePort)
    await write('a', balanced)
    assert.equal(held().length, 2)
    const without = await write('b', { ...balanced, allocateLoadBalancerNodePorts: false })
    assert.equal(without?.ports?.[0]?.nodePort, undefined)
  })

  test('a deletion releases everything; an address that leaked is free again', async () => {
    const { write, remove, held } = await openAddresses()
    await write('a', { type: 'NodePort', clusterIP: '10.96.9.9', ports: [{ port: 80 }] })
    await remove('a')
    assert.deepEqual(held(), [])
    await write('a', { clusterIP: '10.96.9.9' })
    await remove('a', false)
    assert.deepEqual(held(), ['10.96.9.9'])
    assert.equal((await write('b', { clusterIP: '10.96.9.9' }))?.clusterIP, '10.96.9.9')
  })

  test('of two who saw the same address free, the store lets one have it', async () => {
    const { options, write } = await openAddresses()
    const spec: ServiceSpec = { clusterIP: '10.96.7.7' }
    const first = planServiceAddresses(options, object('a', spec))
    const second = planServiceAddresses(options, object('b', spec))
    assert.ok(await write('a', spec, first))
    assert.equal(await write('b', spec, second), undefined)
  })

  test('another attempt at the same write chooses anew', async () => {
    const { options, write } = await openAddresses()
    const addresses = new ServiceAddresses(options)
    const service = object('a', { ports: [{ port: 80 }] })
    addresses.claims(service, undefined)
    const chosen = (service['spec'] as ServiceSpec).clusterIP ?? ''
    await write('b', { clusterIP: chosen })
    const { compares } = addresses.claims(service, undefined)
    assert.notEqual((service['spec'] as ServiceSpec).clusterIP, chosen)
    assert.equal(compares.length, 1)
  })

  test('taking the last finalizer off a service that is being deleted releases', async () => {
    const { options, write, read } = await openAddresses()
    await write('a', { clusterIP: '10.96.8.8' })
    const old = read('a')
    const finished = object('a', { clusterIP: '10.96.8.8' })
    finished.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    const { operations } = new ServiceAddresses(options).claims(finished, old)
    assert.deepEqual(operations, [{ op: 'delete', key: '/registry/kijabi/serviceips/10.96.8.8' }])
  })

  test('a full range is an error that says so', async () => {
    const { write } = await openAddresses({
      serviceCidr: '10.0.0.0/29',
      nodePortRange: '30000-30001',
    })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await write(name, {})
    await assert.rejects(write('f', {}), /failed to allocate a serviceIP: range is full/)
    await assert.rejects(
      write('a', { type: 'NodePort', ports: [{ port: 1 }, { port: 2 }, { port: 3 }] }),
      /failed to allocate a nodePort: range is full/,
    )
  })

  test('after any history no address has two owners and none leaks', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'kubernetes')
    const port = fc.record(
      { port: fc.integer({ min: 1, max: 3 }), nodePort: fc.integer({ min: 30000, max: 30005 }) },
      { requiredKeys: ['port'] },
    )
    const spec = fc.record(
      {
        type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
        clusterIP: fc.constantFrom('None', '10.0.0.2', '10.0.0.3', '10.0.0.4'),
        ports: fc.uniqueArray(port, { selector: (one) => one.port, maxLength: 3 }),
        externalTrafficPolicy: fc.constantFrom('Local', 'Cluster'),
      },
      { requiredKeys: ['type'] },
    )
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), name, spec }),
      fc.record({ do: fc.constant('remove' as const), name }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { write, remove, read, held, store } = await openAddresses({
          serviceCidr: '10.0.0.0/28',
          nodePortRange: '30000-30009',
        })
        for (const one of steps) {
          if (one.do === 'remove') await remove(one.name)
          else
            await write(one.name, one.spec).catch((error: unknown) => {
              if (!isStatus(error, 'Invalid', 'InternalError')) throw error
            })
          const owned = ['a', 'b', 'c', 'kubernetes'].flatMap((each) => addressesOf(read(each)))
          assert.equal(new Set(owned).size, owned.length, 'an address has two owners')
          assert.deepEqual(held().sort(), owned.sort())
        }
        await store.stop()
      }),
      { numRuns: 60 },
    )
  })
})

function addressesOf(service: AnyObject | undefined): string[] {
  const spec = service?.['spec'] as ServiceSpec | undefined
  const ports = [...(spec?.ports ?? []).map((one) => one.nodePort), spec?.healthCheckNodePort]
  const numbers = ports.filter((one) => one !== undefined).map(String)
  const ip = spec?.clusterIP && spec.clusterIP !== 'None' ? [spec.clusterIP] : []
  return [...ip, ...new Set(numbers)]
}

describe('service ranges', () => {
  test('positions and addresses are inverse', () => {
    const cidr = parseCidr('10.96.7.9/16')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: cidr.size - 1 }), (position) => {
        assert.equal(positionOf(cidr, addressAt(cidr, position)), position)
      }),
    )
    assert.equal(addressAt(parseCidr('200.0.0.0/24'), 1), '200.0.0.1')
  })

  test('a malformed range is a bug', () => {
    for (const text of ['10.0.0.0', '10.0.0.0/31', 'x/16', 'fd00::/64'])
      assert.throws(() => parseCidr(text), /no IPv4 network/)
    assert.throws(() => parsePortRange('2-1'), /no range/)
  })
})

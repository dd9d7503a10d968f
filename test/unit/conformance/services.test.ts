import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, openCluster, type TestCluster } from '../api/cluster.ts'

const services = '/api/v1/namespaces/default/services'
const ports = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 9376 }]
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

async function create(cluster: TestCluster, spec: object, name = 's') {
  const made = await cluster.ask('POST', services, { metadata: { name }, spec })
  assert.equal(made.status, 201, made.text)
  return made.json
}

/** Reads the service, changes it as the upstream tests' jig does, and writes it. */
async function update(cluster: TestCluster, change: Record<string, unknown>): Promise<Answer> {
  const { json } = await cluster.ask('GET', `${services}/s`)
  Object.assign(json.spec, change)
  const updated = await cluster.ask('PUT', `${services}/s`, json)
  assert.equal(updated.status, 200, updated.text)
  return updated
}

const external = { type: 'ExternalName', externalName: 'foo.example.com' }

test('[sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]', async () => {
  await using cluster = await openCluster()
  const made = await create(cluster, external)
  assert.equal(made.spec.clusterIP, undefined)
  const { json } = await update(cluster, { type: 'ClusterIP', externalName: '', ports })
  assert.match(json.spec.clusterIP, /^10\.96\./)
  assert.deepEqual(json.spec.clusterIPs, [json.spec.clusterIP])
  assert.equal(json.spec.externalName, undefined)
})

test('[sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, external)
  const { json } = await update(cluster, { type: 'NodePort', externalName: '', ports })
  assert.match(json.spec.clusterIP, /^10\.96\./)
  const [port] = json.spec.ports
  assert.ok(port.nodePort >= 30_000 && port.nodePort <= 32_767, `${port.nodePort}`)
})

test('[sig-network] Services should be able to change the type from ClusterIP to ExternalName [Conformance]', async () => {
  await using cluster = await openCluster()
  const made = await create(cluster, { type: 'ClusterIP', ports })
  const { json } = await update(cluster, external)
  assert.equal(json.spec.clusterIP, undefined)
  assert.equal(json.spec.clusterIPs, undefined)
  const another = await create(cluster, { ports, clusterIP: made.spec.clusterIP }, 'another')
  assert.equal(another.spec.clusterIP, made.spec.clusterIP, 'the address is free again')
})

test('[sig-network] Services should be able to change the type from NodePort to ExternalName [Conformance]', async () => {
  await using cluster = await openCluster()
  const made = await create(cluster, { type: 'NodePort', ports })
  const { json } = await update(cluster, external)
  assert.equal(json.spec.clusterIP, undefined)
  assert.equal(json.spec.ports[0].nodePort, undefined)
  const [{ nodePort }] = made.spec.ports
  const again = await create(cluster, { type: 'NodePort', ports: [{ ...ports[0], nodePort }] }, 'b')
  assert.equal(again.spec.ports[0].nodePort, nodePort, 'the port is free again')
})

test('a service keeps its address and port through other changes of type', async () => {
  await using cluster = await openCluster()
  const made = await create(cluster, { type: 'NodePort', ports })
  const inner = (await update(cluster, { type: 'ClusterIP' })).json
  assert.equal(inner.spec.clusterIP, made.spec.clusterIP)
  assert.equal(inner.spec.ports[0].nodePort, undefined)
  const outer = (await update(cluster, { type: 'LoadBalancer' })).json
  assert.ok(outer.spec.ports[0].nodePort)
  assert.equal(outer.spec.allocateLoadBalancerNodePorts, true)
  const patched = await cluster.ask(
    'PATCH',
    `${services}/s`,
    { spec: { type: 'ClusterIP' } },
    merge,
  )
  assert.equal(patched.status, 200, patched.text)
  assert.equal(patched.json.spec.allocateLoadBalancerNodePorts, undefined)
  assert.equal(patched.json.spec.externalTrafficPolicy, undefined)
})

for (const [type, name] of [
  [
    'ClusterIP',
    '[sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]',
  ],
  [
    'NodePort',
    '[sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    const made = await create(cluster, { type, ports, sessionAffinity: 'ClientIP' })
    const config = { clientIP: { timeoutSeconds: 10_800 } }
    assert.deepEqual(made.spec.sessionAffinityConfig, config)
    const none = (await update(cluster, { sessionAffinity: 'None' })).json
    assert.equal(none.spec.sessionAffinityConfig, undefined)
    const again = (await update(cluster, { sessionAffinity: 'ClientIP' })).json
    assert.deepEqual(again.spec.sessionAffinityConfig, config)
    const refused = await cluster.ask('POST', services, {
      metadata: { name: 'long' },
      spec: {
        ports,
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } },
      },
    })
    assert.equal(refused.status, 422)
    assert.match(refused.json.message, /must be greater than 0 and less than 86400/)
  })

test('[sig-network] Services should find a service from listing all namespaces [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, { ports })
  const { items } = (await cluster.ask('GET', '/api/v1/services')).json
  assert.ok(items.some((one: { metadata: { name: string } }) => one.metadata.name === 's'))
})

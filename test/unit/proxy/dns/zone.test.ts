import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice, Service } from '../../../../src/kinds/types.ts'
import { type Resource, recordTypes } from '../../../../src/proxy/dns/message.ts'
import { type Directory, zoneAnswer } from '../../../../src/proxy/dns/zone.ts'

const zone = 'cluster.local'
const web: Service = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
}
const db: Service = {
  metadata: { name: 'db', namespace: 'default' },
  spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] },
}
const away: Service = {
  metadata: { name: 'away', namespace: 'default' },
  spec: { type: 'ExternalName', externalName: 'foo.example.com' },
}
const empty: Service = {
  metadata: { name: 'empty', namespace: 'default' },
  spec: { clusterIP: 'None' },
}
const dbSlice: EndpointSlice = {
  metadata: {
    ...{ name: 'db-1', namespace: 'default' },
    labels: { 'kubernetes.io/service-name': 'db' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.0.0.1'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.0.0.2'] },
    { addresses: ['10.0.0.3'], conditions: { ready: false } },
  ],
}
const services = [web, db, away, empty]
const directory: Directory = {
  service: (key) => services.find((one) => `default/${one.metadata.name}` === key),
  slices: (key) => (key === 'default/db' ? [dbSlice] : []),
  hasServices: (namespace) => namespace === 'default',
  servicesAt: (address) => services.filter(({ spec }) => spec?.clusterIP === address),
  slicesAt: (address) =>
    dbSlice.endpoints?.some((one) => one.addresses.includes(address)) ? [dbSlice] : [],
}

function ask(name: string, type: keyof typeof recordTypes) {
  return zoneAnswer({ name, type: recordTypes[type] }, zone, directory)
}

/** What an answer says, in the words of a zone file. */
function lines(records: readonly Resource[] = []): string[] {
  return records.map((one) => {
    if (one.type === 'A') return `${one.name} A ${one.address}`
    if (one.type === 'SRV') return `${one.name} SRV ${one.port} ${one.target}`
    if (one.type === 'CNAME' || one.type === 'PTR') return `${one.name} ${one.type} ${one.target}`
    return `${one.name} ${one.type}`
  })
}

test('[sig-network] DNS should provide DNS for the cluster [Conformance]', () => {
  const own = 'web.default.svc.cluster.local'
  assert.deepEqual(lines(ask(own, 'A')?.answers), [`${own} A 10.96.0.10`])
  assert.equal(ask('example.com', 'A'), undefined, 'others know')
  assert.equal(ask('notcluster.local', 'A'), undefined)
  assert.equal(ask('dns-version.cluster.local', 'TXT')?.answers.length, 1)
})

test('[sig-network] DNS should provide DNS for services [Conformance]', () => {
  const own = 'web.default.svc.cluster.local'
  const named = ask(`_http._tcp.${own}`, 'SRV')
  assert.deepEqual(lines(named?.answers), [`_http._tcp.${own} SRV 80 ${own}`])
  assert.deepEqual(lines(named?.additional), [`${own} A 10.96.0.10`])
  const reverse = '10.0.96.10.in-addr.arpa'
  assert.deepEqual(lines(ask(reverse, 'PTR')?.answers), [`${reverse} PTR ${own}`])
  const headless = 'db.default.svc.cluster.local'
  assert.deepEqual(
    lines(ask(headless, 'A')?.answers),
    [`${headless} A 10.0.0.1`, `${headless} A 10.0.0.2`],
    'those that are ready',
  )
  assert.deepEqual(lines(ask(`_sql._tcp.${headless}`, 'SRV')?.answers), [
    `_sql._tcp.${headless} SRV 5432 db-0.${headless}`,
    `_sql._tcp.${headless} SRV 5432 10-0-0-2.${headless}`,
  ])
})

test('[sig-network] DNS should provide DNS for pods for Hostname [Conformance]', () => {
  const own = 'db-0.db.default.svc.cluster.local'
  assert.deepEqual(lines(ask(own, 'A')?.answers), [`${own} A 10.0.0.1`])
  const reverse = '1.0.0.10.in-addr.arpa'
  assert.deepEqual(lines(ask(reverse, 'PTR')?.answers), [`${reverse} PTR ${own}`])
  assert.equal(ask('2.0.0.10.in-addr.arpa', 'PTR'), undefined, 'no hostname: others may know')
  const pod = '10-0-0-9.default.pod.cluster.local'
  assert.deepEqual(lines(ask(pod, 'A')?.answers), [`${pod} A 10.0.0.9`])
})

test('[sig-network] DNS should provide DNS for ExternalName services [Conformance]', () => {
  const own = 'away.default.svc.cluster.local'
  const answer = ask(own, 'A')
  assert.deepEqual(lines(answer?.answers), [`${own} CNAME foo.example.com`])
  assert.equal(answer?.follow, 'foo.example.com')
})

test('a name without records of the wanted type is told from one that is not there', () => {
  for (const name of [
    'web.default.svc.cluster.local',
    'default.svc.cluster.local',
    'cluster.local',
  ])
    assert.deepEqual(
      [ask(name, 'AAAA')?.code, ask(name, 'AAAA')?.answers, ask(name, 'AAAA')?.authority?.length],
      [0, [], 1],
      name,
    )
  for (const name of [
    'absent.default.svc.cluster.local',
    'x.web.default.svc.cluster.local',
    'empty.default.svc.cluster.local',
    '_ftp._tcp.web.default.svc.cluster.local',
    'absent.svc.cluster.local',
    '10-0-0-999.default.pod.cluster.local',
    'else.cluster.local',
  ])
    assert.equal(ask(name, 'A')?.code, 3, name)
})

test('names are found however they are written, and answered as they were', () => {
  const name = 'WEB.Default.svc.Cluster.local'
  assert.deepEqual(lines(ask(name, 'A')?.answers), [`${name} A 10.96.0.10`])
})

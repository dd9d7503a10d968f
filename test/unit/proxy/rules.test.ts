import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceSpec } from '../../../src/kinds/types.ts'
import { type Endpoint, isIpv4, serviceKeyOfSlice, serviceRules } from '../../../src/proxy/rules.ts'
import { type EndpointShape, service, slice } from './services.ts'

const here = new Set(['w1'])

function addresses(...endpoints: EndpointShape[]): string[] {
  const [rule] = serviceRules(service('web', '10.96.0.10'), [slice('web', endpoints)], here)
  return (rule?.endpoints ?? []).map(({ ip, port }) => `${ip}:${port}`)
}

test('a cluster IP leads to its ready endpoints', () => {
  const rules = serviceRules(
    service('web', '10.96.0.10'),
    [
      slice('web', [
        { ip: '10.1.0.2' },
        { ip: '10.1.0.1', ready: true },
        { ip: '10.1.0.3', ready: false },
      ]),
    ],
    here,
  )
  assert.deepEqual(rules, [
    {
      key: 'default/web:/tcp',
      protocol: 'tcp',
      frontends: [{ kind: 'cluster-ip', ip: '10.96.0.10', port: 80 }],
      endpoints: [
        { ip: '10.1.0.1', port: 8080 },
        { ip: '10.1.0.2', port: 8080 },
      ],
      affinitySeconds: undefined,
    },
  ])
})

test('without ready endpoints those that serve while terminating are used', () => {
  const dying = { ready: false, serving: true, terminating: true }
  assert.deepEqual(addresses({ ip: '10.1.0.1', ...dying }, { ip: '10.1.0.2' }), ['10.1.0.2:8080'])
  assert.deepEqual(addresses({ ip: '10.1.0.1', ...dying }), ['10.1.0.1:8080'])
  assert.deepEqual(addresses({ ip: '10.1.0.1', ready: false, serving: true }), [])
  assert.deepEqual(
    addresses({ ip: '10.1.0.1', ready: false, serving: false, terminating: true }),
    [],
  )
})

test('an endpoint in two slices counts once', () => {
  const one = slice('web', [{ ip: '10.1.0.1' }])
  const [rule] = serviceRules(service('web', '10.96.0.10'), [one, one], here)
  assert.equal(rule?.endpoints.length, 1)
})

test('headless, external-name and IPv6 services need no rules', () => {
  const slices = [slice('web', [{ ip: '10.1.0.1' }])]
  assert.deepEqual(serviceRules(service('web', 'None'), slices, here), [])
  assert.deepEqual(serviceRules(service('web', ''), slices, here), [])
  assert.deepEqual(serviceRules(service('web', 'fd00::1'), slices, here), [])
  assert.deepEqual(
    serviceRules(service('web', '10.96.0.1', { type: 'ExternalName' }), slices, here),
    [],
  )
})

test('node ports, external and balancer addresses are frontends as well', () => {
  const one = service('web', '10.96.0.10', {
    ports: [{ port: 80, nodePort: 30_080 }],
    externalIPs: ['192.0.2.7', 'no address'],
  })
  one.status = {
    loadBalancer: { ingress: [{ ip: '192.0.2.8' }, { ip: '192.0.2.9', ipMode: 'Proxy' }] },
  }
  const [rule] = serviceRules(one, [], here)
  assert.deepEqual(rule?.frontends, [
    { kind: 'cluster-ip', ip: '10.96.0.10', port: 80 },
    { kind: 'external-ip', ip: '192.0.2.7', port: 80 },
    { kind: 'external-ip', ip: '192.0.2.8', port: 80 },
    { kind: 'node-port', ip: '', port: 30_080 },
  ])
})

test('ports are matched by name and protocol', () => {
  const dns = service('dns', '10.96.0.10', {
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  })
  const rules = serviceRules(
    dns,
    [slice('dns', [{ ip: '10.1.0.1' }], { name: 'dns', port: 5353, protocol: 'UDP' })],
    here,
  )
  assert.deepEqual(
    rules.map(({ key, endpoints }) => [key, endpoints.length]),
    [
      ['default/dns:dns/udp', 1],
      ['default/dns:dns-tcp/tcp', 0],
    ],
  )
})

test('internal traffic stays on this host when its policy says so, node ports do not', () => {
  const one = service('web', '10.96.0.10', {
    internalTrafficPolicy: 'Local',
    ports: [{ port: 80, nodePort: 30_080 }],
  })
  const slices = [
    slice('web', [
      { ip: '10.1.0.1', node: 'w1' },
      { ip: '10.2.0.1', node: 'w2' },
    ]),
  ]
  const rules = serviceRules(one, slices, here)
  assert.deepEqual(
    rules.map(({ key, endpoints }) => [key, endpoints.map(({ ip }) => ip)]),
    [
      ['default/web:/tcp/internal', ['10.1.0.1']],
      ['default/web:/tcp/external', ['10.1.0.1', '10.2.0.1']],
    ],
  )
})

/** The rules of a service with a node port and one endpoint on each of these nodes. */
function policyRules(spec: Partial<ServiceSpec>, endpoints: EndpointShape[]) {
  const ports = [{ port: 80, nodePort: 30_080 }]
  const rules = serviceRules(
    service('web', '10.96.0.10', { ports, ...spec }),
    [slice('web', endpoints)],
    here,
  )
  const ips = (some?: readonly Endpoint[]) => some?.map(({ ip }) => ip)
  return rules.map(({ key, frontends, endpoints: all, local, drops }) => ({
    kind: key.replace('default/web:/tcp', ''),
    frontends: frontends.map(({ kind }) => kind),
    ...{ endpoints: ips(all), local: ips(local), drops },
  }))
}

const [onThis, onOther] = [
  { ip: '10.1.0.1', node: 'w1' },
  { ip: '10.2.0.1', node: 'w2' },
]

test('external traffic stays on this host when its policy says so, cluster IPs reach all', () => {
  const local = (endpoints: EndpointShape[]) =>
    policyRules({ type: 'NodePort', externalTrafficPolicy: 'Local' }, endpoints)
  const frontends = ['cluster-ip', 'node-port']
  const all = ['10.1.0.1', '10.2.0.1']
  const rule = { kind: '', frontends, drops: undefined }
  assert.deepEqual(local([onThis, onOther]), [{ ...rule, endpoints: all, local: ['10.1.0.1'] }])
  assert.deepEqual(local([onOther]), [{ ...rule, endpoints: ['10.2.0.1'], local: [] }])
  assert.deepEqual(
    local([]),
    [{ ...rule, endpoints: [], local: undefined }],
    'refused, not dropped',
  )
  const dying = { ...onThis, ready: false, serving: true, terminating: true }
  assert.deepEqual(
    local([dying, onOther]),
    [{ ...rule, endpoints: ['10.2.0.1'], local: ['10.1.0.1'] }],
    'the last one here still serves who comes from outside',
  )
})

test('internal traffic without an endpoint on this host is dropped, with none at all refused', () => {
  const [inside, outside] = policyRules({ internalTrafficPolicy: 'Local' }, [onOther])
  assert.deepEqual([inside?.endpoints, inside?.drops], [[], true])
  assert.deepEqual(
    [outside?.endpoints, outside?.local, outside?.drops],
    [['10.2.0.1'], undefined, undefined],
  )
  const [none] = policyRules({ internalTrafficPolicy: 'Local' }, [])
  assert.deepEqual([none?.endpoints, none?.drops], [[], undefined])
})

test('both policies may keep traffic on this host', () => {
  const both = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' }
  const [inside, outside] = policyRules({ type: 'NodePort', ...both }, [onThis, onOther])
  assert.deepEqual([inside?.kind, inside?.endpoints], ['/internal', ['10.1.0.1']])
  assert.deepEqual([outside?.kind, outside?.local], ['/external', ['10.1.0.1']])
})

test('session affinity carries its time', () => {
  const seconds = (config?: object) =>
    serviceRules(
      service('web', '10.96.0.1', { sessionAffinity: 'ClientIP', ...config }),
      [],
      here,
    )[0]?.affinitySeconds
  assert.equal(seconds(), 10_800)
  assert.equal(seconds({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }), 60)
})

test('addresses that could smuggle text into rules are no addresses', () => {
  for (const text of ['10.0.0.1 }', '10.0.0', '010.0.0.1', '10.0.0.256', '', undefined])
    assert.equal(isIpv4(text), false, String(text))
  assert.equal(isIpv4('10.0.0.1'), true)
})

test('a slice names its service by label', () => {
  assert.equal(serviceKeyOfSlice(slice('web', [])), 'default/web')
  assert.equal(serviceKeyOfSlice({ metadata: { name: 'x' }, addressType: 'IPv4' }), undefined)
})

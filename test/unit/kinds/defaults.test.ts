import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import { qosClass } from '../../../src/kinds/core/pod/qos-class.ts'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { allKinds, kindOfResource } from '../../../src/kinds/scheme.ts'
import type { Container, Deployment, Node, Pod, Service } from '../../../src/kinds/types.ts'

function defaulted<T>(name: string, fields: object): T {
  const kind = present(
    allKinds.find((known) => known.kind === name),
    name,
  )
  const object = { metadata: { name: 'a' }, ...structuredClone(fields) } as AnyObject
  applyDefaults(kind, object)
  return object as T
}

function defaultedContainer(container: object): Container {
  const { spec } = defaulted<Pod>('Pod', { spec: { containers: [container] } })
  return present(spec?.containers[0], 'container')
}

test('a pod spec gets what Kubernetes gives it', () => {
  const { spec } = defaulted<Pod>('Pod', { spec: { containers: [{ name: 'c', image: 'i:1' }] } })
  assert.deepEqual(spec, {
    containers: [
      {
        name: 'c',
        image: 'i:1',
        imagePullPolicy: 'IfNotPresent',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  })
})

const policies = [
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1.2', 'IfNotPresent'],
  ['host:5000/nginx', 'Always'],
  ['host:5000/a/nginx:1', 'IfNotPresent'],
  ['nginx@sha256:ab', 'IfNotPresent'],
  ['nginx:latest@sha256:ab', 'Always'],
] as const

for (const [image, policy] of policies)
  test(`${image} is pulled ${policy}`, () => {
    assert.equal(defaultedContainer({ name: 'c', image }).imagePullPolicy, policy)
  })

test('requests follow limits, ports are TCP, probes have their periods', () => {
  const container = defaultedContainer({
    name: 'c',
    image: 'i:1',
    ports: [{ containerPort: 80 }],
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
    livenessProbe: { httpGet: { port: 80 } },
  })
  assert.deepEqual({ ...container.resources?.requests }, { cpu: '500m', memory: '1Gi' })
  assert.equal(container.ports?.[0]?.protocol, 'TCP')
  assert.deepEqual(container.livenessProbe, {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })
})

test('a volume without a source is an empty directory', () => {
  const { spec } = defaulted<Pod>('Pod', {
    spec: { containers: [], volumes: [{ name: 'v' }, { name: 'w', secret: { secretName: 's' } }] },
  })
  assert.deepEqual(spec?.volumes, [
    { name: 'v', emptyDir: {} },
    { name: 'w', secret: { secretName: 's', defaultMode: 420 } },
  ])
})

test('a deployment rolls by quarters', () => {
  const { spec } = defaulted<Deployment>('Deployment', { spec: { template: { spec: {} } } })
  assert.deepEqual(spec?.strategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
  })
  assert.equal(spec?.replicas, 1)
  assert.equal(spec?.revisionHistoryLimit, 10)
  assert.equal(spec?.progressDeadlineSeconds, 600)
  assert.equal(spec?.template.spec?.enableServiceLinks, undefined)
  assert.equal(spec?.template.spec?.dnsPolicy, 'ClusterFirst')
})

test('a recreating deployment has no rolling settings', () => {
  const { spec } = defaulted<Deployment>('Deployment', { spec: { strategy: { type: 'Recreate' } } })
  assert.deepEqual(spec?.strategy, { type: 'Recreate' })
})

test('a service gets its type and target ports; its families are chosen with its address', () => {
  const { spec } = defaulted<Service>('Service', {
    spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] },
  })
  assert.deepEqual(spec, {
    type: 'LoadBalancer',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
  })
})

test('a namespace is labelled with its name and kept by a finalizer', () => {
  const kind = present(kindOfResource('', 'v1', 'namespaces'), 'namespaces')
  const object = defaulted<AnyObject>('Namespace', {})
  kind.prepareCreate(object)
  assert.equal(object.metadata.labels?.['kubernetes.io/metadata.name'], 'a')
  assert.deepEqual(object['spec'], { finalizers: ['kubernetes'] })
  assert.deepEqual(object['status'], { phase: 'Active' })
})

test('stringData ends up in data', () => {
  const kind = present(kindOfResource('', 'v1', 'secrets'), 'secrets')
  const object = defaulted<AnyObject>('Secret', {
    data: { a: 'AA==' },
    stringData: { b: 'x', a: 'y' },
  })
  kind.prepareCreate(object)
  assert.deepEqual({ ...(object['data'] as object) }, { a: 'eQ==', b: 'eA==' })
  assert.equal(object['stringData'], undefined)
})

test('writes to the main path keep the status, writes to /status keep the rest', () => {
  const kind = present(kindOfResource('apps', 'v1', 'deployments'), 'deployments')
  const old = { metadata: { name: 'a', uid: 'u' }, spec: { replicas: 1 }, status: { replicas: 1 } }
  const main: AnyObject = {
    metadata: { name: 'a' },
    spec: { replicas: 2 },
    status: { replicas: 2 },
  }
  kind.prepareUpdate(main, old)
  assert.deepEqual([main['spec'], main['status']], [{ replicas: 2 }, { replicas: 1 }])
  const status: AnyObject = {
    metadata: { name: 'a' },
    spec: { replicas: 2 },
    status: { replicas: 2 },
  }
  kind.prepareStatusUpdate(status, old, 0)
  assert.deepEqual([status['spec'], status['status']], [{ replicas: 1 }, { replicas: 2 }])
  assert.equal(status.metadata.uid, 'u')
})

test('quality of service follows requests and limits', () => {
  const quality = (...resources: object[]): string =>
    qosClass({
      metadata: {},
      spec: { containers: resources.map((entry) => ({ name: 'c', resources: entry })) },
    })
  const both = { cpu: '1', memory: '1Gi' }
  assert.equal(quality({}, {}), 'BestEffort')
  assert.equal(quality({ limits: both, requests: both }), 'Guaranteed')
  assert.equal(quality({ limits: both }, {}), 'Burstable')
  assert.equal(quality({ limits: both, requests: { ...both, cpu: '500m' } }), 'Burstable')
  assert.equal(quality({ requests: { cpu: '1' } }), 'Burstable')
})

test('a service account has two names, in templates too; the newer one counts', () => {
  const names = (given: object) => {
    const template = { spec: { containers: [], ...given } }
    const { spec } = defaulted<Deployment>('Deployment', { spec: { template } })
    const { serviceAccount, serviceAccountName } = present(spec?.template.spec, 'the template')
    return [serviceAccount, serviceAccountName]
  }
  assert.deepEqual(names({ serviceAccountName: 'a' }), ['a', 'a'])
  assert.deepEqual(names({ serviceAccount: 'b' }), ['b', 'b'])
  assert.deepEqual(names({ serviceAccountName: 'a', serviceAccount: 'b' }), ['a', 'a'])
  assert.deepEqual(names({}), [undefined, undefined])
})

const pairs: [given: object, podIP: string, podIPs: string[]][] = [
  [{ podIP: '10.0.0.1' }, '10.0.0.1', ['10.0.0.1']],
  [{ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd::1' }] }, '10.0.0.1', ['10.0.0.1', 'fd::1']],
  [{ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.2' }, { ip: 'fd::1' }] }, '10.0.0.1', ['10.0.0.1']],
]
for (const [given, podIP, podIPs] of pairs)
  test(`the addresses of a pod agree: ${JSON.stringify(given)}`, () => {
    const { status } = defaulted<Pod>('Pod', { spec: { containers: [] }, status: given })
    assert.equal(status?.podIP, podIP)
    assert.deepEqual(
      status?.podIPs?.map(({ ip }) => ip),
      podIPs,
    )
  })

test('the networks of a node agree', () => {
  const networks = (spec: object) => {
    const { podCIDR, podCIDRs } = present(defaulted<Node>('Node', { spec }).spec, 'the spec')
    return [podCIDR, podCIDRs]
  }
  assert.deepEqual(networks({ podCIDR: '10.0.0.0/24' }), ['10.0.0.0/24', ['10.0.0.0/24']])
  assert.deepEqual(networks({ podCIDRs: ['10.0.0.0/24'] }), ['10.0.0.0/24', ['10.0.0.0/24']])
  assert.deepEqual(networks({}), [undefined, undefined])
})

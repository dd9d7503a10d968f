import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { qosClass } from '../../../src/kinds/core/pod/qos-class.ts'
import { backoffDecision, backoffFromHistory } from '../../../src/kubelet/backoff.ts'
import {
  containerHash,
  desiredContainer,
  desiredDns,
  desiredResources,
  desiredSandbox,
  pullPolicy,
} from '../../../src/kubelet/desired.ts'
import { containerEnv, expandReferences, type PodSurroundings } from '../../../src/kubelet/env.ts'
import { inUnitsOf, milliCpu, wholeBytes } from '../../../src/kubelet/quantity.ts'
import { containerOf, podOf } from './pods.ts'

const around: PodSurroundings = {
  configMaps: new Map([
    ['settings', { metadata: {}, data: { colour: 'blue', '9bad': 'x', __proto__x: 'kept' } }],
  ]),
  secrets: new Map([
    ['keys', { metadata: {}, data: { token: Buffer.from('hush').toString('base64') } }],
  ]),
  nodeName: 'w1',
  hostIp: '10.0.0.9',
  podIp: '10.1.0.7',
  allocatable: { cpuCores: 4, memoryBytes: 8 * 1024 ** 3 },
  serviceEnv: new Map([['KUBERNETES_SERVICE_HOST', '10.96.0.1']]),
}

describe('environment of a container', () => {
  const env = (container: Parameters<typeof containerOf>[1], pod = podOf()) =>
    containerEnv(pod, containerOf('main', container), around)

  test('references: $(NAME), $$(NAME), unknown names, earlier variables and services', () => {
    const known = (name: string) => (name === 'A' ? 'one' : undefined)
    assert.equal(expandReferences('$(A)-$(B)-$$(A)-$A-$', known), 'one-$(B)-$(A)-$A-$')
    const found = env({
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', value: '$(A)/$(KUBERNETES_SERVICE_HOST)/$(C)' },
        { name: 'C', value: 'late' },
      ],
    })
    assert.equal(found.get('B'), 'x/10.96.0.1/$(C)')
  })

  test('ConfigMaps and Secrets, whole and by key, with prefix', () => {
    const found = env({
      envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }],
      env: [
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
        {
          name: 'NONE',
          valueFrom: { configMapKeyRef: { name: 'absent', key: 'x', optional: true } },
        },
      ],
    })
    assert.equal(found.get('S_colour'), 'blue')
    assert.equal(found.get('S_9bad'), 'x')
    const bare = env({ envFrom: [{ prefix: '1-', configMapRef: { name: 'settings' } }] })
    assert.equal(bare.get('1-colour'), 'blue', 'any name that the API takes')
    assert.equal(found.get('TOKEN'), 'hush')
    assert.equal(found.has('NONE'), false)
  })

  test('what is missing is named', () => {
    const rows: [Parameters<typeof env>[0], RegExp][] = [
      [{ envFrom: [{ secretRef: { name: 'absent' } }] }, /^secret "absent" not found$/],
      [
        { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no' } } }] },
        /^couldn't find key no in configmap settings$/,
      ],
      [
        { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'constructor' } } }] },
        /^couldn't find key constructor in secret keys$/,
      ],
    ]
    for (const [container, message] of rows)
      assert.throws(() => env(container), { name: 'ConfigError', message })
  })

  test('fields and resources', () => {
    const pod = podOf()
    pod.metadata.labels = { app: 'shop' }
    const field = (fieldPath: string) => ({
      name: fieldPath,
      valueFrom: { fieldRef: { fieldPath } },
    })
    const amount = (resource: string, divisor?: string) => ({
      name: `${resource}/${divisor ?? ''}`,
      valueFrom: { resourceFieldRef: { resource, ...(divisor ? { divisor } : {}) } },
    })
    const found = env(
      {
        resources: { limits: { memory: '64Mi' }, requests: { cpu: '250m' } },
        env: [
          ...['metadata.name', "metadata.labels['app']", 'status.podIP', 'spec.nodeName'].map(
            field,
          ),
          ...[amount('limits.memory', '1Mi'), amount('requests.cpu'), amount('limits.cpu')],
        ],
      },
      pod,
    )
    assert.deepEqual([...found.values()].slice(1), [
      'web',
      'shop',
      '10.1.0.7',
      'w1',
      '64',
      '1',
      '4',
    ])
  })
})

describe('from a pod to what the runtime is asked for', () => {
  test('command and arguments are expanded, settings of pod and container meet', () => {
    const container = containerOf('main', {
      command: ['run', '$(WHO)'],
      args: ['$(POD_IP)'],
      env: [
        { name: 'WHO', value: 'me' },
        { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ],
      securityContext: { runAsUser: 7, capabilities: { drop: ['ALL'] } },
    })
    const pod = podOf({ securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3 } })
    const config = desiredContainer({
      pod,
      container,
      kind: 'container',
      attempt: 2,
      mounts: [],
      around,
    })
    assert.deepEqual([config.command, config.args], [['run', 'me'], ['10.1.0.7']])
    const { runAsUser, runAsGroup, supplementalGroups, capabilitiesDrop } = config.security
    assert.deepEqual([runAsUser, runAsGroup, supplementalGroups], [7, 2, [3]])
    assert.deepEqual(capabilitiesDrop, ['ALL'])
    const root = podOf({ securityContext: { runAsNonRoot: true, runAsUser: 0 } })
    const plain = containerOf('main')
    const refused = { ...config, pod: root, container: plain, around, mounts: [] }
    assert.throws(() => desiredContainer(refused), { name: 'ConfigError' })
  })

  test('the hash sees name and image, and nothing that a default could change', () => {
    const one = containerOf('main')
    assert.equal(containerHash(one), containerHash({ ...one, imagePullPolicy: 'Always' }))
    assert.notEqual(containerHash(one), containerHash({ ...one, image: 'registry/main:2' }))
  })

  test('quantities, cgroup figures and quality of service', () => {
    const rows: [number, string | undefined, string][] = [
      [1500, undefined, '2'],
      [1500, '1m', '1500'],
      [1000 * 64 * 1024 ** 2, '1Mi', '64'],
      [1001, '0', '2'],
    ]
    for (const [milli, divisor, shown] of rows) assert.equal(inUnitsOf(milli, divisor), shown)
    assert.throws(() => wholeBytes('1 apple'))
    assert.equal(milliCpu('0.1'), 100)
    const limited = (limits: object, requests: object = {}) =>
      podOf({ containers: [containerOf('main', { resources: { limits, requests } } as never)] })
    const guaranteed = limited({ cpu: '500m', memory: '64Mi' })
    assert.equal(qosClass(guaranteed), 'Guaranteed')
    assert.equal(qosClass(limited({}, { cpu: '1' })), 'Burstable')
    assert.equal(qosClass(podOf()), 'BestEffort')
    const [container] = guaranteed.spec?.containers ?? []
    assert.deepEqual(container && desiredResources(guaranteed, container), {
      cpuShares: 512,
      cpuQuotaMicros: 50_000,
      memoryBytesMax: 64 * 1024 ** 2,
      oomScoreAdjustment: -997,
    })
  })

  test('resolver settings by policy', () => {
    const cluster = { nameservers: ['10.96.0.10'], domain: 'cluster.local' }
    const first = desiredDns(podOf(), cluster)
    assert.deepEqual(first?.searches, [
      'default.svc.cluster.local',
      'svc.cluster.local',
      'cluster.local',
    ])
    assert.deepEqual(first?.options, ['ndots:5'])
    assert.equal(desiredDns(podOf({ dnsPolicy: 'Default' }), cluster), undefined)
    assert.equal(desiredDns(podOf({ hostNetwork: true }), cluster), undefined)
    const own = desiredDns(
      podOf({
        dnsPolicy: 'ClusterFirst',
        dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] },
      }),
      cluster,
    )
    assert.deepEqual(own?.nameservers, ['10.96.0.10', '1.1.1.1'])
    assert.deepEqual(own?.options, ['ndots:2'])
  })

  test('sandbox: host ports, host names, long pod names', () => {
    const ports = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }]
    const pod = podOf({ containers: [containerOf('main', { ports })] }, 'a'.repeat(70))
    const sandbox = desiredSandbox(pod, 3, undefined)
    assert.deepEqual(sandbox.hostPorts, [
      { containerPort: 80, hostPort: 8080, hostIp: '', protocol: 'TCP' },
    ])
    assert.equal(sandbox.hostname.length, 63)
    assert.equal(sandbox.attempt, 3)
  })

  test('pull policy follows the tag', () => {
    const rows: [string, string | undefined, string][] = [
      ['nginx', undefined, 'Always'],
      ['nginx:latest', undefined, 'Always'],
      ['nginx:1', undefined, 'IfNotPresent'],
      ['host:5000/nginx', undefined, 'Always'],
      ['nginx@sha256:00', undefined, 'IfNotPresent'],
      ['nginx', 'Never', 'Never'],
    ]
    for (const [image, imagePullPolicy, expected] of rows)
      assert.equal(pullPolicy({ name: 'main', image, imagePullPolicy }), expected, image)
  })
})

test('restart back-off: at once, 10 s, 20 s, … 300 s, and from the beginning after calm', () => {
  let entry = undefined as Parameters<typeof backoffDecision>[0]
  let nowMs = 0
  const delays: number[] = []
  for (let crash = 0; crash < 8; crash += 1) {
    const finishedMs = nowMs
    let decision = backoffDecision(entry, finishedMs, nowMs)
    if (decision.wait) {
      delays.push(decision.untilMs - nowMs)
      nowMs = decision.untilMs
      decision = backoffDecision(entry, finishedMs, nowMs)
    } else delays.push(0)
    assert.ok(!decision.wait)
    entry = decision.next
    nowMs += 1000
  }
  assert.deepEqual(
    delays,
    [0, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000),
  )
  const calm = backoffDecision(entry, nowMs + 700_000, nowMs + 700_000)
  assert.ok(!calm.wait && calm.next.delayMs === 10_000)
  assert.equal(backoffFromHistory(0, 0, 0), undefined)
  assert.equal(backoffFromHistory(3, 0, 0)?.delayMs, 40_000)
  assert.equal(backoffFromHistory(99, 0, 0)?.delayMs, 300_000)
})

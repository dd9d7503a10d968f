import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { humanDuration } from '../../../src/kinds/print.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'

const nowMs = Date.parse('2026-01-01T01:00:00Z')
const metadata = { name: 'a', creationTimestamp: '2026-01-01T00:54:48Z' }

function row(name: string, fields: object): readonly unknown[] {
  const kind = present(
    allKinds.find((known) => known.kind === name),
    name,
  )
  return kind.row({ metadata, ...fields } as AnyObject, nowMs)
}

const durations: readonly (readonly [number, string])[] = [
  [-1, '0s'],
  [-3000, '<invalid>'],
  [0, '0s'],
  [999, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [312_000, '5m12s'],
  [600_000, '10m'],
  [179 * 60_000, '179m'],
  [180 * 60_000, '3h'],
  [181 * 60_000, '3h1m'],
  [8 * 3_600_000, '8h'],
  [47 * 3_600_000, '47h'],
  [48 * 3_600_000, '2d'],
  [52 * 3_600_000, '2d4h'],
  [8 * 86_400_000, '8d'],
  [729 * 86_400_000, '729d'],
  [730 * 86_400_000, '2y'],
  [800 * 86_400_000, '2y70d'],
  [3000 * 86_400_000, '8y'],
]

for (const [durationMs, text] of durations)
  test(`${durationMs} ms are ${text}`, () => assert.equal(humanDuration(durationMs), text))

const spec = { containers: [{ name: 'c' }, { name: 'd' }], nodeName: 'n1' }
const running = { name: 'c', ready: true, restartCount: 0, state: { running: {} } }
const ended = '2026-01-01T00:59:00Z'

/** Name of the case, fields of the pod, and the cells Ready, Status and Restarts. */
const pods: readonly (readonly [string, object, readonly [string, string, string]])[] = [
  ['new', { spec, status: { phase: 'Pending' } }, ['0/2', 'Pending', '0']],
  [
    'running',
    { spec, status: { phase: 'Running', containerStatuses: [running, running] } },
    ['2/2', 'Running', '0'],
  ],
  [
    'crashing',
    {
      spec,
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c',
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: ended } },
          },
          running,
        ],
      },
    },
    ['1/2', 'CrashLoopBackOff', '3 (60s ago)'],
  ],
  [
    'without a reason',
    {
      spec,
      status: {
        phase: 'Failed',
        containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 3 } } }],
      },
    },
    ['0/2', 'ExitCode:3', '0'],
  ],
  [
    'killed by a signal',
    {
      spec,
      status: {
        phase: 'Failed',
        containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 137, signal: 9 } } }],
      },
    },
    ['0/2', 'Signal:9', '0'],
  ],
  [
    'initializing',
    {
      spec: { ...spec, initContainers: [{ name: 'i' }, { name: 'j' }] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          { name: 'j', state: { running: {} } },
        ],
        containerStatuses: [{ name: 'c', state: { waiting: { reason: 'PodInitializing' } } }],
      },
    },
    ['0/2', 'Init:1/2', '0'],
  ],
  [
    'failing to initialize',
    {
      spec: { ...spec, initContainers: [{ name: 'i' }] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    },
    ['0/2', 'Init:CrashLoopBackOff', '2'],
  ],
  [
    'with a sidecar',
    {
      spec: { ...spec, initContainers: [{ name: 's', restartPolicy: 'Always' }] },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Initialized', status: 'True' }],
        initContainerStatuses: [
          { name: 's', started: true, ready: true, restartCount: 1, state: { running: {} } },
        ],
        containerStatuses: [running, running],
      },
    },
    ['3/3', 'Running', '1'],
  ],
  [
    'terminating',
    {
      metadata: { ...metadata, deletionTimestamp: ended },
      spec,
      status: { phase: 'Running', containerStatuses: [running, running] },
    },
    ['2/2', 'Terminating', '0'],
  ],
  [
    'on a lost node',
    {
      metadata: { ...metadata, deletionTimestamp: ended },
      spec,
      status: { phase: 'Running', reason: 'NodeLost' },
    },
    ['0/2', 'Unknown', '0'],
  ],
  [
    'completed and deleted',
    {
      metadata: { ...metadata, deletionTimestamp: ended },
      spec,
      status: {
        phase: 'Succeeded',
        containerStatuses: [
          { name: 'c', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        ],
      },
    },
    ['0/2', 'Completed', '0'],
  ],
  [
    'half completed',
    {
      spec,
      status: {
        phase: 'Running',
        containerStatuses: [
          { name: 'c', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          running,
        ],
      },
    },
    ['1/2', 'NotReady', '0'],
  ],
  ['evicted', { spec, status: { phase: 'Failed', reason: 'Evicted' } }, ['0/2', 'Evicted', '0']],
  [
    'gated',
    {
      spec,
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      },
    },
    ['0/2', 'SchedulingGated', '0'],
  ],
]

for (const [what, fields, cells] of pods)
  test(`a pod ${what} shows ${cells.join(' ')}`, () => {
    assert.deepEqual(row('Pod', fields).slice(1, 4), cells)
  })

const rows: readonly (readonly [string, object, readonly unknown[]])[] = [
  [
    'Pod',
    {
      spec: { ...spec, readinessGates: [{ conditionType: 'x' }] },
      status: { phase: 'Running', podIPs: [{ ip: '10.0.0.9' }] },
    },
    ['a', '0/2', 'Running', '0', '5m12s', '10.0.0.9', 'n1', '<none>', '0/1'],
  ],
  [
    'Deployment',
    {
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'a' } },
        template: {
          spec: {
            containers: [
              { name: 'c', image: 'i' },
              { name: 'd', image: 'j' },
            ],
          },
        },
      },
      status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
    },
    ['a', '1/3', 2, 1, '5m12s', 'c,d', 'i,j', 'app=a'],
  ],
  [
    'ReplicaSet',
    { spec: { replicas: 2, selector: {} }, status: { replicas: 1 } },
    ['a', 2, 1, 0, '5m12s', '', '', '<none>'],
  ],
  [
    'Service',
    {
      spec: {
        type: 'NodePort',
        clusterIP: '10.0.0.1',
        ports: [
          { port: 80, nodePort: 30080, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { b: '1', a: '2' },
      },
    },
    ['a', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP,53/UDP', '5m12s', 'a=2,b=1'],
  ],
  [
    'Service',
    { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1', ports: [{ port: 80 }] } },
    ['a', 'LoadBalancer', '10.0.0.1', '<pending>', '80/TCP', '5m12s', '<none>'],
  ],
  [
    'Service',
    { spec: { type: 'ExternalName', externalName: 'x.y' } },
    ['a', 'ExternalName', '<none>', 'x.y', '<none>', '5m12s', '<none>'],
  ],
  [
    'Node',
    {
      metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.2' }],
        nodeInfo: { kubeletVersion: 'v1', osImage: 'o', kernelVersion: 'k' },
      },
    },
    [
      'a',
      'Ready,SchedulingDisabled',
      'worker',
      '5m12s',
      'v1',
      '10.0.0.2',
      '<none>',
      'o',
      'k',
      '<unknown>',
    ],
  ],
  ['Node', {}, ['a', 'Unknown', '<none>', '5m12s', '', '<none>', '<none>', ...unknown(3)]],
  ['Namespace', { status: { phase: 'Active' } }, ['a', 'Active', '5m12s']],
  ['ConfigMap', { data: { x: '' }, binaryData: { y: '' } }, ['a', 2, '5m12s']],
  ['Secret', { type: 'Opaque', data: { x: '' } }, ['a', 'Opaque', 1, '5m12s']],
  ['ServiceAccount', {}, ['a', '5m12s']],
  ['Lease', { spec: { holderIdentity: 'h' } }, ['a', 'h', '5m12s']],
  [
    'EndpointSlice',
    {
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: ['1', '2', '3', '4', '5'].map((last) => ({ addresses: [`10.0.0.${last}`] })),
    },
    ['a', 'IPv4', '80', '10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...', '5m12s'],
  ],
  ['EndpointSlice', { addressType: 'IPv4' }, ['a', 'IPv4', '<unset>', '<unset>', '5m12s']],
  [
    'Event',
    {
      type: 'Normal',
      reason: 'Pulled',
      message: ' done ',
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
      source: { component: 'kubelet', host: 'n1' },
      firstTimestamp: '2026-01-01T00:58:00Z',
      lastTimestamp: ended,
      count: 4,
    },
    ['60s', 'Normal', 'Pulled', 'pod/p', 'spec', 'kubelet, n1', 'done', '2m', 4, 'a'],
  ],
]

for (const [name, fields, cells] of rows)
  test(`a ${name} shows ${cells.slice(0, 4).join(' ')}`, () => {
    assert.deepEqual(row(name, fields), cells)
  })

test('an object without a time has an unknown age', () => {
  assert.deepEqual(row('ServiceAccount', { metadata: { name: 'a' } }), ['a', '<unknown>'])
})

function unknown(count: number): string[] {
  return new Array<string>(count).fill('<unknown>')
}

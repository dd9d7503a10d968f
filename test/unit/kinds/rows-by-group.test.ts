import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { kindNamed } from './judge.ts'

/** Cells of objects whose age is 5m12s. */
const nowMs = Date.parse('2026-01-01T01:00:00Z')
const created = '2026-01-01T00:54:48Z'
const age = '5m12s'
const labels = { app: 'a' }
const selector = { matchLabels: labels }
const pods = { containers: [{ name: 'c', image: 'i' }] }
const template = { metadata: { labels }, spec: { ...pods, nodeSelector: { disk: 'ssd' } } }
const started = '2026-01-01T00:50:00Z'
const scaleTargetRef = { kind: 'Deployment', name: 'web' }
const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }
const cpu = (target: object) => ({ type: 'Resource', resource: { name: 'cpu', target } })
const cpuNow = (current: object) => ({ type: 'Resource', resource: { name: 'cpu', current } })

const rows: readonly (readonly [string, object, readonly unknown[]])[] = [
  [
    'StatefulSet',
    { spec: { replicas: 3, template }, status: { readyReplicas: 2 } },
    ['a', '2/3', age, 'c', 'i'],
  ],
  [
    'DaemonSet',
    {
      spec: { selector, template },
      status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 },
    },
    ['a', 3, 2, 1, 0, 0, 'disk=ssd', age, 'c', 'i', 'app=a'],
  ],
  [
    'ControllerRevision',
    { metadata: { ownerReferences: [owner] }, revision: 4 },
    ['a', 'statefulset.apps/db', 4, age],
  ],
  ['ControllerRevision', {}, ['a', '<none>', 0, age]],
  [
    'Job',
    { spec: { completions: 3, template, selector }, status: { succeeded: 1, startTime: started } },
    ['a', 'Running', '1/3', '10m', age, 'c', 'i', 'app=a'],
  ],
  [
    'Job',
    {
      spec: { parallelism: 2, template },
      status: {
        startTime: started,
        completionTime: '2026-01-01T00:50:30Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    },
    ['a', 'Complete', '0/1 of 2', '30s', age, 'c', 'i', '<none>'],
  ],
  [
    'Job',
    {
      spec: { completions: 1, suspend: true },
      status: { conditions: [{ type: 'Suspended', status: 'True' }] },
    },
    ['a', 'Suspended', '0/1', '', age, '', '', '<none>'],
  ],
  [
    'CronJob',
    {
      spec: { schedule: '@daily', suspend: false, jobTemplate: { spec: { template } } },
      status: { active: [{ name: 'x' }], lastScheduleTime: started },
    },
    ['a', '@daily', '<none>', 'False', 1, '10m', age, 'c', 'i', '<none>'],
  ],
  [
    'v2/HorizontalPodAutoscaler',
    {
      spec: {
        scaleTargetRef,
        minReplicas: 1,
        maxReplicas: 5,
        metrics: [cpu({ averageUtilization: 80 }), cpu({ averageValue: '1' }), cpu({})],
      },
      status: { currentReplicas: 2, currentMetrics: [cpuNow({ averageUtilization: 50 })] },
    },
    ['a', 'Deployment/web', 'cpu: 50%/80%, cpu: <unknown>/1 + 1 more...', '1', 5, 2, age],
  ],
  [
    'v1/HorizontalPodAutoscaler',
    { spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 } },
    ['a', 'Deployment/web', 'cpu: <unknown>/70%', '<unset>', 5, 0, age],
  ],
  [
    'Ingress',
    {
      spec: {
        ingressClassName: 'nginx',
        tls: [{}],
        rules: ['1', '2', '3', '4'].map((host) => ({ host: `${host}.a` })),
      },
      status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'b' }] } },
    },
    ['a', 'nginx', '1.a,2.a,3.a + 1 more...', '1.2.3.4,b', '80, 443', age],
  ],
  ['Ingress', { spec: { rules: [{}] } }, ['a', '<none>', '*', '', '80', age]],
  [
    'IngressClass',
    { spec: { controller: 'a.b/c', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } } },
    ['a', 'a.b/c', 'K.g/n', age],
  ],
  ['NetworkPolicy', { spec: { podSelector: selector } }, ['a', 'app=a', age]],
  [
    'ServiceCIDR',
    { spec: { cidrs: ['10.0.0.0/8', 'fd00::/64'] } },
    ['a', '10.0.0.0/8,fd00::/64', age],
  ],
  [
    'IPAddress',
    { spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } },
    ['a', 'services/n/s'],
  ],
  [
    'PodDisruptionBudget',
    { spec: { maxUnavailable: '30%' }, status: { disruptionsAllowed: 1 } },
    ['a', 'N/A', '30%', 1, age],
  ],
  [
    'PersistentVolume',
    {
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'n', name: 'c' },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Bound' },
    },
    ['a', '5Gi', 'RWO,RWX', 'Retain', 'Bound', 'n/c', 'fast', '<unset>', '', age, 'Filesystem'],
  ],
  [
    'PersistentVolumeClaim',
    { spec: { resources: { requests: { storage: '1Gi' } } }, status: { phase: 'Pending' } },
    ['a', 'Pending', '', '', '', '', '<unset>', age, '<unset>'],
  ],
  [
    'PersistentVolumeClaim',
    {
      spec: { volumeName: 'v', storageClassName: 'fast', volumeMode: 'Block' },
      status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOncePod'] },
    },
    ['a', 'Bound', 'v', '2Gi', 'RWOP', 'fast', '<unset>', age, 'Block'],
  ],
  [
    'StorageClass',
    {
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'a.b/c',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
    },
    ['a (default)', 'a.b/c', 'Delete', 'Immediate', true, age],
  ],
  [
    'CSIDriver',
    { spec: { tokenRequests: [{ audience: 'x' }], volumeLifecycleModes: ['Persistent'] } },
    ['a', true, false, false, 'x', false, 'Persistent', age],
  ],
  ['CSINode', { spec: { drivers: [{}, {}] } }, ['a', 2, age]],
  [
    'VolumeAttachment',
    { spec: { attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
    ['a', 'd', 'v', 'n', false, age],
  ],
  [
    'ClusterRoleBinding',
    {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', name: 'u1' },
        { kind: 'User', name: 'u2' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    },
    ['a', 'ClusterRole/view', age, 'u1, u2', 'g', 'n/s'],
  ],
  ['Role', {}, ['a', created]],
  [
    'CertificateSigningRequest',
    {
      spec: { signerName: 's/n', username: 'jane', expirationSeconds: 3600 },
      status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' },
    },
    ['a', age, 's/n', 'jane', '60m', 'Approved,Issued'],
  ],
  ['CertificateSigningRequest', {}, ['a', age, '<none>', '', '<none>', 'Pending']],
  [
    'ValidatingAdmissionPolicy',
    { spec: { validations: [{}], paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } },
    ['a', 1, 'v1/ConfigMap', age],
  ],
  ['MutatingAdmissionPolicy', { spec: { mutations: [{}, {}] } }, ['a', 2, '<unset>', age]],
  [
    'ValidatingAdmissionPolicyBinding',
    { spec: { policyName: 'p', paramRef: { name: 'x', namespace: 'n' } } },
    ['a', 'p', 'n/x', age],
  ],
  ['MutatingWebhookConfiguration', { webhooks: [{}] }, ['a', 1, age]],
  ['APIService', { spec: {} }, ['a', 'Local', 'Unknown', age]],
  [
    'APIService',
    {
      spec: { service: { namespace: 'n', name: 's' } },
      status: { conditions: [{ type: 'Available', status: 'False', reason: 'Gone' }] },
    },
    ['a', 'n/s', 'False (Gone)', age],
  ],
  ['PriorityClass', { value: 7, globalDefault: true }, ['a', 7, true, age, 'PreemptLowerPriority']],
  ['RuntimeClass', { handler: 'kata' }, ['a', 'kata', age]],
  [
    'ResourceQuota',
    {
      status: {
        hard: { pods: '3', 'limits.cpu': '2', 'requests.cpu': '1' },
        used: { pods: '1', 'limits.cpu': '500m' },
      },
    },
    ['a', 'pods: 1/3, requests.cpu: 0/1', 'limits.cpu: 500m/2', age],
  ],
  [
    'Endpoints',
    {
      subsets: [
        { addresses: [{ ip: '1.1.1.1' }, { ip: 'fd::1' }], ports: [{ port: 80 }, { port: 81 }] },
      ],
    },
    ['a', '1.1.1.1:80,[fd::1]:80,1.1.1.1:81 + 1 more...', age],
  ],
  ['Endpoints', {}, ['a', '<none>', age]],
  [
    'FlowSchema',
    { spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 9 } },
    ['a', 'l', 9, '<none>', age, '?'],
  ],
  [
    'PriorityLevelConfiguration',
    {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 30,
          limitResponse: { queuing: { queues: 64, handSize: 6, queueLengthLimit: 50 } },
        },
      },
    },
    ['a', 'Limited', 30, 64, 6, 50, age],
  ],
  [
    'ResourceClaim',
    { status: { allocation: {}, reservedFor: [{}] } },
    ['a', 'allocated,reserved', age],
  ],
  ['ResourceClaim', {}, ['a', 'pending', age]],
  [
    'ResourceSlice',
    { spec: { nodeName: 'n', driver: 'd', pool: { name: 'p' } } },
    ['a', 'n', 'd', 'p', age],
  ],
  ['PodTemplate', { template }, ['a', 'c', 'i', 'app=a']],
  [
    'ReplicationController',
    { spec: { replicas: 2, selector: labels, template }, status: { replicas: 1 } },
    ['a', 2, 1, 0, age, 'c', 'i', 'app=a'],
  ],
]

for (const [name, fields, cells] of rows)
  test(`${name}: ${cells.join(' | ')}`, () => {
    const { metadata = {}, ...rest } = fields as { metadata?: object }
    const object = { metadata: { name: 'a', creationTimestamp: created, ...metadata }, ...rest }
    assert.deepEqual(kindNamed(name).row(object as AnyObject, nowMs), cells)
  })

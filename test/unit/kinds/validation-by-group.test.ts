import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, createErrors, updateErrors } from './judge.ts'

/** Valid objects of the kinds that controllers, storage and networks are made of, and what breaks them. */

const metadata = { name: 'a', namespace: 'default', uid: 'u' }
const global = { name: 'a', uid: 'u' }
const labels = { app: 'a' }
const pod = { containers: [{ name: 'c', image: 'nginx' }] }
const template = { metadata: { labels }, spec: pod }
const selector = { matchLabels: labels }
const jobSpec = { template: { spec: { ...pod, restartPolicy: 'Never' } } }
const backend = { service: { name: 's', port: { number: 80 } } }
const path = { path: '/', pathType: 'Prefix', backend }
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const volumeSpec = {
  accessModes: ['ReadWriteOnce'],
  capacity: { storage: '1Gi' },
  hostPath: { path: '/data' },
}
const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 }
const flowRule = {
  subjects: [{ kind: 'Group', group: { name: '*' } }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}

const samples: Readonly<Record<string, object>> = {
  CSIDriver: { metadata: global, spec: {} },
  CSINode: { metadata: global, spec: { drivers: [{ name: 'd', nodeID: 'n' }] } },
  ControllerRevision: { metadata, data: { a: 1 }, revision: 1 },
  CronJob: { metadata, spec: { schedule: '*/5 * * * *', jobTemplate: { spec: jobSpec } } },
  DaemonSet: { metadata, spec: { selector, template } },
  Endpoints: { metadata, subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  FlowSchema: {
    metadata: global,
    spec: { priorityLevelConfiguration: { name: 'l' }, rules: [flowRule] },
  },
  HorizontalPodAutoscaler: { metadata, spec: { maxReplicas: 3, scaleTargetRef } },
  Ingress: { metadata, spec: { rules: [{ host: 'a.b', http: { paths: [path] } }] } },
  IngressClass: { metadata: global, spec: { controller: 'a.b/c' } },
  Job: { metadata, spec: jobSpec },
  LimitRange: { metadata, spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } },
  NetworkPolicy: {
    metadata,
    spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
  },
  PersistentVolume: { metadata: global, spec: volumeSpec },
  PersistentVolumeClaim: { metadata, spec: claimSpec },
  PriorityClass: { metadata: global, value: 10 },
  PriorityLevelConfiguration: {
    metadata: global,
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } },
  },
  ReplicationController: { metadata, spec: { selector: labels, template } },
  ResourceClaim: {
    metadata,
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  },
  ResourceQuota: { metadata, spec: { hard: { pods: '3', 'requests.cpu': '500m' } } },
  RuntimeClass: { metadata: global, handler: 'runc' },
  ServiceCIDR: { metadata: global, spec: { cidrs: ['10.0.0.0/16'] } },
  StatefulSet: { metadata, spec: { serviceName: 's', selector, template } },
  StorageClass: { metadata: global, provisioner: 'a.b/c' },
  VolumeAttachment: {
    metadata: global,
    spec: { attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  },
}

for (const [kind, given] of Object.entries(samples))
  test(`${kind}: the sample is valid, and stays so`, () => {
    assert.deepEqual(createErrors(kind, given), [])
    // A job that is written again as it first was lacks what the server chose for it.
    if (kind !== 'Job') assert.deepEqual(updateErrors(kind, given, given), [])
  })

test('a job that was made keeps its pods, and may be suspended', () => {
  const made = created('Job', samples['Job'] ?? {})
  assert.deepEqual(updateErrors('Job', samples['Job'] ?? {}, made), [])
  const [refusal] = updateErrors('Job', samples['Job'] ?? {}, samples['Job'] ?? {})
  assert.equal(refusal, 'spec.selector: Required value')
})

test('the older autoscaler is judged by the same rules', () => {
  const older = (spec: object) => createErrors('v1/HorizontalPodAutoscaler', { metadata, spec })
  assert.deepEqual(older({ maxReplicas: 3, scaleTargetRef }), [])
  assert.deepEqual(older({ maxReplicas: 3, minReplicas: 4, scaleTargetRef }), [
    'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
  ])
})

/** Kind, the fields that take the place of the sample's, and what is said. */
const creations: readonly (readonly [string, object, readonly string[]])[] = [
  [
    'StatefulSet',
    {
      spec: {
        ...{ selector, volumeClaimTemplates: [{ metadata: global, spec: claimSpec }] },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name: 'c', image: 'x', volumeMounts: [{ name: 'a', mountPath: '/a' }] }],
          },
        },
      },
    },
    [],
  ],
  [
    'StatefulSet',
    {
      spec: {
        selector,
        template: {
          metadata: { labels },
          spec: { ...pod, activeDeadlineSeconds: 1, restartPolicy: 'Never' },
        },
      },
    },
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
    ],
  ],
  [
    'StatefulSet',
    { spec: { selector, template, updateStrategy: { type: 'OnDelete', rollingUpdate: {} } } },
    [
      "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
    ],
  ],
  [
    'StatefulSet',
    { spec: { selector: {}, template, replicas: -1 } },
    [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
    ],
  ],
  [
    'DaemonSet',
    {
      spec: {
        selector,
        template,
        updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } },
      },
    },
    [
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ],
  ],
  [
    'Job',
    { spec: { template: { spec: pod }, backoffLimit: -1 } },
    [
      'spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0',
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
  ],
  [
    'CronJob',
    { spec: { schedule: '* * *', timeZone: 'Mars/Base', jobTemplate: { spec: jobSpec } } },
    [
      'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
      'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    ],
  ],
  [
    'CronJob',
    { spec: { schedule: '60 1 * * *', jobTemplate: { spec: jobSpec } } },
    ['spec.schedule: Invalid value: "60 1 * * *": end of range (60) above maximum (59): 60'],
  ],
  [
    'CronJob',
    { metadata: { ...metadata, name: 'a'.repeat(53) } },
    [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`],
  ],
  [
    'HorizontalPodAutoscaler',
    { spec: { minReplicas: 0, maxReplicas: 0, scaleTargetRef } },
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
    ],
  ],
  [
    'Ingress',
    { spec: {} },
    ['spec: Invalid value: {}: either `defaultBackend` or `rules` must be specified'],
  ],
  [
    'Ingress',
    { spec: { rules: [{ host: '1.2.3.4', http: { paths: [{ ...path, path: 'a' }] } }] } },
    [
      'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
      'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
    ],
  ],
  [
    'Ingress',
    { spec: { defaultBackend: { service: { name: 's' } } } },
    ['spec.defaultBackend: Required value: port name or number is required'],
  ],
  [
    'IngressClass',
    { spec: { controller: 'c' } },
    ['spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  [
    'NetworkPolicy',
    { spec: { podSelector: {}, egress: [{ to: [{}], ports: [{ port: 80, endPort: 79 }] }] } },
    [
      'spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
      'spec.egress[0].to[0]: Required value: must specify a peer',
    ],
  ],
  [
    'PersistentVolume',
    { spec: { accessModes: ['Often'], capacity: { storage: '0' } } },
    [
      'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
      'spec: Required value: must specify a volume type',
    ],
  ],
  [
    'PersistentVolumeClaim',
    { spec: {} },
    [
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ],
  ],
  [
    'PriorityClass',
    { value: 1_000_000_001 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  [
    'PriorityClass',
    { metadata: { name: 'system-mine' } },
    [
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ],
  ],
  [
    'ResourceQuota',
    { spec: { hard: { pods: '500m', 'requests.cpu': '-1' } } },
    [
      'spec.hard[pods]: Invalid value: "500m": must be an integer',
      'spec.hard[requests.cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'ResourceQuota',
    { spec: { hard: { nosuch: '1', 'count/pods': '1', 'hugepages-2Mi': '1', 'a.io/gpu': '1' } } },
    ['spec.hard[nosuch]: Invalid value: "nosuch": must be a standard resource for quota'],
  ],
  [
    'ResourceQuota',
    { spec: { hard: { pods: '1' }, scopes: ['Nope', 'BestEffort', 'NotBestEffort'] } },
    [
      'spec.scopes: Invalid value: ["Nope","BestEffort","NotBestEffort"]: unsupported scope',
      'spec.scopes: Invalid value: ["Nope","BestEffort","NotBestEffort"]: conflicting scopes',
    ],
  ],
  [
    'ResourceQuota',
    { spec: { hard: { services: '1' }, scopes: ['Terminating'] } },
    ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
  ],
  [
    'ResourceQuota',
    {
      spec: {
        hard: { pods: '1' },
        scopeSelector: {
          matchExpressions: [
            { scopeName: 'PriorityClass', operator: 'In' },
            { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
            { scopeName: 'BestEffort', operator: 'DoesNotExist' },
          ],
        },
      },
    },
    [
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      "spec.scopeSelector.matchExpressions.values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
      'spec.scopeSelector.matchExpressions.operator: Invalid value: "DoesNotExist": must be \'Exists\' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity',
    ],
  ],
  [
    'LimitRange',
    { spec: { limits: [{ type: 'Container', min: { cpu: '3' }, max: { cpu: '2' } }] } },
    [
      'spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": min value 3 is greater than default request value 2',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 3 is greater than default value 2',
    ],
  ],
  [
    'ReplicationController',
    { spec: { selector: { app: 'b' }, template } },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'RuntimeClass',
    { handler: 'Run_C' },
    [
      "handler: Invalid value: \"Run_C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    'FlowSchema',
    {
      spec: {
        matchingPrecedence: 1,
        priorityLevelConfiguration: { name: 'l' },
        rules: [{ subjects: [{ kind: 'User', group: { name: 'g' } }] }],
      },
    },
    [
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    'PriorityLevelConfiguration',
    { spec: { type: 'Limited' } },
    ['spec.limited: Required value: must not be empty when type is Limited'],
  ],
  [
    'Endpoints',
    { subsets: [{ ports: [{ port: 0 }] }] },
    [
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
      'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'ServiceCIDR',
    { spec: { cidrs: ['10.0.0.0/16', '10.1.0.0/16'] } },
    [
      'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ],
]

for (const [kind, change, expected] of creations)
  test(`${kind}: ${expected.join(' · ')}`, () => {
    assert.deepEqual(createErrors(kind, { ...samples[kind], ...change }), expected)
  })

const changeable =
  "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', " +
  "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
const boundStatus = { phase: 'Bound', capacity: { storage: '1Gi' } }
const storage = (amount: string) => ({ ...claimSpec, resources: { requests: { storage: amount } } })

/** Kind, what the update says in place of the sample's fields, what is said, the status meanwhile. */
const updates: readonly (readonly [string, object, readonly string[], object?])[] = [
  ['StatefulSet', { spec: { serviceName: 's', selector, template, replicas: 7 } }, []],
  [
    'StatefulSet',
    { spec: { serviceName: 'other', selector, template } },
    [
      `spec: Forbidden: updates to statefulset spec for fields other than ${changeable} are forbidden`,
    ],
  ],
  [
    'DaemonSet',
    {
      spec: {
        selector: { matchLabels: { app: 'a', b: 'c' } },
        template: { ...template, metadata: { labels: { app: 'a', b: 'c' } } },
      },
    },
    ['spec.selector: Invalid value: {"matchLabels":{"app":"a","b":"c"}}: field is immutable'],
  ],
  ['ControllerRevision', { data: { a: 2 } }, ['data: Invalid value: {"a":2}: field is immutable']],
  [
    'IngressClass',
    { spec: { controller: 'a.b/d' } },
    ['spec.controller: Invalid value: "a.b/d": field is immutable'],
  ],
  ['PriorityClass', { value: 11 }, ['value: Forbidden: may not be changed in an update.']],
  [
    'StorageClass',
    { provisioner: 'a.b/d', reclaimPolicy: 'Retain' },
    [
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
    ],
  ],
  [
    'PersistentVolume',
    { spec: { ...volumeSpec, hostPath: { path: '/other' } } },
    [
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    ],
  ],
  ['PersistentVolumeClaim', { spec: { ...claimSpec, volumeName: 'v' } }, []],
  ['PersistentVolumeClaim', { spec: storage('2Gi') }, [], boundStatus],
  [
    'PersistentVolumeClaim',
    { spec: storage('2Gi') },
    [
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    ],
  ],
  [
    'PersistentVolumeClaim',
    { spec: storage('512Mi') },
    ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    boundStatus,
  ],
  ['RuntimeClass', { handler: 'kata' }, ['handler: Invalid value: "kata": field is immutable']],
  [
    'CSINode',
    { spec: { drivers: [{ name: 'd', nodeID: 'm' }] } },
    ['spec.drivers[0]: Invalid value: {"name":"d","nodeID":"m"}: field is immutable'],
  ],
]

for (const [kind, change, expected, status] of updates)
  test(`${kind} update: ${expected.join(' · ') || JSON.stringify(change)}`, () => {
    const before = samples[kind] ?? {}
    assert.deepEqual(updateErrors(kind, before, { ...before, ...change }, status), expected)
  })

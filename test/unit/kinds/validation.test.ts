import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import { decodeJson } from '../../../src/kinds/decode-json.ts'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject, Kind } from '../../../src/kinds/kind.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'
import { sampleRequest } from '../certificates/sample-request.ts'

type Change = (object: never) => void

const metadata = { name: 'a', namespace: 'default', uid: 'u' }
const container = { name: 'c', image: 'nginx' }
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } }
const workload = { metadata, spec: { selector: { matchLabels: { app: 'a' } }, template } }

const global = { name: 'a', uid: 'u' }
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
const users = [{ kind: 'User', name: 'jane' }]
const service = { name: 's', namespace: 'n' }
const webhook = {
  name: 'a.b.c',
  clientConfig: { service },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
}

const samples: Readonly<Record<string, object>> = {
  APIService: {
    metadata: { ...global, name: 'v1.a.b' },
    spec: { group: 'a.b', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, service },
  },
  CertificateSigningRequest: {
    metadata: global,
    spec: {
      request: sampleRequest,
      signerName: 'a.b/c',
      usages: ['client auth'],
    },
  },
  ClusterRole: { metadata: global, rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] },
  ClusterRoleBinding: { metadata: global, roleRef, subjects: users },
  CustomResourceDefinition: {
    metadata: { ...global, name: 'foos.a.b' },
    spec: {
      group: 'a.b',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object' } },
        },
      ],
    },
  },
  PodDisruptionBudget: { metadata, spec: { minAvailable: 1 } },
  Role: { metadata, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  RoleBinding: { metadata, roleRef, subjects: users },
  ValidatingWebhookConfiguration: { metadata: global, webhooks: [webhook] },
  ConfigMap: { metadata, data: { a: '1' } },
  Deployment: workload,
  EndpointSlice: { metadata, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] },
  Event: { metadata, involvedObject: { namespace: 'default', name: 'p', kind: 'Pod' } },
  Lease: { metadata, spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } },
  Namespace: { metadata: { name: 'a' } },
  Node: { metadata: { name: 'a' } },
  Pod: { metadata, spec: { containers: [container] } },
  ReplicaSet: workload,
  Secret: { metadata, data: { a: 'MQ==' } },
  Service: { metadata, spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } },
  ServiceAccount: { metadata },
}

function kindNamed(name: string): Kind {
  return present(
    allKinds.find(({ kind }) => kind === name),
    name,
  )
}

/** A valid object of the kind, as the API has it before validation, and then changed. */
function sample(name: string, change: Change): AnyObject {
  const kind = kindNamed(name)
  const given = structuredClone(samples[name])
  change(given as never)
  const bytes = new TextEncoder().encode(JSON.stringify(given))
  const { object } = decodeJson(kind.definition, bytes, 'Strict')
  applyDefaults(kind, object)
  return object
}

function createErrors(name: string, change: Change): string[] {
  const kind = kindNamed(name)
  const object = sample(name, change)
  kind.prepareCreate(object)
  return kind.validateCreate(object).map(fieldErrorText)
}

test('an object without a spec is one with an empty spec', () => {
  const none: Change = (object: { spec?: unknown }) => delete object.spec
  assert.deepEqual(createErrors('Pod', none), ['spec.containers: Required value'])
  assert.deepEqual(createErrors('Service', none), ['spec.ports: Required value'])
  for (const name of ['Deployment', 'ReplicaSet'])
    assert.deepEqual(createErrors(name, none), [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ])
  for (const name of ['Namespace', 'Node', 'Lease']) assert.deepEqual(createErrors(name, none), [])
})

test('a service that is no node port any more loses what only those have', () => {
  const published: Change = (object: { spec: Record<string, unknown> }) => {
    Object.assign(object.spec, { type: 'NodePort', externalTrafficPolicy: 'Cluster' })
  }
  const carried: Change = (object: { spec: Record<string, unknown> }) => {
    Object.assign(object.spec, { type: 'ClusterIP', externalTrafficPolicy: 'Cluster' })
  }
  assert.deepEqual(updateErrors('Service', carried, published), [])
})

function updateErrors(name: string, change: Change, old: Change = () => undefined): string[] {
  const kind = kindNamed(name)
  const before = sample(name, old)
  kind.prepareCreate(before)
  const object = sample(name, (given) => {
    old(given)
    change(given)
  })
  kind.prepareUpdate(object, before)
  return kind.validateUpdate(object, before).map(fieldErrorText)
}

const label1123 =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must " +
  "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomain1123 =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const qualified =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with " +
  "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or " +
  "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

interface Given {
  metadata: Record<string, unknown>
  spec: Record<string, unknown> & { template: { spec: Record<string, unknown> } }
  [field: string]: unknown
}

/** What a change of a valid object breaks: kind, change, messages. */
const creations: readonly (readonly [string, (o: Given) => void, readonly string[]])[] = [
  [
    'Role',
    (o) => (o['rules'] = [{ verbs: [], nonResourceURLs: ['/x'] }]),
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ],
  ],
  [
    'Role',
    (o) => (o.metadata['name'] = 'a/b'),
    [`metadata.name: Invalid value: "a/b": may not contain '/'`],
  ],
  ['Role', (o) => (o.metadata['name'] = 'system:node_a'), []],
  [
    'ClusterRoleBinding',
    (o) => (o['roleRef'] = { ...roleRef, kind: 'Role' }),
    ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  ],
  [
    'ClusterRoleBinding',
    (o) => (o['subjects'] = [{ kind: 'ServiceAccount', name: 'x' }]),
    ['subjects[0].namespace: Required value'],
  ],
  [
    'RoleBinding',
    (o) => (o['subjects'] = [{ kind: 'Robot', name: 'x' }]),
    [
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ],
  ],
  [
    'PodDisruptionBudget',
    (o) => (o.spec['maxUnavailable'] = '101%'),
    [
      'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"101%"}: minAvailable and maxUnavailable cannot be both set',
      'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
  ],
  [
    'CertificateSigningRequest',
    (o) => Object.assign(o.spec, { signerName: 'x', usages: ['fun'], expirationSeconds: 1 }),
    [
      'spec.usages[0]: Unsupported value: "fun": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      'spec.signerName: Invalid value: "x": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  ],
  [
    'ValidatingWebhookConfiguration',
    (o) => (o['webhooks'] = [{ ...webhook, name: 'a.b', clientConfig: {}, timeoutSeconds: 31 }]),
    [
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
    ],
  ],
  [
    'ValidatingWebhookConfiguration',
    (o) => (o['webhooks'] = [{ ...webhook, clientConfig: { url: 'http://x/' } }]),
    [
      'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
  ],
  [
    'CustomResourceDefinition',
    (o) => (o.metadata['name'] = 'bars.a.b'),
    ['metadata.name: Invalid value: "bars.a.b": must be spec.names.plural+"."+spec.group'],
  ],
  [
    'APIService',
    (o) => Object.assign(o.spec, { versionPriority: 0 }),
    ['spec.versionPriority: Invalid value: 0: must be positive and less than 1000'],
  ],
  [
    'Pod',
    (o) => (o.metadata = { namespace: 'default' }),
    ['metadata.name: Required value: name or generateName is required'],
  ],
  [
    'Pod',
    (o) => (o.metadata['name'] = 'A_b'),
    [`metadata.name: Invalid value: "A_b": ${subdomain1123}`],
  ],
  [
    'Namespace',
    (o) => (o.metadata['name'] = 'a.b'),
    [`metadata.name: Invalid value: "a.b": ${label1123}`],
  ],
  [
    'Namespace',
    (o) => (o.metadata['namespace'] = 'x'),
    ['metadata.namespace: Forbidden: not allowed on this type'],
  ],
  [
    'Pod',
    (o) => (o.metadata['labels'] = { '-a': 'b' }),
    [`metadata.labels: Invalid value: "-a": ${qualified}`],
  ],
  [
    'Pod',
    (o) => (o.metadata['labels'] = { a: 'b c' }),
    [`metadata.labels: Invalid value: "b c": ${labelValue}`],
  ],
  [
    'Pod',
    (o) => (o.metadata['annotations'] = { a: 'x'.repeat(262_145) }),
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
  [
    'Pod',
    (o) => (o.metadata['finalizers'] = ['x']),
    [
      'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
  ['Pod', (o) => (o.spec['containers'] = []), ['spec.containers: Required value']],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ name: 'c' }]),
    ['spec.containers[0].image: Required value'],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ image: 'i' }]),
    ['spec.containers[0].name: Required value'],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [container, container]),
    ['spec.containers[1].name: Duplicate value: "c"'],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, name: 'C' }]),
    [`spec.containers[0].name: Invalid value: "C": ${label1123}`],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, ports: [{ containerPort: 70000 }] }]),
    [
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [{ ...container, ports: [{ containerPort: 1, protocol: 'X' }] }]),
    [
      'spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }]),
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [
        { ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      ]),
    [
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, resources: { limits: { cpu: '-1' } } }]),
    [
      'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [
        { ...container, livenessProbe: { periodSeconds: -1, tcpSocket: { port: 1 } } },
      ]),
    [
      'spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, livenessProbe: {} }]),
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [
        { ...container, livenessProbe: { successThreshold: 2, exec: { command: ['a'] } } },
      ]),
    ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, imagePullPolicy: 'Sometimes' }]),
    [
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, env: [{ name: 'a=b' }] }]),
    [
      'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['containers'] = [
        {
          ...container,
          env: [{ name: 'a', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ]),
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ],
  [
    'Pod',
    (o) => (o.spec['restartPolicy'] = 'Maybe'),
    [
      'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "Never", "OnFailure"',
    ],
  ],
  [
    'Pod',
    (o) => (o.spec['volumes'] = [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }]),
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'Pod',
    (o) => (o.spec['volumes'] = [{ name: 'v' }, { name: 'v' }]),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  [
    'Pod',
    (o) => (o.spec['tolerations'] = [{ operator: 'Exists', value: 'x', key: 'k' }]),
    [
      'spec.tolerations[0].operator: Invalid value: {"operator":"Exists","value":"x","key":"k"}: value must be empty when `operator` is \'Exists\'',
    ],
  ],
  [
    'Pod',
    (o) =>
      (o.spec['initContainers'] = [
        { ...container, name: 'i', livenessProbe: { tcpSocket: { port: 1 } } },
      ]),
    [
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  [
    'Deployment',
    (o) => (o.spec['replicas'] = -1),
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'Deployment',
    (o) => (o.spec['selector'] = { matchLabels: { app: 'b' } }),
    [
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    (o) => (o.spec['selector'] = {}),
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  [
    'Deployment',
    (o) => delete o.spec['selector'],
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    (o) => (o.spec.template.spec['restartPolicy'] = 'Never'),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'Deployment',
    (o) => (o.spec['strategy'] = { type: 'Recreate', rollingUpdate: {} }),
    [
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
  ],
  [
    'Deployment',
    (o) => (o.spec['strategy'] = { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }),
    [
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
  ],
  [
    'Deployment',
    (o) => (o.spec['progressDeadlineSeconds'] = 0),
    ['spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds'],
  ],
  ['Service', (o) => (o.spec['ports'] = []), ['spec.ports: Required value']],
  [
    'Service',
    (o) => (o.spec['ports'] = [{ port: 0 }]),
    [
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'Service',
    (o) => (o.spec['ports'] = [{ port: 1, name: 'a' }, { port: 2 }]),
    ['spec.ports[1].name: Required value'],
  ],
  [
    'Service',
    (o) => (o.spec['ports'] = [{ port: 1, nodePort: 30000 }]),
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    'Service',
    (o) => (o.spec['type'] = 'Web'),
    [
      'spec.type: Unsupported value: "Web": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  ],
  [
    'Service',
    (o) => (o.spec['clusterIP'] = 'x'),
    [
      'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ],
  ['Service', (o) => (o.spec['type'] = 'ExternalName'), ['spec.externalName: Required value']],
  [
    'ConfigMap',
    (o) => (o['data'] = { 'a/b': '' }),
    [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [
    'ConfigMap',
    (o) => (o['data'] = { a: 'x'.repeat(1024 * 1024 + 1) }),
    [': Too long: may not be more than 1048576 bytes'],
  ],
  [
    'Secret',
    (o) => (o['type'] = 'kubernetes.io/tls'),
    ['data[tls.crt]: Required value', 'data[tls.key]: Required value'],
  ],
  [
    'Lease',
    (o) => (o.spec['leaseDurationSeconds'] = 0),
    ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
  ],
  [
    'EndpointSlice',
    (o) => (o['endpoints'] = [{ addresses: [] }]),
    ['endpoints[0].addresses: Required value: must contain at least 1 address'],
  ],
  [
    'EndpointSlice',
    (o) => (o['endpoints'] = [{ addresses: ['::1'] }]),
    ['endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address'],
  ],
  [
    'EndpointSlice',
    (o) => (o['addressType'] = 'IPX'),
    ['addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6"'],
  ],
  [
    'Event',
    (o) => (o['involvedObject'] = { namespace: 'b' }),
    ['involvedObject.namespace: Invalid value: "b": does not match event.namespace'],
  ],
  [
    'Node',
    (o) => (o.spec = { taints: [{ key: 'a', effect: 'Bad' }] } as never),
    [
      'spec.taints[0].effect: Unsupported value: "Bad": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
    ],
  ],
]

for (const name of Object.keys(samples))
  test(`a plain ${name} is valid, new and written again`, () => {
    assert.deepEqual(
      createErrors(name, () => undefined),
      [],
    )
    assert.deepEqual(
      updateErrors(name, () => undefined),
      [],
    )
  })

for (const [name, change, messages] of creations)
  test(`${name}: ${messages[0]?.slice(0, 90)}`, () => {
    assert.deepEqual(createErrors(name, change as Change), messages)
  })

const updates: readonly (readonly [string, (o: Given) => void, string, ((o: Given) => void)?])[] = [
  [
    'RoleBinding',
    (o) => (o['roleRef'] = { ...roleRef, name: 'edit' }),
    'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}: cannot change roleRef',
  ],
  [
    'Pod',
    (o) => (o.metadata['name'] = 'b'),
    'metadata.name: Invalid value: "b": field is immutable',
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [container, { ...container, name: 'd' }]),
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ],
  [
    'Pod',
    (o) => (o.spec['containers'] = [{ ...container, env: [{ name: 'A' }] }]),
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  ],
  [
    'Pod',
    (o) => (o.spec['hostname'] = 'h'),
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  ],
  [
    'Pod',
    (o) => (o.spec['activeDeadlineSeconds'] = 9),
    'spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value',
    (o) => (o.spec['activeDeadlineSeconds'] = 5),
  ],
  [
    'Pod',
    (o) => (o.spec['tolerations'] = []),
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    (o) => (o.spec['tolerations'] = [{ operator: 'Exists' }]),
  ],
  [
    'Pod',
    (o) => (o.metadata['finalizers'] = ['a/b', 'c/d']),
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    (o) => {
      o.metadata['deletionTimestamp'] = '2026-01-01T00:00:00Z'
      o.metadata['finalizers'] = ['a/b']
    },
  ],
  [
    'Deployment',
    (o) => {
      o.spec['selector'] = { matchLabels: { app: 'b' } }
      o.spec['template'] = { ...template, metadata: { labels: { app: 'b' } } } as never
    },
    'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
  ],
  [
    'Service',
    (o) => (o.spec['clusterIP'] = '10.0.0.2'),
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    (o) => (o.spec['clusterIP'] = '10.0.0.1'),
  ],
  ['Secret', (o) => (o['type'] = 'x/y'), 'type: Invalid value: "x/y": field is immutable'],
  [
    'ConfigMap',
    (o) => (o['data'] = {}),
    'data: Forbidden: field is immutable when `immutable` is set',
    (o) => (o['immutable'] = true),
  ],
  [
    'ConfigMap',
    (o) => delete o['immutable'],
    'immutable: Forbidden: field is immutable when `immutable` is set',
    (o) => (o['immutable'] = true),
  ],
  [
    'EndpointSlice',
    (o) => {
      o['addressType'] = 'IPv6'
      o['endpoints'] = []
    },
    'addressType: Invalid value: "IPv6": field is immutable',
  ],
]

for (const [name, change, message, old] of updates)
  test(`${name} update: ${message.slice(0, 80)}`, () => {
    const errors = updateErrors(name, change as Change, (old ?? (() => undefined)) as Change)
    assert.equal(errors.length, 1, errors.join('\n'))
    assert.ok(errors[0]?.startsWith(message), errors[0])
  })

const allowed: readonly (readonly [string, string, (o: Given) => void])[] = [
  [
    'Pod',
    'takes another image',
    (o) => (o.spec['containers'] = [{ ...container, image: 'nginx:2', imagePullPolicy: 'Always' }]),
  ],
  ['Pod', 'takes one more toleration', (o) => (o.spec['tolerations'] = [{ operator: 'Exists' }])],
  ['Pod', 'takes labels', (o) => (o.metadata['labels'] = { a: 'b' })],
  ['Service', 'keeps its address when it names none', (o) => delete o.spec['clusterIP']],
  [
    'Service',
    'becomes an ExternalName',
    (o) => Object.assign(o.spec, { type: 'ExternalName', externalName: 'a.b' }),
  ],
]

for (const [name, what, change] of allowed)
  test(`${name} update: ${what}`, () => {
    const old: Change = (o: Given) => {
      if (name === 'Service') o.spec['clusterIP'] = '10.0.0.1'
    }
    assert.deepEqual(updateErrors(name, change as Change, old), [])
  })

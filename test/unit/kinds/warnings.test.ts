import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'

function warningsOf(name: string, given: object, old?: object): readonly string[] {
  const kind = present(
    allKinds.find((known) => known.kind === name),
    name,
  )
  const object = { metadata: { name: 'a' }, ...structuredClone(given) } as AnyObject
  applyDefaults(kind, object)
  return present(kind.warnings, `warnings of ${name}`)(object, old as AnyObject | undefined)
}

const container = (more: object = {}) => ({ name: 'c', image: 'i:1', ...more })
const pod = (spec: object, metadata: object = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [container()], ...spec },
})
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

const cases: [what: string, object: object, warnings: string[]][] = [
  ['a plain one', pod({}), []],
  [
    'a name that is no host name',
    pod({}, { name: 'a.b' }),
    [
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]",
    ],
  ],
  [
    'old labels of nodes',
    pod({
      nodeSelector: { 'beta.kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'failure-domain.beta.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
        },
      ],
      affinity: {
        nodeAffinity: {
          [required]: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] },
            ],
          },
        },
      },
    }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead`,
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    'terms that match nothing',
    pod({
      affinity: {
        podAffinity: { [required]: [{ topologyKey: 'z' }] },
        podAntiAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: { topologyKey: 'z' } }] },
      },
    }),
    [
      `spec.affinity.podAffinity.${required}[0].labelSelector: a null labelSelector results in matching no pod`,
      `spec.affinity.podAntiAffinity.${preferred}[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod`,
    ],
  ],
  [
    'annotations that are fields by now',
    pod(
      {},
      {
        annotations: {
          'scheduler.alpha.kubernetes.io/critical-pod': '',
          'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
          'container.apparmor.security.beta.kubernetes.io/c': 'runtime/default',
        },
      },
    ),
    [
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
    ],
  ],
  [
    'a volume of the past, aliases and secrets that are there twice',
    pod({
      volumes: [{ name: 'v', gitRepo: { repository: 'r' } }],
      hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
      imagePullSecrets: [{ name: 's' }, { name: 's' }, {}],
    }),
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
      'spec.imagePullSecrets[1].name: duplicate name "s"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
    ],
  ],
  [
    'variables that hide others, and one that builds on another',
    pod({
      containers: [
        container({
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '$(A)' },
            { name: 'A', value: '3' },
          ],
        }),
      ],
    }),
    [
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].env[3]: hides previous definition of "A", which may be dropped when using apply',
    ],
  ],
  [
    'parts of bytes',
    pod({ containers: [container({ resources: { requests: { memory: '100m', cpu: '100m' } } })] }),
    [
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    ],
  ],
  [
    'ports that are the same, or may be',
    pod({
      containers: [
        container({ ports: [{ containerPort: 80 }, { containerPort: 80 }] }),
        container({
          name: 'd',
          ports: [
            { containerPort: 90, hostPort: 1 },
            { containerPort: 90, hostPort: 1, hostIP: '10.0.0.1' },
            { containerPort: 90 },
          ],
        }),
      ],
    }),
    [
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[1]: dangerously ambiguous port definition with spec.containers[1].ports[0]',
      'spec.containers[1].ports[2]: overlapping port definition with spec.containers[1].ports[0]',
      'spec.containers[1].ports[2]: overlapping port definition with spec.containers[1].ports[1]',
    ],
  ],
  [
    'a negative grace period, which is 1 before it is judged',
    pod({ terminationGracePeriodSeconds: -1 }),
    [],
  ],
]
for (const [what, object, warnings] of cases)
  test(`what a pod is warned of: ${what}`, () => {
    assert.deepEqual(warningsOf('Pod', object), warnings)
    assert.deepEqual(warningsOf('Pod', object, object), [], 'when it changes')
  })

const repeatedPort = { ports: [{ containerPort: 80 }, { containerPort: 80 }] }
const template = { spec: { containers: [container(repeatedPort)] } }
const paths: [kind: string, object: object, path: string][] = [
  ['Deployment', { spec: { template } }, 'spec.template.'],
  ['ReplicaSet', { spec: { template } }, 'spec.template.'],
  ['ReplicationController', { spec: { template } }, 'spec.template.'],
  ['StatefulSet', { spec: { template } }, 'spec.template.'],
  ['DaemonSet', { spec: { template } }, 'spec.template.'],
  ['Job', { spec: { template } }, 'spec.template.'],
  ['CronJob', { spec: { jobTemplate: { spec: { template } } } }, 'spec.jobTemplate.spec.template.'],
  ['PodTemplate', { template }, 'template.'],
]
for (const [kind, object, path] of paths)
  test(`the template of a ${kind} is looked at whenever its spec changes`, () => {
    const ports = `${path}spec.containers[0].ports`
    const warning = `${ports}[1]: duplicate port definition with ${ports}[0]`
    const at = (generation: number) => ({ metadata: { name: 'a', generation }, ...object })
    assert.deepEqual(warningsOf(kind, at(1)), [warning])
    assert.deepEqual(warningsOf(kind, at(2), at(1)), [warning])
    assert.deepEqual(warningsOf(kind, at(1), at(1)), [])
  })

test('a name that is none for pods is told of once', () => {
  const named = { metadata: { name: 'a.b' }, spec: { template: { spec: { containers: [] } } } }
  const [warning = '', ...more] = warningsOf('Deployment', named)
  assert.match(warning, /^metadata\.name: this is used in Pod names and hostnames, which can/)
  assert.deepEqual(more, [])
  const changed = { ...named, metadata: { ...named.metadata, generation: 2 } }
  assert.deepEqual(warningsOf('Deployment', changed, named), [])
})

const services: [spec: object, warnings: string[]][] = [
  [{}, []],
  [
    { externalIPs: ['10.0.0.1'] },
    ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
  ],
  [
    {
      clusterIP: 'None',
      externalIPs: ['10.0.0.1'],
      loadBalancerIP: '10.0.0.1',
      sessionAffinity: 'ClientIP',
    },
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
  ],
  [
    { type: 'ExternalName', externalName: 'a.b', externalIPs: ['10.0.0.1'] },
    ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  ],
  [{ externalName: 'a.b' }, ['spec.externalName is ignored when spec.type is not "ExternalName"']],
  [
    { trafficDistribution: 'PreferClose' },
    ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ],
]
for (const [spec, warnings] of services)
  test(`a service of ${JSON.stringify(spec)} is warned of what does nothing`, () => {
    assert.deepEqual(warningsOf('Service', { spec }), warnings)
  })

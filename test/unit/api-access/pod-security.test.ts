import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { violationsOf, violationsText } from '../../../src/kinds/pod-security/evaluate.ts'
import type { PodSecurityLevel } from '../../../src/kinds/pod-security/levels.ts'
import type { Container, PodSpec } from '../../../src/kinds/types.ts'
import { named, openCluster } from '../api/cluster.ts'

const good: Container = {
  name: 'c',
  image: 'i',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
}
const goodPod: PodSpec = {
  containers: [good],
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
}
const withContext = (
  securityContext: Container['securityContext'],
  ...names: string[]
): PodSpec => ({
  ...goodPod,
  containers: (names.length === 0 ? ['c'] : names).map((name) => ({
    ...good,
    name,
    securityContext: { ...good.securityContext, ...securityContext },
  })),
})

const probing = (host: string): PodSpec => ({
  containers: [{ name: 'c', livenessProbe: { httpGet: { host, port: 80 } } }],
})
const tuned = (name: string): PodSpec => ({
  ...goodPod,
  securityContext: { sysctls: [{ name, value: '1' }] },
})
const labelled = (type: string): PodSpec => withContext({ seLinuxOptions: { type } })
const unconfined: PodSpec = withContext({ seccompProfile: { type: 'Unconfined' } })
const unmasked: PodSpec = { ...withContext({ procMount: 'Unmasked' }), hostUsers: false }
const rootInside: PodSpec = {
  ...withContext({ runAsNonRoot: false, runAsUser: 0 }),
  hostUsers: false,
}
const escalating: PodSpec = withContext({ allowPrivilegeEscalation: true })
const windows: PodSpec = {
  os: { name: 'windows' },
  containers: [{ name: 'c' }],
  securityContext: { runAsNonRoot: true },
}

const table: [level: PodSecurityLevel, spec: PodSpec, text: string][] = [
  [
    'baseline',
    probing('10.0.0.1'),
    'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
  ],
  ['restricted', goodPod, ''],
  ['baseline', { containers: [{ name: 'c' }] }, ''],
  ['privileged', { containers: [{ name: 'c' }], hostPID: true }, ''],
  [
    'restricted',
    { containers: [{ name: 'a' }, { name: 'b' }] },
    'allowPrivilegeEscalation != false (containers "a", "b" must set ' +
      'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "b" ' +
      'must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers ' +
      '"a", "b" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "a", "b" ' +
      'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    'baseline',
    withContext({ privileged: true }),
    'privileged (container "c" must not set securityContext.privileged=true)',
  ],
  [
    'baseline',
    { ...goodPod, hostNetwork: true, hostPID: true },
    'host namespaces (hostNetwork=true, hostPID=true)',
  ],
  [
    'baseline',
    withContext({ capabilities: { add: ['SYS_TIME', 'KILL', 'NET_ADMIN'] } }, 'a', 'b'),
    'non-default capabilities (containers "a", "b" must not include "NET_ADMIN", "SYS_TIME" in ' +
      'securityContext.capabilities.add)',
  ],
  [
    'restricted',
    withContext({ capabilities: { add: ['KILL'], drop: ['ALL'] } }),
    'unrestricted capabilities (container "c" must not include "KILL" in ' +
      'securityContext.capabilities.add)',
  ],
  [
    'baseline',
    { ...goodPod, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    'hostPath volumes (volume "v")',
  ],
  [
    'restricted',
    { ...goodPod, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    'restricted volume types (volume "v" uses restricted volume type "hostPath")',
  ],
  [
    'baseline',
    { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }] },
    'hostPort (container "c" uses hostPort 8080)',
  ],
  [
    'baseline',
    { ...goodPod, securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'forbidden sysctls (kernel.msgmax)',
  ],
  [
    'baseline',
    { ...goodPod, securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'restricted',
    withContext({ seccompProfile: { type: 'Unconfined' } }),
    'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'restricted',
    withContext({ runAsNonRoot: false }),
    'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
  ],
  [
    'restricted',
    withContext({ runAsUser: 0 }),
    'runAsUser=0 (container "c" must not set runAsUser=0)',
  ],
  [
    'baseline',
    withContext({ procMount: 'Unmasked' }),
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'baseline',
    withContext({ seLinuxOptions: { type: 'spc_t', user: 'root' } }),
    'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; ' +
      'user may not be set)',
  ],
]

const latest = (level: PodSecurityLevel) => ({ level, version: 'latest' })
const textOf = (
  level: PodSecurityLevel,
  version: string,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>> = {},
) => violationsText(violationsOf({ level, version }, { spec, annotations }))

describe('pod security levels', () => {
  for (const [level, spec, text] of table)
    test(`${level}: ${text === '' ? 'nothing wrong' : text}`, () =>
      assert.equal(violationsText(violationsOf(latest(level), { spec, annotations: {} })), text))
})

/** By the first version at which a pod is judged otherwise. */
describe('pod security is that of the version that a namespace names', () => {
  const changes: [
    what: string,
    level: PodSecurityLevel,
    minor: number,
    spec: PodSpec,
    fine: string,
  ][] = [
    ['hosts of probes', 'baseline', 34, probing('10.0.0.1'), 'before'],
    ['hosts of probes, their own pod included', 'baseline', 34, probing('127.0.0.1'), 'before'],
    ['reserved ports', 'baseline', 27, tuned('net.ipv4.ip_local_reserved_ports'), 'since'],
    ['keep-alive', 'baseline', 29, tuned('net.ipv4.tcp_keepalive_time'), 'since'],
    ['buffers', 'baseline', 32, tuned('net.ipv4.tcp_rmem'), 'since'],
    ['container_engine_t', 'baseline', 31, labelled('container_engine_t'), 'since'],
    ['seccomp as a field', 'baseline', 19, unconfined, 'before'],
    ['masks of /proc, users of its own', 'baseline', 35, unmasked, 'since'],
    ['root, with users of its own', 'restricted', 35, rootInside, 'since'],
    ['no root', 'restricted', 23, withContext({ runAsUser: 0 }), 'before'],
    ['no escalation', 'restricted', 8, escalating, 'before'],
    ['Windows', 'restricted', 25, windows, 'since'],
  ]
  for (const [what, level, minor, spec, fine] of changes)
    test(`${what}: v1.${minor}`, () => {
      const isFine = (at: number) => textOf(level, `v1.${at}`, spec) === ''
      assert.deepEqual([isFine(minor - 1), isFine(minor)], [fine === 'before', fine === 'since'])
      assert.equal(textOf(level, 'latest', spec) === '', fine === 'since')
    })

  test('level restricted masks /proc whatever the users', () => {
    const text = 'procMount (container "c" must not set securityContext.procMount to "Unmasked")'
    assert.equal(textOf('restricted', 'v1.34', unmasked), text)
    assert.equal(textOf('restricted', 'v1.35', unmasked), text)
  })

  test('profiles were annotations, and those of AppArmor still are', () => {
    const pod = { containers: [{ name: 'c' }] }
    const seccomp = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }
    assert.equal(
      textOf('baseline', 'v1.18', pod, seccomp),
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    )
    assert.equal(textOf('baseline', 'v1.19', pod, seccomp), '')
    const prefix = 'container.apparmor.security.beta.kubernetes.io/'
    const appArmor = { [`${prefix}c`]: 'unconfined', [`${prefix}d`]: 'localhost/x' }
    const own: PodSpec = { ...pod, securityContext: { appArmorProfile: { type: 'Unconfined' } } }
    assert.equal(
      textOf('baseline', 'latest', own, appArmor),
      'forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to ' +
        `"Unconfined", "${prefix}c="unconfined"")`,
    )
  })

  test('images may be volumes at every version', () => {
    const volumes = [{ name: 'v', image: { reference: 'i' } }]
    assert.equal(textOf('restricted', 'v1.25', { ...goodPod, volumes }), '')
  })
})

describe('pod security of a namespace', () => {
  const label = (mode: string) => `pod-security.kubernetes.io/${mode}`
  const bare = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }

  async function openLabelled(labels: Record<string, string>) {
    const cluster = await openCluster()
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels } }
    const created = await cluster.ask('POST', '/api/v1/namespaces', namespace)
    assert.equal(created.status, 201, created.text)
    return cluster
  }

  test('refuses pods, warns makers of pods, lets what keeps the level in', async () => {
    await using cluster = await openLabelled({ [label('enforce')]: 'restricted' })
    const pods = '/api/v1/namespaces/x/pods'
    const refused = await cluster.ask('POST', pods, bare)
    assert.equal(refused.status, 403)
    assert.match(
      refused.json.message,
      /^pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation/,
    )
    const kept = await cluster.ask('POST', pods, { metadata: { name: 'p' }, spec: goodPod })
    assert.equal(kept.status, 201, kept.text)
    assert.equal(kept.headers.get('warning'), undefined)
    const deployment = {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: bare.spec },
      },
    }
    const path = '/apis/apps/v1/namespaces/x/deployments'
    const warned = await cluster.ask('POST', path, deployment)
    assert.equal(warned.status, 201)
    const warning = warned.headers.get('warning') ?? ''
    assert.match(warning, /would violate PodSecurity \\"restricted:latest\\": allow/)
  })

  test('warns without refusing where labels say so', async () => {
    await using cluster = await openLabelled({
      [label('warn')]: 'baseline',
      [label('warn-version')]: 'v1.30',
    })
    const pod = { ...bare, spec: { ...bare.spec, hostPID: true } }
    const warned = await cluster.ask('POST', '/api/v1/namespaces/x/pods', pod)
    assert.equal(warned.status, 201)
    assert.equal(
      warned.headers.get('warning'),
      '299 - "would violate PodSecurity \\"baseline:v1.30\\": host namespaces (hostPID=true)"',
    )
  })

  test('tells of pods that are there when it gets stricter, and refuses nonsense', async () => {
    await using cluster = await openLabelled({})
    await cluster.ask('POST', '/api/v1/namespaces/x/pods', bare)
    const patch = (value: string) =>
      cluster.ask(
        'PATCH',
        '/api/v1/namespaces/x',
        { metadata: { labels: { [label('enforce')]: value } } },
        { headers: { 'content-type': 'application/merge-patch+json' } },
      )
    const stricter = await patch('restricted')
    assert.equal(stricter.status, 200, stricter.text)
    assert.match(
      stricter.headers.get('warning') ?? '',
      /existing pods in namespace \\"x\\" violate the new PodSecurity enforce level \\"restricted:latest\\"", 299 - "p: allowPrivilegeEscalation != false, unrestricted capabilities/,
    )
    const nonsense = await patch('strict')
    assert.equal(nonsense.status, 422)
    assert.match(nonsense.json.message, /must be one of privileged, baseline, restricted/)
    assert.equal(
      (await cluster.ask('POST', '/api/v1/namespaces', named('Namespace', 'y'))).status,
      201,
    )
  })

  test('a pod that was there before may change where nothing that matters changes', async () => {
    await using cluster = await openLabelled({})
    const pods = '/api/v1/namespaces/x/pods'
    await cluster.ask('POST', pods, bare)
    const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
    const labels = { [label('enforce')]: 'restricted' }
    await cluster.ask('PATCH', '/api/v1/namespaces/x', { metadata: { labels } }, merge)
    const tolerations = [{ key: 'a', operator: 'Exists' }]
    const patch = (spec: object) => cluster.ask('PATCH', `${pods}/p`, { spec }, merge)
    const added = await patch({ tolerations })
    assert.equal(added.status, 200, added.text)
    const other = await patch({ containers: [{ name: 'c', image: 'j' }] })
    assert.equal(other.status, 403)
    assert.match(other.json.message, /violates PodSecurity "restricted:latest"/)
  })

  test('a namespace that gets looser is told nothing of its pods', async () => {
    await using cluster = await openLabelled({})
    await cluster.ask('POST', '/api/v1/namespaces/x/pods', {
      ...bare,
      spec: { ...bare.spec, hostPID: true },
    })
    const patch = async (labels: Record<string, string>) => {
      const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
      const body = { metadata: { labels } }
      const { headers } = await cluster.ask('PATCH', '/api/v1/namespaces/x', body, merge)
      return headers.get('warning')
    }
    assert.match((await patch({ [label('enforce')]: 'restricted' })) ?? '', /existing pods/)
    assert.equal(await patch({ [label('enforce')]: 'baseline' }), undefined)
    assert.match((await patch({ [label('enforce-version')]: 'v1.30' })) ?? '', /baseline:v1.30/)
  })
})

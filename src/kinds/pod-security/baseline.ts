import type { Container, PodSpec, SecurityContext } from '../types.ts'
import {
  allContainers,
  type Check,
  type CheckPod,
  containersText,
  hasUserNamespace,
  offenders,
  type PodToCheck,
  plural,
  quoted,
  unless,
  type Violation,
  valuesText,
  volumesWhere,
} from './checks.ts'

const baselineCapabilities: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const seLinuxTypes: readonly string[] = ['', 'container_t', 'container_init_t', 'container_kvm_t']
/** Sysctls that are safe, by the version from which on they are. */
const safeSysctls: ReadonlyMap<number, readonly string[]> = new Map([
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.ip_unprivileged_port_start',
      'net.ipv4.ping_group_range',
      'net.ipv4.tcp_syncookies',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [
    29,
    [
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
      'net.ipv4.tcp_keepalive_time',
    ],
  ],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
])
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

/** Level baseline (pod-security-admission/policy/check_*.go), in the order in which it is reported. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', since: new Map([[0, appArmor]]) },
  { id: 'capabilities_baseline', since: new Map([[0, capabilities]]) },
  { id: 'hostNamespaces', since: new Map([[0, hostNamespaces]]) },
  { id: 'hostPathVolumes', since: new Map([[0, hostPaths]]) },
  { id: 'hostPorts', since: new Map([[0, hostPorts]]) },
  { id: 'hostProbesAndHostLifecycle', since: new Map([[34, hostProbes]]) },
  { id: 'privileged', since: new Map([[0, privileged]]) },
  {
    id: 'procMount',
    since: new Map([
      [0, procMount],
      [35, unless(hasUserNamespace, procMount)],
    ]),
  },
  {
    id: 'seLinuxOptions',
    since: new Map([
      [0, seLinux(seLinuxTypes)],
      [31, seLinux([...seLinuxTypes, 'container_engine_t'])],
    ]),
  },
  {
    id: 'seccompProfile_baseline',
    since: new Map([
      [0, seccompAnnotations],
      [19, seccomp],
    ]),
  },
  {
    id: 'sysctls',
    since: new Map([...safeSysctls.keys()].map((since) => [since, sysctls(since)])),
  },
  { id: 'windowsHostProcess', since: new Map([[0, hostProcess]]) },
]

const profileTypes: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost'])

function appArmor({ spec, annotations }: PodToCheck): Violation | undefined {
  const setters: string[] = []
  const values: string[] = []
  const isBad = (type: string | undefined) => {
    if (type === undefined || profileTypes.has(type)) return false
    values.push(type)
    return true
  }
  if (isBad(spec.securityContext?.appArmorProfile?.type)) setters.push('pod')
  const containers = offenders(spec, ({ securityContext }) =>
    isBad(securityContext?.appArmorProfile?.type),
  )
  if (containers.length > 0) setters.push(containersText(containers))
  const foreign = annotated(annotations, (key) => key.startsWith(appArmorPrefix)).filter(
    ([, value]) => value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'),
  )
  if (foreign.length > 0) setters.push(plural('annotation', foreign))
  if (setters.length === 0) return undefined
  const shown = [...new Set(values.sort()), ...foreign.map(([, , text]) => text)]
  return {
    what: plural('forbidden AppArmor profile', shown),
    // Quoted as Go joins them: what an annotation says is quoted within quotes.
    where: `${setters.join(' and ')} must not set AppArmor profile type to ${shown.map((one) => `"${one}"`).join(', ')}`,
  }
}

/** Annotations whose keys are wanted, sorted: key, value, and both as messages show them. */
function annotated(
  annotations: PodToCheck['annotations'],
  isWanted: (key: string) => boolean,
): [key: string, value: string, text: string][] {
  return Object.keys(annotations)
    .filter(isWanted)
    .sort()
    .map((key) => {
      const value = annotations[key] ?? ''
      return [key, value, `${key}=${JSON.stringify(value)}`]
    })
}

function capabilities({ spec }: PodToCheck): Violation | undefined {
  const bad = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter(
      (name) => !baselineCapabilities.has(name),
    )
  const names = offenders(spec, (container) => bad(container).length > 0)
  if (names.length === 0) return undefined
  const values = valuesText(allContainers(spec).flatMap(bad))
  return {
    what: 'non-default capabilities',
    where: `${containersText(names)} must not include ${values} in securityContext.capabilities.add`,
  }
}

function hostNamespaces({ spec }: PodToCheck): Violation | undefined {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name])
  if (set.length === 0) return undefined
  return { what: 'host namespaces', where: set.map((name) => `${name}=true`).join(', ') }
}

function hostPaths({ spec }: PodToCheck): Violation | undefined {
  const names = volumesWhere(spec, ({ hostPath }) => hostPath !== undefined)
  if (names.length === 0) return undefined
  return { what: 'hostPath volumes', where: `${plural('volume', names)} ${quoted(names)}` }
}

function hostPorts({ spec }: PodToCheck): Violation | undefined {
  const portsOf = ({ ports }: Container) =>
    (ports ?? []).map(({ hostPort }) => hostPort ?? 0).filter((port) => port !== 0)
  const names = offenders(spec, (container) => portsOf(container).length > 0)
  if (names.length === 0) return undefined
  const ports = [...new Set(allContainers(spec).flatMap(portsOf))].map(String).sort()
  return {
    what: 'hostPort',
    where: `${containersText(names)} ${names.length === 1 ? 'uses' : 'use'} ${plural('hostPort', ports)} ${ports.join(', ')}`,
  }
}

function hostProbes({ spec }: PodToCheck): Violation | undefined {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container) => {
    const handlers = [
      ...[livenessProbe, readinessProbe, startupProbe],
      ...[lifecycle?.postStart, lifecycle?.preStop],
    ]
    return handlers.flatMap((one) => [one?.httpGet?.host ?? '', one?.tcpSocket?.host ?? ''])
  }
  const names = offenders(spec, (container) => hostsOf(container).some((host) => host !== ''))
  if (names.length === 0) return undefined
  const hosts = [...new Set(allContainers(spec).flatMap(hostsOf))].filter((host) => host !== '')
  return {
    what: 'probe or lifecycle host',
    where: `${containersText([...new Set(names)].sort())} ${names.length === 1 ? 'uses' : 'use'} ${plural('probe or lifecycle host', hosts)} ${valuesText(hosts)}`,
  }
}

function privileged({ spec }: PodToCheck): Violation | undefined {
  const names = offenders(spec, ({ securityContext }) => securityContext?.privileged === true)
  if (names.length === 0) return undefined
  return {
    what: 'privileged',
    where: `${containersText(names)} must not set securityContext.privileged=true`,
  }
}

export function procMount({ spec }: PodToCheck): Violation | undefined {
  const mountOf = ({ securityContext }: Container) => securityContext?.procMount ?? 'Default'
  const names = offenders(spec, (container) => mountOf(container) !== 'Default')
  if (names.length === 0) return undefined
  const values = valuesText(
    allContainers(spec)
      .map(mountOf)
      .filter((mount) => mount !== 'Default'),
  )
  return {
    what: 'procMount',
    where: `${containersText(names)} must not set securityContext.procMount to ${values}`,
  }
}

function seLinux(allowed: readonly string[]): CheckPod {
  return ({ spec }) => seLinuxViolation(spec, allowed)
}

function seLinuxViolation(spec: PodSpec, allowed: readonly string[]): Violation | undefined {
  const badTypes: string[] = []
  let user = false
  let role = false
  const isBad = (options: SecurityContext['seLinuxOptions']) => {
    if (!options) return false
    const type = options.type ?? ''
    if (!allowed.includes(type)) badTypes.push(type)
    if (options.user) user = true
    if (options.role) role = true
    return !allowed.includes(type) || Boolean(options.user) || Boolean(options.role)
  }
  const setters: string[] = isBad(spec.securityContext?.seLinuxOptions) ? ['pod'] : []
  const names = offenders(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions))
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  const facts: string[] = []
  const types = [...new Set(badTypes)]
  if (types.length > 0) facts.push(`${plural('type', types)} ${valuesText(types)}`)
  if (user) facts.push('user may not be set')
  if (role) facts.push('role may not be set')
  return {
    what: 'seLinuxOptions',
    where: `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${facts.join('; ')}`,
  }
}

const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

/** Before there was a field for it, profiles were annotations. */
function seccompAnnotations({ spec, annotations }: PodToCheck): Violation | undefined {
  const keys = [seccompPodKey, ...allContainers(spec).map(({ name }) => seccompPrefix + name)]
  const texts = annotated(annotations, (key) => keys.includes(key))
    .filter(
      ([, value]) =>
        !['runtime/default', 'docker/default'].includes(value) && !value.startsWith('localhost/'),
    )
    .map(([, , text]) => text)
  if (texts.length === 0) return undefined
  return {
    what: 'seccompProfile',
    where: `forbidden ${plural('annotation', texts)} ${texts.join(', ')}`,
  }
}

function seccomp({ spec }: PodToCheck): Violation | undefined {
  const values: string[] = []
  const isBad = (context: { seccompProfile?: { type: string } | undefined } | undefined) => {
    const type = context?.seccompProfile?.type
    if (type === undefined || profileTypes.has(type)) return false
    values.push(type)
    return true
  }
  const setters: string[] = isBad(spec.securityContext) ? ['pod'] : []
  const names = offenders(spec, ({ securityContext }) => isBad(securityContext))
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  return {
    what: 'seccompProfile',
    where: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${valuesText(values)}`,
  }
}

/** With what was safe at that version, and before. */
function sysctls(since: number): CheckPod {
  const safe = new Set([...safeSysctls].flatMap(([from, names]) => (from <= since ? names : [])))
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter((name) => !safe.has(name))
    if (names.length === 0) return undefined
    return { what: 'forbidden sysctls', where: names.join(', ') }
  }
}

function hostProcess({ spec }: PodToCheck): Violation | undefined {
  const setters: string[] = spec.securityContext?.windowsOptions?.hostProcess ? ['pod'] : []
  const names = offenders(
    spec,
    ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true,
  )
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  return {
    what: 'hostProcess',
    where: `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
  }
}

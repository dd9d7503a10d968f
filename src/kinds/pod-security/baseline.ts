import type { Container, SecurityContext } from '../types.ts'
import {
  allContainers,
  type Check,
  containersText,
  offenders,
  type PodToCheck,
  plural,
  quoted,
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
const seLinuxTypes: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

/** Level baseline (pod-security-admission/policy/check_*.go), in the order in which it is reported. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', check: appArmor },
  { id: 'capabilities_baseline', level: 'baseline', check: capabilities },
  { id: 'hostNamespaces', level: 'baseline', check: hostNamespaces },
  { id: 'hostPathVolumes', level: 'baseline', check: hostPaths },
  { id: 'hostPorts', level: 'baseline', check: hostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', check: hostProbes },
  { id: 'privileged', level: 'baseline', check: privileged },
  { id: 'procMount', level: 'baseline', check: procMount },
  { id: 'seLinuxOptions', level: 'baseline', check: seLinux },
  { id: 'seccompProfile_baseline', level: 'baseline', check: seccomp },
  { id: 'sysctls', level: 'baseline', check: sysctls },
  { id: 'windowsHostProcess', level: 'baseline', check: hostProcess },
]

function appArmor({ spec, annotations }: PodToCheck): Violation | undefined {
  const bad: string[] = []
  const values: string[] = []
  const isBad = (type: string | undefined) => type === 'Unconfined'
  const podType = spec.securityContext?.appArmorProfile?.type
  if (isBad(podType)) {
    bad.push('pod')
    values.push(podType ?? '')
  }
  const containers = offenders(spec, ({ securityContext }) =>
    isBad(securityContext?.appArmorProfile?.type),
  )
  if (containers.length > 0) {
    bad.push(containersText(containers))
    values.push('Unconfined')
  }
  const keys = Object.keys(annotations).filter((key) => key.startsWith(appArmorPrefix))
  for (const key of keys.sort()) {
    const value = annotations[key] ?? ''
    if (value === '' || value === 'runtime/default' || value.startsWith('localhost/')) continue
    bad.push(`annotation ${JSON.stringify(key)}`)
    values.push(value)
  }
  if (bad.length === 0) return undefined
  const what = plural('forbidden AppArmor profile', values)
  return {
    what,
    where: `${bad.join(' and ')} must not set AppArmor profile type to ${valuesText(values)}`,
  }
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
  const bad = (container: Container) =>
    hostsOf(container).filter((host) => !['', '127.0.0.1', '::1'].includes(host))
  const names = offenders(spec, (container) => bad(container).length > 0)
  if (names.length === 0) return undefined
  const hosts = valuesText(allContainers(spec).flatMap(bad))
  return {
    what: 'probe or lifecycle host',
    where: `${containersText(names)} ${names.length === 1 ? 'uses' : 'use'} probe or lifecycle hosts ${hosts}`,
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

function procMount({ spec }: PodToCheck): Violation | undefined {
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

function seLinux({ spec }: PodToCheck): Violation | undefined {
  const badTypes: string[] = []
  let user = false
  let role = false
  const isBad = (options: SecurityContext['seLinuxOptions']) => {
    if (!options) return false
    const type = options.type ?? ''
    if (!seLinuxTypes.has(type)) badTypes.push(type)
    if (options.user) user = true
    if (options.role) role = true
    return !seLinuxTypes.has(type) || Boolean(options.user) || Boolean(options.role)
  }
  const setters: string[] = isBad(spec.securityContext?.seLinuxOptions) ? ['pod'] : []
  const names = offenders(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions))
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  const facts: string[] = []
  if (badTypes.length > 0) facts.push(`${plural('type', badTypes)} ${valuesText(badTypes)}`)
  if (user) facts.push('user may not be set')
  if (role) facts.push('role may not be set')
  return {
    what: 'seLinuxOptions',
    where: `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${facts.join('; ')}`,
  }
}

function seccomp({ spec }: PodToCheck): Violation | undefined {
  const isBad = (context: { seccompProfile?: { type: string } | undefined } | undefined) =>
    context?.seccompProfile?.type === 'Unconfined'
  const setters: string[] = isBad(spec.securityContext) ? ['pod'] : []
  const names = offenders(spec, ({ securityContext }) => isBad(securityContext))
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  return {
    what: 'seccompProfile',
    where: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`,
  }
}

function sysctls({ spec }: PodToCheck): Violation | undefined {
  const names = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => !safeSysctls.has(name))
  if (names.length === 0) return undefined
  return { what: 'forbidden sysctls', where: names.join(', ') }
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

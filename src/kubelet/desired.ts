import { createHash } from 'node:crypto'
import { qosClass } from '../kinds/core/pod/qos-class.ts'
import type { Container, Pod } from '../kinds/types.ts'
import { ConfigError, containerEnv, expandReferences, type PodSurroundings } from './env.ts'
import { milliCpu, wholeBytes } from './quantity.ts'
import type {
  ContainerConfig,
  ContainerKind,
  ContainerResources,
  ContainerSecurity,
  DnsConfig,
  HostPort,
  Mount,
  PodIdentity,
  SandboxConfig,
} from './runtime/runtime.ts'

/** PURE: from a pod's spec to what the runtime is asked for. */
export function podIdentity(pod: Pod): PodIdentity {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  return { namespace, name, uid }
}

/**
 * Tells whether a container must be made anew. Name and image are what a running pod's spec may
 * change; other fields stay out, so that a kubelet with other defaults restarts nothing.
 */
export function containerHash(container: Container): string {
  const text = JSON.stringify([container.name, container.image ?? ''])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** `sidecar` containers start in the order of init containers and go on beside the main ones. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

/** Every container of a pod, whatever it is for. */
export function podContainers({ spec }: Pod): readonly Container[] {
  return [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ]
}

const hostnameBytesMax = 63

export function podHostname(pod: Pod): string {
  return (pod.spec?.hostname ?? pod.metadata.name ?? '')
    .slice(0, hostnameBytesMax)
    .replace(/[-.]+$/, '')
}

export interface ClusterDns {
  readonly nameservers: readonly string[]
  /** Such as `cluster.local`. */
  readonly domain: string
}

export function desiredSandbox(
  pod: Pod,
  attempt: number,
  clusterDns: ClusterDns | undefined,
): SandboxConfig {
  const spec = pod.spec
  return {
    pod: podIdentity(pod),
    attempt,
    hostname: podHostname(pod),
    hostNetwork: spec?.hostNetwork ?? false,
    hostPid: spec?.hostPID ?? false,
    hostIpc: spec?.hostIPC ?? false,
    dns: desiredDns(pod, clusterDns),
    extraHosts: (spec?.hostAliases ?? []).map((alias) => ({
      ip: alias.ip,
      hostnames: alias.hostnames ?? [],
    })),
    hostPorts: spec?.hostNetwork ? [] : hostPorts(pod),
    sysctls: new Map((spec?.securityContext?.sysctls ?? []).map((one) => [one.name, one.value])),
  }
}

/** The pod's resolver settings by dnsPolicy (kubelet network/dns). Undefined: those of the node. */
export function desiredDns(pod: Pod, cluster: ClusterDns | undefined): DnsConfig | undefined {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {}
  const onHost = hostNetwork && dnsPolicy !== 'ClusterFirstWithHostNet'
  const inCluster = cluster && dnsPolicy.startsWith('ClusterFirst') && !onHost ? cluster : undefined
  if (!inCluster && !dnsConfig) return undefined
  const namespace = pod.metadata.namespace ?? 'default'
  const base = inCluster
    ? {
        nameservers: inCluster.nameservers,
        searches: [`${namespace}.svc.`, 'svc.', ''].map((prefix) => prefix + inCluster.domain),
        options: ['ndots:5'],
      }
    : { nameservers: [], searches: [], options: [] }
  const options = new Map(base.options.map((option) => [option.split(':')[0], option]))
  for (const { name = '', value } of dnsConfig?.options ?? [])
    options.set(name, value === undefined ? name : `${name}:${value}`)
  return {
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(dnsConfig?.searches ?? [])])],
    options: [...options.values()],
  }
}

/** The ports of the node that a pod asks for. */
export function hostPorts(pod: Pod): HostPort[] {
  const all = [
    ...(pod.spec?.initContainers ?? []).filter(isSidecar),
    ...(pod.spec?.containers ?? []),
  ]
  return all
    .flatMap((container) => container.ports ?? [])
    .filter((port) => port.hostPort)
    .map((port) => ({
      containerPort: port.containerPort,
      hostPort: port.hostPort ?? 0,
      hostIp: port.hostIP ?? '',
      protocol: port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP',
    }))
}

/**
 * What the runtime is asked for. `mounts` come from the volumes on disk.
 * Throws ConfigError when the spec names what is not there.
 */
export function desiredContainer(options: {
  readonly pod: Pod
  readonly container: Container
  readonly kind: ContainerKind
  readonly attempt: number
  readonly targetId?: string | undefined
  readonly mounts: readonly Mount[]
  readonly around: PodSurroundings
}): ContainerConfig {
  const { pod, container, around } = options
  const env = containerEnv(pod, container, around)
  const expand = (text: string) => expandReferences(text, (name) => env.get(name))
  return {
    pod: podIdentity(pod),
    name: container.name,
    kind: options.kind,
    attempt: options.attempt,
    hash: containerHash(container),
    image: container.image ?? '',
    command: container.command?.length ? container.command.map(expand) : undefined,
    args: container.args?.length ? container.args.map(expand) : undefined,
    workingDir: container.workingDir,
    env,
    mounts: options.mounts,
    containerPorts: (container.ports ?? [])
      .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
      .map((port) => port.containerPort),
    resources: desiredResources(pod, container),
    security: desiredSecurity(pod, container),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    stopSignal: container.lifecycle?.stopSignal,
    targetId: options.targetId,
    sharePid: pod.spec?.shareProcessNamespace ?? false,
    hostPid: pod.spec?.hostPID ?? false,
    hostIpc: pod.spec?.hostIPC ?? false,
  }
}

const sharesPerCpu = 1024
const sharesMin = 2
const quotaPeriodMicros = 100_000
const quotaMin = 1000

/** Cgroup figures (kubelet cm/helpers_linux.go). A limit stands in for a request that is missing. */
export function desiredResources(pod: Pod, container: Container): ContainerResources {
  const { limits, requests } = container.resources ?? {}
  const cpuRequest = milliCpu(requests?.['cpu'] ?? limits?.['cpu'])
  const cpuLimit = milliCpu(limits?.['cpu'])
  const memory = wholeBytes(limits?.['memory'])
  return {
    cpuShares: Math.max(sharesMin, Math.floor((cpuRequest * sharesPerCpu) / 1000)),
    cpuQuotaMicros:
      cpuLimit > 0 ? Math.max(quotaMin, (cpuLimit * quotaPeriodMicros) / 1000) : undefined,
    memoryBytesMax: memory > 0 ? memory : undefined,
    oomScoreAdjustment: oomScores[qosClass(pod)],
  }
}

const oomScores = { Guaranteed: -997, Burstable: 500, BestEffort: 1000 } as const
/** Container settings over the pod's (pkg/securitycontext). */
export function desiredSecurity(pod: Pod, container: Container): ContainerSecurity {
  const whole = pod.spec?.securityContext
  const own = container.securityContext
  const runAsUser = own?.runAsUser ?? whole?.runAsUser
  if ((own?.runAsNonRoot ?? whole?.runAsNonRoot) && (runAsUser ?? 0) === 0)
    throw new ConfigError(
      `container has runAsNonRoot and ${runAsUser === 0 ? 'would run as root' : 'no runAsUser says who it runs as'}`,
    )
  const groups = [...(whole?.supplementalGroups ?? [])]
  if (whole?.fsGroup !== undefined) groups.push(whole.fsGroup)
  return {
    privileged: own?.privileged ?? false,
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    runAsUser,
    runAsGroup: own?.runAsGroup ?? whole?.runAsGroup,
    supplementalGroups: groups,
    capabilitiesAdd: own?.capabilities?.add ?? [],
    capabilitiesDrop: own?.capabilities?.drop ?? [],
    seccompUnconfined: (own?.seccompProfile ?? whole?.seccompProfile)?.type === 'Unconfined',
  }
}

/** `:latest` and no tag mean Always, unless the spec says otherwise (the API defaults it too). */
export function pullPolicy(container: Container): 'Always' | 'IfNotPresent' | 'Never' {
  const { imagePullPolicy: policy, image = '' } = container
  if (policy === 'Always' || policy === 'Never' || policy === 'IfNotPresent') return policy
  const last = image.split('/').at(-1) ?? ''
  const tagged = last.includes('@') || (last.includes(':') && !last.endsWith(':latest'))
  return tagged ? 'IfNotPresent' : 'Always'
}

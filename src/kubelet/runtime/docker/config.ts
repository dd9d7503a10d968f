import type Docker from 'dockerode'
import { pauseReference } from '../import-image.ts'
import {
  type ContainerConfig,
  runtimeLabels as labels,
  type PodIdentity,
  type ResizableResources,
  type SandboxConfig,
} from '../runtime.ts'

/** PURE: from the kubelet's words to Docker's. */
export interface Owner {
  readonly clusterId: string
  readonly nodeName: string
  /** Where the host forbids lower scores than the engine's own, runc fails to start the container. */
  readonly oomScoreMin: number
}

const sandboxOomScore = -998
const logFileOptions = { 'max-size': '10m', 'max-file': '5' }
const quotaPeriodMicros = 100_000

export function networkName(clusterId: string): string {
  return `kijabi-${clusterId}`
}

export function sandboxOptions(
  config: SandboxConfig,
  owner: Owner,
): Docker.ContainerCreateOptions & { name: string } {
  const exposed: Record<string, object> = {}
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of config.hostPorts) {
    const key = `${port.containerPort}/${port.protocol.toLowerCase()}`
    exposed[key] = {}
    bindings[key] = [
      ...(bindings[key] ?? []),
      { HostIp: port.hostIp, HostPort: String(port.hostPort) },
    ]
  }
  const { dns } = config
  return {
    name: `k8s_POD_${podName(config.pod)}_${config.attempt}`,
    Image: pauseReference,
    Labels: {
      ...podLabels(config.pod, owner),
      [labels.type]: 'sandbox',
      [labels.attempt]: String(config.attempt),
    },
    ...(config.hostNetwork ? {} : { Hostname: config.hostname }),
    ExposedPorts: exposed,
    HostConfig: {
      NetworkMode: config.hostNetwork ? 'host' : networkName(owner.clusterId),
      IpcMode: config.hostIpc ? 'host' : 'shareable',
      ...(config.hostPid ? { PidMode: 'host' } : {}),
      PortBindings: bindings,
      ExtraHosts: config.extraHosts.flatMap(({ ip, hostnames }) =>
        hostnames.map((hostname) => `${hostname}:${ip}`),
      ),
      ...(dns
        ? {
            Dns: [...dns.nameservers],
            DnsSearch: [...dns.searches],
            DnsOptions: [...dns.options],
          }
        : {}),
      Sysctls: Object.fromEntries(config.sysctls),
      CpuShares: 2,
      OomScoreAdj: Math.max(sandboxOomScore, owner.oomScoreMin),
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
    },
  }
}

export function containerOptions(
  sandboxId: string,
  config: ContainerConfig,
  owner: Owner,
): Docker.ContainerCreateOptions & { name: string } {
  const { security, resources } = config
  const user = security.runAsUser
  const group = security.runAsGroup === undefined ? '' : `:${security.runAsGroup}`
  const securityOptions = [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(security.seccompUnconfined ? ['seccomp=unconfined'] : []),
  ]
  return {
    name: `k8s_${config.name}_${podName(config.pod)}_${config.attempt}`,
    Image: config.image,
    Labels: {
      ...podLabels(config.pod, owner),
      [labels.type]: config.kind,
      [labels.containerName]: config.name,
      [labels.sandboxId]: sandboxId,
      [labels.attempt]: String(config.attempt),
      [labels.hash]: config.hash,
    },
    ...(config.command ? { Entrypoint: [...config.command] } : {}),
    ...(config.args ? { Cmd: [...config.args] } : {}),
    ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
    ...(config.stopSignal ? { StopSignal: config.stopSignal } : {}),
    ...(user !== undefined || group !== '' ? { User: `${user ?? 0}${group}` } : {}),
    Env: [...config.env].map(([name, value]) => `${name}=${value}`),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdin && config.stdinOnce,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: `container:${sandboxId}`,
      IpcMode: config.hostIpc ? 'host' : `container:${sandboxId}`,
      ...pidMode(sandboxId, config),
      Mounts: config.mounts.map((mount) => ({
        Type: 'bind' as const,
        Source: mount.hostPath,
        Target: mount.containerPath,
        ReadOnly: mount.readOnly,
        BindOptions: {
          Propagation: mount.propagation === 'private' ? 'rprivate' : mount.propagation,
        },
      })),
      ...resourceOptions(resources),
      OomScoreAdj: Math.max(resources.oomScoreAdjustment, owner.oomScoreMin),
      Privileged: security.privileged,
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      CapAdd: [...security.capabilitiesAdd],
      CapDrop: [...security.capabilitiesDrop],
      GroupAdd: security.supplementalGroups.map(String),
      SecurityOpt: securityOptions,
      LogConfig: { Type: 'json-file', Config: logFileOptions },
      RestartPolicy: { Name: 'no' },
    },
  }
}

function pidMode(sandboxId: string, config: ContainerConfig): { PidMode?: string } {
  if (config.hostPid) return { PidMode: 'host' }
  const holder = config.sharePid ? sandboxId : config.targetId
  return holder === undefined ? {} : { PidMode: `container:${holder}` }
}

function podLabels(pod: PodIdentity, owner: Owner): Record<string, string> {
  return {
    [labels.cluster]: owner.clusterId,
    [labels.node]: owner.nodeName,
    [labels.podName]: pod.name,
    [labels.podNamespace]: pod.namespace,
    [labels.podUid]: pod.uid,
  }
}

function podName({ name, namespace, uid }: PodIdentity): string {
  return `${name}_${namespace}_${uid}`
}

/** As Docker is told them, at the start and while a container runs. */
export function resourceOptions(resources: ResizableResources) {
  const { cpuShares, cpuQuotaMicros, memoryBytesMax } = resources
  return {
    CpuShares: cpuShares,
    ...(cpuQuotaMicros === undefined
      ? {}
      : { CpuPeriod: quotaPeriodMicros, CpuQuota: Math.round(cpuQuotaMicros) }),
    ...(memoryBytesMax === undefined ? {} : { Memory: memoryBytesMax, MemorySwap: memoryBytesMax }),
  }
}

import type Docker from 'dockerode'
import {
  type ContainerKind,
  type ContainerState,
  runtimeLabels as labels,
  type PodIdentity,
  type SandboxState,
} from '../runtime.ts'

type Labels = Readonly<Record<string, string>>

/** PURE: from Docker's words to the kubelet's. */
export function sandboxState(listed: Docker.ContainerInfo): SandboxState {
  const networks = Object.values(listed.NetworkSettings?.Networks ?? {})
  return {
    id: listed.Id,
    pod: podOf(listed.Labels),
    attempt: Number(listed.Labels[labels.attempt] ?? 0),
    ready: listed.State === 'running',
    createdMs: listed.Created * 1000,
    ip: networks.map((network) => network.IPAddress).find((ip) => ip) || undefined,
  }
}

export function containerState(inspected: Docker.ContainerInspectInfo): ContainerState {
  const { State: state, Config: config } = inspected
  const named: Labels = config.Labels
  const createdMs = Date.parse(inspected.Created)
  // A start that failed leaves `created` behind, with the reason.
  const failed = state.Status === 'created' && state.Error !== ''
  const phase = phaseOf(state.Status, failed)
  const exited = phase === 'exited'
  const finishedMs = timeOf(state.FinishedAt) ?? timeOf(state.StartedAt) ?? createdMs
  return {
    id: inspected.Id,
    sandboxId: named[labels.sandboxId] ?? '',
    pod: podOf(named),
    name: named[labels.containerName] ?? '',
    kind: kindOf(named[labels.type]),
    attempt: Number(named[labels.attempt] ?? 0),
    hash: named[labels.hash] ?? '',
    image: config.Image,
    imageId: inspected.Image,
    state: phase,
    createdMs,
    startedMs: failed ? createdMs : timeOf(state.StartedAt),
    finishedMs: exited ? finishedMs : undefined,
    exitCode: exited ? (failed ? state.ExitCode || 128 : state.ExitCode) : undefined,
    oomKilled: state.OOMKilled,
    startError: failed ? state.Error : undefined,
    resources: {
      cpuShares: inspected.HostConfig.CpuShares ?? 0,
      cpuQuotaMicros: inspected.HostConfig.CpuQuota || undefined,
      memoryBytesMax: inspected.HostConfig.Memory || undefined,
    },
  }
}

function kindOf(label: string | undefined): ContainerKind {
  return label === 'init' || label === 'ephemeral' ? label : 'container'
}

function phaseOf(status: string, failed: boolean): ContainerState['state'] {
  if (status === 'created') return failed ? 'exited' : 'created'
  return status === 'exited' || status === 'dead' || status === 'removing' ? 'exited' : 'running'
}

function podOf(named: Labels): PodIdentity {
  return {
    namespace: named[labels.podNamespace] ?? '',
    name: named[labels.podName] ?? '',
    uid: named[labels.podUid] ?? '',
  }
}

/** Docker writes the year 1 for never. */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) || ms < 0 ? undefined : ms
}

import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Node, NodeCondition, NodeStatus } from '../../kinds/types.ts'
import { apiTime, sameJson } from '../status.ts'

/** What this host has to give; read by machine.ts. */
export interface Machine {
  readonly cpuCores: number
  readonly memoryBytes: number
  readonly memoryAvailableBytes: number
  readonly diskBytes: number
  readonly diskAvailableBytes: number
  readonly processes: number
  readonly processesMax: number
  readonly hostname: string
  /** As Go names them: amd64, arm64. */
  readonly architecture: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly bootId: string
  readonly machineId: string
}

export interface NodeFacts {
  readonly nodeName: string
  readonly nodeIp: string
  readonly kubeletPort: number
  readonly kubeletVersion: string
  readonly runtimeVersion: string
  readonly labels: ReadonlyMap<string, string>
  readonly annotations: ReadonlyMap<string, string>
}

/** Below these the node takes no more pods (kubelet eviction, hard thresholds; the disk's is our own). */
const memoryAvailableBytesMin = 100 * 1024 ** 2
const diskAvailableBytesMin = 256 * 1024 ** 2

/** PURE: the object that a node is registered with. */
export function nodeObject(facts: NodeFacts, machine: Machine, clock: Clock): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.nodeName,
      labels: Object.fromEntries(nodeLabels(facts, machine)),
      annotations: Object.fromEntries(facts.annotations),
    },
    spec: {},
    status: nodeStatus(facts, machine, undefined, clock.wallMs(), undefined),
  }
}

export function nodeLabels(facts: NodeFacts, machine: Machine): Map<string, string> {
  return new Map([
    ...facts.labels,
    ['kubernetes.io/hostname', facts.nodeName],
    ['kubernetes.io/os', 'linux'],
    ['kubernetes.io/arch', machine.architecture],
  ])
}

/** PURE: the status as it is now; times of conditions that hold since `old` are kept. */
export function nodeStatus(
  facts: NodeFacts,
  machine: Machine,
  old: NodeStatus | undefined,
  nowMs: number,
  trouble: string | undefined,
): NodeStatus {
  const resources = {
    cpu: String(machine.cpuCores),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    pods: String(limits.podsPerNodeMax),
  }
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: 'InternalIP', address: facts.nodeIp },
      { type: 'Hostname', address: facts.nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.kubeletPort } },
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: facts.runtimeVersion,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: facts.kubeletVersion,
      kubeletVersion: facts.kubeletVersion,
      machineID: machine.machineId,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.machineId,
    },
    conditions: nodeConditions(machine, old?.conditions ?? [], nowMs, trouble),
  }
}

function nodeConditions(
  machine: Machine,
  old: readonly NodeCondition[],
  nowMs: number,
  trouble: string | undefined,
): NodeCondition[] {
  const pressure = (type: string, pressed: boolean, what: string): NodeCondition => ({
    type,
    status: pressed ? 'True' : 'False',
    reason: `Kubelet${pressed ? 'Has' : what === 'PID' ? 'HasSufficient' : 'HasNo'}${type}`,
    message: `kubelet has ${pressed ? 'insufficient' : 'sufficient'} ${what} available`,
  })
  const { memoryAvailableBytes, diskAvailableBytes, processes, processesMax } = machine
  const now: NodeCondition[] = [
    pressure('MemoryPressure', memoryAvailableBytes < memoryAvailableBytesMin, 'memory'),
    pressure('DiskPressure', diskAvailableBytes < diskAvailableBytesMin, 'disk space'),
    pressure('PIDPressure', processes > processesMax * 0.95, 'PID'),
    {
      type: 'Ready',
      status: trouble === undefined ? 'True' : 'False',
      reason: trouble === undefined ? 'KubeletReady' : 'KubeletNotReady',
      message: trouble ?? 'kubelet is posting ready status',
    },
  ]
  const foreign = old.filter((one) => !now.some((mine) => mine.type === one.type))
  return [
    ...foreign,
    ...now.map((condition) => {
      const before = old.find((one) => one.type === condition.type)
      const same = before?.status === condition.status
      return {
        ...condition,
        lastHeartbeatTime: apiTime(nowMs),
        lastTransitionTime: (same ? before.lastTransitionTime : undefined) ?? apiTime(nowMs),
      }
    }),
  ]
}

/** PURE: whether the API must be told, beyond the heartbeat's time. */
export function nodeStatusDiffers(old: NodeStatus | undefined, next: NodeStatus): boolean {
  return !sameJson(withoutHeartbeat({ ...old, images: undefined }), withoutHeartbeat(next))
}

function withoutHeartbeat(status: NodeStatus | undefined): unknown {
  const { capacity, allocatable, addresses, daemonEndpoints, nodeInfo } = status ?? {}
  const conditions = [...(status?.conditions ?? [])]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map(({ lastHeartbeatTime: _, ...rest }) => rest)
  return { capacity, allocatable, addresses, daemonEndpoints, nodeInfo, conditions }
}

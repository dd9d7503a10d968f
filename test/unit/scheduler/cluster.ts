import type { Node, Pod, PodSpec, Taint } from '../../../src/kinds/types.ts'
import { podInfo } from '../../../src/scheduler/pod-info.ts'
import { Snapshot } from '../../../src/scheduler/snapshot.ts'

export interface NodeShape {
  cpu?: string
  memory?: string
  pods?: string
  labels?: Record<string, string>
  taints?: Taint[]
  unschedulable?: boolean
  extended?: Record<string, string>
}

export function node(name: string, shape: NodeShape = {}): Node {
  const { cpu = '4', memory = '8Gi', pods = '110' } = shape
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...shape.labels } },
    spec: {
      ...(shape.taints ? { taints: shape.taints } : {}),
      ...(shape.unschedulable ? { unschedulable: true } : {}),
    },
    status: { allocatable: { cpu, memory, pods, ...shape.extended } },
  }
}

export interface PodShape {
  namespace?: string
  uid?: string
  labels?: Record<string, string>
  owner?: string
  requests?: Record<string, string>
  hostPort?: number
  spec?: Partial<PodSpec>
}

export function pod(name: string, shape: PodShape = {}): Pod {
  return {
    metadata: {
      name,
      namespace: shape.namespace ?? 'default',
      uid: shape.uid ?? `uid-${name}`,
      ...(shape.labels ? { labels: shape.labels } : {}),
      ...(shape.owner
        ? {
            ownerReferences: [
              {
                apiVersion: 'apps/v1',
                kind: 'ReplicaSet',
                name: shape.owner,
                uid: shape.owner,
                controller: true,
              },
            ],
          }
        : {}),
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'app',
          ...(shape.requests ? { resources: { requests: shape.requests } } : {}),
          ...(shape.hostPort ? { ports: [{ containerPort: 80, hostPort: shape.hostPort }] } : {}),
        },
      ],
      schedulerName: 'default-scheduler',
      ...shape.spec,
    },
  }
}

export function cluster(...nodes: Node[]): Snapshot {
  const snapshot = new Snapshot()
  for (const one of nodes) snapshot.setNode(one)
  return snapshot
}

/** Puts a pod on a node, as the watch would show it. */
export function place(snapshot: Snapshot, nodeName: string, one: Pod): void {
  snapshot.setPod({ ...one, spec: { containers: [], ...one.spec, nodeName } })
}

export { podInfo }

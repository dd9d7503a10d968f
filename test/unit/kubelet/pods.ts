import type { Container, Pod, PodSpec } from '../../../src/kinds/types.ts'
import { containerHash } from '../../../src/kubelet/desired.ts'
import type { ProbeVerdict } from '../../../src/kubelet/plan.ts'
import type { ContainerState, SandboxState } from '../../../src/kubelet/runtime/runtime.ts'

/** Pods and runtime states for the tests of this folder. */
export function podOf(spec: Partial<PodSpec> = {}, name = 'web'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name, uid: `uid-${name}` },
    spec: { containers: [containerOf('main')], restartPolicy: 'Always', ...spec },
  }
}

export function containerOf(name: string, more: Partial<Container> = {}): Container {
  return { name, image: `registry/${name}:1`, ...more }
}

export function sandboxOf(pod: Pod, more: Partial<SandboxState> = {}): SandboxState {
  return {
    id: `sandbox-${more.attempt ?? 0}`,
    pod: {
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name ?? '',
      uid: pod.metadata.uid ?? '',
    },
    attempt: 0,
    ready: true,
    createdMs: 0,
    ip: '10.0.0.1',
    ...more,
  }
}

export function stateOf(
  pod: Pod,
  container: Container,
  more: Partial<ContainerState> = {},
): ContainerState {
  const attempt = more.attempt ?? 0
  return {
    id: `${container.name}-${attempt}`,
    sandboxId: 'sandbox-0',
    pod: sandboxOf(pod).pod,
    name: container.name,
    kind: 'container',
    attempt,
    hash: containerHash(container),
    image: container.image ?? '',
    imageId: 'sha256:0',
    state: 'running',
    createdMs: 1000,
    startedMs: 1000,
    finishedMs: undefined,
    exitCode: undefined,
    oomKilled: false,
    startError: undefined,
    ...more,
  }
}

export function exitedOf(
  pod: Pod,
  container: Container,
  exitCode: number,
  more: Partial<ContainerState> = {},
): ContainerState {
  return stateOf(pod, container, { state: 'exited', exitCode, finishedMs: 2000, ...more })
}

export const noVerdicts: ReadonlyMap<string, ProbeVerdict> = new Map()

import type {
  ContainerState,
  PodIdentity,
  RuntimeSnapshot,
  SandboxState,
} from './runtime/runtime.ts'

/** PURE: what the runtime has of one pod. */
export interface ObservedPod {
  readonly pod: PodIdentity
  /** Newest first. */
  readonly sandboxes: readonly SandboxState[]
  /** By container name; newest first. Names are unique over init and main containers. */
  readonly containers: ReadonlyMap<string, readonly ContainerState[]>
}

/** Sorts a listing by pod uid. */
export function observePods(snapshot: RuntimeSnapshot): ReadonlyMap<string, ObservedPod> {
  const pods = new Map<
    string,
    { pod: PodIdentity; sandboxes: SandboxState[]; containers: Map<string, ContainerState[]> }
  >()
  const entry = (pod: PodIdentity) => {
    let found = pods.get(pod.uid)
    if (!found) {
      found = { pod, sandboxes: [], containers: new Map() }
      pods.set(pod.uid, found)
    }
    return found
  }
  for (const sandbox of snapshot.sandboxes) entry(sandbox.pod).sandboxes.push(sandbox)
  for (const container of snapshot.containers) {
    const { containers } = entry(container.pod)
    const same = containers.get(container.name)
    if (same) same.push(container)
    else containers.set(container.name, [container])
  }
  for (const { sandboxes, containers } of pods.values()) {
    sandboxes.sort(newestFirst)
    for (const same of containers.values()) same.sort(newestFirst)
  }
  return pods
}

export function nothingObserved(pod: PodIdentity): ObservedPod {
  return { pod, sandboxes: [], containers: new Map() }
}

/** The sandbox that new containers go into, when there is one. */
export function liveSandbox(observed: ObservedPod): SandboxState | undefined {
  const newest = observed.sandboxes[0]
  return newest?.ready ? newest : undefined
}

export function allContainers(observed: ObservedPod): ContainerState[] {
  return [...observed.containers.values()].flat()
}

export function isRunning(container: ContainerState): boolean {
  return container.state === 'running'
}

/** What decides whether two observations differ: equal texts mean nothing happened. */
export function fingerprint(observed: ObservedPod): string {
  const sandboxes = observed.sandboxes.map((one) => `${one.id}:${one.ready}:${one.ip ?? ''}`)
  const containers = allContainers(observed).map((one) => `${one.id}:${one.state}`)
  return [...sandboxes, ...containers].join(' ')
}

function newestFirst(
  a: { attempt: number; createdMs: number },
  b: { attempt: number; createdMs: number },
): number {
  return b.attempt - a.attempt || b.createdMs - a.createdMs
}

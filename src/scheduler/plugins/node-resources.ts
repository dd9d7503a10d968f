import type { NodeInfo } from '../node-info.ts'
import { type Plugin, type Rejection, scoreMax } from '../plugin.ts'
import type { PodInfo } from '../pod-info.ts'

/** Requests must fit into what is left; emptier nodes come first (noderesources/fit.go, LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  events: new Set(['node-added', 'node-allocatable', 'pod-removed', 'pod-changed']),
  filter: (pod) => (node) => shortage(pod, node),
  score: (pod) => ({
    weight: 1,
    normalize: 'none',
    score(node) {
      const cpu = freeShare(node.allocatable.milliCpu, node.scored.milliCpu + pod.scored.milliCpu)
      const memory = freeShare(
        node.allocatable.memoryBytes,
        node.scored.memoryBytes + pod.scored.memoryBytes,
      )
      return Math.floor((cpu + memory) / 2)
    },
  }),
}

/** Prefers nodes whose cpu and memory fill at the same pace (noderesources/balanced_allocation.go). */
export const nodeResourcesBalanced: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  events: new Set(),
  score: (pod) => ({
    weight: 1,
    normalize: 'none',
    score({ allocatable, requested }) {
      if (allocatable.milliCpu === 0 || allocatable.memoryBytes === 0) return 0
      const cpu = Math.min(1, (requested.milliCpu + pod.requests.milliCpu) / allocatable.milliCpu)
      const memory = Math.min(
        1,
        (requested.memoryBytes + pod.requests.memoryBytes) / allocatable.memoryBytes,
      )
      return Math.floor((1 - Math.abs(cpu - memory) / 2) * scoreMax)
    },
  }),
}

function freeShare(allocatable: number, requested: number): number {
  if (allocatable === 0 || requested > allocatable) return 0
  return Math.floor(((allocatable - requested) * scoreMax) / allocatable)
}

/** Names every resource that falls short; unresolvable when even an empty node would be too small. */
function shortage(pod: PodInfo, node: NodeInfo): Rejection | undefined {
  const { allocatable, requested } = node
  const wanted = pod.requests
  let reasons: string[] | undefined
  let resolvable = true
  const check = (name: string, want: number, all: number, used: number) => {
    if (want === 0 || want <= all - used) return
    reasons ??= []
    reasons.push(`Insufficient ${name}`)
    if (want > all) resolvable = false
  }
  if (node.pods.size + 1 > node.podsMax) reasons = ['Too many pods']
  check('cpu', wanted.milliCpu, allocatable.milliCpu, requested.milliCpu)
  check('memory', wanted.memoryBytes, allocatable.memoryBytes, requested.memoryBytes)
  check('ephemeral-storage', wanted.storageBytes, allocatable.storageBytes, requested.storageBytes)
  if (wanted.extended)
    for (const [name, want] of wanted.extended)
      check(name, want, allocatable.extended?.get(name) ?? 0, requested.extended?.get(name) ?? 0)
  return reasons && { reasons, resolvable }
}

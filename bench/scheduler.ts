import { SeededRandom } from '../src/base/random.ts'
import type { Node, Pod } from '../src/kinds/types.ts'
import { scheduleOne } from '../src/scheduler/cycle.ts'
import { podInfo } from '../src/scheduler/pod-info.ts'
import { SchedulingQueue } from '../src/scheduler/queue.ts'
import { Snapshot } from '../src/scheduler/snapshot.ts'

/**
 * Queue, cycle and assume in memory, without an API: how fast decisions can be made at most.
 * Arguments: `--nodes 5000 --pods 10000 --seed 1`.
 */
export async function run(args: readonly string[]): Promise<object> {
  const nodeCount = numberAfter(args, '--nodes', 5_000)
  const podCount = numberAfter(args, '--pods', 10_000)
  const seed = numberAfter(args, '--seed', 1)
  const random = new SeededRandom(seed)
  const snapshot = new Snapshot()
  for (let index = 0; index < nodeCount; index++) snapshot.setNode(node(index))
  const pods = Array.from({ length: podCount }, (_, index) => pod(index))
  const queue = new SchedulingQueue()
  const startMs = performance.now()
  for (const one of pods) queue.set(one, 0)
  const cycleMs: number[] = []
  let unschedulable = 0
  for (let entry = queue.pop(0); entry; entry = queue.pop(0)) {
    const beganMs = performance.now()
    const info = podInfo(entry.pod)
    const decision = scheduleOne(snapshot, info, random)
    if (decision.node) {
      snapshot.assume(info, decision.node)
      queue.delete(entry.key)
    } else {
      unschedulable += 1
      queue.unschedulable(entry, new Set(), 0)
    }
    cycleMs.push(performance.now() - beganMs)
  }
  const totalMs = performance.now() - startMs
  cycleMs.sort((one, other) => one - other)
  const busiest = Math.max(...snapshot.nodes.map((one) => one.pods.size))
  return {
    bench: 'scheduler',
    nodes: nodeCount,
    pods: podCount,
    seed,
    podsPerSecond: Math.round(podCount / (totalMs / 1_000)),
    totalMs: Math.round(totalMs),
    cycleMsMedian: rounded(cycleMs[Math.floor(podCount * 0.5)]),
    cycleMs99: rounded(cycleMs[Math.floor(podCount * 0.99)]),
    unschedulable,
    podsOnBusiestNode: busiest,
  }
}

function node(index: number): Node {
  const name = `node-${index}`
  const labels = {
    'kubernetes.io/hostname': name,
    'topology.kubernetes.io/zone': `zone-${index % 3}`,
  }
  return {
    metadata: { name, labels },
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
  }
}

/** Pods of ten replica sets, each with the requests of scheduler_perf's basic workload. */
function pod(index: number): Pod {
  const owner = `set-${index % 10}`
  const requests = { cpu: '100m', memory: '500Mi' }
  return {
    metadata: {
      name: `pod-${index}`,
      namespace: 'default',
      uid: `uid-${index}`,
      labels: { app: owner },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true },
      ],
    },
    spec: { containers: [{ name: 'pause', image: 'pause', resources: { requests } }] },
  }
}

function rounded(ms: number | undefined): number {
  return Math.round((ms ?? 0) * 1_000) / 1_000
}

function numberAfter(args: readonly string[], name: string, fallback: number): number {
  const at = args.indexOf(name)
  const value = at < 0 ? fallback : Number(args[at + 1])
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} needs a whole number`)
  return value
}

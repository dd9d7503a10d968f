import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * One rule of the scheduler. `filter` and `score` prepare for a pod once a cycle and return what is
 * asked of each node; undefined means the rule says nothing about this pod. Pure.
 */
export interface Plugin {
  /** Kubernetes' name of the plugin, such as `NodeResourcesFit`. */
  readonly name: string
  /** What may make a pod fit that this plugin refused. */
  readonly events: ReadonlySet<ClusterEvent>
  filter?(pod: PodInfo, snapshot: Snapshot): NodeFilter | undefined
  score?(pod: PodInfo, snapshot: Snapshot): NodeScore | undefined
}

/** Undefined when the node will do. */
export type NodeFilter = (node: NodeInfo) => Rejection | undefined

export interface Rejection {
  /** In Kubernetes' words, each counted once a node. */
  readonly reasons: readonly string[]
  /** True when removing pods from the node could help. */
  readonly resolvable: boolean
}

export interface NodeScore {
  readonly weight: number
  score(node: NodeInfo): number
  /**
   * How raw scores become 0..100 over the candidates: `none` they are already, `highest` in proportion
   * to the best, `lowest` the same turned round (a low raw score is good), `range` between worst and best.
   */
  readonly normalize: 'none' | 'highest' | 'lowest' | 'range' | 'spread'
}

export type ClusterEvent =
  | 'node-added'
  | 'node-allocatable'
  | 'node-labels'
  | 'node-taints'
  | 'pod-assigned'
  | 'pod-removed'
  | 'pod-changed'

export const scoreMax = 100

/** A rejection whose text never changes. */
export function rejection(reason: string, resolvable: boolean): Rejection {
  return { reasons: [reason], resolvable }
}

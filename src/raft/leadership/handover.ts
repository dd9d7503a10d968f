import type { MemberId } from '../../base/brand.ts'
import type { RawNode } from '../core/raw-node.ts'

/** Whom a leader that goes should leave leadership to: the living voter with most of the log. */
export function successorOf(node: RawNode, voters: readonly MemberId[]): MemberId | undefined {
  const { id, progress } = node.status()
  return progress
    .filter((one) => one.id !== id && one.recentActive && voters.includes(one.id))
    .toSorted((left, right) => right.match - left.match)[0]?.id
}

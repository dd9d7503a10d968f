import type { Labels } from '../../kinds/selector.ts'
import type { ControllerRevision } from '../../kinds/types.ts'
import { sameData } from './revision-data.ts'

export interface HistoryDecision {
  /** The revision of the present template; undefined: there is none yet. */
  readonly current: ControllerRevision | undefined
  /** The number that the present revision is to have: above all others, also after going back. */
  readonly number: number
  /** All others, the oldest first. */
  readonly old: readonly ControllerRevision[]
  /** Further revisions of the present template. */
  readonly duplicates: readonly ControllerRevision[]
}

/**
 * Which revision is the present one (getStatefulSetRevisions, constructHistory). `revisions` are those
 * that the owner has. When none has the same data, `isSameToday` may still say it of the newest.
 */
export function decideHistory(
  revisions: readonly ControllerRevision[],
  data: unknown,
  isSameToday: (newest: ControllerRevision) => boolean = () => false,
): HistoryDecision {
  const sorted = oldestFirst(revisions)
  let equal = sorted.filter((revision) => sameData(revision.data, data))
  if (equal.length === 0) equal = sorted.slice(-1).filter(isSameToday)
  const old = sorted.filter((revision) => !equal.includes(revision))
  const current = equal.at(-1)
  const next = Math.max(0, ...old.map(({ revision }) => revision)) + 1
  return {
    current,
    number: Math.max(next, current?.revision ?? 0),
    old,
    duplicates: equal.slice(0, -1),
  }
}

/** By number; equal ones by age, then by name. */
export function oldestFirst(
  revisions: readonly ControllerRevision[],
): readonly ControllerRevision[] {
  const orderOf = ({ revision, metadata }: ControllerRevision) =>
    [revision, metadata.creationTimestamp ?? '', metadata.name ?? ''] as const
  return [...revisions].sort((one, other) => {
    const [left, right] = [orderOf(one), orderOf(other)]
    const at = left.findIndex((value, index) => value !== right[index])
    if (at < 0) return 0
    return (left[at] ?? 0) < (right[at] ?? 0) ? -1 : 1
  })
}

/** Old revisions beyond the limit that no pod is of; `lives` tells of a revision that one still is. */
export function surplusRevisions(
  old: readonly ControllerRevision[],
  limit: number,
  lives: (revision: ControllerRevision) => boolean,
): readonly ControllerRevision[] {
  const surplus = old.length - limit
  if (surplus <= 0) return []
  return old.filter((revision) => !lives(revision)).slice(0, surplus)
}

export const hashLabel = 'controller-revision-hash'

/** Labels of a new revision: those of the template, so that the selector finds it, and its hash. */
export function revisionLabels(
  template: Labels,
  hashLabels: readonly string[],
  hash: string,
): Record<string, string> {
  const labels: Record<string, string> = Object.create(null)
  Object.assign(labels, { ...template })
  for (const label of hashLabels) labels[label] = hash
  return labels
}

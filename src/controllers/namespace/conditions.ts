import { formatTime } from '../../kinds/time.ts'
import type { NamespaceCondition } from '../../kinds/types.ts'

/** What is left of one resource. */
export interface Remaining {
  readonly resource: string
  readonly group: string
  readonly count: number
  /** Finalizers that hold objects back, with how many objects each. */
  readonly finalizers: ReadonlyMap<string, number>
}

/** What one pass over a namespace that ends came to. */
export interface Emptied {
  readonly remaining: readonly Remaining[]
  /** Why objects could not be asked to go. */
  readonly errors: readonly Error[]
}

interface Told {
  readonly reason: string
  readonly message: string
}

interface Sort {
  readonly type: string
  /** While something is wrong; what exactly comes after the colon. */
  readonly bad: Told
  readonly good: Told
}

/**
 * All that is said, in this order and all of it at once: whoever looks at one of them knows that the
 * namespace was seen to (pkg/controller/namespace/deletion/status_condition_utils.go). Kinds come from
 * the table here, so that finding them cannot fail.
 */
const sorts: readonly Sort[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    bad: { reason: 'DiscoveryFailed', message: 'Discovery failed for some groups' },
    good: { reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    bad: { reason: 'GroupVersionParsingFailed', message: 'Group versions could not be read' },
    good: { reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
  },
  {
    type: 'NamespaceDeletionContentFailure',
    bad: { reason: 'ContentDeletionFailed', message: 'Failed to delete all resource types' },
    good: {
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
  },
  {
    type: 'NamespaceContentRemaining',
    bad: { reason: 'SomeResourcesRemain', message: 'Some resources are remaining' },
    good: { reason: 'ContentRemoved', message: 'All content successfully removed' },
  },
  {
    type: 'NamespaceFinalizersRemaining',
    bad: {
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining',
    },
    good: {
      reason: 'ContentHasNoFinalizers',
      message: 'All content-preserving finalizers finished',
    },
  },
]

/** The conditions of a namespace after a pass; those of other types stay as they are. */
export function deletionConditions(
  emptied: Emptied,
  old: readonly NamespaceCondition[],
  nowMs: number,
): NamespaceCondition[] {
  const wrong = wrongs(emptied)
  const told = sorts.map(({ type, bad, good }): NamespaceCondition => {
    const what = wrong.get(type) ?? ''
    const status = what === '' ? 'False' : 'True'
    const known = old.find((one) => one.type === type)
    return {
      type,
      status,
      reason: what === '' ? good.reason : bad.reason,
      message: what === '' ? good.message : `${bad.message}: ${what}`,
      lastTransitionTime: known?.status === status ? known.lastTransitionTime : formatTime(nowMs),
    }
  })
  const others = old.filter((one) => !told.some(({ type }) => type === one.type))
  return [...others, ...told]
}

/** What is wrong, by the type of the condition that says so. */
function wrongs({ remaining, errors }: Emptied): ReadonlyMap<string, string> {
  const held = new Map<string, number>()
  for (const { finalizers } of remaining)
    for (const [name, count] of finalizers) held.set(name, (held.get(name) ?? 0) + count)
  return new Map([
    ['NamespaceDeletionContentFailure', errors.map(({ message }) => message).join(', ')],
    [
      'NamespaceContentRemaining',
      remaining
        .map(({ resource, group, count }) => `${resource}.${group} has ${count} resource instances`)
        .join(', '),
    ],
    [
      'NamespaceFinalizersRemaining',
      [...held].map(([name, count]) => `${name} in ${count} resource instances`).join(', '),
    ],
  ])
}

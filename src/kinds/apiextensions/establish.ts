import { same } from '../validation/field-error.ts'
import { approvalCondition } from './api-approval.ts'
import {
  type CustomDefinition,
  cleanupFinalizer,
  type DefinitionCondition,
  type DefinitionNames,
  type DefinitionStatus,
} from './definition-spec.ts'

/**
 * The status that a definition is to have: its names are accepted unless another one of its group has
 * them, and then it is established, for good
 * (apiextensions-apiserver pkg/controller/{status/naming_controller.go,establish}). Pure; `now` is
 * RFC 3339. Returns the same object when nothing is to change.
 */
export function establishedStatus(
  definition: CustomDefinition,
  others: readonly CustomDefinition[],
  now: string,
): DefinitionStatus {
  const { status = {}, spec } = definition
  const accepted = acceptNames(spec.names, status.acceptedNames, takenNames(definition, others))
  const { problem, names } = accepted
  const conditions = [...(status.conditions ?? [])]
  const wasEstablished = conditions.some(
    (one) => one.type === 'Established' && one.status === 'True',
  )
  const approval = approvalCondition(definition)
  const changed = [
    set(
      conditions,
      now,
      problem === undefined
        ? {
            type: 'NamesAccepted',
            status: 'True',
            reason: 'NoConflicts',
            message: 'no conflicts found',
          }
        : { type: 'NamesAccepted', status: 'False', ...problem },
    ),
    approval !== undefined && set(conditions, now, approval),
    // Once established, a definition is served whatever becomes of its names.
    wasEstablished
      ? false
      : set(
          conditions,
          now,
          problem === undefined
            ? {
                type: 'Established',
                status: 'True',
                reason: 'InitialNamesAccepted',
                message: 'the initial names have been accepted',
              }
            : {
                type: 'Established',
                status: 'False',
                reason: 'NotAccepted',
                message: 'not all names are accepted',
              },
        ),
  ]
  const sameNames = same(names, status.acceptedNames)
  if (sameNames && !changed.includes(true)) return status
  return { ...status, conditions, acceptedNames: names }
}

interface Taken {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

/** Names that the other definitions of the group were given before. */
function takenNames(
  { spec, metadata }: CustomDefinition,
  others: readonly CustomDefinition[],
): Taken {
  const given = others
    .filter((one) => one.spec.group === spec.group && one.metadata.name !== metadata.name)
    .flatMap(({ status }) => (status?.acceptedNames?.plural ? [status.acceptedNames] : []))
  return {
    resources: new Set(
      given.flatMap((names) => [names.plural, names.singular ?? '', ...(names.shortNames ?? [])]),
    ),
    kinds: new Set(given.flatMap((names) => [names.kind, names.listKind ?? ''])),
  }
}

interface Accepted {
  readonly names: DefinitionNames
  /** Of the last name that somebody else has. */
  readonly problem: Pick<DefinitionCondition, 'reason' | 'message'> | undefined
}

/** Each name is taken as it is free; one that is not stays what it was. */
function acceptNames(
  wanted: DefinitionNames,
  before: DefinitionNames = { kind: '', plural: '' },
  { resources, kinds }: Taken,
): Accepted {
  let problem: Accepted['problem']
  const inUse = (name: string) => `${JSON.stringify(name)} is already in use`
  const accept = (
    field: 'plural' | 'singular' | 'kind' | 'listKind',
    reason: string,
    taken: ReadonlySet<string>,
  ): string | undefined => {
    const name = wanted[field]
    if (!name || name === before[field] || !taken.has(name)) return name
    problem = { reason, message: inUse(name) }
    return before[field]
  }
  const [plural = '', singular] = [
    accept('plural', 'PluralConflict', resources),
    accept('singular', 'SingularConflict', resources),
  ]
  const own = before.shortNames ?? []
  const lost = (wanted.shortNames ?? []).filter((one) => !own.includes(one) && resources.has(one))
  if (lost.length > 0) {
    const texts = lost.map(inUse)
    const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
    problem = { reason: 'ShortNamesConflict', message }
  }
  const shortNames = lost.length > 0 ? before.shortNames : wanted.shortNames
  const [kind = '', listKind] = [
    accept('kind', 'KindConflict', kinds),
    accept('listKind', 'ListKindConflict', kinds),
  ]
  const { categories } = wanted
  const names = {
    plural,
    ...(singular ? { singular } : {}),
    ...(shortNames ? { shortNames } : {}),
    kind,
    ...(listKind ? { listKind } : {}),
    ...(categories ? { categories } : {}),
  }
  return { names, problem }
}

/** Sets a condition in place; false when it stands already. */
function set(
  conditions: DefinitionCondition[],
  now: string,
  wanted: Omit<DefinitionCondition, 'lastTransitionTime'>,
): boolean {
  const at = conditions.findIndex((one) => one.type === wanted.type)
  const known = conditions[at]
  const isSame =
    known?.status === wanted.status &&
    known.reason === wanted.reason &&
    known.message === wanted.message
  if (isSame) return false
  const lastTransitionTime = known?.status === wanted.status ? known.lastTransitionTime : now
  const made = { ...wanted, ...(lastTransitionTime ? { lastTransitionTime } : {}) }
  if (at < 0) conditions.push(made)
  else conditions[at] = made
  return true
}

/** What is left to do for a definition that is going: `clean` its instances, then let it `go`. */
export function endingOf({ metadata }: CustomDefinition): 'clean' | 'none' {
  const isHeld = metadata.finalizers?.includes(cleanupFinalizer) ?? false
  return metadata.deletionTimestamp !== undefined && isHeld ? 'clean' : 'none'
}

/** The condition of a definition that is going (pkg/controller/finalizer/crd_finalizer.go). */
export function terminatingStatus(
  definition: CustomDefinition,
  left: number,
  now: string,
): DefinitionStatus {
  const conditions = [...(definition.status?.conditions ?? [])]
  const told =
    left > 0
      ? {
          status: 'True' as const,
          reason: 'InstanceDeletionInProgress',
          message: 'CustomResource deletion is in progress',
        }
      : {
          status: 'False' as const,
          reason: 'InstanceDeletionCompleted',
          message: 'removed all instances',
        }
  const changed = set(conditions, now, { type: 'Terminating', ...told })
  return changed ? { ...definition.status, conditions } : (definition.status ?? {})
}

import { StatusError, statusCodes } from '../../base/status.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { groupVersion, withoutReason } from '../errors.ts'
import { copyRecord, isRecord, type Json } from '../patch/json-value.ts'
import { emptySet, type FieldSet } from './field-set.ts'
import { lastApplied } from './last-applied.ts'
import {
  entriesOrNone,
  isSameManager,
  type Ownership,
  ownable,
  readOwnerships,
} from './managed-fields.ts'
import { reconciled } from './reconcile.ts'
import { type Shape, shapeOf } from './shape.ts'
import { type Comparison, compare, duplicateIn, fieldsOf, merge, remove } from './typed-merge.ts'

export type AppliedKind = Pick<
  Kind,
  'definition' | 'custom' | 'group' | 'version' | 'kind' | 'statusKeeps'
>

export interface Applier {
  /** The fieldManager of the request. */
  readonly manager: string
  readonly subresource: string
  /** Take over what others own instead of refusing. */
  readonly force: boolean
  /** RFC 3339, seconds. */
  readonly time: string
}

/** Owns what was there before anybody applied; Kubernetes' own name for it. */
const beforeFirstApply = 'before-first-apply'

/**
 * Server-side apply: `live` with what `applied` says, without what this manager applied before and
 * now leaves out, and who owns what then (structured-merge-diff merge.Updater.Apply). Pure; changes
 * neither argument. `applied` is decoded, and holds no more than its author wrote.
 * Throws Conflict, with one cause a field, for values that others own.
 */
export function applyObject(
  kind: AppliedKind,
  live: AnyObject,
  applied: AnyObject,
  applier: Applier,
): AnyObject {
  const start = readApply(kind, live, applied, applier)
  const { shape, self, said, before, merged } = start
  const ownerships = ownershipsOf(kind, start, live)
  const others = ownerships.filter((one) => !isSameManager(one, self))
  const mine = ownerships.find((one) => isSameManager(one, self))
  const { changed } = compare(shape, before, merged)
  const disputed = disputedOf(start, live, changed)
  if (!applier.force) refuseConflicts(others, () => disputed, applier.subresource)
  const left = others.map((one) => ({ ...one, fields: one.fields.difference(changed) }))
  // With the name, which nobody owns: or the last owned field of metadata would take all of it along.
  const kept = left.reduce((all, one) => all.union(one.fields), said)
  const gone = (mine?.fields ?? emptySet).difference(kept)
  const object = remove(shape, merged, gone, kept) as unknown as AnyObject
  const difference = compare(shape, before, object as unknown as Json)
  const own = ownershipOf(start, mine, difference)
  // An element of a list goes with all that is in it, also what others own there.
  const remaining = left.map((one) => ({
    ...one,
    fields: one.fields.difference(difference.removed),
  }))
  object.metadata.managedFields = entriesOrNone([...remaining, own])
  return object
}

/** What an apply is about, before anything is decided. */
export interface ApplyStart {
  readonly shape: Shape
  readonly apiVersion: string
  readonly self: Applier & Pick<Ownership, 'operation' | 'apiVersion'>
  /** All that is applied, and what of it can be owned. */
  readonly said: FieldSet
  readonly wanted: FieldSet
  readonly before: Json
  readonly merged: Json
}

/** Throws BadRequest for what is applied twice. */
export function readApply(
  kind: AppliedKind,
  live: AnyObject,
  applied: AnyObject,
  applier: Applier,
): ApplyStart {
  const shape = shapeOf(kind)
  const apiVersion = groupVersion(kind)
  const config = stripped(kind, applied, applier.subresource)
  const twice = duplicateIn(shape, config)
  if (twice !== undefined) throw untypedPatch(kind, applied.metadata, twice)
  const said = fieldsOf(shape, config)
  const before = plain(live)
  return {
    ...{ shape, apiVersion, said, before },
    self: { ...applier, operation: 'Apply' as const, apiVersion },
    wanted: ownable(kind, said, applier.subresource),
    merged: merge(shape, before, config),
  }
}

/** Kubernetes has neither a reason nor a better code for a configuration that is of no type. */
export function untypedPatch(
  kind: Pick<Kind, 'group' | 'version' | 'kind'>,
  { namespace = '', name = '' }: Pick<AnyObject['metadata'], 'namespace' | 'name'>,
  problem: string,
): StatusError {
  const which = `${namespace}/${name}; ${kind.group}/${kind.version}, Kind=${kind.kind}`
  return withoutReason(`failed to create typed patch object (${which}): ${problem}`)
}

/** Without what kubectl applied itself, before it applied on the server, and nobody changed since. */
export function disputedOf(
  { shape, self }: ApplyStart,
  live: AnyObject,
  changed: FieldSet,
): FieldSet {
  const allowed = lastApplied(live, self.manager)
  if (!isRecord(allowed) || allowed['apiVersion'] !== self.apiVersion) return changed
  const { changed: since, removed } = compare(shape, allowed, plain(live))
  const own = fieldsOf(shape, allowed).difference(since).difference(removed)
  return changed.difference(own)
}

/** What the applier owns then, and since when: as long as nothing else changes, nobody says since when. */
export function ownershipOf(
  { self, apiVersion, wanted }: Pick<ApplyStart, 'self' | 'apiVersion' | 'wanted'>,
  mine: Ownership | undefined,
  { changed, removed }: Comparison,
): Ownership {
  const isSame = changed.isEmpty && removed.isEmpty
  return {
    manager: self.manager,
    operation: 'Apply',
    apiVersion,
    subresource: self.subresource,
    time: isSame ? (mine?.time ?? '') : self.time,
    fields: wanted,
  }
}

/** Where nobody owns anything yet, all that is there belongs to who wrote before, by the same subresource. */
function ownershipsOf(
  kind: AppliedKind,
  { shape, said, self, apiVersion }: ApplyStart,
  live: AnyObject,
): readonly Ownership[] {
  const read = readOwnerships(live.metadata.managedFields)
  // Only schemas of definitions change.
  const known = kind.custom ? reconciled(shape, groupVersion(kind), read) : read
  if (known.length > 0 || live.metadata.uid === undefined) return known
  const all = compare(shape, {}, plain(live)).changed
  const { subresource } = self
  // A Scale has nothing but the replicas.
  const seen = subresource === 'scale' ? all.intersection(said) : all
  return [
    {
      ...{ manager: beforeFirstApply, operation: 'Update', apiVersion, subresource },
      time: live.metadata.creationTimestamp ?? '',
      fields: ownable(kind, seen, subresource),
    },
  ]
}

/** Throws Conflict when somebody owns what changes, in the version that he wrote in. */
export function refuseConflicts(
  others: readonly Ownership[],
  changedFor: (owner: Ownership) => FieldSet,
  subresource: string,
): void {
  const conflicts = others.flatMap((owner) =>
    owner.fields
      .intersection(changedFor(owner))
      .paths()
      .map((path) => ({ owner: printOwner(owner, subresource), path })),
  )
  if (conflicts.length === 0) return
  throw new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: conflictMessage(conflicts),
    reason: 'Conflict',
    details: {
      causes: conflicts.map(({ owner, path }) => ({
        reason: 'FieldManagerConflict',
        field: path,
        message: `conflict with ${owner}`,
      })),
    },
    code: statusCodes.Conflict,
  })
}

function conflictMessage(conflicts: readonly { owner: string; path: string }[]): string {
  const [first] = conflicts
  if (first && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.path}`
  const owners = [...new Set(conflicts.map((one) => one.owner))].sort()
  const lines = owners.flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...conflicts.filter((one) => one.owner === owner).map((one) => `- ${one.path}`),
  ])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

/** Since when, Kubernetes does not say (managedfields/internal BuildManagerIdentifier). */
function printOwner(owner: Ownership, writtenTo: string): string {
  const { manager, subresource, operation } = owner
  // Whoever applies to a Scale sees all owners as those of a Scale (managedfields/scalehandler.go).
  const apiVersion = writtenTo === 'scale' ? 'autoscaling/v1' : owner.apiVersion
  const name = `${JSON.stringify(manager)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`
  if (operation === 'Apply') return name
  return `${name} using ${apiVersion}`
}

/** What an applied configuration may speak about: see `ownable`. */
function stripped(kind: AppliedKind, applied: AnyObject, subresource: string): Json {
  const config = copyRecord(
    subresource === 'status' ? { metadata: applied.metadata, status: applied['status'] } : applied,
  )
  if (subresource !== 'status' && (!kind.custom || kind.custom.hasStatus)) delete config['status']
  if (subresource === 'status' && kind.statusKeeps === 'all') config['metadata'] = copyRecord({})
  const metadata = config['metadata'] as Record<string, Json>
  delete metadata['managedFields']
  delete metadata['resourceVersion']
  delete metadata['uid']
  delete metadata['creationTimestamp']
  if (subresource === 'status' && kind.statusKeeps !== 'all')
    for (const name of kind.statusKeeps) delete metadata[name]
  return config
}

function plain(object: AnyObject): Json {
  return copyRecord({ ...object, metadata: { ...object.metadata, managedFields: undefined } })
}

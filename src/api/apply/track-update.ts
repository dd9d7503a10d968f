import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import { groupVersion } from '../errors.ts'
import type { Json } from '../patch/json-value.ts'
import { emptySet, type FieldSet } from './field-set.ts'
import {
  entryOf,
  isSameManager,
  type Ownership,
  oneOfEach,
  ownable,
  readOwnerships,
  serverMetadata,
  sortedEntries,
  writeOwnerships,
} from './managed-fields.ts'
import { encodedMembers, holdsAll, holdsSome } from './owned-fields.ts'
import { reconciled } from './reconcile.ts'
import { memberShape, shapeOf } from './shape.ts'
import { type Comparison, compare } from './typed-merge.ts'

type TrackedKind = Pick<Kind, 'definition' | 'custom' | 'group' | 'version' | 'statusKeeps'>

/** Who writes, otherwise than by applying. */
export interface Updater {
  readonly manager: string
  readonly subresource: string
  /** RFC 3339, seconds. */
  readonly time: string
}

const unownedMembers: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/**
 * Who owns the fields of a new object: its creator, all that it set and what the defaults added. To be
 * asked before the server completes the object: what it allocates is nobody's. Undefined when it set nothing.
 */
export function ownersOfNew(
  kind: TrackedKind,
  object: AnyObject,
  updater: Updater,
): ManagedFieldsEntry[] | undefined {
  const shape = shapeOf(kind)
  const own = { ...updater, operation: 'Update', apiVersion: groupVersion(kind) } as const
  if (shape.is === 'custom') {
    const { changed } = compare(shape, { metadata: {} }, unowned(object))
    const owned = ownable(kind, changed, '')
    return owned.isEmpty ? undefined : [entryOf(own, owned.encode())]
  }
  if (shape.is !== 'struct') return undefined
  const fields = encodedMembers(shape, object as never, unownedMembers)
  const metadataShape = memberShape(shape, 'metadata')
  const metadata =
    metadataShape.is === 'struct'
      ? encodedMembers(metadataShape, object.metadata as never, serverMetadata)
      : {}
  const all =
    Object.keys(metadata).length === 0 ? fields : inOrder({ ...fields, 'f:metadata': metadata })
  if (Object.keys(all).length === 0) return undefined
  return [entryOf(own, all)]
}

/** By name, as all sets of fields are written. Their names begin with `f:`. */
function inOrder(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * What an update does to ownership: the writer owns what it changed, and nobody owns what it removed
 * (structured-merge-diff merge.Updater.Update). `entries` are those of the object so far. Undefined when
 * there are none, or none are left: of what nobody owns nothing is kept. `elsewhere` is what differs in each
 * other version that somebody wrote in; who wrote in one that is not there owns nothing more. Pure.
 */
export function ownersAfterUpdate(
  kind: TrackedKind,
  old: AnyObject,
  object: AnyObject,
  entries: readonly ManagedFieldsEntry[],
  updater: Updater,
  elsewhere?: ReadonlyMap<string, Comparison>,
): ManagedFieldsEntry[] | undefined {
  if (entries.length === 0) return undefined
  const difference = compare(shapeOf(kind), unowned(old), unowned(object))
  const changed = ownable(kind, difference.changed, updater.subresource)
  const { removed } = difference
  if (changed.isEmpty && removed.isEmpty) return [...entries]
  const self = { ...updater, operation: 'Update' as const, apiVersion: groupVersion(kind) }
  const owners =
    (elsewhere ? undefined : sameOwners(entries, changed, removed, self)) ??
    newOwners(kind, ownershipsOf(kind, entries), { changed, removed }, self, elsewhere)
  return owners.length > 0 ? owners : undefined
}

function ownershipsOf(
  kind: TrackedKind,
  entries: readonly ManagedFieldsEntry[],
): readonly Ownership[] {
  const read = readOwnerships(entries)
  return kind.custom ? reconciled(shapeOf(kind), groupVersion(kind), read) : read
}

type Self = Omit<Ownership, 'fields'>

/**
 * The usual case, such as a lease that is renewed: the writer changes what is its own already. Only its
 * time changes then, and no set has to be read.
 */
function sameOwners(
  entries: readonly ManagedFieldsEntry[],
  changed: FieldSet,
  removed: FieldSet,
  self: Self,
): ManagedFieldsEntry[] | undefined {
  if (!removed.isEmpty) return undefined
  const mine = entries.find((entry) => isSelf(entry, self))
  if (!mine || !holdsAll(mine.fieldsV1, changed)) return undefined
  const others = entries.filter((entry) => entry !== mine)
  if (others.some((entry) => holdsSome(entry.fieldsV1, changed))) return undefined
  return sortedEntries([...others, { ...mine, time: self.time }])
}

function isSelf(entry: ManagedFieldsEntry, self: Self): boolean {
  return (
    entry.manager === self.manager &&
    entry.operation === self.operation &&
    entry.apiVersion === self.apiVersion &&
    (entry.subresource ?? '') === self.subresource
  )
}

function newOwners(
  kind: TrackedKind,
  ownerships: readonly Ownership[],
  difference: Comparison,
  self: Self,
  elsewhere: ReadonlyMap<string, Comparison> | undefined,
): ManagedFieldsEntry[] {
  const { changed } = difference
  const left = ownerships.flatMap((one): Ownership[] => {
    const seen = one.apiVersion === self.apiVersion ? difference : elsewhere?.get(one.apiVersion)
    if (!seen) return []
    const taken = isSameManager(one, self)
      ? emptySet
      : ownable(kind, seen.changed, self.subresource)
    return [{ ...one, fields: one.fields.difference(seen.removed).difference(taken) }]
  })
  const mine = left.find((one) => isSameManager(one, self))
  const own: Ownership = {
    ...self,
    time: changed.isEmpty ? (mine?.time ?? self.time) : self.time,
    fields: (mine?.fields ?? emptySet).union(changed),
  }
  return writeOwnerships([...left.filter((one) => one !== mine), own])
}

/** Shares everything with the object: for looking only. */
export function unowned(object: AnyObject): Json {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  const { managedFields: _owners, resourceVersion: _revision, ...kept } = metadata
  return { ...rest, metadata: kept } as unknown as Json
}

/** The entries that a write means to leave (managedfields/internal fieldmanager.go decodeLiveOrNew). */
export function entriesGiven(
  old: AnyObject,
  object: AnyObject,
  subresource: string,
): readonly ManagedFieldsEntry[] {
  const live = old.metadata.managedFields ?? []
  const given = object.metadata.managedFields ?? []
  if (subresource !== '' || given === live) return live
  // An empty list and one empty entry reset; none at all, of a client that does not know them, does not.
  if (object.metadata.managedFields?.length === 0 || isReset(given)) return []
  return given.length > 0 && given.every(isWhole) ? oneOfEach(given) : live
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  const [only] = entries
  return (
    entries.length === 1 &&
    only !== undefined &&
    Object.values(only).every((value) => value === undefined)
  )
}

/**
 * After webhooks: who owns what is as it was before them where they broke it, and the writer is told
 * (apiserver pkg/endpoints/handlers/fieldmanager/admission.go).
 */
export function keepSoundOwners(
  { metadata }: AnyObject,
  before: ManagedFieldsEntry[] | undefined,
  warnings: string[],
): void {
  const broken = (metadata.managedFields ?? []).findIndex((entry) => !isWhole(entry))
  if (broken < 0) return
  metadata.managedFields = before
  const what = `entry ${broken} has an unknown operation or fieldsType, or no apiVersion`
  warnings.push(
    '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated ' +
      `mutating admission controller; please fix your requests: ${what}`,
  )
}

function isWhole({ operation, fieldsType, apiVersion }: ManagedFieldsEntry): boolean {
  const known = operation === 'Apply' || operation === 'Update'
  return known && fieldsType === 'FieldsV1' && apiVersion !== undefined && apiVersion !== ''
}

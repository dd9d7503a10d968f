import { limits } from '../../base/limits.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import { type Json, jsonEqual } from '../patch/json-value.ts'
import { decodeRoot, FieldSet } from './field-set.ts'

/** Who owns which fields: one entry of metadata.managedFields, read. */
export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** '' for the object itself. */
  readonly subresource: string
  readonly time: string
  readonly fields: FieldSet
}

export function readOwnerships(
  entries: readonly ManagedFieldsEntry[] | undefined,
): readonly Ownership[] {
  return (entries ?? []).map((entry) => ({
    ...identityOf(entry),
    time: entry.time ?? '',
    fields: decodeRoot(entry.fieldsV1),
  }))
}

type Identity = Pick<Ownership, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

function identityOf(entry: ManagedFieldsEntry): Identity {
  return {
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
  }
}

/** Of entries of one manager the last one counts (managedfields/internal DecodeManagedFields). */
export function oneOfEach(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  const ids = entries.map(identityOf)
  const isLast = (one: Identity, at: number) =>
    !ids.slice(at + 1).some((later) => isSameManager(one, later))
  return entries.filter((entry, at) => isLast(identityOf(entry), at))
}

/** Entries in Kubernetes' order. Empty ones are left out. */
export function writeOwnerships(ownerships: readonly Ownership[]): ManagedFieldsEntry[] {
  return sortedEntries(
    capped(ownerships.filter((one) => !one.fields.isEmpty)).map((one) =>
      entryOf(one, one.fields.encode()),
    ),
  )
}

/** As `writeOwnerships`; undefined where nobody owns anything: an object does not say so. */
export function entriesOrNone(ownerships: readonly Ownership[]): ManagedFieldsEntry[] | undefined {
  const entries = writeOwnerships(ownerships)
  return entries.length > 0 ? entries : undefined
}

/** `fieldsV1` is a set of fields, encoded. */
export function entryOf(
  { manager, operation, apiVersion, time, subresource }: Omit<Ownership, 'fields'>,
  fieldsV1: Record<string, unknown>,
): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === '' ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1 as NonNullable<ManagedFieldsEntry['fieldsV1']>,
    ...(subresource === '' ? {} : { subresource }),
  }
}

/** Appliers first, then by time and name (apimachinery managedfields/internal sortEncodedManagedFields). */
export function sortedEntries(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return [...entries].sort(
    (left, right) =>
      compareText(left.operation, right.operation) ||
      compareText(left.time, right.time) ||
      compareText(left.manager, right.manager) ||
      compareText(left.apiVersion, right.apiVersion) ||
      compareText(left.subresource, right.subresource),
  )
}

/** Owns what more updaters than limits.updateManagersMax once did; Kubernetes' own name for it. */
const oldUpdates = 'ancient-changes'

/**
 * Past the limit the oldest updaters of a version become one (managedfields/internal
 * capmanagers.go): an object that everybody writes to must not grow without end.
 */
function capped(ownerships: readonly Ownership[]): readonly Ownership[] {
  const updaters = ownerships
    .filter((one) => one.operation === 'Update')
    .sort(
      (left, right) =>
        compareText(left.time, right.time) || compareText(left.manager, right.manager),
    )
  let excess = updaters.length - limits.updateManagersMax
  if (excess <= 0) return ownerships
  const left = new Set(ownerships)
  for (const [at, updater] of updaters.entries()) {
    if (excess <= 0) break
    if (updater.manager === oldUpdates) continue
    const isBucket = (one: Ownership) =>
      one.manager === oldUpdates && one.apiVersion === updater.apiVersion
    const bucket = [...left].find(isBucket)
    const next = updaters.slice(at + 1).find((one) => one.apiVersion === updater.apiVersion)
    // Alone of its version it stays: a bucket of one would free no place.
    if (!bucket && !next) continue
    left.delete(updater)
    if (bucket) left.delete(bucket)
    left.add({
      ...updater,
      manager: oldUpdates,
      subresource: '',
      fields: bucket ? updater.fields.union(bucket.fields) : updater.fields,
    })
    if (bucket) excess -= 1
  }
  return [...left]
}

/** An applier is the same in whatever version it applies (managedfields/internal BuildManagerIdentifier). */
export function isSameManager(one: Identity, other: Identity): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    (one.operation === 'Apply' || one.apiVersion === other.apiVersion) &&
    one.subresource === other.subresource
  )
}

/** True when the same own the same, whatever is said of when they wrote. */
export function sameOwners(
  entries: readonly ManagedFieldsEntry[] | undefined = [],
  others: readonly ManagedFieldsEntry[] | undefined = [],
): boolean {
  const timeless = (one: readonly ManagedFieldsEntry[]) =>
    one.map((entry) => ({ ...entry, time: undefined })) as unknown as Json
  return entries.length === others.length && jsonEqual(timeless(entries), timeless(others))
}

/** True when somebody wrote in another version than this one. */
export function hasOtherVersions(
  entries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
): boolean {
  return entries?.some((entry) => entry.apiVersion !== apiVersion) ?? false
}

/** Members of metadata that the server sets: nobody owns them (managedfields/internal stripmeta.go). */
export const serverMetadata: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
])

/** What of a kind decides about who can own what. */
export type ResettingKind = Pick<Kind, 'custom' | 'statusKeeps'>

/**
 * The part of a set that a writer can own: without what the server sets, and what a write there leaves as it
 * was (each registry's GetResetFields): the status, or through /status the rest.
 */
export function ownable(kind: ResettingKind, fields: FieldSet, subresource: string): FieldSet {
  const children = new Map(withoutServerFields(fields).children)
  if (subresource !== 'status') {
    if (!kind.custom || kind.custom.hasStatus) children.delete('f:status')
    return new FieldSet(false, children)
  }
  const metadata = children.get('f:metadata')
  const left = new Map<string, FieldSet>()
  const status = children.get('f:status')
  if (status) left.set('f:status', status)
  if (metadata && kind.statusKeeps !== 'all') {
    const kept = new Set(kind.statusKeeps.map((name) => `f:${name}`))
    const own = [...metadata.children].filter(([element]) => !kept.has(element))
    if (own.length > 0) left.set('f:metadata', new FieldSet(false, new Map(own)))
  }
  return new FieldSet(false, left)
}

function withoutServerFields(fields: FieldSet): FieldSet {
  const children = new Map(fields.children)
  children.delete('f:apiVersion')
  children.delete('f:kind')
  const metadata = children.get('f:metadata')
  if (metadata) {
    const kept = [...metadata.children].filter(([name]) => !serverMetadata.has(name.slice(2)))
    if (kept.length === 0) children.delete('f:metadata')
    else children.set('f:metadata', new FieldSet(false, new Map(kept)))
  }
  return new FieldSet(false, children)
}

function compareText(left = '', right = ''): number {
  return left < right ? -1 : left > right ? 1 : 0
}

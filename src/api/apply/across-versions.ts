import type { AnyObject } from '../../kinds/kind.ts'
import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import { copyRecord, type Json } from '../patch/json-value.ts'
import {
  type AppliedKind,
  type Applier,
  type ApplyStart,
  disputedOf,
  ownershipOf,
  readApply,
  refuseConflicts,
} from './apply-object.ts'
import { emptySet, FieldSet, wholeField } from './field-set.ts'
import { entriesOrNone, isSameManager, type Ownership, readOwnerships } from './managed-fields.ts'
import type { Shape } from './shape.ts'
import { unowned } from './track-update.ts'
import { type Comparison, compare, remove } from './typed-merge.ts'

/**
 * Owners write in the versions that they know: what each owns is judged in his own version, with the object
 * converted to it (structured-merge-diff merge.Updater, whose Converter this is).
 */
export interface Versions {
  /** How a version divides into fields; undefined for one that is not served any more. */
  shapeOf(apiVersion: string): Shape | undefined
  /** Leaves its argument as it is. */
  convert(object: Json, from: string, to: string): Promise<Json>
}

/** What differs in each other version that somebody wrote in. */
export async function differencesElsewhere(
  versions: Versions,
  { apiVersion, entries }: { apiVersion: string; entries: readonly ManagedFieldsEntry[] },
  old: AnyObject,
  object: AnyObject,
): Promise<ReadonlyMap<string, Comparison>> {
  const others = entries.map((entry) => entry.apiVersion ?? '').filter((one) => one !== apiVersion)
  return compareIn(versions, apiVersion, new Set(others), [unowned(old), unowned(object)])
}

async function compareIn(
  versions: Versions,
  from: string,
  others: ReadonlySet<string>,
  [before, after]: readonly [Json, Json],
): Promise<ReadonlyMap<string, Comparison>> {
  const differences = new Map<string, Comparison>()
  for (const version of others) {
    const shape = versions.shapeOf(version)
    if (!shape) continue
    const [old, now] = await Promise.all([
      versions.convert(before, from, version),
      versions.convert(after, from, version),
    ])
    differences.set(version, compare(shape, old, now))
  }
  return differences
}

/** As `applyObject`, where others, or this applier before, wrote in other versions. */
export async function applyAcrossVersions(
  kind: AppliedKind,
  live: AnyObject,
  applied: AnyObject,
  applier: Applier,
  versions: Versions,
): Promise<AnyObject> {
  const start = readApply(kind, live, applied, applier)
  const { shape, apiVersion, self, before } = start
  const served = readOwnerships(live.metadata.managedFields).filter(
    (one) => versions.shapeOf(one.apiVersion) !== undefined,
  )
  const mine = served.find((one) => isSameManager(one, self))
  const others = served.filter((one) => one !== mine)
  const object = await withoutLeftOut(versions, start, mine, others)
  const own = compare(shape, before, object)
  const elsewhere = await compareIn(
    ...([versions, apiVersion] as const),
    new Set(others.map((one) => one.apiVersion).filter((one) => one !== apiVersion)),
    [before, object],
  )
  const changedHere = own.changed
  const changedFor = (owner: Ownership, here: FieldSet) =>
    owner.apiVersion === apiVersion ? here : (elsewhere.get(owner.apiVersion)?.changed ?? emptySet)
  const disputed = disputedOf(start, live, changedHere)
  if (!applier.force)
    refuseConflicts(others, (owner) => changedFor(owner, disputed), applier.subresource)
  const remaining = others.map((one) => {
    const seen = one.apiVersion === apiVersion ? own : elsewhere.get(one.apiVersion)
    const fields = one.fields
      .difference(changedFor(one, changedHere))
      .difference(seen?.removed ?? emptySet)
    return { ...one, fields }
  })
  const result = object as unknown as AnyObject
  result.metadata.managedFields = entriesOrNone([...remaining, ownershipOf(start, mine, own)])
  return result
}

/**
 * The merged object without what this applier applied the last time and leaves out now, as far as nobody
 * owns it in any version (merge.Updater.prune, addBackOwnedItems).
 */
async function withoutLeftOut(
  versions: Versions,
  { apiVersion, shape, said, merged }: ApplyStart,
  mine: Ownership | undefined,
  others: readonly Ownership[],
): Promise<Json> {
  const before = mine && versions.shapeOf(mine.apiVersion)
  if (!mine || !before) return merged
  const owned = new Map<string, FieldSet>([[apiVersion, said]])
  for (const one of others)
    owned.set(one.apiVersion, (owned.get(one.apiVersion) ?? emptySet).union(one.fields))
  const at = (object: Json, from: string, to: string) =>
    from === to ? Promise.resolve(object) : versions.convert(object, from, to)
  const kept = owned.get(mine.apiVersion) ?? emptySet
  const whole = await at(merged, apiVersion, mine.apiVersion)
  let pruned = remove(before, whole, mine.fields.difference(kept), withName(kept))
  let version = mine.apiVersion
  for (const [other, fields] of owned) {
    if (other === mine.apiVersion) continue
    const shapeThere = other === apiVersion ? shape : versions.shapeOf(other)
    if (!shapeThere) continue
    const all = await at(merged, apiVersion, other)
    const left = await at(pruned, version, other)
    const gone = compare(shapeThere, all, left).removed.difference(fields)
    pruned = remove(shapeThere, all, gone, withName(fields))
    version = other
  }
  return copyRecord((await at(pruned, version, apiVersion)) as never)
}

/** Nobody owns the name; without it the last owned field of metadata would take all of it along. */
function withName(fields: FieldSet): FieldSet {
  return fields.union(nameAlone)
}

const nameAlone = new FieldSet(
  false,
  new Map([['f:metadata', new FieldSet(false, new Map([['f:name', wholeField]]))]]),
)

import type { StatusCause } from '../../../base/status.ts'
import type { ManagedFieldsEntry } from '../../../kinds/types.ts'
import { sameJson } from '../write-object.ts'
import {
  difference,
  type FieldSet,
  fieldsOf,
  fromFieldsV1,
  intersection,
  pathsOf,
  pathText,
  type Shape,
  toFieldsV1,
  union,
} from './field-set.ts'
import { mergeApplied, valueAt, without } from './merge-applied.ts'

/** Who applies, what, and how. */
export interface Application {
  readonly shape: Shape
  readonly manager: string
  readonly subresource: string
  readonly apiVersion: string
  readonly time: string
  readonly force: boolean
  /** The configuration, without what names the object. */
  readonly applied: unknown
}

export interface Applied {
  readonly value: unknown
  readonly managedFields: ManagedFieldsEntry[]
  /** Fields that other appliers own and want otherwise; nothing may be written if there are any. */
  readonly conflicts: StatusCause[]
}

/**
 * Server-side apply, pure: the new value, and who owns what after it. Owners are those who apply;
 * plain writes own nothing and take nothing away. What this manager applied before and leaves out
 * now goes, unless another applier has it too.
 */
export function applyConfiguration(
  application: Application,
  current: unknown,
  entries: readonly ManagedFieldsEntry[],
): Applied {
  const { shape, applied } = application
  const isMine = (entry: ManagedFieldsEntry) =>
    entry.manager === application.manager &&
    entry.operation === 'Apply' &&
    (entry.subresource ?? '') === application.subresource
  const mine = entries.find(isMine)
  const others = entries.filter((entry) => !isMine(entry))
  const wanted = fieldsOf(shape, applied)
  const contested = others.map((entry) => contest(application, current, entry, wanted))
  const conflicts = application.force ? [] : contested.flatMap((one) => one.causes)
  const kept = others.map((entry, index) => {
    const lost = contested[index]?.fields ?? new Map()
    if (!application.force || lost.size === 0) return entry
    return { ...entry, fieldsV1: toFieldsV1(difference(fromFieldsV1(entry.fieldsV1), lost)) }
  })
  const shared = kept.reduce<FieldSet>(
    (all, one) => union(all, fromFieldsV1(one.fieldsV1)),
    new Map(),
  )
  const dropped = difference(difference(fromFieldsV1(mine?.fieldsV1), wanted), shared)
  const value = mergeApplied(shape, without(shape, current, dropped), applied)
  const own = entryOf(application, mine, wanted)
  // At its old place: applying the same again must change nothing.
  const place = mine ? entries.indexOf(mine) : kept.length
  return { value, conflicts, managedFields: kept.toSpliced(place, 0, own) }
}

/** The fields of another applier that this configuration would change. */
function contest(
  { shape, applied }: Application,
  current: unknown,
  entry: ManagedFieldsEntry,
  wanted: FieldSet,
): { causes: StatusCause[]; fields: FieldSet } {
  const causes: StatusCause[] = []
  let fields: FieldSet = new Map()
  for (const path of pathsOf(intersection(wanted, fromFieldsV1(entry.fieldsV1)))) {
    const last = path.at(-1) ?? ''
    // That both own an element of a list is no quarrel: its fields may be one.
    if (!last.startsWith('f:')) continue
    if (sameJson(valueAt(shape, current, path), valueAt(shape, applied, path))) continue
    const message = `conflict with ${JSON.stringify(entry.manager ?? '')}`
    causes.push({ reason: 'FieldManagerConflict', message, field: pathText(path) })
    fields = union(fields, setOf(path))
  }
  return { causes, fields }
}

function setOf(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>(
    (inner, step) => new Map([[step, inner]]),
    new Map([['.', new Map()]]),
  )
}

/** Unchanged ownership keeps its time, so that applying the same again changes nothing. */
function entryOf(
  application: Application,
  before: ManagedFieldsEntry | undefined,
  wanted: FieldSet,
): ManagedFieldsEntry {
  const fieldsV1 = toFieldsV1(wanted)
  if (before && sameJson(before.fieldsV1, fieldsV1)) return before
  const { manager, apiVersion, time, subresource } = application
  return {
    manager,
    operation: 'Apply',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === '' ? {} : { subresource }),
  }
}

import { type StatusError, statusError } from '../../base/status.ts'
import { type Identify, inOrderOf, isSubsequence, placesOf } from './element-order.ts'
import { copyJson, emptyRecord, isRecord, type Json, type JsonRecord } from './json-value.ts'

/** How the fields of one definition merge. */
export interface MergeSchema {
  field(name: string): MergeField
}

export interface MergeField {
  /** Of the field's value, or of its elements. */
  readonly schema: MergeSchema
  /** False when a patch replaces the field whole. */
  readonly merges: boolean
  /** For lists of objects that merge: the member that names an element. */
  readonly mergeKey: string | undefined
}

/**
 * A strategic merge of `patch` into `original`; both may be changed. Returns the merged object.
 * The directives are those of apimachinery pkg/util/strategicpatch: $patch, $retainKeys,
 * $setElementOrder/<list> and $deleteFromPrimitiveList/<list>. Throws BadRequest for a malformed one.
 */
export function strategicMerge(
  original: JsonRecord,
  patch: JsonRecord,
  schema: MergeSchema,
): JsonRecord {
  const directive = patch['$patch']
  if (directive !== undefined) {
    delete patch['$patch']
    if (directive === 'replace') return withoutDirectives(patch) as JsonRecord
    if (directive === 'delete') return emptyRecord()
    if (directive !== 'merge')
      throw malformed(`unknown patch type found: ${JSON.stringify(directive)}`)
  }
  retainKeys(original, patch)
  mergeOrderedLists(original, patch, schema)
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deletePrefix)) {
      deleteFromPrimitives(original, key, value)
      continue
    }
    const before = Object.hasOwn(original, key) ? original[key] : undefined
    const isMoot = hasDirective(value) && !isRecord(before)
    if (value === null || isMoot) delete original[key]
    else original[key] = mergeValue(before, value, schema.field(key), key)
  }
  return original
}

const retainKeysName = '$retainKeys'
const deletePrefix = '$deleteFromPrimitiveList/'
const orderPrefix = '$setElementOrder/'

function mergeValue(before: Json | undefined, patch: Json, field: MergeField, name: string): Json {
  if (isRecord(before) && isRecord(patch))
    return field.merges ? strategicMerge(before, patch, field.schema) : withoutDirectives(patch)
  if (Array.isArray(before) && Array.isArray(patch) && field.merges)
    return mergeList(before, patch, field, name)
  return withoutDirectives(patch)
}

function mergeList(before: Json[], patch: Json[], field: MergeField, name: string): Json[] {
  if (before.length === 0 && patch.length === 0) return before
  if (!holdsRecords(before, patch, name)) {
    const both = [...before, ...patch]
    const first = placesOf(both, identifyValue)
    const merged = both.filter((item, at) => first.get(identifyValue(item)) === at)
    return inOrderOf(merged, patch, before, identifyValue)
  }
  const identify = identifyByKey(field.mergeKey, name)
  const special = applyElementDirectives(before as JsonRecord[], patch as JsonRecord[], identify)
  const merged = special.original
  const places = placesOf(merged, identify)
  for (const element of special.patch) {
    const key = identify(element)
    const at = places.get(key) ?? merged.length
    const found = merged[at]
    merged[at] = found
      ? strategicMerge(found, element, field.schema)
      : (withoutDirectives(element) as JsonRecord)
    places.set(key, at)
  }
  return inOrderOf<JsonRecord>(merged, special.patch, before as JsonRecord[], identify)
}

/** Carries out `$patch: delete|replace` of list elements. */
function applyElementDirectives(
  original: JsonRecord[],
  patch: JsonRecord[],
  identify: Identify<JsonRecord>,
) {
  const gone = new Set<string>()
  const rest: JsonRecord[] = []
  let replace = false
  for (const element of patch) {
    const directive = element['$patch']
    if (directive === undefined) rest.push(element)
    else if (directive === 'delete') gone.add(identify(element))
    else if (directive === 'replace') replace = true
    else throw malformed(`unsupported $patch of a list element: ${JSON.stringify(directive)}`)
  }
  if (replace)
    return { original: rest.map((one) => withoutDirectives(one) as JsonRecord), patch: [] }
  return { original: original.filter((one) => !gone.has(identify(one))), patch: rest }
}

/** Drops what `$retainKeys` does not name; it must name every key that the patch sets. */
function retainKeys(original: JsonRecord, patch: JsonRecord): void {
  const retained = patch[retainKeysName]
  if (retained === undefined) return
  delete patch[retainKeysName]
  if (!Array.isArray(retained) || retained.some((key) => typeof key !== 'string'))
    throw malformed('$retainKeys must be a list of field names')
  for (const [key, value] of Object.entries(patch))
    if (value !== null && !key.startsWith('$') && !retained.includes(key))
      throw malformed(`$retainKeys lacks ${key}, which the patch sets`)
  for (const key of Object.keys(original)) if (!retained.includes(key)) delete original[key]
}

/** Merges the lists that come with `$setElementOrder`, and takes them out of the patch. */
function mergeOrderedLists(original: JsonRecord, patch: JsonRecord, schema: MergeSchema): void {
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(orderPrefix)) continue
    const name = directive.slice(orderPrefix.length)
    const order = patch[directive]
    const added = patch[name]
    delete patch[directive]
    if (added === null) continue
    if (!Array.isArray(order)) throw malformed(`${directive} must be a list`)
    if (added !== undefined && !Array.isArray(added)) throw malformed(`${name} must be a list`)
    const field = schema.field(name)
    const found = Object.hasOwn(original, name) ? original[name] : undefined
    const before = Array.isArray(found) ? found : undefined
    if (!before && !added) continue
    delete patch[name]
    original[name] = mergeOrdered(before, added, order, field, name)
  }
}

function mergeOrdered(
  before: Json[] | undefined,
  added: Json[] | undefined,
  order: Json[],
  field: MergeField,
  name: string,
): Json[] {
  const identify = holdsRecords([...(before ?? []), ...(added ?? [])], order, name)
    ? (identifyByKey(field.mergeKey, name) as Identify<Json>)
    : identifyValue
  const set = (added ?? []).filter((one) => !isRecord(one) || one['$patch'] === undefined)
  if (!isSubsequence(set, order, identify))
    throw malformed(`the order in patch list ${name} does not match $setElementOrder/${name}`)
  if (before && added && !field.merges) return withoutDirectives(added) as Json[]
  const merged =
    before && added
      ? mergeList(before, added, field, name)
      : (before ?? (withoutDirectives(set) as Json[]))
  return inOrderOf(merged, order, before ?? [], identify)
}

function deleteFromPrimitives(
  original: JsonRecord,
  directive: string,
  gone: Json | undefined,
): void {
  const name = directive.slice(deletePrefix.length)
  const list = Object.hasOwn(original, name) ? original[name] : undefined
  if (!Array.isArray(gone)) throw malformed(`${directive} must be a list`)
  if (!Array.isArray(list)) return
  const names = new Set(gone.map(identifyValue))
  original[name] = list.filter((item) => !names.has(identifyValue(item)))
}

/** What a patch sets where there was nothing: no nulls of members, no directives. */
function withoutDirectives(value: Json): Json {
  if (Array.isArray(value))
    return value.filter((item) => !hasDirective(item)).map(withoutDirectives)
  if (!isRecord(value)) return copyJson(value)
  const kept = emptyRecord()
  for (const [key, member] of Object.entries(value))
    if (member !== null && !isDirective(key) && !hasDirective(member))
      kept[key] = withoutDirectives(member)
  return kept
}

function isDirective(key: string): boolean {
  return (
    key === '$patch' ||
    key === retainKeysName ||
    key.startsWith(orderPrefix) ||
    key.startsWith(deletePrefix)
  )
}

/** With nothing to carry it out on, it is left out as a whole (strategicpatch/patch.go: removeDirectives). */
function hasDirective(value: Json): boolean {
  return isRecord(value) && Object.hasOwn(value, '$patch')
}

/** True when the lists hold objects. Throws for a mixture and for lists of lists. */
function holdsRecords(left: Json[], right: Json[], name: string): boolean {
  const all = [...left, ...right]
  const records = all.filter(isRecord).length
  if (all.some(Array.isArray)) throw malformed(`lists of lists are not supported: ${name}`)
  if (records !== 0 && records !== all.length)
    throw malformed(`list element types are not identical: ${name}`)
  return records > 0
}

/** Primitives; their JSON text tells 1 from "1". */
function identifyValue(value: Json): string {
  return JSON.stringify(value)
}

function identifyByKey(mergeKey: string | undefined, name: string): Identify<JsonRecord> {
  if (mergeKey === undefined) throw malformed(`cannot merge lists without merge key for ${name}`)
  return (element) => {
    const key = element[mergeKey]
    if (key === undefined)
      throw malformed(`an element of ${name} does not contain declared merge key: ${mergeKey}`)
    return JSON.stringify(key)
  }
}

function malformed(message: string): StatusError {
  return statusError('BadRequest', `error when applying the patch: ${message}`)
}

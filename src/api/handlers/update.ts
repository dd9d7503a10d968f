import { isStatus } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { namespaceFinalizeErrors } from '../../kinds/core/namespace.ts'
import { applyDefaults } from '../../kinds/defaults.ts'
import { parseStored } from '../../kinds/encode.ts'
import type { AnyObject, FieldError, Kind, PartRules } from '../../kinds/kind.ts'
import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { withoutRepeatedOwners } from '../admission/owner-references.ts'
import { differencesElsewhere } from '../apply/across-versions.ts'
import { updaterOf } from '../apply/field-manager.ts'
import { hasOtherVersions, sameOwners } from '../apply/managed-fields.ts'
import { entriesGiven, keepSoundOwners, ownersAfterUpdate } from '../apply/track-update.ts'
import { requireCreate } from '../auth/authorizer.ts'
import { isStale } from '../encryption/encrypted-store.ts'
import {
  conflict,
  groupVersion,
  invalid,
  invalidKind,
  methodNotAllowed,
  notFound,
} from '../errors.ts'
import { versionsOf } from '../extension/other-versions.ts'
import { bytesResponse } from '../responses.ts'
import { sameContent } from '../stored-object.ts'
import { createObject } from './create.ts'
import { keyOfRequest } from './get.ts'
import { encodedToFit, shownRecord } from './object-storage.ts'
import { checkPlace, isDryRun, readObject, requireName } from './request-body.ts'
import type { Attributes } from './resource-context.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'
import {
  attemptsMax,
  decideFresh,
  putObject,
  removeObject,
  sameJson,
  unchanged,
  type Written,
  warnOf,
} from './write-object.ts'

/** What part of an object a write is about: the rest is kept as it was. */
export type Part = 'main' | 'status' | 'finalize' | 'raw' | PartRules

export interface Change {
  /** `raw` skips the kind's rules: for what the API itself writes (bindings, deletion marks). */
  readonly part: Part
  readonly dryRun: boolean
  /** Set by server-side apply: `next` decides about metadata.managedFields. */
  readonly ownsFields?: boolean
  /**
   * The next state, made from a copy of the current one that it may change. Called again when the
   * object changed meanwhile. Returns undefined to leave everything as it is.
   */
  next(current: AnyObject, record: KeyValue): AnyObject | undefined | Promise<AnyObject | undefined>
}

/** PUT of an object or of one of its parts (apiserver pkg/endpoints/handlers/update.go). */
export async function handleUpdate(context: ResourceContext): Promise<ApiResponse> {
  const { info, kind } = context
  const representation = representationOf(context)
  const dryRun = isDryRun(context)
  const object = readObject(context)
  requireName(object, info.name)
  checkPlace(kind, object, info.namespace, info.name)
  applyDefaults(kind, object)
  const part = partOf(context)
  let created = false
  let written: Written
  try {
    written = await changeObject(context, { part, dryRun, next: () => structuredClone(object) })
  } catch (error) {
    const may = kind.createOnUpdate && part === 'main' && isStatus(error, 'NotFound')
    if (!may || object.metadata.resourceVersion) throw error
    await requireCreate(context.options, context.user, info)
    written = await createObject(context, object, dryRun)
    created = true
  }
  return writtenResponse(created ? 201 : 200, representation, written)
}

/** The part that the path's subresource names. */
export function partOf({ info, kind }: ResourceContext): Part {
  if (info.subresource === '') return 'main'
  if (info.subresource === 'status') return 'status'
  const part = kind.parts.get(info.subresource)
  if (part) return part
  if (info.subresource === 'finalize' && kind.resource === 'namespaces') return 'finalize'
  throw methodNotAllowed()
}

export function writtenResponse(
  status: number,
  representation: ReturnType<typeof representationOf>,
  written: Written,
): ApiResponse {
  const bytes =
    'stored' in written ? representation.one(written.stored) : representation.value(written.object)
  return bytesResponse(status, [bytes], representation.contentType)
}

/**
 * Reads, changes and stores an object until nobody else came between (etcd3 GuaranteedUpdate).
 * A write that changes nothing makes no revision. One that takes the last finalizer off an object
 * that is being deleted deletes it.
 */
export async function changeObject(context: ResourceContext, change: Change): Promise<Written> {
  const { store } = context.options
  if (change.dryRun) await store.barrier()
  const write = () =>
    decideFresh(store, async () => {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const written = await tryChange(context, change)
        if (written) return written
      }
      throw conflict(context.kind, context.info.name, 'it changes too often: try again')
    })
  return change.part === 'main' ? context.shared.admission.inTurn(context, write) : write()
}

/** One attempt; undefined when somebody else was faster. */
async function tryChange(context: ResourceContext, change: Change): Promise<Written | undefined> {
  const { kind, options, info, shared } = context
  const key = keyOfRequest(context)
  const stored = key === undefined ? undefined : options.store.view.get(key)
  if (!stored) throw notFound(kind, info.name)
  const record = await shownRecord(shared.storage, stored)
  const old = shared.parsed.get(record)
  const next = await change.next(parseStored(record.value), record)
  if (!next) return { stored: record }
  checkRevision(kind, next, record)
  if (change.part === 'main') shared.admission.update(context, next, old)
  const isPut = info.verb === 'update' && change.part !== 'raw'
  if (isPut) withoutRepeatedOwners(context, next, false)
  const { object, asked } = await mutated(context, change, next, old)
  if (change.part !== 'raw') withoutRepeatedOwners(context, object, true)
  object.metadata.resourceVersion = String(record.modRevision)
  complete(context, change, object, old)
  if (!change.ownsFields) {
    const written = asked ? completed(context, change, asked, object, old) : object
    const owners = ownersAfter(context, change.part, written, old)
    object.metadata.managedFields = owners instanceof Promise ? await owners : owners
  }
  shared.admission.judge(context, object, old)
  if (isAdmitted(context, change))
    await shared.dynamic.validate(updating(context, change, object, old))
  const claims = shared.admission.claims(context, object, old)
  if (onlySaysWhen(object, old)) object.metadata.managedFields = old.metadata.managedFields
  const encoded = change.ownsFields
    ? await shared.storage.encoded(object)
    : await encodedToFit(shared.storage, object)
  const guarded = {
    compares: [unchanged(record), ...claims.compares],
    operations: claims.operations,
  }
  if (isFinished(kind, object, old)) {
    if (!change.dryRun && !(await removeObject(context, record.key, guarded))) return undefined
    return { object: withRevisionOf(object, record) }
  }
  const isSame = sameContent(stored.value, encoded.bytes) || sameStored(stored, encoded.bytes)
  if (isSame && !isStale(stored)) return { stored: record }
  if (change.dryRun) return { object: withRevisionOf(object, record) }
  const written = await putObject(context, record.key, encoded, guarded)
  return written && { stored: written }
}

/**
 * True when nothing is new but since when somebody owns what he owned: defaults put back what the write took
 * away (apiserver's managedfields IgnoreManagedFieldsTimestampsTransformer).
 */
function onlySaysWhen(object: AnyObject, old: AnyObject): boolean {
  const { managedFields } = object.metadata
  const { managedFields: before } = old.metadata
  if (sameJson(managedFields, before) || !sameOwners(managedFields, before)) return false
  const ownerless = (one: AnyObject) => ({
    ...one,
    metadata: { ...one.metadata, managedFields: undefined, resourceVersion: undefined },
  })
  return sameJson(ownerless(object), ownerless(old))
}

/** What the API itself writes is nobody's business; a Scale was asked about as one. */
function isAdmitted({ info }: ResourceContext, { part }: Change): boolean {
  return part !== 'raw' && info.subresource !== 'scale'
}

function updating(
  context: ResourceContext,
  { dryRun }: Change,
  object: AnyObject,
  old: AnyObject,
): Attributes {
  return { context, operation: 'UPDATE', object, old, dryRun }
}

interface Mutated {
  readonly object: AnyObject
  /** What was asked for, where that was changed: whoever wrote it owns no more than that. */
  readonly asked?: AnyObject
}

/** The object as webhooks and policies leave it. */
async function mutated(
  context: ResourceContext,
  change: Change,
  object: AnyObject,
  old: AnyObject,
): Promise<Mutated> {
  if (!isAdmitted(context, change)) return { object }
  const { info, kind, shared } = context
  const { managedFields } = object.metadata
  const result = await shared.dynamic.mutate(updating(context, change, object, old), (one) => {
    if (change.part === 'main') shared.admission.update(context, one, old)
  })
  if (!result || result === object) return { object }
  checkPlace(kind, result, info.namespace, info.name)
  applyDefaults(kind, result)
  keepSoundOwners(result, managedFields, context.warnings)
  object.metadata.managedFields = result.metadata.managedFields
  return { object: result, asked: object }
}

/** What was asked for, as it would be stored; where that would be refused, what became of it. */
function completed(
  context: ResourceContext,
  change: Change,
  asked: AnyObject,
  object: AnyObject,
  old: AnyObject,
): AnyObject {
  try {
    complete(context, change, asked, old)
    return asked
  } catch (error) {
    if (isStatus(error, 'Invalid')) return object
    throw error
  }
}

/** The same fields in another order: as many bytes, so only then worth a closer look. */
function sameStored(record: KeyValue, encoded: Uint8Array): boolean {
  const spliced = `"resourceVersion":"${record.modRevision}",`.length
  if (record.value.length !== encoded.length + spliced) return false
  const stored = parseStored(record.value)
  stored.metadata.resourceVersion = undefined
  return sameJson(stored, parseStored(encoded))
}

function checkRevision(kind: Kind, object: AnyObject, record: KeyValue): void {
  const { resourceVersion, name } = object.metadata
  if (resourceVersion && resourceVersion !== '0') {
    if (resourceVersion !== String(record.modRevision)) throw conflict(kind, name ?? '')
  } else if (!kind.unconditionalUpdate) {
    // The registry says so, which knows resources and not kinds (pkg/registry/generic/registry/store.go).
    throw invalidKind(kind.resource, kind.group, name ?? '', [
      {
        type: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        message: 'Invalid value: 0: must be specified for an update',
      },
    ])
  }
}

/** Puts back what this write may not change, then checks the rest (registry/rest/update.go). */
function complete(
  context: ResourceContext,
  { part }: Change,
  object: AnyObject,
  old: AnyObject,
): void {
  const { kind } = context
  const nowMs = context.options.clock.wallMs()
  keepServerMetadata(kind, part, object, old)
  let errors: FieldError[] = []
  if (part === 'status') {
    kind.prepareStatusUpdate(object, old, nowMs)
    errors = kind.validateStatusUpdate(object, old)
  } else if (part === 'finalize') {
    keepAllButFinalizers(object, old)
    errors = namespaceFinalizeErrors(object)
  } else if (part === 'main') {
    kind.prepareUpdate(object, old)
    errors = kind.validateUpdate(object, old)
  } else if (part !== 'raw') {
    part.prepare(object, old, nowMs)
    errors = part.validate(object, old)
  }
  if (errors.length > 0) throw invalid(kind, object.metadata.name ?? '', errors)
  const counts = kind.countsGeneration && (part === 'main' || typeof part === 'object')
  if (counts && isNewGeneration(kind, object, old))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  if (part === 'main') warnOf(context, object, old)
}

/** Of a custom kind, all but metadata counts, and the status where it is a subresource. */
function isNewGeneration(kind: Kind, object: AnyObject, old: AnyObject): boolean {
  const differs = (field: string) => !sameJson(object[field], old[field])
  if (!kind.custom)
    return (
      kind.generationFields.some(differs) ||
      (kind.countsAnnotations === true &&
        !sameJson(object.metadata.annotations, old.metadata.annotations))
    )
  const uncounted = new Set(['apiVersion', 'kind', 'metadata'])
  if (kind.custom.hasStatus) uncounted.add('status')
  const fields = new Set([...Object.keys(object), ...Object.keys(old)])
  return [...fields].some((field) => !uncounted.has(field) && differs(field))
}

/**
 * Who owns which fields after a write that is no apply. The API's own writes change no owner. A promise only
 * where somebody wrote in another version of the kind, to which the objects have to be converted.
 */
function ownersAfter(
  context: ResourceContext,
  part: Part,
  object: AnyObject,
  old: AnyObject,
): ManagedFieldsEntry[] | undefined | Promise<ManagedFieldsEntry[] | undefined> {
  if (part === 'raw') return old.metadata.managedFields
  const { info, kind } = context
  const entries = entriesGiven(old, object, info.subresource)
  const updater = updaterOf(context)
  const apiVersion = groupVersion(kind)
  if (!hasOtherVersions(entries, apiVersion))
    return ownersAfterUpdate(kind, old, object, entries, updater)
  const versions = versionsOf(context)
  return differencesElsewhere(versions, { apiVersion, entries }, old, object).then((elsewhere) =>
    ownersAfterUpdate(kind, old, object, entries, updater, elsewhere),
  )
}

function keepServerMetadata(kind: Kind, part: Part, object: AnyObject, old: AnyObject): void {
  const { metadata } = object
  const kept = old.metadata
  if (metadata.uid && metadata.uid !== kept.uid)
    throw conflict(
      kind,
      kept.name ?? '',
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${kept.uid}`,
    )
  metadata.uid = kept.uid
  metadata.creationTimestamp = kept.creationTimestamp
  metadata.selfLink = undefined
  if (part === 'raw') return
  metadata.deletionTimestamp = kept.deletionTimestamp
  metadata.deletionGracePeriodSeconds = kept.deletionGracePeriodSeconds
  metadata.generation = kept.generation
}

/** Only spec.finalizers of a namespace may change through /finalize. */
function keepAllButFinalizers(object: AnyObject, old: AnyObject): void {
  const spec = object['spec'] as { finalizers?: string[] } | undefined
  const finalizers = spec?.finalizers ?? []
  for (const field of Object.keys(object)) if (!(field in old)) object[field] = undefined
  Object.assign(object, structuredClone(old))
  const { finalizers: _before, ...rest } = (old['spec'] ?? {}) as { finalizers?: string[] }
  object['spec'] = finalizers.length === 0 ? rest : { ...rest, finalizers }
}

/** True when nothing holds back the deletion of an object any more (registry/store.go). */
export function isFinished(kind: Kind, object: AnyObject, old: AnyObject): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false
  if ((object.metadata.finalizers ?? []).length > 0) return false
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) > 0) return false
  return !holdsNamespace(kind, object)
}

/** A namespace stays until its content is gone and spec.finalizers is empty. */
export function holdsNamespace(kind: Kind, object: AnyObject): boolean {
  if (kind.group !== '' || kind.resource !== 'namespaces') return false
  const spec = object['spec'] as { finalizers?: string[] } | undefined
  return (spec?.finalizers ?? []).length > 0
}

function withRevisionOf(object: AnyObject, record: KeyValue): AnyObject {
  object.metadata.resourceVersion = String(record.modRevision)
  return object
}

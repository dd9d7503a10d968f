import type { ApiResponse } from '../../client/transport.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { immortalNamespaces } from '../admission/namespace-lifecycle.ts'
import { conflict, forbidden, notFound } from '../errors.ts'
import { bytesResponse, successStatus } from '../responses.ts'
import { sameContent } from '../stored-object.ts'
import { type Deletion, type Propagation, readDeletion } from './delete-options.ts'
import { keyOfRequest } from './get.ts'
import { shownRecord } from './object-storage.ts'
import { type Attributes, type ResourceContext, representationOf } from './resource-context.ts'
import { holdsNamespace } from './update.ts'
import {
  attemptsMax,
  decideFresh,
  putObject,
  removeObject,
  timestamp,
  unchanged,
  type Written,
} from './write-object.ts'

/** Kinds whose deletion answers with the object instead of a Status (ReturnDeletedObject). */
const answersObject: ReadonlySet<string> = new Set(['pods', 'services', 'serviceaccounts'])
const foreground = 'foregroundDeletion'
const orphan = 'orphan'

/** How to delete, one of many or one alone. */
export type DeletionOfObject = Deletion & { readonly isOfMany?: boolean }

export type Deleted = Written & { readonly gone: boolean; readonly uid: string }

/** DELETE of one object (apiserver pkg/endpoints/handlers/delete.go, pkg/registry/store.go). */
export async function handleDelete(context: ResourceContext): Promise<ApiResponse> {
  const { kind, info } = context
  const representation = representationOf(context)
  const how = readDeletion(context)
  const deleted = await deleteObject(context, how)
  if (deleted.gone && !answersObject.has(kind.resource)) {
    const group = kind.group === '' ? {} : { group: kind.group }
    const details = { name: info.name, ...group, kind: kind.resource, uid: deleted.uid }
    const status = representation.status(successStatus(details))
    return bytesResponse(200, [status], representation.contentType)
  }
  const bytes =
    'stored' in deleted ? representation.one(deleted.stored) : representation.value(deleted.object)
  // Of what waits for its dependents only (delete.go): others would confuse clients that there are.
  const isAccepted = !deleted.gone && how.asked.orphanDependents === false
  return bytesResponse(isAccepted ? 202 : 200, [bytes], representation.contentType)
}

/**
 * Deletes now, or marks for deletion when something is to happen first: a grace period, finalizers,
 * the content of a namespace. Throws NotFound, and Conflict for a precondition that fails.
 */
export async function deleteObject(
  context: ResourceContext,
  how: DeletionOfObject,
): Promise<Deleted> {
  const { kind, info, options } = context
  if (isNamespace(kind) && immortalNamespaces.has(info.name))
    throw forbidden(kind, info.name, 'this namespace may not be deleted')
  if (how.dryRun) await options.store.barrier()
  return decideFresh(options.store, async () => {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const deleted = await tryDelete(context, how)
      if (deleted) return deleted
    }
    throw conflict(kind, info.name, 'it changes too often: try again')
  })
}

async function tryDelete(
  context: ResourceContext,
  how: DeletionOfObject,
): Promise<Deleted | undefined> {
  const { kind, info, options, shared } = context
  const key = keyOfRequest(context)
  const found = key === undefined ? undefined : options.store.view.get(key)
  if (!found) throw notFound(kind, info.name)
  const record = await shownRecord(shared.storage, found)
  const old = shared.parsed.get(record)
  checkPreconditions(kind, old, record, how)
  shared.admission.judge(context, undefined, old)
  const uid = old.metadata.uid ?? ''
  const marked = markDeleted(kind, old, how, options.clock.wallMs())
  // Of an eviction they were told as one.
  if (info.subresource !== 'eviction') {
    const deletion = deletionOf(context, old, marked, how)
    await shared.dynamic.mutate(deletion)
    await shared.dynamic.validate(deletion)
  }
  if (isHeld(kind, marked)) {
    const encoded = await shared.storage.encoded(marked)
    if (sameContent(found.value, encoded.bytes)) return { stored: record, gone: false, uid }
    if (how.dryRun) return { object: marked, gone: false, uid }
    const guarded = { compares: [unchanged(record)], operations: [] }
    const stored = await putObject(context, record.key, encoded, guarded)
    return stored && { stored, gone: false, uid }
  }
  const claims = shared.admission.claims(context, undefined, old)
  const compares = [unchanged(record), ...claims.compares]
  const { operations } = claims
  if (!how.dryRun && !(await removeObject(context, record.key, { compares, operations })))
    return undefined
  return { object: marked, gone: true, uid }
}

/** What webhooks and policies are asked; one of a whole collection has no name of its own. */
function deletionOf(
  context: ResourceContext,
  old: AnyObject,
  marked: AnyObject,
  how: DeletionOfObject,
): Attributes {
  const { kind } = context
  const { gracePeriodSeconds, preconditions, ...asked } = how.asked
  // The registry's own additions (pkg/registry/core/namespace/storage.go, pod/strategy.go).
  const isExact = kind.deletionFinalizers !== undefined || isNamespace(kind)
  const uid = isExact ? { uid: old.metadata.uid } : {}
  const grace = kind.defaultGracePeriodSeconds
    ? marked.metadata.deletionGracePeriodSeconds
    : gracePeriodSeconds
  const requestOptions = {
    ...{ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(preconditions || isExact ? { preconditions: { ...uid, ...preconditions } } : {}),
    ...Object.fromEntries(
      Object.entries(asked).filter(([name]) => name !== 'kind' && name !== 'apiVersion'),
    ),
    ...(how.dryRun ? { dryRun: ['All'] } : {}),
  }
  return {
    ...{ context, operation: 'DELETE', object: undefined, old, dryRun: how.dryRun },
    ...{ requestOptions, name: how.isOfMany ? '' : context.info.name },
  }
}

/** Throws Conflict when an object is not the one, or not in the state, that a deletion means. */
export function checkPreconditions(
  kind: Kind,
  object: AnyObject,
  record: KeyValue,
  how: Deletion,
): void {
  const { uid, name = '' } = object.metadata
  // Before the registry is asked, only the kind is known (pkg/registry/rest/delete.go).
  const named = { group: kind.group, resource: kind.kind }
  if (how.uid !== undefined && how.uid !== uid)
    throw conflict(
      named,
      name,
      `the UID in the precondition (${how.uid}) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    )
  const revision = String(record.modRevision)
  if (how.resourceVersion !== undefined && how.resourceVersion !== revision)
    throw conflict(
      named,
      name,
      `the ResourceVersion in the precondition (${how.resourceVersion}) does not match the ` +
        `ResourceVersion in record (${revision}). The object might have been modified`,
    )
}

/**
 * The object as a deletion leaves it, should it not go at once (registry/rest/delete.go): the
 * finalizers that the propagation asks for, and when and how patiently it is to end. It shares with
 * `before`, which stays as it is, all that a deletion does not touch.
 */
export function markDeleted(
  kind: Kind,
  before: AnyObject,
  how: Pick<Deletion, 'graceSeconds' | 'propagation'>,
  nowMs: number,
): AnyObject {
  const metadata = { ...before.metadata }
  const object: AnyObject = { ...before, metadata }
  metadata.finalizers = finalizersFor(kind, metadata.finalizers ?? [], how.propagation)
  for (const one of kind.deletionFinalizers ?? [])
    if (!metadata.finalizers.includes(one) && metadata.deletionTimestamp === undefined)
      metadata.finalizers.push(one)
  if (metadata.finalizers.length === 0) metadata.finalizers = undefined
  const grace = graceSeconds(kind, object, how.graceSeconds)
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = timestamp(nowMs + grace * 1_000)
    if (isGraceful(kind)) metadata.deletionGracePeriodSeconds = grace
    if (metadata.generation !== undefined) metadata.generation += 1
    endNamespace(kind, object)
  } else if (how.graceSeconds !== undefined && grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    // A deletion under way may only become more urgent.
    const wasMs = Date.parse(metadata.deletionTimestamp)
    const shorterMs = ((metadata.deletionGracePeriodSeconds ?? 0) - grace) * 1_000
    metadata.deletionTimestamp = timestamp(wasMs - shorterMs)
    metadata.deletionGracePeriodSeconds = grace
  }
  return object
}

/** Those with a deletion of their own in Kubernetes are not told how patient it is. */
function isGraceful({ resource }: Kind): boolean {
  return resource !== 'namespaces' && resource !== 'customresourcedefinitions'
}

/** Pods that never ran or run no more need no patience (registry/core/pod/strategy.go). */
function graceSeconds(kind: Kind, object: AnyObject, asked: number | undefined): number {
  const standard = kind.defaultGracePeriodSeconds?.(object)
  if (standard === undefined) return 0
  const spec = object['spec'] as { nodeName?: string } | undefined
  const status = object['status'] as { phase?: string } | undefined
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  const grace = asked ?? standard
  return grace < 0 ? 1 : grace
}

function finalizersFor(
  kind: Kind,
  existing: readonly string[],
  asked: Propagation | undefined,
): string[] {
  const others = existing.filter((one) => one !== foreground && one !== orphan)
  if (asked === 'Foreground') return [...others, foreground]
  if (asked === 'Orphan') return [...others, orphan]
  if (asked === 'Background') return others
  if (existing.length > others.length) return [...existing]
  return kind.defaultPropagation === 'Orphan' ? [...others, orphan] : others
}

function isNamespace(kind: Kind): boolean {
  return kind.group === '' && kind.resource === 'namespaces'
}

function endNamespace(kind: Kind, object: AnyObject): void {
  if (!isNamespace(kind)) return
  object['status'] = { ...(object['status'] as object | undefined), phase: 'Terminating' }
}

/** True when the object must stay for a while. */
function isHeld(kind: Kind, marked: AnyObject): boolean {
  const { finalizers, deletionGracePeriodSeconds } = marked.metadata
  if ((finalizers ?? []).length > 0) return true
  return (deletionGracePeriodSeconds ?? 0) > 0 || holdsNamespace(kind, marked)
}

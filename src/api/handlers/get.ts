import type { ApiResponse } from '../../client/transport.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { badRequest, notFound } from '../errors.ts'
import { isTrue } from '../request-info.ts'
import { bytesResponse } from '../responses.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import { reachTimeoutMs } from './list.ts'
import { parseRevision } from './list-options.ts'
import { shownRecord } from './object-storage.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'

/** GET of one object. Linearizable unless the caller names a resourceVersion. */
export async function handleGet(context: ResourceContext): Promise<ApiResponse> {
  const representation = representationOf(context)
  if (isTrue(context.info.query.get('export')))
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported')
  const record = await getRecord(context)
  return bytesResponse(200, [representation.one(record)], representation.contentType)
}

/** The record that the path names, as fresh as `resourceVersion` asks. Throws NotFound. */
export async function getRecord(context: ResourceContext): Promise<KeyValue> {
  const { store } = context.options
  const { kind, info } = context
  const revision = parseRevision(info.query.get('resourceVersion') ?? '')
  if (revision === undefined) await store.barrier()
  else if (revision > 0) await store.reached(revision, reachTimeoutMs)
  const key = keyOfRequest(context)
  const record = key === undefined ? undefined : store.view.get(key)
  if (!record) throw notFound(kind, info.name)
  return shownRecord(context.shared.storage, record)
}

/** The store's key of the object that the path names; undefined when no object can have that name. */
export function keyOfRequest(context: ResourceContext): string | undefined {
  const { kind, info } = context
  if (!isKeySegment(info.name)) return undefined
  if (kind.namespaced && !isKeySegment(info.namespace)) return undefined
  return objectKey(kind, info.namespace, info.name)
}

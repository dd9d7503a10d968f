import { isStatus } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { Slices } from '../slices.ts'
import { placeOfKey } from '../storage-keys.ts'
import { deleteObject } from './delete.ts'
import { type Deletion, readDeletion } from './delete-options.ts'
import { findObjects, listResponse } from './list.ts'
import { parseListOptions } from './list-options.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'

/** Deletions under way at a time: they share a log entry and a round of consensus. */
const deletionsInFlight = 128

/** DELETE of a collection: everything that its selectors choose, answered with what was there. */
export async function handleDeleteCollection(context: ResourceContext): Promise<ApiResponse> {
  const representation = representationOf(context)
  const found = await findObjects(context, parseListOptions(context.info.query, 'list'))
  const how = readDeletion(context)
  const left = found.items[Symbol.iterator]()
  // Commits come back while the next deletions are made: without a pause nobody else would have a turn.
  const slices = new Slices(context.options.clock)
  const workers = Array.from({ length: deletionsInFlight }, async () => {
    for (const record of left) {
      while (slices.over) await slices.pause()
      await deleteRecord(context, record, how)
    }
  })
  await Promise.all(workers)
  return listResponse(context, representation, found.items, found.meta)
}

async function deleteRecord(
  context: ResourceContext,
  record: KeyValue,
  how: Deletion,
): Promise<void> {
  const place = placeOfKey(context.kind, record.key)
  const one = { ...context, info: { ...context.info, ...place, verb: 'delete' } }
  try {
    await deleteObject(one, { ...how, isOfMany: true })
  } catch (error) {
    // Somebody else has deleted it: that is what was wanted.
    if (!isStatus(error, 'NotFound')) throw error
  }
}

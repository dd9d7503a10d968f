import type { Revision } from '../../../base/brand.ts'
import { limits } from '../../../base/limits.ts'
import type { ApiResponse } from '../../../client/transport.ts'
import type { KeyValue } from '../../../state/cluster-store.ts'
import { bytesResponse, streamResponse } from '../../responses.ts'
import { reachTimeoutMs } from '../list.ts'
import { type ListOptions, parseListOptions } from '../list-options.ts'
import { type ResourceContext, representationOf } from '../resource-context.ts'
import { Selection } from '../selection.ts'
import { type WatchPlan, watchStream } from './watch-stream.ts'

/**
 * GET with `watch`: events until the timeout, the caller's hang-up, or the loss of
 * history, which a last ERROR event with Status 410 tells
 * (apiserver pkg/storage/cacher, pkg/endpoints/handlers/watch.go).
 */
export async function handleWatch(context: ResourceContext): Promise<ApiResponse> {
  const options = parseListOptions(context.info.query, 'watch')
  const representation = representationOf(context)
  context.shared.watches.check()
  const selection = new Selection(context, options)
  const plan = await planOf(context, options, selection)
  const { format, contentType } = representation
  const type = format === 'json' ? contentType : `${contentType};stream=watch`
  if (plan.timeoutMs === 0) return bytesResponse(200, [], type)
  return streamResponse(watchStream({ context, representation, selection, plan }), type)
}

async function planOf(
  context: ResourceContext,
  options: ListOptions,
  selection: Selection,
): Promise<WatchPlan> {
  const { store, random } = context.options
  const { watchSecondsMin, watchSecondsMax } = limits
  // Not all watches that began together end together (pkg/endpoints/handlers/get.go).
  const seconds = Math.min(
    options.timeoutSeconds || random.integer(watchSecondsMin, 2 * watchSecondsMin),
    watchSecondsMax,
  )
  const common = { timeoutMs: Math.max(0, seconds) * 1_000, bookmarks: options.bookmarks }
  const fromNow = options.revision === undefined || options.revision === 0
  const initial = options.sendInitialEvents ?? fromNow
  if (!initial && !fromNow)
    return { ...common, after: options.revision as Revision, initial: [], markInitialEnd: false }
  if (options.revision === undefined) await store.barrier()
  else if (options.revision > 0) await store.reached(options.revision, reachTimeoutMs)
  const items: readonly KeyValue[] = initial
    ? store.view.range(selection.start, selection.end).items
    : []
  return {
    ...common,
    after: store.view.revision,
    initial: items,
    markInitialEnd: options.sendInitialEvents === true,
  }
}

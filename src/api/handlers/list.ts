import type { Revision } from '../../base/brand.ts'
import { isStatus, StatusError, statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { KeyValue, StoreView } from '../../state/cluster-store.ts'
import { protobufListBlocks } from '../encoding/protobuf-list.ts'
import type { ListMeta, Representation } from '../representation.ts'
import { bytesResponse, streamResponse } from '../responses.ts'
import { Slices } from '../slices.ts'
import { keyAfter } from '../storage-keys.ts'
import { encodeContinue } from './continue-token.ts'
import { type ListOptions, parseListOptions } from './list-options.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'
import { Selection } from './selection.ts'

/** How long a list waits for a revision that this replica has not reached (cacher blockTimeout). */
export const reachTimeoutMs = 3_000
const comma = Buffer.from(',')
/** Records that a selector looks through at a time, and the size of the blocks that answers are sent in. */
const pageRecords = 500
const blockBytes = 256 * 1024

/**
 * GET of a collection: the store's bytes, joined (apiserver pkg/storage/etcd3/store.go GetList).
 * Without a resourceVersion the answer is linearizable.
 */
export async function handleList(context: ResourceContext): Promise<ApiResponse> {
  const options = parseListOptions(context.info.query, 'list')
  const representation = representationOf(context)
  const found = await findObjects(context, options)
  return listResponse(context, representation, found.items, found.meta)
}

export interface Found {
  readonly items: readonly KeyValue[]
  readonly meta: ListMeta
}

/** The records that a list asks for, in key order, at one revision. */
export async function findObjects(context: ResourceContext, options: ListOptions): Promise<Found> {
  const selection = new Selection(context, options)
  const { store } = context.options
  const exact = await revisionToRead(context, options)
  const view = store.view
  const revision = exact ?? view.revision
  const start = selection.start + (options.token?.start ?? '')
  try {
    return await collect(context, selection, { start, revision, limit: options.limit })
  } catch (error) {
    if (options.token && isStatus(error, 'Expired'))
      throw expiredContinue(error, options.token.start)
    throw error
  }
}

/** Waits for what the options demand. A revision to read exactly at, or undefined for the local one. */
async function revisionToRead(
  context: ResourceContext,
  options: ListOptions,
): Promise<Revision | undefined> {
  const { store } = context.options
  if (options.token) {
    if (options.token.revision !== undefined)
      await store.reached(options.token.revision, reachTimeoutMs)
    return options.token.revision
  }
  if (options.revision === undefined) {
    await store.barrier()
    return undefined
  }
  if (options.revision === 0) return undefined
  await store.reached(options.revision, reachTimeoutMs)
  const exact =
    options.match === 'Exact' || (options.match === undefined && options.limit !== undefined)
  return exact ? options.revision : undefined
}

interface Range {
  readonly start: string
  readonly revision: Revision
  readonly limit: number | undefined
}

async function collect(
  context: ResourceContext,
  selection: Selection,
  range: Range,
): Promise<Found> {
  const { view } = context.options.store
  const { revision, limit } = range
  if (selection.everything) {
    const found = view.range(range.start, selection.end, {
      revision,
      ...(limit === undefined ? {} : { limit }),
    })
    const next = found.more ? nextStart(selection, found.items) : undefined
    const remaining =
      next === undefined ? undefined : view.count(selection.start + next, selection.end, revision)
    const items = await context.shared.storage.shown(found.items)
    return { items, meta: listMeta(revision, next, remaining) }
  }
  return collectSelected(context, view, selection, range)
}

async function collectSelected(
  context: ResourceContext,
  view: StoreView,
  selection: Selection,
  { start, revision, limit }: Range,
): Promise<Found> {
  const slices = new Slices(context.options.clock)
  const items: KeyValue[] = []
  let from = start
  for (;;) {
    const page = view.range(from, selection.end, { revision, limit: pageRecords })
    const shown = await context.shared.storage.shown(page.items)
    for (const [index, record] of shown.entries()) {
      if (slices.over) await slices.pause()
      if (!selection.matches(context.shared.parsed.get(record))) continue
      items.push(record)
      if (items.length !== limit) continue
      const more = page.more || index + 1 < page.items.length
      const next = more ? nextStart(selection, items) : undefined
      return { items, meta: listMeta(revision, next) }
    }
    const last = page.items.at(-1)
    if (!page.more || !last) return { items, meta: listMeta(revision) }
    from = keyAfter(last.key)
  }
}

function nextStart(selection: Selection, items: readonly KeyValue[]): string | undefined {
  const last = items.at(-1)
  return last && keyAfter(last.key).slice(selection.start.length)
}

function listMeta(revision: Revision, next?: string, remaining?: number): ListMeta {
  return {
    resourceVersion: String(revision),
    ...(next === undefined ? {} : { continue: encodeContinue({ revision, start: next }) }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  }
}

/** The token's revision is compacted: offers to go on at the current one (etcd3/errors.go). */
function expiredContinue(error: StatusError, start: string): StatusError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. List again ' +
    'without it, or use the continue token of this answer for the rest: that part will be of a ' +
    'later state than the first.'
  const token = encodeContinue({ revision: undefined, start })
  const { status } = statusError('Expired', message, error.status.details)
  return new StatusError({ ...status, metadata: { continue: token } })
}

/** Joins records into a list. A large one is a stream of blocks, made while it is sent. */
export async function listResponse(
  context: ResourceContext,
  representation: Representation,
  items: readonly KeyValue[],
  meta: ListMeta,
): Promise<ApiResponse> {
  const slices = new Slices(context.options.clock)
  const { format, contentType } = representation
  const blocks =
    format === 'protobuf'
      ? protobufListBlocks(slices, representation.protobufList(meta), items, (record) =>
          representation.message(record),
        )
      : listBlocks(slices, representation, items, meta)
  if (format === 'yaml') {
    const parts: Uint8Array[] = []
    for await (const block of blocks) parts.push(block)
    return bytesResponse(200, [representation.yaml(Buffer.concat(parts))], contentType)
  }
  const first = await blocks.next()
  const second = await blocks.next()
  const chunks = [first.value, second.value].filter((block) => block !== undefined)
  if (second.done) return bytesResponse(200, chunks, contentType)
  return streamResponse(resume(chunks, blocks), contentType)
}

async function* resume(
  chunks: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks
  yield* rest
}

async function* listBlocks(
  slices: Slices,
  representation: Representation,
  items: readonly KeyValue[],
  meta: ListMeta,
): AsyncGenerator<Uint8Array, void, void> {
  const { before, after } = representation.listFrame(meta)
  let block: Uint8Array[] = [before]
  let bytes = before.length
  for (const [index, record] of items.entries()) {
    if (index > 0) block.push(comma)
    const item = representation.item(record)
    block.push(item)
    bytes += item.length
    if (slices.over) await slices.pause()
    if (bytes < blockBytes) continue
    yield Buffer.concat(block)
    block = []
    bytes = 0
  }
  yield Buffer.concat([...block, after])
}

import type { Term } from '../../base/brand.ts'
import { isStatus } from '../../base/status.ts'
import { encodeObject } from '../../kinds/encode.ts'
import type { ClusterStore, KeyValue } from '../../state/cluster-store.ts'
import { keyAfter, prefixEnd } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import { isStale, sealedPrefix } from './encrypted-store.ts'

export interface ResealOptions {
  /** As of `encryptedStore`, which made the store. */
  readonly resources: readonly string[]
  /** Of the leader that does it: a deposed one's writes are refused. */
  readonly term: Term
  /** Awaited between records: gives way when this turn of the event loop took too long. */
  pause(): Promise<void>
  readonly signal: AbortSignal
}

export interface ResealReport {
  readonly rewritten: number
  /** Changed by somebody else meanwhile, or refused: looked at again the next time. */
  readonly left: number
  /** Keys of what does not open; it stays as it is. */
  readonly unreadable: readonly string[]
}

const pageRecords = 256

/**
 * Writes anew, unchanged, every record that would be written otherwise today: sealed with another key or by
 * another provider, or plain where it is to be sealed, or the other way round (what Kubernetes leaves to a
 * storage migration). Rejects with ServiceUnavailable and the like when the store does not take writes.
 */
export async function reseal(store: ClusterStore, options: ResealOptions): Promise<ResealReport> {
  let [rewritten, left] = [0, 0]
  const unreadable: string[] = []
  for (const resource of options.resources) {
    const prefix = sealedPrefix(resource)
    const end = prefixEnd(prefix)
    for (let start: string | undefined = prefix; start !== undefined; ) {
      const { items, more } = store.view.range(start, end, { limit: pageRecords })
      for (const record of items) {
        if (options.signal.aborted) return { rewritten, left, unreadable }
        await options.pause()
        if (!isStale(record)) continue
        const outcome = await rewrite(store, record, options.term)
        if (outcome === 'unreadable') unreadable.push(record.key)
        else if (outcome === 'rewritten') rewritten += 1
        else left += 1
      }
      const last: KeyValue | undefined = items.at(-1)
      start = more && last ? keyAfter(last.key) : undefined
    }
  }
  return { rewritten, left, unreadable }
}

async function rewrite(
  store: ClusterStore,
  record: KeyValue,
  term: Term,
): Promise<'rewritten' | 'left' | 'unreadable'> {
  const value = opened(record)
  if (!value) return 'unreadable'
  const object = parseObject(value)
  // The store says it at apply, or whoever opens the value.
  const { resourceVersion: _old, ...metadata } = object.metadata
  const { bytes, revisionOffset } = encodeObject({ ...object, metadata })
  const { key, modRevision } = record
  const { succeeded } = await store.commit(
    {
      compares: [{ key, target: 'mod', result: '=', value: modRevision }],
      success: [{ op: 'put', key, value: bytes, revisionOffset, ignoreLease: true }],
      failure: [],
    },
    term,
  )
  return succeeded ? 'rewritten' : 'left'
}

function opened(record: KeyValue): Uint8Array | undefined {
  try {
    return record.value
  } catch (error) {
    if (isStatus(error, 'InternalError')) return undefined
    throw error
  }
}

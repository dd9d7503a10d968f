import { isStatus } from '../../base/status.ts'
import type { EncodedObject } from '../../kinds/encode.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import type {
  ClusterStore,
  Compare,
  KeyValue,
  Operation,
  TxnResult,
} from '../../state/cluster-store.ts'
import type { LeaseId } from '../../state/leases.ts'
import { shownRecord } from './object-storage.ts'
import type { Claims, ResourceContext } from './resource-context.ts'

/** What a write left behind: a record of the store, or an object that was not (or is no more) stored. */
export type Written = { readonly stored: KeyValue } | { readonly object: AnyObject }

/** How often a write starts over when others change what it is based on, before it gives up. */
export const attemptsMax = 16

/** Puts an object if all of `compares` hold. The new record as it is shown, or undefined when one does not. */
export async function putObject(
  context: ResourceContext,
  key: string,
  encoded: EncodedObject,
  { compares, operations }: Claims,
): Promise<KeyValue | undefined> {
  const { kind, shared } = context
  const put = (lease: LeaseId): Operation => ({
    ...{ op: 'put', key, lease },
    ...{ value: encoded.bytes, revisionOffset: encoded.revisionOffset },
  })
  const write = (lease: LeaseId) => commit(context, compares, [put(lease), ...operations])
  const result = await (kind.expires ? shared.expiry.write(write) : write(0))
  const [first] = result.responses
  if (!result.succeeded || first?.op !== 'put') return undefined
  return shownRecord(shared.storage, first.current)
}

/** Removes an object if all of `compares` hold. False when one does not. */
export async function removeObject(
  context: ResourceContext,
  key: string,
  { compares, operations }: Claims,
): Promise<boolean> {
  const result = await commit(context, compares, [{ op: 'delete', key }, ...operations])
  return result.succeeded
}

function commit(
  { options, request, deadline }: ResourceContext,
  compares: readonly Compare[],
  success: readonly Operation[],
): Promise<TxnResult> {
  const txn = { compares, success, failure: [] }
  return options.store.commit(txn, request.fence, deadline?.leftMs)
}

/** The record must still be the one that was read. */
export function unchanged(record: KeyValue): Compare {
  return { key: record.key, target: 'mod', result: '=', value: record.modRevision }
}

/** The key must hold nothing. */
export function absent(key: string): Compare {
  return { key, target: 'version', result: '=', value: 0 }
}

/**
 * Runs `decide` on the local replica. What it refuses may be refused because the replica lags: then
 * once more, after a barrier. So the usual write costs no extra round, and no refusal is out of date.
 */
export async function decideFresh<T>(store: ClusterStore, decide: () => Promise<T>): Promise<T> {
  const revision = store.view.revision
  try {
    return await decide()
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'Conflict', 'AlreadyExists', 'Forbidden')) throw error
    // The store's own refusal (a fence that is over) names no object and is never out of date.
    if (error.status.details === undefined) throw error
    if ((await store.barrier()) === revision) throw error
  }
  return decide()
}

/** True when two JSON values say the same, whatever the order of fields; undefined is absence. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => sameJson(item, b[index]))
  }
  const left = definedEntries(a)
  const right = new Map(definedEntries(b))
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)))
  )
}

function definedEntries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => field !== undefined)
}

let lastSecond = Number.NaN
let lastTimestamp = ''

/** The time that objects carry: RFC 3339 in whole seconds. All writes of a second share the text. */
export function timestamp(wallMs: number): string {
  const second = Math.floor(wallMs / 1_000)
  if (second !== lastSecond) {
    lastTimestamp = `${new Date(wallMs).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastTimestamp
}

/** Tells the writer what its kind has to say of an object, once however often it is tried. */
export function warnOf(
  { kind, warnings }: ResourceContext,
  object: AnyObject,
  old: AnyObject | undefined,
): void {
  for (const text of kind.warnings?.(object, old) ?? [])
    if (!warnings.includes(text)) warnings.push(text)
}

import { assert } from '../../base/assert.ts'
import type { LogIndex, Revision, Term } from '../../base/brand.ts'
import type {
  ClusterStore,
  KeyValue,
  LeaseResult,
  Operation,
  OperationResult,
  RangeOperation,
  RangeOptions,
  RangeResponse,
  RangeResult,
  StoreEvent,
  StoreView,
  StoreWatcher,
  Txn,
  TxnResult,
  WatchOptions,
} from '../../state/cluster-store.ts'
import type { Lease, LeaseId } from '../../state/leases.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { withSplicedRevision } from '../stored-object.ts'
import { type Envelope, isSealed } from './envelope.ts'
import { OpenedValues } from './opened-values.ts'

/**
 * A cluster store whose records of some resources are sealed: whoever reads and writes through it sees
 * objects, the store behind it, its log, snapshots and peers see ciphertext. `resources` are named as in
 * Kubernetes' EncryptionConfiguration: `secrets`, `widgets.example.com`.
 *
 * A sealed value cannot have its revision spliced in at apply: it is, when the value is opened.
 */
export function encryptedStore(
  store: ClusterStore,
  envelope: Envelope,
  resources: readonly string[],
): ClusterStore {
  return new EncryptedStore(store, new Opener(envelope, resources))
}

/** True when a write that changes nothing is due all the same: to seal it, or with another key. */
export function isStale(record: KeyValue): boolean {
  return record instanceof OpenedRecord && record.isStale
}

/** Start of the keys of a resource that is named as in Kubernetes' EncryptionConfiguration. */
export function sealedPrefix(name: string): string {
  const [resource = '', ...group] = name.split('.')
  return resourcePrefix({ group: group.join('.'), resource, namespaced: false }, '')
}

class EncryptedStore implements ClusterStore {
  readonly view: StoreView
  readonly #store: ClusterStore
  readonly #opener: Opener

  constructor(store: ClusterStore, opener: Opener) {
    this.#store = store
    this.#opener = opener
    this.view = new OpenedView(store.view, opener)
  }

  barrier(): Promise<Revision> {
    return this.#store.barrier()
  }

  reached(revision: Revision, timeoutMs: number): Promise<void> {
    return this.#store.reached(revision, timeoutMs)
  }

  async commit(txn: Txn, fence?: Term, withinMs?: number): Promise<TxnResult> {
    const result = await this.#store.commit(this.#opener.sealed(txn), fence, withinMs)
    return this.#opener.result(result)
  }

  grantLease(ttlSeconds: number, id?: LeaseId): Promise<LeaseResult> {
    return this.#store.grantLease(ttlSeconds, id)
  }

  watch(options: WatchOptions): StoreWatcher {
    const watcher = this.#store.watch(options)
    return this.#opener.concerns(options.start, options.end)
      ? new OpenedWatcher(watcher, this.#opener)
      : watcher
  }
}

/** What of a store is sealed, and how it is opened. */
class Opener {
  readonly #envelope: Envelope
  readonly #prefixes: readonly string[]
  /** Watchers share what is opened, as they share the events. */
  readonly #events = new WeakMap<StoreEvent, StoreEvent>()
  readonly #values = new OpenedValues()

  constructor(envelope: Envelope, resources: readonly string[]) {
    this.#envelope = envelope
    this.#prefixes = resources.map(sealedPrefix)
  }

  concerns(start: string, end: string): boolean {
    return this.#prefixes.some((prefix) => start < prefixEnd(prefix) && end > prefix)
  }

  #isSealing(key: string): boolean {
    return this.#prefixes.some((prefix) => key.startsWith(prefix))
  }

  record(record: KeyValue): KeyValue {
    return this.#isSealing(record.key)
      ? new OpenedRecord(record, this.#envelope, this.#values)
      : record
  }

  event(event: StoreEvent): StoreEvent {
    if (!this.#isSealing(event.key)) return event
    const known = this.#events.get(event)
    if (known) return known
    const opened = {
      ...event,
      current: this.record(event.current),
      previous: event.previous && this.record(event.previous),
    }
    this.#events.set(event, opened)
    return opened
  }

  sealed({ compares, success, failure }: Txn): Txn {
    for (const { key, target } of compares)
      assert(
        target !== 'value' || !this.#isSealing(key),
        'the value of a sealed record is compared with nothing',
      )
    return {
      compares,
      success: success.map((operation) => this.#sealedOperation(operation)),
      failure: failure.map((operation) => this.#sealedOperation(operation)),
    }
  }

  #sealedOperation(operation: Operation): Operation {
    if (operation.op === 'txn') return { op: 'txn', txn: this.sealed(operation.txn) }
    if (operation.op !== 'put' || operation.ignoreValue) return operation
    if (!this.#isSealing(operation.key)) return operation
    const value = this.#envelope.seal(operation.key, operation.value)
    return value ? { ...operation, value, revisionOffset: -1 } : operation
  }

  result(result: TxnResult): TxnResult {
    return { ...result, responses: result.responses.map((response) => this.#response(response)) }
  }

  #response(response: OperationResult): OperationResult {
    const open = (record: KeyValue) => this.record(record)
    if (response.op === 'txn') return { ...response, result: this.result(response.result) }
    if (response.op === 'range') return { ...response, items: response.items.map(open) }
    if (response.op === 'delete') return { ...response, previous: response.previous.map(open) }
    const { current, previous } = response
    return { ...response, current: open(current), ...(previous && { previous: open(previous) }) }
  }
}

/** Opened when somebody looks: a list of thousands is opened slice by slice, as it is written. */
class OpenedRecord implements KeyValue {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly version: number
  readonly lease: LeaseId
  readonly #stored: KeyValue
  readonly #envelope: Envelope
  readonly #values: OpenedValues
  #value: Uint8Array | undefined

  constructor(stored: KeyValue, envelope: Envelope, values: OpenedValues) {
    this.key = stored.key
    this.createRevision = stored.createRevision
    this.modRevision = stored.modRevision
    this.version = stored.version
    this.lease = stored.lease
    this.#stored = stored
    this.#envelope = envelope
    this.#values = values
  }

  get value(): Uint8Array {
    this.#value ??= this.#open()
    return this.#value
  }

  get isStale(): boolean {
    return this.#envelope.isStale(this.#stored.value)
  }

  #open(): Uint8Array {
    const stored = this.#stored.value
    if (!isSealed(stored)) return stored
    return this.#values.get(this.#stored, () =>
      withSplicedRevision(this.#envelope.open(this.key, stored), this.modRevision),
    )
  }
}

class OpenedView implements StoreView {
  readonly #view: StoreView
  readonly #opener: Opener

  constructor(view: StoreView, opener: Opener) {
    this.#view = view
    this.#opener = opener
  }

  get revision(): Revision {
    return this.#view.revision
  }

  get compactedRevision(): Revision {
    return this.#view.compactedRevision
  }

  get appliedIndex(): LogIndex {
    return this.#view.appliedIndex
  }

  get leaseIds(): readonly LeaseId[] {
    return this.#view.leaseIds
  }

  get(key: string, revision?: Revision): KeyValue | undefined {
    const record = this.#view.get(key, revision)
    return record && this.#opener.record(record)
  }

  range(start: string, end: string, options?: RangeOptions): RangeResult {
    const found = this.#view.range(start, end, options)
    return this.#opener.concerns(start, end) ? this.#opened(found) : found
  }

  count(start: string, end: string, revision?: Revision): number {
    return this.#view.count(start, end, revision)
  }

  read(range: RangeOperation): RangeResponse {
    const found = this.#view.read(range)
    return range.keysOnly ? found : this.#opened(found)
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#view.lease(id)
  }

  hashAt(revision?: Revision): number {
    return this.#view.hashAt(revision)
  }

  #opened<Found extends { readonly items: readonly KeyValue[] }>(found: Found): Found {
    return { ...found, items: found.items.map((record) => this.#opener.record(record)) }
  }
}

class OpenedWatcher implements StoreWatcher {
  readonly #watcher: StoreWatcher
  readonly #opener: Opener

  constructor(watcher: StoreWatcher, opener: Opener) {
    this.#watcher = watcher
    this.#opener = opener
  }

  get progress(): Revision {
    return this.#watcher.progress
  }

  poll(bytesMax: number): readonly StoreEvent[] {
    return this.#watcher.poll(bytesMax).map((event) => this.#opener.event(event))
  }

  close(): void {
    this.#watcher.close()
  }
}

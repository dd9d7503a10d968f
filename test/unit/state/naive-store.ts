import type { Revision } from '../../../src/base/brand.ts'
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  PutOperation,
  RangeOperation,
  RangeResponse,
  StoreEvent,
  Txn,
  TxnResult,
} from '../../../src/state/cluster-store.ts'
import type { LeaseId } from '../../../src/state/leases.ts'

type State = ReadonlyMap<string, KeyValue>

/**
 * The store as its contract reads, with no thought for cost: every revision's whole state and every
 * event are kept. What the real one is compared with. A refusal is its name.
 */
export class NaiveStore {
  readonly states: State[] = [new Map(), new Map()]
  readonly events: StoreEvent[] = []
  /** How often each lease was renewed. */
  readonly leases = new Map<LeaseId, number>()
  compacted = -1

  get revision(): Revision {
    return (this.states.length - 1) as Revision
  }

  at(revision: number): State {
    return this.states[revision] ?? new Map()
  }

  range(start: string, end: string, revision: number = this.revision): KeyValue[] {
    return [...this.at(revision).values()]
      .filter(({ key }) => start <= key && key < end)
      .sort(byKey)
  }

  read(range: RangeOperation): RangeResponse | string {
    return this.#rangeProblem(range) ?? this.#range(range, this.at(range.revision || this.revision))
  }

  apply(txn: Txn): TxnResult | string {
    const before = this.at(this.revision)
    const chosen = this.#chosen(txn, before)
    for (const operation of chosen) {
      const problem = operation.op === 'put' ? this.#putProblem(operation, before) : undefined
      if (problem) return problem
    }
    for (const operation of chosen) {
      const problem = operation.op === 'range' ? this.#rangeProblem(operation) : undefined
      if (problem) return problem
    }
    const state = new Map(before)
    const events: StoreEvent[] = []
    const result = this.#run(txn, before, state, events)
    this.#commit(state, events)
    return this.#stamp(result)
  }

  compact(revision: number): string | undefined {
    if (revision > this.revision) return 'future revision'
    if (revision <= this.compacted) return 'compacted'
    this.compacted = revision
    return undefined
  }

  grant(id: LeaseId): string | undefined {
    if (this.leases.has(id)) return 'lease exists'
    this.leases.set(id, 0)
    return undefined
  }

  keepAlive(id: LeaseId): string | undefined {
    const renewals = this.leases.get(id)
    if (renewals === undefined) return 'lease not found'
    this.leases.set(id, renewals + 1)
    return undefined
  }

  revoke(id: LeaseId, renewals?: number): string | undefined {
    const current = this.leases.get(id)
    if (current === undefined || (renewals ?? current) !== current) return 'lease not found'
    const state = new Map(this.at(this.revision))
    const events: StoreEvent[] = []
    for (const record of this.range('', '\u0100')) {
      if (record.lease === id) this.#delete(record, state, events)
    }
    this.#commit(state, events)
    this.leases.delete(id)
    return undefined
  }

  #commit(state: State, events: readonly StoreEvent[]): void {
    if (events.length === 0) return
    this.states.push(state)
    this.events.push(...events)
  }

  /** Every operation that will run, nested ones in place of their transactions. */
  #chosen(txn: Txn, state: State): Exclude<Operation, { op: 'txn' }>[] {
    const operations = txn.compares.every((compare) => this.#holds(compare, state))
      ? txn.success
      : txn.failure
    return operations.flatMap((operation) =>
      operation.op === 'txn' ? this.#chosen(operation.txn, state) : [operation],
    )
  }

  #putProblem({ key, lease, ignoreValue, ignoreLease }: PutOperation, state: State) {
    if ((ignoreValue || ignoreLease) && !state.has(key)) return 'key not found'
    return lease && !this.leases.has(lease) ? 'lease not found' : undefined
  }

  #rangeProblem({ revision = 0 as Revision }: RangeOperation): string | undefined {
    if (revision > this.revision) return 'future revision'
    return revision > 0 && revision < this.compacted ? 'compacted' : undefined
  }

  #stamp(result: TxnResult): TxnResult {
    const responses = result.responses.map((response) =>
      response.op === 'txn' ? { op: response.op, result: this.#stamp(response.result) } : response,
    )
    return { ...result, revision: this.revision, responses }
  }

  #run(txn: Txn, before: State, state: Map<string, KeyValue>, events: StoreEvent[]): TxnResult {
    const succeeded = txn.compares.every((compare) => this.#holds(compare, before))
    const operations = succeeded ? txn.success : txn.failure
    const responses = operations.map((operation): OperationResult => {
      if (operation.op === 'txn') {
        return { op: 'txn', result: this.#run(operation.txn, before, state, events) }
      }
      return this.#operate(operation, state, events)
    })
    return { succeeded, revision: 0 as Revision, responses }
  }

  #operate(
    operation: Exclude<Operation, { op: 'txn' }>,
    state: Map<string, KeyValue>,
    events: StoreEvent[],
  ): OperationResult {
    if (operation.op === 'put') return this.#put(operation, state, events)
    if (operation.op === 'range') {
      return this.#range(operation, operation.revision ? this.at(operation.revision) : state)
    }
    const found = within(operation, state)
    for (const previous of found) this.#delete(previous, state, events)
    return { op: 'delete', deleted: found.length, previous: operation.previous ? found : [] }
  }

  #put(operation: PutOperation, state: Map<string, KeyValue>, events: StoreEvent[]) {
    const revision = (this.revision + 1) as Revision
    const { key, ignoreValue, ignoreLease } = operation
    const previous = state.get(key)
    const text = operation.revisionOffset < 0 ? '' : `"resourceVersion":"${revision}",`
    const bytes = Buffer.from(operation.value)
    const at = Math.max(0, operation.revisionOffset)
    const put = Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
    const current: KeyValue = {
      key,
      value: ignoreValue && previous ? previous.value : put,
      createRevision: previous ? previous.createRevision : revision,
      modRevision: revision,
      version: previous ? previous.version + 1 : 1,
      lease: ignoreLease && previous ? previous.lease : (operation.lease ?? 0),
    }
    state.set(key, current)
    events.push({ type: 'put', revision, key, current, previous })
    return { op: 'put' as const, current, ...(operation.previous && previous ? { previous } : {}) }
  }

  #delete(previous: KeyValue, state: Map<string, KeyValue>, events: StoreEvent[]): void {
    const revision = (this.revision + 1) as Revision
    state.delete(previous.key)
    const current = { ...previous, modRevision: revision }
    events.push({ type: 'delete', revision, key: previous.key, current, previous })
  }

  #range(range: RangeOperation, state: State): RangeResponse {
    const found = within(range, state)
    if (range.countOnly) return { op: 'range', items: [], more: false, count: found.length }
    const { limit = 0, sortTarget = 'key', sortOrder = 'none' } = range
    const bounds = [
      ['modRevision', range.minModRevision, range.maxModRevision],
      ['createRevision', range.minCreateRevision, range.maxCreateRevision],
    ] as const
    let items = found
    const isBounded = bounds.some(([, low, high]) => low || high)
    if (limit > 0 && sortOrder === 'none' && !isBounded) items = items.slice(0, limit + 1)
    for (const [field, low, high] of bounds) {
      items = items.filter((item) => item[field] >= (low || 0) && item[field] <= (high || 1e9))
    }
    const compare = { ...orders, key: byKey }[sortTarget]
    items = items.toSorted(sortOrder === 'descend' ? (a, b) => compare(b, a) : compare)
    const more = limit > 0 && items.length > limit
    if (more) items = items.slice(0, limit)
    if (range.keysOnly) items = items.map((item) => ({ ...item, value: Buffer.alloc(0) }))
    return { op: 'range', items, more, count: found.length }
  }

  #holds(compare: Compare, state: State): boolean {
    const found = within(compare, state)
    if (found.length === 0) {
      return !(compare.value instanceof Uint8Array) && test(order(0, compare.value), compare.result)
    }
    return found.every((record) => {
      if (compare.value instanceof Uint8Array) {
        return test(Buffer.compare(record.value, compare.value), compare.result)
      }
      const field = {
        version: record.version,
        create: record.createRevision,
        mod: record.modRevision,
        lease: record.lease,
        value: 0,
      }[compare.target]
      return test(order(field, compare.value), compare.result)
    })
  }
}

const orders = {
  version: (a: KeyValue, b: KeyValue) => a.version - b.version,
  create: (a: KeyValue, b: KeyValue) => a.createRevision - b.createRevision,
  mod: (a: KeyValue, b: KeyValue) => a.modRevision - b.modRevision,
  value: (a: KeyValue, b: KeyValue) => Buffer.compare(a.value, b.value),
}

function order(left: LeaseId, right: LeaseId): number {
  return Number(BigInt(left) - BigInt(right))
}

function byKey(left: KeyValue, right: KeyValue): number {
  if (left.key === right.key) return 0
  return left.key < right.key ? -1 : 1
}

function within({ key, rangeEnd }: { key: string; rangeEnd?: string }, state: State): KeyValue[] {
  const end = rangeEnd ?? `${key}\0`
  return [...state.values()].filter((item) => key <= item.key && item.key < end).sort(byKey)
}

function test(order: number, result: Compare['result']): boolean {
  return { '=': order === 0, '!=': order !== 0, '<': order < 0, '>': order > 0 }[result]
}

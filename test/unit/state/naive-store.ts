import type { Revision } from '../../../src/base/brand.ts'
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  StoreEvent,
  Txn,
  TxnResult,
} from '../../../src/state/cluster-store.ts'

type State = ReadonlyMap<string, KeyValue>

/**
 * The store as its contract reads, with no thought for cost: every revision's whole state and every
 * event are kept. What the real one is compared with.
 */
export class NaiveStore {
  readonly states: State[] = [new Map(), new Map()]
  readonly events: StoreEvent[] = []

  get revision(): Revision {
    return (this.states.length - 1) as Revision
  }

  at(revision: number): State {
    return this.states[revision] ?? new Map()
  }

  range(start: string, end: string, revision: number = this.revision): KeyValue[] {
    return [...this.at(revision).values()]
      .filter(({ key }) => start <= key && key < end)
      .sort((left, right) => (left.key < right.key ? -1 : 1))
  }

  apply(txn: Txn): TxnResult {
    const before = this.at(this.revision)
    const state = new Map(before)
    const events: StoreEvent[] = []
    const result = this.#run(txn, before, state, events)
    if (events.length > 0) {
      this.states.push(state)
      this.events.push(...events)
    }
    return this.#stamp(result)
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
    const revision = (this.revision + 1) as Revision
    const { key } = operation
    if (operation.op === 'put') {
      const previous = state.get(key)
      const text = operation.revisionOffset < 0 ? '' : `"resourceVersion":"${revision}",`
      const bytes = Buffer.from(operation.value)
      const at = Math.max(0, operation.revisionOffset)
      const current: KeyValue = {
        key,
        value: Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)]),
        createRevision: previous ? previous.createRevision : revision,
        modRevision: revision,
        version: previous ? previous.version + 1 : 1,
        lease: operation.lease ?? 0,
      }
      state.set(key, current)
      events.push({ type: 'put', revision, key, current, previous })
      return { op: 'put', current, ...(operation.previous && previous ? { previous } : {}) }
    }
    const end = operation.rangeEnd ?? `${key}\0`
    const found = [...state.values()]
      .filter((record) => key <= record.key && record.key < end)
      .sort((left, right) => (left.key < right.key ? -1 : 1))
    if (operation.op === 'range') {
      const items = operation.limit ? found.slice(0, operation.limit) : found
      return { op: 'range', items, more: items.length < found.length, count: found.length }
    }
    for (const previous of found) {
      state.delete(previous.key)
      const current = { ...previous, modRevision: revision }
      events.push({ type: 'delete', revision, key: previous.key, current, previous })
    }
    return { op: 'delete', deleted: found.length, previous: operation.previous ? found : [] }
  }

  #holds(compare: Compare, state: State): boolean {
    const end = compare.rangeEnd ?? `${compare.key}\0`
    const found = [...state.values()].filter(({ key }) => compare.key <= key && key < end)
    if (found.length === 0) {
      return typeof compare.value === 'number' && test(0 - compare.value, compare.result)
    }
    return found.every((record) => {
      if (typeof compare.value !== 'number') {
        return test(Buffer.compare(record.value, compare.value), compare.result)
      }
      const field = {
        version: record.version,
        create: record.createRevision,
        mod: record.modRevision,
        lease: record.lease,
        value: 0,
      }[compare.target]
      return test(field - compare.value, compare.result)
    })
  }
}

function test(order: number, result: Compare['result']): boolean {
  return { '=': order === 0, '!=': order !== 0, '<': order < 0, '>': order > 0 }[result]
}

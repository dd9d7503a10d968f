import { limits } from '../../../base/limits.ts'
import type { StoreEvent } from '../../../state/cluster-store.ts'

/** Watchers of as many ranges may wake at a time and still find what the others of theirs have joined. */
const batchesMax = 16

interface Batch {
  readonly form: string
  readonly events: readonly StoreEvent[]
  readonly bytes: Uint8Array
}

/**
 * Events as they go over the wire: made once, sent to every watcher that sees the event the same
 * way. Watchers are at about the same place, so the last few are enough; one that lags makes its own.
 */
export class EventFrames {
  readonly #frames = new Map<StoreEvent, Map<string, Uint8Array>>()
  /** The newest last. */
  #batches: readonly Batch[] = []
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number = limits.sharedEventBytesMax) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The frame of `event` in that form, its type included, made by `make` if it is not there. */
  get(event: StoreEvent, form: string, make: () => Uint8Array): Uint8Array {
    const known = this.#frames.get(event)?.get(form)
    if (known) return known
    const frame = make()
    const forms = this.#frames.get(event) ?? new Map<string, Uint8Array>()
    forms.set(form, frame)
    this.#frames.set(event, forms)
    this.#bytes += frame.length
    this.#shrink()
    return frame
  }

  /**
   * The frames of `events` in one piece and form, joined by `join` if nobody has done so: who woke together reads
   * the same events, and all of them write the same bytes. Only for who sees every one of them.
   */
  joined(events: readonly StoreEvent[], form: string, join: () => Uint8Array): Uint8Array {
    const known = this.#batches.findLast(
      (batch) => batch.form === form && areSame(batch.events, events),
    )
    if (known) return known.bytes
    const bytes = join()
    // What is larger than all that may be kept is not kept at all.
    if (bytes.length <= this.#bytesMax / batchesMax)
      this.#batches = [...this.#batches.slice(1 - batchesMax), { form, events, bytes }]
    return bytes
  }

  #shrink(): void {
    for (const [event, forms] of this.#frames) {
      if (this.#bytes <= this.#bytesMax) return
      this.#frames.delete(event)
      for (const frame of forms.values()) this.#bytes -= frame.length
    }
  }
}

function areSame(left: readonly StoreEvent[], right: readonly StoreEvent[]): boolean {
  return left.length === right.length && left.every((event, at) => event === right[at])
}

import { limits } from '../../../base/limits.ts'
import type { StoreEvent } from '../../../state/cluster-store.ts'

/** Watchers of as many ranges may wake at a time and still find what the others of theirs have joined. */
const batchesMax = 16

interface Batch {
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

  /** The frame of `event` as `type`, made by `make` if it is not there. */
  get(event: StoreEvent, type: string, make: () => Uint8Array): Uint8Array {
    const known = this.#frames.get(event)?.get(type)
    if (known) return known
    const frame = make()
    const types = this.#frames.get(event) ?? new Map<string, Uint8Array>()
    types.set(type, frame)
    this.#frames.set(event, types)
    this.#bytes += frame.length
    this.#shrink()
    return frame
  }

  /**
   * The frames of `events` in one piece, joined by `join` if nobody has done so: who woke together reads
   * the same events, and all of them write the same bytes. Only for who sees every one of them.
   */
  joined(events: readonly StoreEvent[], join: () => Uint8Array): Uint8Array {
    const known = this.#batches.findLast((batch) => areSame(batch.events, events))
    if (known) return known.bytes
    const bytes = join()
    // What is larger than all that may be kept is not kept at all.
    if (bytes.length <= this.#bytesMax / batchesMax)
      this.#batches = [...this.#batches.slice(1 - batchesMax), { events, bytes }]
    return bytes
  }

  #shrink(): void {
    for (const [event, types] of this.#frames) {
      if (this.#bytes <= this.#bytesMax) return
      this.#frames.delete(event)
      for (const frame of types.values()) this.#bytes -= frame.length
    }
  }
}

function areSame(left: readonly StoreEvent[], right: readonly StoreEvent[]): boolean {
  return left.length === right.length && left.every((event, at) => event === right[at])
}

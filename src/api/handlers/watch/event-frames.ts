import { limits } from '../../../base/limits.ts'
import type { StoreEvent } from '../../../state/cluster-store.ts'

/**
 * Events as they go over the wire: made once, sent to every watcher that sees the event the same
 * way. Watchers are at about the same place, so the last few are enough; one that lags makes its own.
 */
export class EventFrames {
  readonly #frames = new Map<StoreEvent, Map<string, Uint8Array>>()
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

  #shrink(): void {
    for (const [event, types] of this.#frames) {
      if (this.#bytes <= this.#bytesMax) return
      this.#frames.delete(event)
      for (const frame of types.values()) this.#bytes -= frame.length
    }
  }
}

import { limits } from '../../base/limits.ts'
import type { KeyValue } from '../../state/cluster-store.ts'

/**
 * Values that were opened lately, by the stored record that each came from: a list of Secrets is asked for
 * again and again, and to open one costs more than to send it.
 */
export class OpenedValues {
  readonly #values = new Map<KeyValue, Uint8Array>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number = limits.openedValuesBytesMax) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What `open` made of this record, or makes now; what it throws is not remembered. */
  get(record: KeyValue, open: () => Uint8Array): Uint8Array {
    const known = this.#values.get(record)
    if (known) return known
    const value = open()
    this.#values.set(record, value)
    this.#bytes += value.length
    this.#shrink()
    return value
  }

  /** The oldest go first; the newest stays, however large it is. */
  #shrink(): void {
    for (const [record, value] of this.#values) {
      if (this.#bytes <= this.#bytesMax || this.#values.size === 1) return
      this.#values.delete(record)
      this.#bytes -= value.length
    }
  }
}

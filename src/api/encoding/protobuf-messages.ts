import { limits } from '../../base/limits.ts'
import { protobufMessage } from '../../kinds/encode-protobuf.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { parseObject } from '../stored-object.ts'

/**
 * Records of the store as protobuf messages: made when somebody first asks for one, and kept for all who get,
 * list or watch it then, as far as they fit. What was not asked for longest goes first.
 */
export class ProtobufMessages {
  readonly #recent = new Map<string, Uint8Array>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number = limits.protobufMessagesBytesMax) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The message of a record, which is JSON of that definition. */
  get(record: KeyValue, definition: string): Uint8Array {
    const id = `${record.modRevision} ${record.key}`
    const known = this.#recent.get(id)
    if (known) {
      this.#recent.delete(id)
      this.#recent.set(id, known)
      return known
    }
    const message = protobufMessage(definition, parseObject(record.value))
    this.#recent.set(id, message)
    this.#bytes += message.length + id.length
    for (const [oldest, { length }] of this.#recent) {
      if (this.#bytes <= this.#bytesMax) break
      this.#recent.delete(oldest)
      this.#bytes -= length + oldest.length
    }
    return message
  }
}

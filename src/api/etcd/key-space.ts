import { limits } from '../../base/limits.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { endOfKeys, keyEnd, prefixEnd } from '../../state/keys.ts'
import { invalidArgument, refusals } from './errors.ts'
import type { KeyValueMessage } from './wire/kv-messages.ts'

/** Keys of etcd clients lie under this one, out of reach of the Kubernetes API. */
export const isolatedPrefix = '/etcd/'

/** The keys that a request names, as the store has them. Without `rangeEnd` it is one key. */
export interface NamedKeys {
  readonly key: string
  readonly rangeEnd?: string
}

const zeroByte = Uint8Array.of(0)

/**
 * The part of the store that etcd clients see: everything under a prefix, which they do not see. With
 * an empty prefix it is the whole store, Kubernetes' objects too.
 */
export class KeySpace {
  readonly #prefix: string
  /** The end of the range that holds all keys from some key on. */
  readonly #end: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.#end = prefix === '' ? endOfKeys : prefixEnd(prefix)
  }

  /** Throws for an empty key, as etcd does. */
  key(bytes: Uint8Array): string {
    if (bytes.length === 0) throw refusals.emptyKey()
    return this.#prefixed(bytes)
  }

  /** `rangeEnd` as etcd reads it: empty for one key, a zero byte for all keys from `key` on. */
  keys(key: Uint8Array, rangeEnd: Uint8Array): NamedKeys {
    const start = this.key(key)
    if (rangeEnd.length === 0) return { key: start }
    return { key: start, rangeEnd: this.#rangeEnd(rangeEnd) }
  }

  /** Where a watch looks; an empty key stands for the smallest one there. */
  watched(key: Uint8Array, rangeEnd: Uint8Array): { start: string; end: string } {
    const named = this.keys(key.length === 0 ? zeroByte : key, rangeEnd)
    return { start: named.key, end: named.rangeEnd ?? keyEnd(named.key) }
  }

  /** Where all of it lies. */
  get whole(): { readonly start: string; readonly end: string } {
    return { start: this.#prefix, end: this.#end }
  }

  /** How long the key is that the client knows. */
  outsideBytes(key: string): number {
    return key.length - this.#prefix.length
  }

  /** The key as the client knows it. */
  outside(key: string): Buffer {
    return Buffer.from(this.#prefix === '' ? key : key.slice(this.#prefix.length), 'latin1')
  }

  /** Writes that key; how many bytes it takes. */
  writeOutside(key: string, into: Buffer, at: number): number {
    return into.write(this.#prefix === '' ? key : key.slice(this.#prefix.length), at, 'latin1')
  }

  message(record: KeyValue, keysOnly = false): KeyValueMessage {
    const { createRevision, modRevision, version, value, lease } = record
    return {
      key: this.outside(record.key),
      ...{ createRevision, modRevision, version, lease },
      value: keysOnly ? noBytes : value,
    }
  }

  #rangeEnd(bytes: Uint8Array): string {
    return bytes.length === 1 && bytes[0] === 0 ? this.#end : this.#prefixed(bytes)
  }

  #prefixed(bytes: Uint8Array): string {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const bytesMax = limits.keyBytesMax - this.#prefix.length
    if (text.length > bytesMax)
      throw invalidArgument(`a key has ${text.length} bytes; at most ${bytesMax} are kept`)
    return this.#prefix + text
  }
}

const noBytes = new Uint8Array(0)

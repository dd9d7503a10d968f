import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import { textOfKey } from '../../state/keys.ts'

/** One of the keys of a cluster. */
export interface EncryptionKey {
  readonly name: string
  /** 16, 24 or 32 bytes. Never logged. */
  readonly secret: Uint8Array
}

export interface EnvelopeOptions {
  /** What new values are written as: sealed with the first key, or plain. Both are read. */
  readonly provider: 'aesgcm' | 'identity'
  /** The first one seals, any opens. */
  readonly keys: readonly EncryptionKey[]
  readonly random: Random
}

const scheme = 'k8s:enc:'
const nonceBytes = 12
const tagBytes = 16
/** Longer prefixes are nobody's: names of keys are short. */
const prefixBytesMax = 320

/**
 * Seals values with AES-GCM and opens them, in the form that kube-apiserver stores
 * (apiserver pkg/storage/value/encrypt/aes): prefix with the key's name, nonce, ciphertext, tag. What is
 * authenticated besides is the key in the store: a value that was moved does not open.
 *
 * A nonce is random: one key is good for some 2^32 writes.
 */
export class Envelope {
  readonly #keys: ReadonlyMap<string, EncryptionKey>
  readonly #sealing: EncryptionKey | undefined
  readonly #prefix: Buffer
  readonly #random: Random

  constructor({ provider, keys, random }: EnvelopeOptions) {
    this.#keys = new Map(keys.map((key) => [prefixOf(key), key]))
    this.#sealing = provider === 'aesgcm' ? keys[0] : undefined
    this.#prefix = Buffer.from(this.#sealing ? prefixOf(this.#sealing) : '')
    this.#random = random
  }

  /** Undefined when values are written as they are. */
  seal(key: string, value: Uint8Array): Uint8Array | undefined {
    if (!this.#sealing) return undefined
    const nonce = this.#random.bytes(nonceBytes)
    const cipher = createCipheriv(cipherOf(this.#sealing), this.#sealing.secret, nonce)
    cipher.setAAD(Buffer.from(key, 'latin1'))
    const sealed = [cipher.update(value), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat([this.#prefix, nonce, ...sealed])
  }

  /** Throws InternalError for what was sealed with a key that is not here, or was tampered with. */
  open(key: string, stored: Uint8Array): Uint8Array {
    if (!isSealed(stored)) return stored
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
    const prefix = prefixIn(bytes)
    const known = this.#keys.get(prefix)
    if (!known) throw unreadable(key, 'no matching prefix found')
    const sealed = bytes.subarray(prefix.length)
    if (sealed.length < nonceBytes + tagBytes)
      throw unreadable(key, 'the stored data was shorter than the required size')
    try {
      const nonce = sealed.subarray(0, nonceBytes)
      const decipher = createDecipheriv(cipherOf(known), known.secret, nonce)
      decipher.setAAD(Buffer.from(key, 'latin1'))
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      return Buffer.concat([
        decipher.update(sealed.subarray(nonceBytes, -tagBytes)),
        decipher.final(),
      ])
    } catch {
      // Whatever was altered, key, nonce or text: nothing is known but that it does not open.
      throw unreadable(key, 'cipher: message authentication failed')
    }
  }

  /** True when the value would be written otherwise today: a write that changes nothing is still due. */
  isStale(stored: Uint8Array): boolean {
    if (!this.#sealing) return isSealed(stored)
    return !this.#prefix.equals(stored.subarray(0, this.#prefix.length))
  }
}

/** Objects are JSON and begin with a brace. */
export function isSealed(stored: Uint8Array): boolean {
  return Buffer.from(scheme).equals(stored.subarray(0, scheme.length))
}

function prefixOf({ name }: EncryptionKey): string {
  return `${scheme}aesgcm:v1:${name}:`
}

/** Up to the colon after the name of the key. */
function prefixIn(bytes: Buffer): string {
  const head = bytes.subarray(0, prefixBytesMax).toString('latin1')
  return /^k8s:enc:[^:]*:[^:]*:[^:]*:/.exec(head)?.[0] ?? ''
}

function cipherOf({ secret }: EncryptionKey) {
  return `aes-${(secret.length * 8) as 128 | 192 | 256}-gcm` as const
}

function unreadable(key: string, why: string) {
  return statusError(
    'InternalError',
    `Internal error occurred: unable to transform key ${JSON.stringify(textOfKey(key))}: ${why}`,
  )
}

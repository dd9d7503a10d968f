import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import { textOfKey } from '../../state/keys.ts'
import { type Cipher, CipherError, type CipherName, ciphers } from './ciphers.ts'

/** One of the keys of a cluster. */
export interface EncryptionKey {
  readonly name: string
  /** 16, 24 or 32 bytes. Never logged. */
  readonly secret: Uint8Array
}

export type EncryptionProvider = CipherName | 'identity'

export interface EnvelopeOptions {
  /** What new values are written as: sealed with the first key, or plain. All of it is read. */
  readonly provider: EncryptionProvider
  /** The first one seals, any opens. */
  readonly keys: readonly EncryptionKey[]
  readonly random: Random
}

interface Seal {
  readonly cipher: Cipher
  readonly secret: Uint8Array
  readonly prefix: Buffer
}

const scheme = 'k8s:enc:'
/** Longer prefixes are nobody's: names of keys are short. */
const prefixBytesMax = 320

/**
 * Seals values and opens them, in the form that kube-apiserver stores (apiserver pkg/storage/value/encrypt):
 * a prefix that names provider and key, then what the cipher makes.
 */
export class Envelope {
  readonly #seals = new Map<string, Seal>()
  readonly #sealing: Seal | undefined
  readonly #random: Random

  constructor({ provider, keys, random }: EnvelopeOptions) {
    this.#random = random
    for (const { name, secret } of keys)
      for (const [cipherName, cipher] of Object.entries(ciphers)) {
        const prefix = prefixOf(cipherName, name)
        this.#seals.set(prefix, { cipher, secret, prefix: Buffer.from(prefix) })
      }
    const [first] = keys
    this.#sealing = first && this.#seals.get(prefixOf(provider, first.name))
  }

  /** Undefined when values are written as they are. */
  seal(key: string, value: Uint8Array): Uint8Array | undefined {
    if (!this.#sealing) return undefined
    const { cipher, secret, prefix } = this.#sealing
    return Buffer.concat([prefix, cipher.seal(secret, key, value, this.#random)])
  }

  /** Throws InternalError for what was sealed with a key that is not here, or was tampered with. */
  open(key: string, stored: Uint8Array): Uint8Array {
    if (!isSealed(stored)) return stored
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
    const prefix = prefixIn(bytes)
    const known = this.#seals.get(prefix)
    if (!known) throw unreadable(key, 'no matching prefix found')
    try {
      return known.cipher.open(known.secret, key, bytes.subarray(prefix.length))
    } catch (error) {
      if (error instanceof CipherError) throw unreadable(key, error.message)
      throw error
    }
  }

  /** True when the value would be written otherwise today: a write that changes nothing is still due. */
  isStale(stored: Uint8Array): boolean {
    if (!this.#sealing) return isSealed(stored)
    const { prefix } = this.#sealing
    return !prefix.equals(stored.subarray(0, prefix.length))
  }
}

/** Objects are JSON and begin with a brace. */
export function isSealed(stored: Uint8Array): boolean {
  return Buffer.from(scheme).equals(stored.subarray(0, scheme.length))
}

function prefixOf(provider: string, keyName: string): string {
  return `${scheme}${provider}:v1:${keyName}:`
}

/** Up to the colon after the name of the key. */
function prefixIn(bytes: Buffer): string {
  const head = bytes.subarray(0, prefixBytesMax).toString('latin1')
  return /^k8s:enc:[^:]*:[^:]*:[^:]*:/.exec(head)?.[0] ?? ''
}

function unreadable(key: string, why: string) {
  return statusError(
    'InternalError',
    `Internal error occurred: unable to transform key ${JSON.stringify(textOfKey(key))}: ${why}`,
  )
}

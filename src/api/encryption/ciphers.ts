import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../../base/random.ts'

/** How values are sealed: the forms of kube-apiserver's providers of the same names. */
export interface Cipher {
  /** `key` is where the value is stored. */
  seal(secret: Uint8Array, key: string, value: Uint8Array, random: Random): Uint8Array
  /** Throws CipherError for what is too short or was altered. */
  open(secret: Uint8Array, key: string, sealed: Buffer): Uint8Array
}

export class CipherError extends Error {
  override readonly name = 'CipherError'
}

const nonceBytes = 12
const tagBytes = 16

/**
 * AES-GCM (apiserver pkg/storage/value/encrypt/aes): nonce, ciphertext, tag. What is authenticated
 * besides is the key in the store: a value that was moved does not open. A nonce is random: one key is
 * good for some 2^32 writes.
 */
const aesgcm: Cipher = {
  seal(secret, key, value, random) {
    const nonce = random.bytes(nonceBytes)
    const cipher = createCipheriv(`aes-${bitsOf(secret)}-gcm`, secret, nonce)
    cipher.setAAD(Buffer.from(key, 'latin1'))
    return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
  },
  open(secret, key, sealed) {
    if (sealed.length < nonceBytes + tagBytes) throw tooShort()
    try {
      const nonce = sealed.subarray(0, nonceBytes)
      const decipher = createDecipheriv(`aes-${bitsOf(secret)}-gcm`, secret, nonce)
      decipher.setAAD(Buffer.from(key, 'latin1'))
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      return Buffer.concat([
        decipher.update(sealed.subarray(nonceBytes, -tagBytes)),
        decipher.final(),
      ])
    } catch {
      // Whatever was altered, key, nonce or text: nothing is known but that it does not open.
      throw new CipherError('cipher: message authentication failed')
    }
  },
}

const blockBytes = 16

/**
 * AES-CBC with PKCS#7 padding (the same file): initial vector, ciphertext. Nothing is authenticated: for what
 * another API server wrote, and for who must; aesgcm is the better one.
 */
const aescbc: Cipher = {
  seal(secret, _key, value, random) {
    const vector = random.bytes(blockBytes)
    const cipher = createCipheriv(`aes-${bitsOf(secret)}-cbc`, secret, vector)
    return Buffer.concat([vector, cipher.update(value), cipher.final()])
  },
  open(secret, _key, sealed) {
    if (sealed.length < 2 * blockBytes) throw tooShort()
    if (sealed.length % blockBytes !== 0)
      throw new CipherError('the stored data is not a multiple of the block size')
    try {
      const vector = sealed.subarray(0, blockBytes)
      const decipher = createDecipheriv(`aes-${bitsOf(secret)}-cbc`, secret, vector)
      return Buffer.concat([decipher.update(sealed.subarray(blockBytes)), decipher.final()])
    } catch {
      throw new CipherError('invalid padding on input')
    }
  },
}

export const ciphers = { aesgcm, aescbc } as const
export type CipherName = keyof typeof ciphers

function bitsOf({ length }: Uint8Array): 128 | 192 | 256 {
  return (length * 8) as 128 | 192 | 256
}

function tooShort(): CipherError {
  return new CipherError('the stored data was shorter than the required size')
}

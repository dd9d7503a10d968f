import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { EncryptionKey } from '../../api/encryption/envelope.ts'
import type { Random } from '../../base/random.ts'
import { type ClusterDirectory, writeAtomically } from './cluster-directory.ts'
import { ConfigError } from './config-error.ts'

/**
 * The keys with which Secrets are sealed on disk: `pki/encryption.json` of the data directory, the same on
 * every master. The first one seals, any opens: docs/encryption.md says how they are rotated.
 */
const schema = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-zA-Z0-9._-]{1,63}$/, 'use letters, digits, ".", "_" and "-"'),
        /** Base64 of 16, 24 or 32 bytes. */
        secret: z.base64(),
      }),
    )
    .min(1)
    .max(20)
    .refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length, {
      message: 'two keys have the same name',
    }),
})
const secretBytes: readonly number[] = [16, 24, 32]
const newSecretBytes = 32

const fileOf = (directory: ClusterDirectory) => directory.path('pki', 'encryption.json')

/** Makes a first key where there is none. */
export function prepareEncryptionKeys(directory: ClusterDirectory, random: Random): void {
  const file = fileOf(directory)
  if (existsSync(file)) return
  const secret = Buffer.from(random.bytes(newSecretBytes)).toString('base64')
  const text = JSON.stringify({ keys: [{ name: 'key1', secret }] }, undefined, 2)
  writeAtomically(file, `${text}\n`, 0o600)
}

/** Undefined when there is no file. Throws ConfigError for one that cannot be used; never says a key. */
export function readEncryptionKeys(
  directory: ClusterDirectory,
): readonly EncryptionKey[] | undefined {
  const file = fileOf(directory)
  if (!existsSync(file)) return undefined
  const { keys } = parsed(file)
  return keys.map(({ name, secret }) => {
    const bytes = Buffer.from(secret, 'base64')
    if (!secretBytes.includes(bytes.length))
      throw unusable(file, `key ${name} has ${bytes.length} bytes, not ${secretBytes.join(', ')}`)
    return { name, secret: bytes }
  })
}

function parsed(file: string): z.output<typeof schema> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // The parser quotes what it stumbled over: that may be a key.
    throw unusable(file, 'it is not readable, or not JSON')
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw unusable(file, `${issue?.path.map(String).join('.')}: ${issue?.message}`)
}

function unusable(file: string, why: string): ConfigError {
  return new ConfigError(
    `${file} cannot be used: ${why}`,
    'restore it from a backup: without these keys nobody reads what they sealed',
  )
}

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '../../../src/base/random.ts'
import { ClusterDirectory } from '../../../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../../../src/boot/config/config.ts'
import { ConfigError } from '../../../src/boot/config/config-error.ts'
import {
  prepareEncryptionKeys,
  readEncryptionKeys,
} from '../../../src/boot/config/encryption-keys.ts'

function withDirectory(body: (directory: ClusterDirectory, file: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'kijabi-keys-'))
  try {
    mkdirSync(join(root, 'pki'))
    body(new ClusterDirectory(root), join(root, 'pki', 'encryption.json'))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

test('a cluster has one key from its first boot on, which only its owner may read', () => {
  withDirectory((directory, file) => {
    assert.equal(readEncryptionKeys(directory), undefined)
    prepareEncryptionKeys(directory, new SeededRandom(1))
    const text = readFileSync(file, 'utf8')
    prepareEncryptionKeys(directory, new SeededRandom(2))
    assert.equal(readFileSync(file, 'utf8'), text, 'a second boot keeps it')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const [key, ...more] = readEncryptionKeys(directory) ?? []
    assert.deepEqual([key?.name, key?.secret.length, more], ['key1', 32, []])
  })
})

test('a file of keys that cannot be used is refused without quoting it', () => {
  const secret = Buffer.alloc(20, 'x').toString('base64')
  const refused: readonly (readonly [text: string, why: RegExp])[] = [
    [`{"keys": [${secret}`, /not JSON/],
    [JSON.stringify({ keys: [] }), /keys: /],
    [JSON.stringify({ keys: [{ name: 'a', secret }] }), /key a has 20 bytes, not 16, 24, 32/],
    [JSON.stringify({ keys: [{ name: 'a:b', secret }] }), /keys.0.name: use letters/],
  ]
  withDirectory((directory, file) => {
    for (const [text, why] of refused) {
      writeFileSync(file, text)
      assert.throws(
        () => readEncryptionKeys(directory),
        (error: Error) =>
          error instanceof ConfigError &&
          why.test(error.message) &&
          !error.message.includes(secret.slice(0, 8)),
      )
    }
  })
})

test('Secrets are sealed unless the configuration says otherwise', () => {
  const sealed = (text: string) => parseConfig(text, 'test').encryption
  assert.deepEqual(sealed('{}'), { provider: 'aesgcm', resources: ['secrets'] })
  const asked = '{"encryption": {"provider": "identity", "resources": ["widgets.example.com"]}}'
  assert.deepEqual(sealed(asked), { provider: 'identity', resources: ['widgets.example.com'] })
  assert.throws(() => sealed('{"encryption": {"resources": ["*.*"]}}'), /use RESOURCE/)
})

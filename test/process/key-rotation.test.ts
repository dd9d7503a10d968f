import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { kijabi, readJson, startTestCluster, type TestCluster } from './test-cluster.ts'

/**
 * A new key comes to the front and the cluster is started again: without a write by anybody the leader
 * seals with it what there is, and the old key can go.
 */
const secrets = '/api/v1/namespaces/default/secrets'
const count = 20

interface Keys {
  readonly keys: readonly { readonly name: string; readonly secret: string }[]
}

test('Secrets are sealed anew with a new first key, and read without the old one', async () => {
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 })
  try {
    const api = new RawApi(cluster.kubeconfig)
    for (let index = 0; index < count; index += 1) {
      const stringData = { password: `planted ${index}` }
      const metadata = { name: `s${index}` }
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData })
      const made = await api.send(secrets, { method: 'POST', body })
      assert.equal(made.code, 201, made.text)
    }
    const file = join(cluster.directory, 'pki', 'encryption.json')
    const old = readJson(file) as Keys
    const key2 = { name: 'key2', secret: randomBytes(32).toString('base64') }
    await restart(cluster, () => writeKeys(file, { keys: [key2, ...old.keys] }))
    await sealedAnew(cluster, count)
    await restart(cluster, () => writeKeys(file, { keys: [key2] }))
    const { code, body } = await new RawApi(cluster.kubeconfig).json(secrets)
    assert.equal(code, 200)
    const { items } = body as { items: { data: { password: string } }[] }
    const passwords = items.map(({ data }) => Buffer.from(data.password, 'base64').toString())
    const planted = Array.from({ length: count }, (_, index) => `planted ${index}`)
    assert.deepEqual(passwords.sort(), planted.sort())
  } finally {
    await cluster.remove()
  }
})

function writeKeys(file: string, keys: Keys): void {
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600 })
}

async function restart(cluster: TestCluster, change: () => void): Promise<void> {
  const ended = await kijabi(['down', '--data-dir', cluster.directory])
  assert.equal(ended.code, 0, ended.stderr)
  change()
  const begun = await kijabi(['up', '-d', '--data-dir', cluster.directory])
  assert.equal(begun.code, 0, begun.stderr)
}

/** Resolves when the leaders since the start tell of so many records together. */
async function sealedAnew(cluster: TestCluster, wanted: number): Promise<void> {
  const logs = join(cluster.directory, 'logs')
  await eventually(`${wanted} records are sealed anew`, () => {
    const lines = readdirSync(logs)
      .filter((name) => /^m\d+\.log$/.test(name))
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line.includes('records were sealed anew') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as { rewritten: number; left: number })
    const rewritten = lines.reduce((sum, one) => sum + one.rewritten, 0)
    return (rewritten >= wanted && lines.at(-1)?.left === 0) || undefined
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonIndenter } from '../../../src/api/indented-json.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { configMap, openCluster } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const curl = { 'user-agent': 'curl/8.14.1' }

test('answers are laid out for who reads them: curl, wget, browsers, and whoever asks for it', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a'))
  const get = async (path: string, headers: Record<string, string>) =>
    (await cluster.ask('GET', path, undefined, { headers })).text.trimEnd()
  const object = (await cluster.ask('GET', `${maps}/a`)).json
  const laidOut = JSON.stringify(object, null, 2)
  const plain = JSON.stringify(object)
  assert.equal(await get(`${maps}/a`, curl), laidOut)
  assert.equal(await get(`${maps}/a`, { 'user-agent': 'Wget/1.21' }), laidOut)
  assert.equal(await get(`${maps}/a`, { 'user-agent': 'Mozilla/5.0 (X11)' }), laidOut)
  assert.equal(await get(`${maps}/a?pretty=true`, {}), laidOut)
  assert.equal(await get(`${maps}/a`, { accept: 'application/json;pretty=1' }), laidOut)
  assert.equal(await get(`${maps}/a?pretty=false`, curl), plain)
  assert.equal(await get(`${maps}/a`, { 'user-agent': 'kubectl/v1.36.1' }), plain)
  const isLaidOut = async (path: string) => (await get(path, curl)).startsWith('{\n  "')
  assert.ok(await isLaidOut(maps), 'a list')
  assert.ok(await isLaidOut(`${maps}/none`), 'a refusal')
  assert.ok(await isLaidOut('/apis/apps/v1'), 'discovery')
  assert.ok(!(await isLaidOut('/openapi/v3')), 'a document for programs')
  assert.match(await get(`${maps}/a`, { ...curl, accept: 'application/yaml' }), /^apiVersion: v1$/m)
})

test('laying out changes nothing but the space between tokens, wherever the text is cut', () => {
  const random = new SeededRandom(0xca11)
  const texts = ['', 'a', '{"[', '\\"', 'a\\', 'é€😀', ': ,', '\n']
  const pick = <T>(of: readonly T[]) => of[random.integer(0, of.length)] as T
  const value = (depth: number): unknown => {
    const kind = random.integer(0, depth > 4 ? 3 : 5)
    if (kind === 0) return pick(texts)
    if (kind === 1) return pick([0, -1.5e30, true, false, null])
    if (kind === 2) return pick([{}, []])
    const parts = Array.from({ length: random.integer(0, 4) }, () => value(depth + 1))
    if (kind === 3) return parts
    return Object.fromEntries(parts.map((part, index) => [`${pick(texts)}${index}`, part]))
  }
  for (let round = 0; round < 300; round += 1) {
    const made = value(0)
    const bytes = Buffer.from(JSON.stringify(made))
    const cut = random.integer(0, bytes.length + 1)
    const indenter = new JsonIndenter()
    const parts = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) => indenter.push(part))
    assert.equal(Buffer.concat(parts).toString('utf8'), JSON.stringify(made, null, 2))
  }
})

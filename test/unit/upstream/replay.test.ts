import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import type { CustomDefinition } from '../../../src/kinds/apiextensions/definition-spec.ts'
import { admin, openCluster, requestOf, type TestCluster } from '../api/cluster.ts'
import { establish } from '../extension/widgets.ts'
import { masked } from './mask.ts'

const recorded = resolve(import.meta.dirname, '../../../../test/golden/apiextensions')

/** One line of the record: a definition to establish, or a request and what the real server answered. */
interface Line {
  readonly define?: CustomDefinition
  readonly ask?: readonly [HttpMethod, string, unknown?]
  /** Media types, where they are not JSON. */
  readonly type?: string
  readonly accept?: string
  /** `{rv:name}` and `{uid:name}` of later lines are those of this answer, `{continue:name}` too. */
  readonly keep?: string
  /** Left out of requests whose answers tell nothing here: they are only sent. */
  readonly answer?: readonly [status: number, body: unknown, warning?: string]
}

function linesOf(file: string): Line[] {
  const text = readFileSync(resolve(recorded, file), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Sends recorded requests in their order; the values that they name come from earlier answers. */
class Replay {
  readonly #cluster: TestCluster
  readonly #kept = new Map<string, string>()

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async play(line: Line): Promise<void> {
    if (line.define) await establish(this.#cluster, line.define)
    if (!line.ask) return
    const [method, path, body] = line.ask
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const request = requestOf(method, this.#filled(path), text && this.#filled(text))
    const headers = new Map(request.headers)
    if (line.type) headers.set('content-type', line.type)
    if (line.type === '' || body === undefined) headers.delete('content-type')
    if (line.accept !== undefined) headers.set('accept', line.accept)
    const response = await this.#cluster.api.handle({ ...request, headers }, admin)
    const answer = Buffer.from(await bodyBytes(response.body)).toString('utf8')
    if (line.keep) this.#keep(line.keep, JSON.parse(answer).metadata)
    if (!line.answer) return
    const [status, expected, warning] = line.answer
    const where = JSON.stringify(line.ask).slice(0, 400)
    assert.equal(response.status, status, `${where}: ${answer}`)
    assert.deepEqual(masked(answer), expected, where)
    assert.equal(response.headers.get('warning'), warning, where)
  }

  #keep(name: string, metadata: Readonly<Record<string, string | undefined>>): void {
    this.#kept.set(`rv:${name}`, metadata['resourceVersion'] ?? '')
    this.#kept.set(`uid:${name}`, metadata['uid'] ?? '')
    this.#kept.set(`continue:${name}`, encodeURIComponent(metadata['continue'] ?? ''))
  }

  #filled(text: string): string {
    return text.replace(/\{((?:rv|uid|continue):\w+)\}/g, (_, name) => this.#kept.get(name) ?? '?')
  }
}

test('requests for custom kinds are answered as the real server answered them', async () => {
  await using cluster = await openCluster()
  const replay = new Replay(cluster)
  const lines = linesOf('requests.ndjson')
  for (const line of lines) await replay.play(line)
  assert.ok(lines.filter((line) => line.answer).length > 300)
})

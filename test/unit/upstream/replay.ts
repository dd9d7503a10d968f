import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import type { CustomDefinition } from '../../../src/kinds/apiextensions/definition-spec.ts'
import { admin, requestOf, type TestCluster } from '../api/cluster.ts'
import { establish } from '../extension/widgets.ts'
import { masked } from './mask.ts'

const recorded = resolve(import.meta.dirname, '../../../../test/golden')

/** One line of the record: a definition to establish, or a request and what the real server answered. */
export interface Line {
  readonly define?: CustomDefinition
  readonly ask?: readonly [HttpMethod, string, unknown?]
  /** Media types, where they are not JSON. */
  readonly type?: string
  readonly accept?: string
  /** `{rv:name}` and `{uid:name}` of later lines are those of this answer, `{continue:name}` too. */
  readonly keep?: string
  /** What changes of later lines start from: where it is made, and the object. */
  readonly base?: readonly [path: string, object: object]
  /** Of the base: the value at a path of names and indices, or that it is taken out. */
  readonly change?: readonly [at: string, value?: unknown]
  /** How the changed base is written: a new object, or an update of the one there is, or of its status. Always dry. */
  readonly write?: 'new' | 'over' | 'status'
  /** Left out of requests whose answers tell nothing here: they are only sent. */
  readonly answer?: readonly [status: number, body: unknown, warning?: string]
}

export function linesOf(file: string): Line[] {
  const text = readFileSync(resolve(recorded, file), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Sends recorded requests in their order; the values that they name come from earlier answers. */
export class Replay {
  readonly #cluster: TestCluster
  readonly #kept = new Map<string, string>()
  #base: readonly [path: string, object: object] = ['', {}]

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async play(line: Line): Promise<void> {
    if (line.define) await establish(this.#cluster, line.define)
    if (line.base) this.#base = line.base
    if (line.change) return this.#write(line)
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

  /** Sends a variant of the base; of the answer, status, message and warnings are compared. */
  async #write({ change: [at, ...value] = [''], write, answer }: Line): Promise<void> {
    const [path, base] = this.#base
    const object = changed(base, at, value)
    const name = (base as { metadata: { name: string } }).metadata.name
    const place = write === 'status' ? `${path}/${name}/status` : `${path}/${name}`
    const [method, url] = write === 'new' ? ['POST', path] : ['PUT', place]
    const body = this.#filled(JSON.stringify(object))
    const found = await this.#cluster.ask(method as HttpMethod, `${url}?dryRun=All`, body)
    const [status, message, warning] = answer ?? [0, undefined]
    const where = `${method} ${path} ${at} ${JSON.stringify(value[0])?.slice(0, 100)}`
    const told = found.status < 400 ? undefined : masked(found.json.message)
    assert.deepEqual([found.status, told], [status, message ?? undefined], where)
    assert.equal(found.headers.get('warning'), warning, where)
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

/** A copy with the value at that path, which is taken out where there is none. */
function changed(base: object, at: string, [value]: readonly unknown[]): object {
  const copy = structuredClone(base)
  const names = at.split('.')
  const last = names.pop() ?? ''
  let parent: unknown = copy
  for (const name of names) parent = (parent as Record<string, unknown>)[name]
  if (value !== undefined) (parent as Record<string, unknown>)[last] = value
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete (parent as Record<string, unknown>)[last]
  return copy
}

import assert from 'node:assert/strict'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { type Answer, openCluster, type TestCluster, type WatchReader } from '../api/cluster.ts'

/** A kind, as the upstream tests named "should support … API operations" treat each of theirs. */
export interface Operations {
  /** `/api/v1`, `/apis/batch/v1`. */
  readonly root: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** All but apiVersion, kind and metadata. The number tells objects of one test apart. */
  readonly content: (number: number) => Record<string, unknown>
  /** What a merge patch of /status writes, as upstream does with the status subresource. */
  readonly status?: Record<string, unknown>
  /** Names must have a form: IPAddresses are called by their address. */
  readonly name?: (number: number) => string
  /** Objects of it that a cluster begins with do not belong to the test, nor what its rules refuse. */
  readonly collection?: boolean
}

const label = 'e2e=operations'

/** Runs all operations that upstream runs on a kind, over the API of one master. */
export async function supportsOperations(of: Operations): Promise<void> {
  await using cluster = await openCluster()
  const test = new Run(cluster, of)
  await test.isDiscovered()
  await using watch = await test.watch()
  await test.createsGetsAndLists()
  await test.sees(watch, 'ADDED')
  await test.patches()
  await test.sees(watch, 'MODIFIED')
  await test.updates()
  await test.sees(watch, 'MODIFIED')
  if (of.status) await test.hasStatus(of.status)
  await test.deletes()
  await test.sees(watch, 'DELETED')
  if (of.collection !== false) await test.deletesTheRest()
}

class Run {
  readonly #cluster: TestCluster
  readonly #of: Operations
  readonly #all: string

  constructor(cluster: TestCluster, of: Operations) {
    this.#cluster = cluster
    this.#of = of
    this.#all = `${of.root}/${of.namespaced ? 'namespaces/default/' : ''}${of.resource}`
  }

  async isDiscovered(): Promise<void> {
    const { resource, kind, namespaced, root } = this.#of
    const { json } = await this.#ok('GET', root)
    const found = json.resources.find((one: { name: string }) => one.name === resource)
    assert.ok(found, `${root} announces ${resource}`)
    assert.deepEqual([found.kind, found.namespaced], [kind, namespaced])
    const verbs = 'create,delete,deletecollection,get,list,patch,update,watch'
    assert.equal([...found.verbs].sort().join(), verbs)
  }

  async watch(): Promise<WatchReader & AsyncDisposable> {
    const { json } = await this.#ok('GET', `${this.#all}?labelSelector=${label}`)
    const version = json.metadata.resourceVersion
    const path = `${this.#all}?watch=true&labelSelector=${label}&resourceVersion=${version}`
    const reader = await this.#cluster.watch(path)
    return { ...reader, [Symbol.asyncDispose]: () => reader.close() }
  }

  async createsGetsAndLists(): Promise<void> {
    for (const number of [1, 2, 3]) {
      const { json } = await this.#ok('POST', this.#all, this.#object(number), 201)
      assert.equal(json.kind, this.#of.kind)
      assert.ok(json.metadata.uid && json.metadata.resourceVersion)
    }
    const got = await this.#ok('GET', this.#path(1))
    assert.equal(got.json.metadata.name, this.#name(1))
    const listed = await this.#ok('GET', `${this.#all}?labelSelector=${label}`)
    assert.equal(listed.json.kind, `${this.#of.kind}List`)
    assert.equal(listed.json.items.length, 3)
    const everywhere = `${this.#of.root}/${this.#of.resource}?labelSelector=${label}`
    assert.equal((await this.#ok('GET', everywhere)).json.items.length, 3)
  }

  async patches(): Promise<void> {
    const patch = { metadata: { annotations: { patched: 'true' } } }
    const { json } = await this.#merge(this.#path(1), patch)
    assert.equal(json.metadata.annotations.patched, 'true')
  }

  async updates(): Promise<void> {
    const { json } = await this.#ok('GET', this.#path(1))
    json.metadata.annotations.updated = 'true'
    const put = await this.#ok('PUT', this.#path(1), json)
    const { patched, updated } = put.json.metadata.annotations
    assert.deepEqual([patched, updated], ['true', 'true'])
  }

  async hasStatus(status: Record<string, unknown>): Promise<void> {
    const path = `${this.#path(1)}/status`
    assert.equal((await this.#ok('GET', path)).json.kind, this.#of.kind)
    const patched = await this.#merge(path, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status,
    })
    const keeps = allKinds.some((one) => one.kind === this.#of.kind && one.statusKeeps === 'all')
    const written = keeps ? undefined : 'true'
    assert.equal(patched.json.metadata.annotations?.patchedstatus, written)
    for (const [field, value] of Object.entries(status))
      assert.deepEqual(subset(patched.json.status[field], value), value, `status.${field}`)
    const before = (await this.#ok('GET', this.#path(1))).json
    const main = await this.#ok('PUT', this.#path(1), { ...before, status: {} })
    assert.deepEqual(main.json.status, before.status, 'the main resource leaves the status alone')
    before.metadata.resourceVersion = main.json.metadata.resourceVersion
    before.metadata.annotations = { ...before.metadata.annotations, updatedstatus: 'true' }
    const put = await this.#ok('PUT', path, before)
    assert.equal(put.json.metadata.annotations?.updatedstatus, written)
  }

  async deletes(): Promise<void> {
    const zero = { gracePeriodSeconds: 0, propagationPolicy: 'Background' }
    await this.#ok('DELETE', this.#path(1), zero)
    await this.#ok('GET', this.#path(1), undefined, 404)
  }

  async deletesTheRest(): Promise<void> {
    const path = `${this.#all}?labelSelector=${label}`
    await this.#ok('DELETE', path, { gracePeriodSeconds: 0, propagationPolicy: 'Background' })
    assert.deepEqual((await this.#ok('GET', path)).json.items, [])
  }

  /** Waits for an event of that type that tells of the first object, passing over those of the others. */
  async sees(watch: WatchReader, type: string): Promise<void> {
    for (;;) {
      const event = await watch.next()
      assert.ok(event, `the watch ended before ${type}`)
      if (event.type === type && event.object.metadata.name === this.#name(1)) return
    }
  }

  #name(number: number): string {
    return this.#of.name?.(number) ?? `e2e-${number}`
  }

  #path(number: number): string {
    return `${this.#all}/${this.#name(number)}`
  }

  #object(number: number): object {
    const { root, kind, content } = this.#of
    const apiVersion = root.replace(/^\/apis?\//, '')
    const metadata = { name: this.#name(number), labels: { e2e: 'operations' } }
    return { apiVersion, kind, metadata, ...content(number) }
  }

  #merge(path: string, patch: object): Promise<Answer> {
    const headers = { 'content-type': 'application/merge-patch+json' }
    return this.#ok('PATCH', path, patch, 200, headers)
  }

  async #ok(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    status = 200,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.#cluster.ask(method, path, body, { headers })
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
    return answer
  }
}

/** The part of `value` that `of` names: servers may add fields. */
function subset(value: unknown, of: unknown): unknown {
  if (Array.isArray(of) && Array.isArray(value)) return of.map((one, at) => subset(value[at], one))
  if (typeof of === 'object' && of !== null && typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(of).map(([key, one]) => [key, subset(Reflect.get(value, key), one)]),
    )
  return value
}

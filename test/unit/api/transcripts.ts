import assert from 'node:assert/strict'
import type { User } from '../../../src/api/context.ts'
import type { HttpMethod } from '../../../src/client/transport.ts'
import { openCluster } from './cluster.ts'

/** One request and what must stand in its answer. */
export interface Step {
  readonly ask: readonly [HttpMethod, string, unknown?]
  readonly headers?: Record<string, string>
  readonly user?: User
  /** 200 when left out. */
  readonly status?: number
  /** A subset of the answer: every field named must be equal; undefined means absent. */
  readonly answer?: unknown
  readonly message?: string | RegExp
  /** Remembers metadata.resourceVersion of the answer under this name: `{rv:name}` in later steps. */
  readonly keep?: string
}

/** Plays requests against a fresh cluster and compares the answers. */
export async function play(steps: readonly Step[]): Promise<void> {
  await using cluster = await openCluster()
  const kept = new Map<string, string>()
  for (const [index, step] of steps.entries()) {
    const fill = (text: string) =>
      text.replace(/\{(rv|uid):(\w+)\}/g, (_, what, name) => kept.get(`${what}:${name}`) ?? '?')
    const [method, path, body] = step.ask
    const filled =
      body === undefined || body instanceof Uint8Array
        ? body
        : fill(typeof body === 'string' ? body : JSON.stringify(body))
    const answer = await cluster.ask(method, fill(path), filled, {
      ...(step.headers ? { headers: step.headers } : {}),
      ...(step.user ? { user: step.user } : {}),
    })
    const where = `step ${index + 1}: ${method} ${fill(path)} -> ${answer.status} ${answer.text}`
    assert.equal(answer.status, step.status ?? 200, where)
    if (step.keep) {
      kept.set(`rv:${step.keep}`, answer.json.metadata.resourceVersion)
      kept.set(`uid:${step.keep}`, answer.json.metadata.uid)
    }
    if (typeof step.message === 'string') assert.equal(answer.json.message, step.message, where)
    else if (step.message) assert.match(answer.json.message, step.message, where)
    if (step.answer !== undefined) assertPart(answer.json, step.answer, where)
  }
}

/** Every field of `expected` must be in `actual`; arrays must be of the same length. */
function assertPart(actual: unknown, expected: unknown, where: string): void {
  if (expected instanceof RegExp) {
    assert.match(String(actual), expected, where)
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, where)
    for (const [index, item] of expected.entries()) assertPart(actual[index], item, where)
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, where)
    for (const [key, value] of Object.entries(expected))
      assertPart((actual as Record<string, unknown>)[key], value, `${where}\nfield ${key}`)
  } else {
    assert.deepEqual(actual, expected, where)
  }
}

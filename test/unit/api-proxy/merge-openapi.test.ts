import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { RemoteService } from '../../../src/api/aggregation/api-services.ts'
import { mergedOpenApi } from '../../../src/api/aggregation/merge-openapi.ts'
import { RemoteOpenApi } from '../../../src/api/aggregation/remote-openapi.ts'
import { ManualClock } from '../../../src/base/clock.ts'

const service = (group: string, name = 'zoo'): RemoteService => ({
  ...{ group, version: 'v1', namespace: 'default', name, port: 443, caBundle: '' },
  ...{ insecureSkipTLSVerify: false, groupPriority: 1, versionPriority: 1 },
})
const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const path = (name: string) => ({ get: { responses: { 200: { schema: ref(name) } } } })

test('of another server come the paths that it is asked for, with what they lead to', () => {
  const own = {
    ...{ swagger: '2.0', paths: { '/api/v1/pods': path('Pod'), '/apis/zoo/v1/old': path('Pod') } },
    definitions: {
      Pod: { type: 'object' },
      Meta: { description: 'ours' },
      Time: { type: 'string' },
    },
  }
  const theirs = {
    paths: {
      '/apis/zoo/v1/animals': path('Animal'),
      '/apis/zoo/v2/animals': path('Unused'),
      '/api/v1/pods': path('Unused'),
    },
    definitions: {
      Animal: { properties: { metadata: ref('Meta'), at: ref('Time'), of: ref('Animal') } },
      ...{ Meta: { description: 'theirs' }, Time: { type: 'string' }, Unused: {} },
    },
  }
  const document = structuredClone(theirs)
  assert.deepEqual(mergedOpenApi(own, [{ services: [service('zoo')], document }]), {
    swagger: '2.0',
    paths: { '/api/v1/pods': path('Pod'), '/apis/zoo/v1/animals': path('Animal') },
    definitions: {
      ...own.definitions,
      Animal: { properties: { metadata: ref('Meta_v2'), at: ref('Time'), of: ref('Animal') } },
      Meta_v2: { description: 'theirs' },
    },
  })
  assert.deepEqual(document, theirs, 'neither argument is changed')
})

test('documents of others are remembered, asked for once a server, and kept when it is gone', async () => {
  const clock = new ManualClock()
  const asked: string[] = []
  let text = '{"swagger":"2.0","paths":{}}'
  const remote = new RemoteOpenApi(clock, async ({ name }, where) => {
    asked.push(`${name}${where}`)
    if (name === 'dead') throw new Error('connection refused')
    return { status: 200, response: Readable.from([Buffer.from(text)]) as never }
  })
  const services = [service('a'), service('b'), service('c', 'dead')]
  const first = await remote.documents(services)
  assert.deepEqual(asked.sort(), ['dead/openapi/v2', 'zoo/openapi/v2'])
  assert.equal(first.length, 1)
  assert.deepEqual(
    first[0]?.services.map(({ group }) => group),
    ['a', 'b'],
  )
  assert.equal(await remote.documents(services), first)
  assert.equal(asked.length, 2)
  await clock.advanceAsync(61_000)
  assert.equal(await remote.documents(services), first, 'the same text is the same document')
  text = 'no document'
  await clock.advanceAsync(61_000)
  assert.equal(await remote.documents(services), first, 'what it said last')
  text = '{"swagger":"2.0","paths":{"/apis/a/v1":{}}}'
  await clock.advanceAsync(61_000)
  assert.notEqual(await remote.documents(services), first)
  assert.deepEqual(await remote.documents([]), [])
})

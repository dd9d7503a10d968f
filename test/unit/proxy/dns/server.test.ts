import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../../../src/base/clock.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import { answerMessage, type Upstream } from '../../../../src/proxy/dns/answer.ts'
import { Frames, framed } from '../../../../src/proxy/dns/forward.ts'
import {
  decodeAddresses,
  decodeQuery,
  encodeAnswer,
  encodeQuery,
  recordTypes,
} from '../../../../src/proxy/dns/message.ts'
import { listenForQueries } from '../../../../src/proxy/dns/server.ts'
import type { Directory } from '../../../../src/proxy/dns/zone.ts'

const manyAddresses = Array.from({ length: 200 }, (_, index) => `10.0.1.${index}`)
const directory: Directory = {
  service: (key) => {
    const [namespace = '', name = ''] = key.split('/')
    const metadata = { namespace, name }
    if (name === 'web') return { metadata, spec: { clusterIP: '10.96.0.10' } }
    if (name === 'many') return { metadata, spec: { clusterIP: 'None' } }
    if (name === 'away')
      return { metadata, spec: { type: 'ExternalName', externalName: 'foo.example.com' } }
    return undefined
  },
  slices: () => [
    {
      metadata: { name: 'many' },
      addressType: 'IPv4',
      endpoints: manyAddresses.map((one) => ({ addresses: [one] })),
    },
  ],
  hasServices: () => true,
  servicesAt: () => [],
  slicesAt: () => [],
}

/** Knows one address for every name. */
const upstream: Upstream = async (bytes, by) => {
  const query = decodeQuery(bytes)
  assert.ok(query)
  const answers = [{ name: query.name, ttlSeconds: 9, type: 'A', address: '192.0.2.1' } as const]
  return encodeAnswer(query, { code: 0, authoritative: false, answers }, by)
}

async function withServer(work: (port: number) => Promise<void>, others = upstream) {
  const server = await listenForQueries({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, logger: silentLogger },
    answer: (message, by) =>
      answerMessage(message, by, { zone: 'cluster.local', directory, upstream: others }),
  })
  try {
    await work(server.port)
  } finally {
    await server.close()
  }
}

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 5_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  return resolver
}

test('a resolver finds services, and other names at other servers', () =>
  withServer(async (port) => {
    const resolver = resolverAt(port)
    assert.deepEqual(await resolver.resolve4('web.default.svc.cluster.local'), ['10.96.0.10'])
    assert.deepEqual(await resolver.resolve4('example.com'), ['192.0.2.1'])
    await assert.rejects(resolver.resolve4('no.default.svc.cluster.local'), { code: 'ENOTFOUND' })
    await assert.rejects(resolver.resolve6('web.default.svc.cluster.local'), { code: 'ENODATA' })
  }))

test('an alias comes with the addresses that it leads to', () =>
  withServer(async (port) => {
    const resolver = resolverAt(port)
    assert.deepEqual(await resolver.resolve4('away.default.svc.cluster.local'), ['192.0.2.1'])
    const names = await resolver.resolveCname('away.default.svc.cluster.local')
    assert.deepEqual(names, ['foo.example.com'])
  }))

test('an answer that is too large by UDP is whole by TCP', () =>
  withServer(async (port) => {
    const name = 'many.default.svc.cluster.local'
    const query = encodeQuery(7, name, recordTypes.A)
    const udp = createSocket('udp4')
    udp.send(query, port, '127.0.0.1')
    const [cut] = (await once(udp, 'message')) as [Buffer]
    udp.close()
    assert.ok(cut.length <= 512)
    assert.equal(cut.readUInt16BE(2) & 0x0200, 0x0200, 'marked as cut')
    const tcp = connect(port, '127.0.0.1')
    const frames = new Frames()
    tcp.write(framed(query))
    const whole = await new Promise<Buffer>((resolve) =>
      tcp.on('data', (chunk) => {
        for (const frame of frames.add(chunk)) resolve(frame)
      }),
    )
    tcp.destroy()
    const found = decodeAddresses(whole)?.map((one) => (one.type === 'A' ? one.address : ''))
    assert.deepEqual(found, manyAddresses)
  }))

test('where no other server answers, the query fails and is answered', () =>
  withServer(
    async (port) => {
      await assert.rejects(resolverAt(port).resolve4('example.com'), { code: 'ESERVFAIL' })
    },
    async () => undefined,
  ))

test('what is no query is not answered, however it is cut', async () => {
  const answering = { zone: 'cluster.local', directory, upstream }
  const query = encodeQuery(1, 'web.default.svc.cluster.local', recordTypes.A)
  for (let length = 0; length < query.length; length += 1)
    assert.equal(await answerMessage(query.subarray(0, length), 'udp', answering), undefined)
  const circle = Buffer.from(query)
  circle.writeUInt16BE(0xc00c, 12)
  assert.equal(await answerMessage(circle, 'udp', answering), undefined)
  const answer = Buffer.from(query)
  answer.writeUInt16BE(0x8100, 2)
  assert.equal(await answerMessage(answer, 'udp', answering), undefined, 'an answer is no query')
})

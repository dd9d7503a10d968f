import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { type Clock, ManualClock, systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom, systemRandom } from '../../../src/base/random.ts'
import type { InformerFactory } from '../../../src/client/reflector.ts'
import type { Client } from '../../../src/client/typed.ts'
import type { EndpointSlice, Service } from '../../../src/kinds/types.ts'
import { createProxy, removeKernelArtifacts } from '../../../src/proxy/agent.ts'
import type { ProxyMode } from '../../../src/proxy/dataplane/choice.ts'
import type { RunProgram } from '../../../src/proxy/dataplane/program.ts'
import { HandFed } from '../scheduler/hand-fed.ts'
import { service, slice } from './services.ts'

const tableLine = 'table ip kijabi-c1'

/** Proxies of one cluster on one host whose nft is a list of what it was told. */
function harness(clock: Clock = systemClock) {
  const ownerSocket = `kijabi-test-${systemRandom.uuid()}`
  const services = new HandFed<Service>()
  const slices = new HandFed<EndpointSlice>()
  slices.index = (one) => [`default/${one.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`]
  const texts: string[] = []
  const told = new EventEmitter()
  const fault = { next: false }
  const run: RunProgram = async (program, args, input) => {
    if (program !== 'nft') throw new Error(`${program}: not found`)
    if (args[0] === '-f') {
      if (fault.next) {
        fault.next = false
        throw new Error('no such chain')
      }
      texts.push(input)
    }
    return args[1] === 'tables' ? `${tableLine}\n` : ''
  }
  const informers = {
    informer: (path: { resource: string }) => (path.resource === 'services' ? services : slices),
  } as unknown as InformerFactory
  const make = (nodeName: string, mode: ProxyMode = 'auto') =>
    createProxy({
      nodeName,
      clusterId: 'c1',
      client: {} as Client,
      informers,
      clock,
      random: new SeededRandom(1),
      logger: silentLogger,
      emit: (_, event) => void told.emit(event, nodeName),
      mode,
      ownerSocket,
      run,
    })
  return { services, slices, texts, told, fault, run, make }
}

test('the owner writes the whole table, then differences, and removes it at its end', async () => {
  const { services, slices, texts, told, make } = harness()
  services.put(service('web', '10.96.0.10'))
  slices.put(slice('web', [{ ip: '10.1.0.1' }]))
  const proxy = make('w1')
  proxy.start()
  await once(told, 'rules-applied')
  assert.match(texts[0] ?? '', /^add table ip kijabi-c1\ndelete table[\s\S]*10\.1\.0\.1:8080/)
  slices.put(slice('web', [{ ip: '10.1.0.2' }]))
  await once(told, 'rules-applied')
  assert.match(texts[1] ?? '', /^delete element [\s\S]*flush chain [\s\S]*10\.1\.0\.2:8080/)
  assert.doesNotMatch(texts[1] ?? '', /delete table/)
  await proxy.stop()
  assert.equal(texts[2], 'add table ip kijabi-c1\ndelete table ip kijabi-c1\n')
  assert.equal(services.subscribers + slices.subscribers, 0)
})

test('a new endpoint is written within 10 ms, a lost one at once', async () => {
  const clock = new ManualClock()
  const { services, slices, texts, told, make } = harness(clock)
  services.put(service('web', '10.96.0.10'))
  const proxy = make('w1')
  proxy.start()
  await once(told, 'owner')
  await clock.advanceAsync(0)
  assert.equal(texts.length, 1)
  slices.put(slice('web', [{ ip: '10.1.0.1' }]))
  await clock.advanceAsync(9)
  assert.equal(texts.length, 1)
  slices.put(slice('web', [{ ip: '10.1.0.1' }, { ip: '10.1.0.2' }]))
  await clock.advanceAsync(1)
  assert.equal(texts.length, 2, 'changes that come together are written together')
  assert.match(texts[1] ?? '', /10\.1\.0\.2/)
  slices.put(slice('web', [{ ip: '10.1.0.1', ready: false }, { ip: '10.1.0.2' }]))
  await clock.advanceAsync(0)
  assert.equal(texts.length, 3)
  await proxy.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('the owner answers health checks for the endpoints of all nodes of its host', {
  timeout: 20_000,
}, async (t) => {
  const { services, slices, told, make } = harness()
  const spare = createServer().listen(0, '127.0.0.1')
  await once(spare, 'listening')
  const { port } = spare.address() as AddressInfo
  spare.close()
  await once(spare, 'close')
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: port }
  services.put(service('web', '10.96.0.10', local))
  slices.put(slice('web', [{ ip: '10.1.0.1', node: 'w2' }]))
  const proxies = [make('w1', 'userspace'), make('w2', 'userspace')]
  t.after(() => Promise.all(proxies.map((proxy) => proxy.stop())))
  const status = async () => (await fetch(`http://127.0.0.1:${port}/`)).status
  const answers = async (expected: number) => {
    for (;;) {
      const next = once(told, 'rules-applied')
      if ((await status()) === expected) return
      await next
    }
  }
  proxies[0]?.start()
  await once(told, 'rules-applied')
  await answers(503)
  proxies[1]?.start()
  await answers(200)
  slices.put(slice('web', [{ ip: '10.1.0.1', node: 'w3' }]))
  await answers(503)
  for (const proxy of proxies.toReversed()) await proxy.stop()
  await assert.rejects(status())
})

test('a stand-by writes nothing until the owner is gone, then everything', async () => {
  const { services, slices, texts, told, make } = harness()
  services.put(service('web', '10.96.0.10'))
  const [first, second] = [make('w1'), make('w2')]
  first.start()
  await once(told, 'rules-applied')
  second.start()
  slices.put(slice('web', [{ ip: '10.1.0.1' }]))
  assert.deepEqual(await once(told, 'rules-applied'), ['w1'])
  const count = texts.length
  const taken = once(told, 'rules-applied')
  await first.stop()
  assert.deepEqual(await taken, ['w2'])
  assert.ok(second.isOwner)
  assert.equal(texts.length, count + 1, 'the old owner left the table to its heir')
  assert.match(texts[count] ?? '', /10\.1\.0\.1:8080/)
  await second.stop()
})

test('a difference that the kernel refuses is followed by the whole table', async () => {
  const { services, slices, texts, told, fault, make } = harness()
  services.put(service('web', '10.96.0.10'))
  const proxy = make('w1')
  proxy.start()
  await once(told, 'rules-applied')
  fault.next = true
  slices.put(slice('web', [{ ip: '10.1.0.1' }]))
  await once(told, 'rules-applied')
  assert.match(texts.at(-1) ?? '', /^add table[\s\S]*10\.1\.0\.1:8080/)
  await proxy.stop()
})

test('local policy counts the pods of every node that shares the host', async () => {
  const { services, slices, texts, told, make } = harness()
  services.put(service('web', '10.96.0.10', { internalTrafficPolicy: 'Local' }))
  slices.put(
    slice('web', [
      { ip: '10.1.0.2', node: 'w2' },
      { ip: '10.9.0.9', node: 'far' },
    ]),
  )
  const [first, second] = [make('w1'), make('w2')]
  first.start()
  await once(told, 'rules-applied')
  assert.doesNotMatch(texts.join(''), /dnat to/)
  second.start()
  while (!/dnat to 10\.1\.0\.2:8080/.test(texts.at(-1) ?? '')) await once(told, 'rules-applied')
  assert.doesNotMatch(texts.join(''), /10\.9\.0\.9/)
  await second.stop()
  await first.stop()
})

test('artifacts of a cluster are removed when they exist, of others not', async () => {
  const { texts, run } = harness()
  await removeKernelArtifacts({ clusterId: 'other', run })
  assert.deepEqual(texts, [])
  await removeKernelArtifacts({ clusterId: 'c1', run })
  assert.equal(texts.length, 1)
  const missing: RunProgram = () => Promise.reject(new Error('nft: not found'))
  await removeKernelArtifacts({ clusterId: 'c1', run: missing })
})

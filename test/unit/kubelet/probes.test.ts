import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ManualClock, systemClock } from '../../../src/base/clock.ts'
import type { Container, Probe } from '../../../src/kinds/types.ts'
import { check, portNumber } from '../../../src/kubelet/probes/check.ts'
import { freshProbe, PodProbes, probeStep } from '../../../src/kubelet/probes/probes.ts'
import type { Runtime } from '../../../src/kubelet/runtime/runtime.ts'
import { containerOf } from './pods.ts'

/** A runtime whose exec answers as the test says. */
function execRuntime(answer: () => number): Runtime {
  const execSync = async () => ({ exitCode: answer(), output: 'said so' })
  return { execSync } as unknown as Runtime
}

test('a verdict turns at its threshold only', () => {
  const probe: Probe = { successThreshold: 2, failureThreshold: 3 }
  const results = [false, false, true, true, false, false, true, false, false, false]
  let state = freshProbe
  const verdicts = results.map((healthy) => {
    state = probeStep(state, healthy, probe)
    return state.verdict
  })
  assert.deepEqual(verdicts, [
    'unknown',
    'unknown',
    'unknown',
    'success',
    'success',
    'success',
    'success',
    'success',
    'success',
    'failure',
  ])
})

test('liveness and readiness wait for the startup probe; delays and periods are kept', async () => {
  const clock = new ManualClock()
  const exec = { command: ['check'] }
  const container: Container = containerOf('main', {
    startupProbe: { exec, periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { exec, periodSeconds: 10, failureThreshold: 2 },
    readinessProbe: { exec, periodSeconds: 2 },
  })
  let exitCode = 1
  let changes = 0
  const unhealthy: string[] = []
  const probes = new PodProbes({
    runtime: execRuntime(() => exitCode),
    clock,
    changed: () => {
      changes += 1
    },
    unhealthy: (kind) => unhealthy.push(kind),
  })
  const target = { containerId: 'c1', container, ip: '127.0.0.1' }
  probes.sync([{ target, startedMs: clock.wallMs(), known: undefined }])
  await clock.advanceAsync(6000)
  assert.deepEqual(unhealthy, ['startup', 'startup'])
  assert.deepEqual(probes.health().get('c1'), { started: false, ready: false })
  exitCode = 0
  await clock.advanceAsync(5000)
  assert.deepEqual(probes.health().get('c1'), { started: true, ready: true })
  exitCode = 1
  await clock.advanceAsync(30_000)
  assert.equal(probes.verdicts().get('c1')?.liveness, 'failure')
  assert.equal(probes.health().get('c1')?.ready, false)
  assert.ok(changes >= 4)
  probes.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('a server that needs a moment to listen is ready soon, not a period later', async () => {
  const clock = new ManualClock()
  const readinessProbe = { exec: { command: ['check'] }, periodSeconds: 10 }
  let exitCode = 1
  const unhealthy: string[] = []
  const probes = new PodProbes({
    runtime: execRuntime(() => exitCode),
    clock,
    changed: () => {},
    unhealthy: (kind) => unhealthy.push(kind),
  })
  const container = containerOf('main', { readinessProbe })
  const target = { containerId: 'c1', container, ip: '127.0.0.1' }
  probes.sync([{ target, startedMs: clock.wallMs(), known: undefined }])
  await clock.advanceAsync(300)
  exitCode = 0
  await clock.advanceAsync(300)
  assert.deepEqual(probes.health().get('c1'), { started: true, ready: true })
  assert.deepEqual(unhealthy, [])
  exitCode = 1
  await clock.advanceAsync(29_000)
  assert.deepEqual(unhealthy, ['readiness', 'readiness'], 'by its period from then on')
  probes.stop()
})

test('what an earlier kubelet found out holds until the first check', () => {
  const clock = new ManualClock()
  const readinessProbe = { exec: { command: ['check'] }, initialDelaySeconds: 5 }
  const container = containerOf('main', { readinessProbe })
  const probes = new PodProbes({
    runtime: execRuntime(() => 0),
    clock,
    changed: () => {},
    unhealthy: () => {},
  })
  const target = { containerId: 'c1', container, ip: '127.0.0.1' }
  const known = { started: true, ready: true }
  probes.sync([{ target, startedMs: clock.wallMs(), known }])
  assert.deepEqual(probes.health().get('c1'), known)
  probes.stop()
})

test('HTTP and TCP checks, by number and by name', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/bad' ? 500 : 302
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const container = containerOf('main', { ports: [{ name: 'web', containerPort: port }] })
  const target = { containerId: 'c1', container, ip: '127.0.0.1' }
  const runtime = execRuntime(() => 0)
  const look = (handler: Parameters<typeof check>[0]) =>
    check(handler, target, 2000, runtime, systemClock)
  assert.ok((await look({ httpGet: { port: 'web' } })).healthy)
  const bad = await look({ httpGet: { port, path: '/bad' } })
  assert.deepEqual(bad, { healthy: false, message: 'HTTP probe failed with statuscode: 500' })
  assert.ok((await look({ tcpSocket: { port } })).healthy)
  assert.match((await look({ httpGet: { port: 'absent' } })).message, /has no port absent/)
  assert.equal(portNumber('80', container), 80)
  await new Promise((resolve) => server.close(resolve))
  assert.equal((await look({ tcpSocket: { port } })).healthy, false)
  assert.equal((await look({ httpGet: { port } })).healthy, false)
})

test('a check that hangs is unhealthy at its timeout', async () => {
  const clock = new ManualClock()
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const arrived = new Promise((resolve) => server.once('request', resolve))
  const target = { containerId: 'c1', container: containerOf('main'), ip: '127.0.0.1' }
  const result = check(
    { httpGet: { port } },
    target,
    1000,
    execRuntime(() => 0),
    clock,
  )
  await arrived
  clock.advance(1000)
  assert.match((await result).message, /timed out/)
  assert.equal(clock.pendingTimers, 0)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('gRPC checks read the health service’s answer', async () => {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    const asked: Buffer[] = []
    stream.on('data', (chunk: Buffer) => asked.push(chunk))
    stream.on('end', () => {
      const named = Buffer.concat(asked).includes('sick')
      stream.respond(
        { ':status': 200, 'content-type': headers['content-type'] },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, named ? 2 : 1]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const target = { containerId: 'c1', container: containerOf('main'), ip: '127.0.0.1' }
  const look = (service?: string) => {
    const grpc = { port, ...(service ? { service } : {}) }
    return check(
      { grpc },
      target,
      2000,
      execRuntime(() => 0),
      systemClock,
    )
  }
  assert.deepEqual(await look(), { healthy: true, message: 'service is SERVING' })
  assert.deepEqual(await look('sick'), { healthy: false, message: 'service is NOT_SERVING' })
  await new Promise((resolve) => server.close(resolve))
  assert.equal((await look()).healthy, false)
})

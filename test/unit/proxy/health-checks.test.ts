import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { HealthCheckPorts, healthCheckOf } from '../../../src/proxy/health-checks.ts'
import { service, slice } from './services.ts'

const here = new Set(['w1', 'w2'])
const balanced = {
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 32_000,
}

test('ready endpoints of this host’s nodes count, each address once', () => {
  const web = service('web', '10.96.0.10', balanced)
  const slices = [
    slice('web', [
      { ip: '10.1.0.1', node: 'w1' },
      { ip: '10.1.0.2', node: 'w2', ready: false, serving: true, terminating: true },
      { ip: '10.1.0.3', node: 'w3' },
      { ip: '10.1.0.4' },
    ]),
    slice('web', [{ ip: '10.1.0.1', node: 'w1' }], { name: 'other' }),
  ]
  const expected = { namespace: 'default', name: 'web', port: 32_000, localEndpoints: 1 }
  assert.deepEqual(healthCheckOf(web, slices, here), expected)
  assert.deepEqual(healthCheckOf(web, [], here), { ...expected, localEndpoints: 0 })
})

test('only balanced services that keep traffic local have a health check', () => {
  for (const other of [
    { type: 'NodePort' },
    { externalTrafficPolicy: 'Cluster' },
    { healthCheckNodePort: 0 },
  ]) {
    const one = service('web', '10.96.0.10', { ...balanced, ...other })
    assert.equal(healthCheckOf(one, [], here), undefined)
  }
})

async function taken() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function freePort(): Promise<number> {
  const { server, port } = await taken()
  server.close()
  await once(server, 'close')
  return port
}

async function asked(port: number) {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
  const weight = answer.headers.get('x-load-balancing-endpoint-weight')
  return [answer.status, weight, await answer.json()]
}

test('a health check answers 200 with endpoints here and rules in force, 503 without', async (t) => {
  const ports = new HealthCheckPorts({ clock: new ManualClock(), logger: silentLogger })
  t.after(() => ports.remove())
  const check = { namespace: 'default', name: 'web', port: await freePort(), localEndpoints: 2 }
  const said = (localEndpoints: number, serviceProxyHealthy: boolean) => ({
    service: { namespace: 'default', name: 'web' },
    ...{ localEndpoints, serviceProxyHealthy },
  })
  await ports.apply('127.0.0.1', [check], true)
  assert.deepEqual(await asked(check.port), [200, '2', said(2, true)])
  await ports.apply('127.0.0.1', [check], false)
  assert.deepEqual(await asked(check.port), [503, '2', said(2, false)])
  await ports.apply('127.0.0.1', [{ ...check, localEndpoints: 0 }], true)
  assert.deepEqual(await asked(check.port), [503, '0', said(0, true)])
  await ports.apply('127.0.0.1', [], true)
  await assert.rejects(asked(check.port))
})

test('a port that is taken is tried again, and left alone after the end', async (t) => {
  const clock = new ManualClock()
  const ports = new HealthCheckPorts({ clock, logger: silentLogger })
  t.after(() => ports.remove())
  const { server, port } = await taken()
  const check = { namespace: 'default', name: 'web', port, localEndpoints: 1 }
  await ports.apply('127.0.0.1', [check], true)
  assert.equal(clock.pendingTimers, 1)
  server.close()
  await once(server, 'close')
  await ports.apply('127.0.0.1', [check], true)
  assert.equal((await asked(port))[0], 200)
  ports.remove()
  assert.equal(clock.pendingTimers, 0)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type HealthCheck,
  type HealthPath,
  healthAnswer,
  healthPathOf,
} from '../../../src/api/serving/health.ts'
import { bodyBytes } from '../../../src/client/transport.ts'

const good: HealthCheck = { name: 'log', paths: ['livez', 'readyz'], check: () => {} }
const hook: HealthCheck = {
  ...{ name: 'poststarthook/rbac/bootstrap-roles', paths: ['readyz'] },
  check: () => Promise.resolve(),
}
const bad: HealthCheck = {
  ...{ name: 'etcd', paths: ['readyz'] },
  check: () => Promise.reject(new Error('inner reason')),
}

async function ask(path: string, checks: readonly HealthCheck[]): Promise<[number, string]> {
  const asked = healthPathOf(path)
  assert.ok(asked, path)
  const query = new URL(path, 'https://localhost').searchParams
  const answer = await healthAnswer({ ...asked, query }, checks)
  return [answer.status, Buffer.from(await bodyBytes(answer.body)).toString()]
}

describe('/healthz, /livez and /readyz', () => {
  test('say ok, and each check when asked to', async () => {
    assert.deepEqual(await ask('/readyz', [good, hook]), [200, 'ok'])
    assert.deepEqual(await ask('/readyz?verbose', [good, hook]), [
      200,
      '[+]ping ok\n[+]log ok\n[+]poststarthook/rbac/bootstrap-roles ok\nreadyz check passed\n',
    ])
    assert.deepEqual(await ask('/healthz?verbose=1', [good]), [
      200,
      '[+]ping ok\nhealthz check passed\n',
    ])
  })

  test('always say which check failed, and never why', async () => {
    assert.deepEqual(await ask('/readyz', [good, bad]), [
      500,
      '[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nreadyz check failed\n',
    ])
    assert.deepEqual(await ask('/livez', [good, bad]), [200, 'ok'])
  })

  test('leave out what is excluded, and warn of names that are none', async () => {
    const path = '/readyz?verbose&exclude=etcd&exclude=nothing'
    assert.deepEqual(await ask(path, [good, bad]), [
      200,
      '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n' +
        'warn: some health checks cannot be excluded: no matches for "nothing"\n' +
        'readyz check passed\n',
    ])
  })

  test('answer for a single check, whose name may hold slashes', async () => {
    assert.deepEqual(await ask('/readyz/poststarthook/rbac/bootstrap-roles', [hook]), [200, 'ok'])
    assert.deepEqual(await ask('/livez/ping', []), [200, 'ok'])
    assert.deepEqual(await ask('/livez/etcd', [bad]), [404, '404 page not found\n'])
    assert.deepEqual(await ask('/readyz/etcd?verbose', [bad]), [
      500,
      'internal server error: inner reason\n',
    ])
  })

  test('are these paths and no others', () => {
    const rootOf = (path: string): HealthPath | undefined => healthPathOf(path)?.root
    assert.deepEqual(
      ['/livez', '/readyz/x/y?z', '/healthz?verbose', '/livezx', '/api/livez', '/readyz2?'].map(
        rootOf,
      ),
      ['livez', 'readyz', 'healthz', undefined, undefined, undefined],
    )
  })
})

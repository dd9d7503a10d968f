import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../../src/boot/config/config.ts'
import { ConfigError } from '../../../src/boot/config/config-error.ts'

test('an empty configuration is three masters and two workers', () => {
  const config = parseConfig('{}', 'test')
  assert.equal(config.masters, 3)
  assert.equal(config.workers, 2)
  assert.equal(config.apiPort, 6443)
})

test('a bad configuration is refused with file, path and what is allowed', () => {
  const cases: [string, RegExp][] = [
    ['{', /file\.json is not JSON/],
    ['{"masters": 0}', /masters: .*1/],
    ['{"masters": "three"}', /masters: /],
    ['{"mastres": 3}', /mastres: unknown field/],
    ['{"runtime": "podman"}', /runtime: .*"auto".*"docker".*"sim"/],
    ['{"raft": {"tickMs": 10, "heartbeatTicks": 20, "electionTicks": 30}}', /raft\.electionTicks/],
    ['{"nodes": {"graceSeconds": 3}}', /nodes\.graceSeconds: unknown field/],
    ['{"workers": [{"name": "W 1"}]}', /workers/],
    ['{"network": {"serviceCidr": "10.0.0.0"}}', /network\.serviceCidr: use a CIDR/],
  ]
  for (const [text, expected] of cases)
    assert.throws(
      () => parseConfig(text, 'file.json'),
      (error: unknown) =>
        error instanceof ConfigError &&
        expected.test(error.message) &&
        error.message.includes('file.json') &&
        error.nextStep !== '',
      text,
    )
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import {
  changeText,
  fullText,
  layoutOf,
  removalText,
  tableName,
} from '../../../src/proxy/dataplane/nftables.ts'
import { type PortRules, serviceRules } from '../../../src/proxy/rules.ts'
import { service, slice } from './services.ts'

const here = new Set<string>()
const table = tableName('A1B2-c3d4-e5f6-7890')
const goldenFolder = resolve(import.meta.dirname, '../../../../test/golden/proxy')

/** Compares with a golden file; UPDATE_GOLDEN=1 writes it anew. */
function assertGolden(name: string, text: string): void {
  const path = resolve(goldenFolder, name)
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'))
}

function rules(webEndpoints: string[]): PortRules[] {
  const nodePort = { ports: [{ port: 80, nodePort: 30_080 }] }
  const sticky = { sessionAffinity: 'ClientIP' }
  const dns = { ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] }
  return [
    ...serviceRules(
      service('web', '10.96.0.10', nodePort),
      [
        slice(
          'web',
          webEndpoints.map((ip) => ({ ip })),
        ),
      ],
      here,
    ),
    ...serviceRules(
      service('sticky', '10.96.0.11', sticky),
      [slice('sticky', [{ ip: '10.1.0.5' }, { ip: '10.1.0.6' }])],
      here,
    ),
    ...serviceRules(
      service('dns', '10.96.0.12', dns),
      [slice('dns', [{ ip: '10.1.0.7' }], { name: 'dns', port: 53, protocol: 'UDP' })],
      here,
    ),
    ...serviceRules(
      service('empty', '10.96.0.13', { ports: [{ port: 80, nodePort: 30_081 }] }),
      [],
      here,
    ),
  ]
}

const options = { masqueradeAll: false }

test('the whole table is that of the golden file', () => {
  assertGolden('table.nft', fullText(table, layoutOf(rules(['10.1.0.1', '10.1.0.2']), options)))
})

test('the loss of an endpoint touches only its service', () => {
  const before = layoutOf(rules(['10.1.0.1', '10.1.0.2']), options)
  const after = layoutOf(rules(['10.1.0.2']), options)
  const text = changeText(table, before, after)
  assert.ok(text)
  assertGolden('endpoint-lost.nft', text)
})

/** The rules of services that keep traffic on w1. */
function localRules(webNode: string): PortRules[] {
  const keeps = { externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30_080 }] }
  const both = { ...keeps, internalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30_081 }] }
  const endpoints = [
    { ip: '10.1.0.1', node: webNode },
    { ip: '10.1.0.2', node: 'w2' },
  ]
  const w1 = new Set(['w1'])
  return [
    ...serviceRules(service('web', '10.96.0.10', keeps), [slice('web', endpoints)], w1),
    ...serviceRules(
      service('sticky', '10.96.0.11', { ...both, sessionAffinity: 'ClientIP' }),
      [slice('sticky', [{ ip: '10.1.0.5', node: webNode }])],
      w1,
    ),
  ]
}

test('the policy Local: who comes from outside goes to this host’s endpoints, unmasqueraded', () => {
  assertGolden('local.nft', fullText(table, layoutOf(localRules('w1'), options)))
})

test('without endpoints on this host their traffic is dropped', () => {
  const before = layoutOf(localRules('w1'), options)
  const text = changeText(table, before, layoutOf(localRules('w2'), options))
  assert.ok(text)
  assertGolden('local-emptied.nft', text)
})

test('the loss of the last endpoint makes connections be refused', () => {
  const before = layoutOf(rules(['10.1.0.1']), options)
  const text = changeText(table, before, layoutOf(rules([]), options))
  assert.ok(text)
  assertGolden('service-emptied.nft', text)
})

test('equal layouts need no change', () => {
  const one = layoutOf(rules(['10.1.0.1', '10.1.0.2']), options)
  const same = layoutOf(rules(['10.1.0.2', '10.1.0.1']).reverse(), options)
  assert.equal(changeText(table, one, same), undefined)
})

test('an address that two services claim goes to the first, whatever the order', () => {
  const claim = (name: string) =>
    serviceRules(
      service(name, '10.96.0.10', { externalIPs: ['192.0.2.1'] }),
      [slice(name, [{ ip: '10.1.0.1' }])],
      here,
    )
  const one = fullText(table, layoutOf([...claim('a'), ...claim('b')], options))
  const other = fullText(table, layoutOf([...claim('b'), ...claim('a')], options))
  assert.equal(one, other)
  assert.equal(one.match(/192\.0\.2\.1 \. tcp \. 80/g)?.length, 1)
})

test('where bridged frames are not tracked, every connection is masqueraded', () => {
  const text = fullText(table, layoutOf(rules(['10.1.0.1']), { masqueradeAll: true }))
  assert.match(text, /svc-[0-9a-f]+ meta mark set meta mark \| 0x00100000\nadd rule \S+ \S+ svc-/)
})

test('a table name holds nothing but letters and digits of the id', () => {
  assert.equal(table, 'kijabi-a1b2c3d4e5f6')
  assert.equal(tableName('x; flush ruleset'), 'kijabi-xflushrulese')
  assert.equal(removalText(table), `add table ip ${table}\ndelete table ip ${table}\n`)
})

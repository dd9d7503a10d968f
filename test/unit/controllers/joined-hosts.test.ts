import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinedHosts } from '../../../src/controllers/certificates/joined-hosts.ts'
import type { Node } from '../../../src/kinds/types.ts'

function nodeOf(name: string, ...addresses: string[]): Node {
  const reported = addresses.map((address) => ({ type: 'InternalIP', address }))
  return { metadata: { name }, status: { addresses: reported } }
}

test('a node that joined may serve by its name and its own addresses, and by nobody else’s', () => {
  const masters = ['localhost', '127.0.0.1', 'kubernetes', '10.96.0.1', 'm1', '10.0.0.1']
  const cases: [what: string, nodes: Node[], hosts: string[]][] = [
    ['its own', [nodeOf('far', '10.0.0.9'), nodeOf('w1', '10.0.0.8')], ['far', '10.0.0.9']],
    ['not there yet', [nodeOf('w1', '10.0.0.8')], []],
    ['the address of a node', [nodeOf('far', '10.0.0.8'), nodeOf('w1', '10.0.0.8')], ['far']],
    ['the name of a node', [nodeOf('far', 'w1'), nodeOf('w1', '10.0.0.8')], ['far']],
    ['an address of a master', [nodeOf('far', '10.0.0.1', '10.96.0.1')], ['far']],
  ]
  for (const [what, nodes, hosts] of cases)
    assert.deepEqual(joinedHosts('far', nodes, masters), hosts, what)
  // Its name is its own choice, too.
  assert.deepEqual(joinedHosts('kubernetes', [nodeOf('kubernetes', '10.0.0.9')], masters), [
    '10.0.0.9',
  ])
})

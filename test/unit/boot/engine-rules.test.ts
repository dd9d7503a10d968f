import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dockerRules } from '../../../src/boot/engine-rules.ts'

test('the rules that an engine wipes at its start are told from all others', () => {
  const listing = [
    '-P FORWARD DROP',
    '-N DOCKER',
    '-N DOCKER-USER',
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -o br-1 -j DOCKER',
    '-A FORWARD -o br-1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A DOCKER ! -i br-1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:80',
    '-A INPUT -j OWN',
    '',
  ].join('\n')
  assert.deepEqual(dockerRules(listing), [
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -o br-1 -j DOCKER',
    '-A DOCKER ! -i br-1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:80',
  ])
})

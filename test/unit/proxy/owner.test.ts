import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { Ownership } from '../../../src/proxy/dataplane/owner.ts'

function harness() {
  const name = `kijabi-test-${systemRandom.uuid()}`
  const told = new EventEmitter()
  const nodes = new Map<string, string[]>()
  const make = (nodeName: string) =>
    new Ownership({
      name,
      nodeName,
      clock: systemClock,
      logger: silentLogger,
      owned: () => void told.emit('owned', nodeName),
      nodesChanged: (set) => {
        nodes.set(nodeName, [...set].sort())
        told.emit('nodes')
      },
    })
  return { name, told, nodes, make }
}

test('one proxy owns the name, and the next takes it at once when it stops', async () => {
  const { told, nodes, make } = harness()
  const [first, second] = [make('w1'), make('w2')]
  first.start()
  assert.deepEqual(await once(told, 'owned'), ['w1'])
  second.start()
  while (nodes.get('w1')?.length !== 2) await once(told, 'nodes')
  assert.deepEqual(nodes.get('w1'), ['w1', 'w2'])
  assert.equal(second.isOwner, false)
  const taken = once(told, 'owned')
  await first.stop()
  assert.deepEqual(await taken, ['w2'])
  assert.equal(second.isOwner, true)
  await second.stop()
})

test('a stand-by that leaves is forgotten, one that talks too much is shown out', async () => {
  const { name, told, nodes, make } = harness()
  const [owner, standby] = [make('w1'), make('w2')]
  owner.start()
  await once(told, 'owned')
  standby.start()
  while (nodes.get('w1')?.length !== 2) await once(told, 'nodes')
  await standby.stop()
  while (nodes.get('w1')?.length !== 1) await once(told, 'nodes')
  const stranger = connect(`\0${name}`)
  stranger.on('error', () => {})
  stranger.write('x'.repeat(10_000))
  await once(stranger, 'close')
  assert.deepEqual(nodes.get('w1'), ['w1'])
  await owner.stop()
})

test('a proxy stopped before it owns anything leaves nothing behind', async () => {
  const { told, make } = harness()
  const [first, second] = [make('w1'), make('w2')]
  first.start()
  await once(told, 'owned')
  second.start()
  await second.stop()
  await first.stop()
  const third = make('w3')
  third.start()
  assert.deepEqual(await once(told, 'owned'), ['w3'])
  await third.stop()
})

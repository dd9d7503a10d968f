import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { encodeFrame, frameKind } from '../../../src/raft/wire/frame.ts'
import { PeerLink } from '../../../src/raft/wire/peer-link.ts'
import { encodeAgreed } from '../../../src/raft/wire/protocol.ts'

/** As much of a socket as a link uses; the network that it is on loses everything. */
class SilentSocket extends EventEmitter {
  writableLength = 0
  isDestroyed = false
  hellos = 0

  setNoDelay(): void {}

  write(bytes: Uint8Array): boolean {
    if (bytes[4] === frameKind.hello) this.hellos += 1
    return true
  }

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.emit('close')
  }
}

function rig() {
  const clock = new ManualClock()
  const dialed: SilentSocket[] = []
  const lost: string[] = []
  const link = new PeerLink({
    ...{ peer: 2 as MemberId, clock, random: new SeededRandom(1), logger: silentLogger },
    dial: () => {
      dialed.push(new SilentSocket())
      return dialed.at(-1) as unknown as TLSSocket
    },
    hello: () => Buffer.from('{}'),
    unreachable: () => {},
    lost: (how) => lost.push(how),
  })
  const current = () => dialed.at(-1) as SilentSocket
  /** Heartbeats go on, as Raft sends them. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      clock.advance(20)
      link.send([Buffer.from('heartbeat')])
    }
  }
  const ack = (protocol = 1) =>
    current().emit('data', Buffer.concat(encodeFrame(frameKind.ack, encodeAgreed(protocol))))
  return { link, clock, current, dialed, lost, pass, ack }
}

test('a dial that nobody answers is given up soon after the peer has called', () => {
  const { link, current, dialed, clock } = rig()
  const first = current()
  clock.advance(1_000)
  assert.equal(first.isDestroyed, false, 'the peer may be slow')
  link.wake()
  clock.advance(700)
  assert.ok(first.isDestroyed && dialed.length === 2, 'its host was away when it was dialed')
  clock.advance(700)
  assert.equal(current().isDestroyed, false, 'the new attempt has all the time')
  link.close()
})

test('what was opened to a process that is gone is given up when the next one calls', () => {
  const { link, current, dialed, lost, pass } = rig()
  current().emit('secureConnect')
  link.wake(11)
  link.wake(11)
  pass(100)
  assert.equal(dialed.length, 1, 'the first one that is known may be the one that was dialed')
  const former = current()
  link.wake(12)
  assert.ok(former.isDestroyed, 'without waiting for an answer')
  assert.equal(current() === former, false)
  assert.deepEqual(lost, ['closed'], 'as if its host had said so')
  current().emit('secureConnect')
  pass(500)
  assert.equal(current().isDestroyed, false)
  link.close()
})

test('a dial from before the peer first called is begun anew', () => {
  const { link, current, lost, clock } = rig()
  const former = current()
  clock.advance(100)
  link.wake(11)
  assert.ok(former.isDestroyed, 'its host may have been away')
  const second = current()
  link.wake(11)
  clock.advance(100)
  assert.equal(current(), second)
  assert.equal(second.isDestroyed, false)
  assert.deepEqual(lost, [])
  link.close()
})

test('a connection that the peer forgot is given up soon after it has called', () => {
  const { link, current, dialed, pass } = rig()
  const first = current()
  first.emit('secureConnect')
  pass(1_000)
  assert.equal(first.isDestroyed, false, 'silence alone takes longer to prove anything')
  link.wake()
  pass(40)
  assert.ok(first.isDestroyed)
  assert.equal(dialed.length, 2)
  link.close()
})

test('an answer that was under way when the host of the peer died does not save its connection', () => {
  const { link, current, dialed, pass, ack } = rig()
  const first = current()
  first.emit('secureConnect')
  link.wake()
  pass(20)
  ack()
  pass(640)
  assert.ok(first.isDestroyed)
  assert.equal(dialed.length, 2)
  link.close()
})

test('a peer that goes on answering after its call keeps its connection through a later silence', () => {
  const { link, current, dialed, pass, ack } = rig()
  current().emit('secureConnect')
  link.wake()
  // As often as a peer that reads says so.
  for (let answers = 1; answers <= 3; answers += 1) {
    pass(200)
    ack()
  }
  pass(2_000)
  assert.equal(dialed.length, 1)
  pass(1_500)
  assert.equal(dialed.length, 2, 'but not through any')
  link.close()
})

test('until the peer has answered a hello, it is spoken to as an earlier version', () => {
  const { link, current, ack, dialed } = rig()
  current().emit('secureConnect')
  assert.equal(link.protocol, 1)
  ack(2)
  assert.equal(link.protocol, 2)
  ack()
  assert.equal(link.protocol, 2, 'later answers say nothing of it')
  current().destroy()
  assert.equal(dialed.length, 2)
  current().emit('secureConnect')
  assert.equal(link.protocol, 1, 'who answers now may be an earlier version')
  link.close()
})

test('what a member says of itself comes anew, on a new connection where a second hello confuses', () => {
  for (const protocol of [1, 2]) {
    const { link, current, ack, dialed } = rig()
    current().emit('secureConnect')
    link.greet()
    assert.equal(current().hellos, 1, 'how to say it is not known yet')
    ack(protocol)
    if (protocol === 1) current().emit('secureConnect')
    assert.equal(dialed.length, protocol === 1 ? 2 : 1)
    assert.equal(current().hellos, protocol === 1 ? 1 : 2)
    assert.ok(protocol === 2 || dialed[0]?.isDestroyed)
    link.close()
  }
})

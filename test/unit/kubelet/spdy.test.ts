import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { limits } from '../../../src/base/limits.ts'
import { headerDictionary } from '../../../src/kubelet/spdy/dictionary.ts'
import { FrameReader } from '../../../src/kubelet/spdy/frame-reader.ts'
import { encodeFrame, type Frame, idMask, SpdyError } from '../../../src/kubelet/spdy/frames.ts'
import {
  decodeHeaders,
  encodeHeaders,
  HeaderInflater,
  HeaderStorer,
} from '../../../src/kubelet/spdy/header-block.ts'
import { SpdySession } from '../../../src/kubelet/spdy/session.ts'
import type { SpdyStream } from '../../../src/kubelet/spdy/stream.ts'
import { SpdyClient } from './spdy-client.ts'

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const streamId = fc.integer({ min: 0, max: idMask })
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    is: fc.constant('synStream' as const),
    streamId,
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
    block: bytes,
  }),
  fc.record({
    is: fc.constantFrom('synReply' as const, 'headers' as const),
    streamId,
    fin: fc.boolean(),
    block: bytes,
  }),
  fc.record({ is: fc.constant('rstStream' as const), streamId, status: word }),
  fc.record({
    is: fc.constant('settings' as const),
    values: fc
      .array(fc.tuple(fc.integer({ min: 0, max: 0xff_ffff }), word), { maxLength: 5 })
      .map((entries): ReadonlyMap<number, number> => new Map(entries)),
  }),
  fc.record({ is: fc.constant('ping' as const), id: word }),
  fc.record({ is: fc.constant('goAway' as const), lastStreamId: streamId, status: word }),
  fc.record({ is: fc.constant('windowUpdate' as const), streamId, delta: streamId }),
  fc.record({ is: fc.constant('data' as const), streamId, fin: fc.boolean(), bytes }),
)

/** Parts of one data frame as one again. */
function whole(frames: readonly Frame[]): Frame[] {
  const joined: Frame[] = []
  let open: Extract<Frame, { is: 'data' }> | undefined
  for (const one of frames) {
    if (one.is !== 'data') joined.push(one)
    else if (open) open = { ...one, bytes: Buffer.concat([open.bytes, one.bytes]) }
    else open = one
    const next = open && one.is === 'data' ? open : undefined
    if (next?.fin) {
      joined.push(next)
      open = undefined
    }
  }
  return joined
}

describe('SPDY frames', () => {
  test('the dictionary is the one of the protocol', () => {
    assert.equal(headerDictionary.length, 1423)
    // A stream with a dictionary names its Adler-32 after its two first bytes (RFC 1950).
    const stream = deflateSync(Buffer.from('x'), { dictionary: headerDictionary })
    assert.equal(stream.readUInt32BE(2), 0xe3c6a7c2)
  })

  test('what is encoded reads the same, however its bytes are cut', () => {
    const finished = frame.map((one) => (one.is === 'data' ? { ...one, fin: true } : one))
    fc.assert(
      fc.property(
        fc.array(finished, { maxLength: 8 }),
        fc.infiniteStream(fc.nat(40)),
        (all, cuts) => {
          const wire = Buffer.concat(all.map(encodeFrame))
          const reader = new FrameReader()
          const read: Frame[] = []
          for (let at = 0; at < wire.length; ) {
            const size = 1 + (cuts.next().value ?? 0)
            read.push(...reader.read(wire.subarray(at, at + size)))
            at += size
          }
          const plain = all.map((one) => ({ ...one }))
          assert.deepEqual(whole(read), plain)
          assert.equal(reader.pendingBytes, 0)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any bytes are read or refused, and never more than one control frame is held back', () => {
    const noise = fc.array(
      fc.oneof(bytes, frame.map(encodeFrame), fc.constant(Buffer.from([0x80, 3, 0, 1]))),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(noise, (parts) => {
        const reader = new FrameReader()
        try {
          for (const part of parts) for (const one of reader.read(part)) assert.ok(one.is)
        } catch (error) {
          assert.ok(error instanceof SpdyError, String(error))
        }
        assert.ok(reader.pendingBytes <= limits.spdyControlFrameBytesMax + 8)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a control frame past the limit is refused by its header alone', () => {
    const header = Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff])
    assert.throws(() => [...new FrameReader().read(header)], /control frame of 16777215 bytes/)
  })
})

describe('SPDY header blocks', () => {
  const headers = fc
    .array(
      fc.tuple(
        fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
        fc.string({ unit: 'binary-ascii' }),
      ),
    )
    .map((entries) => new Map(entries.map(([name, value]) => [name.toLowerCase(), value])))

  test('stored blocks inflate to the same headers, one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { maxLength: 4 }), async (all) => {
        const [storer, inflater] = [new HeaderStorer(), new HeaderInflater()]
        for (const one of all) assert.deepEqual(await inflater.read(storer.write(one)), one)
        inflater.close()
      }),
      { numRuns: 30 },
    )
  })

  test('a stored block ends as a flush does, which is what readers of other languages wait for', () => {
    const storer = new HeaderStorer()
    for (const one of [new Map(), new Map([['a', 'b']])])
      assert.deepEqual([...storer.write(one).subarray(-5)], [0, 0, 0, 0xff, 0xff])
  })

  test('any block is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, headers.map(encodeHeaders)), (block) => {
        try {
          assert.ok(decodeHeaders(block).size <= limits.spdyHeadersMax)
        } catch (error) {
          assert.ok(error instanceof SpdyError, String(error))
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('noise, an early end and a bomb of compression are refused', async () => {
    const bomb = deflateSync(Buffer.alloc(limits.headerBytesMax * 16), {
      dictionary: headerDictionary,
    })
    assert.ok(bomb.length < limits.spdyControlFrameBytesMax)
    const over = deflateSync(encodeHeaders(new Map()), { dictionary: headerDictionary })
    for (const [block, why] of [
      [Buffer.from('noise, no zlib'), /headers: /],
      [bomb, /headers of more than/],
    ] as const) {
      const inflater = new HeaderInflater()
      await assert.rejects(inflater.read(block), why)
      await assert.rejects(inflater.read(block), SpdyError)
      inflater.close()
    }
    const ended = new HeaderInflater()
    await ended.read(over).catch(() => {})
    await assert.rejects(ended.read(over), SpdyError)
    ended.close()
  })
})

function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve: (value) => resolve(value) }
}

/** A session and its client over memory. */
function connect(opened: (stream: SpdyStream) => 'accept' | 'refuse') {
  const [ours, theirs] = duplexPair()
  return { session: new SpdySession(ours, { opened }), client: new SpdyClient(theirs), theirs }
}

describe('SPDY session', () => {
  test('streams carry bytes both ways and half-close by themselves', async () => {
    const { session, client } = connect((stream) => {
      stream.pipe(stream)
      return 'accept'
    })
    const first = await client.open({ streamType: 'data', port: '80' })
    const second = await client.open({ streamType: 'error' })
    client.write(first, 'one ')
    client.write(second, 'other', true)
    client.write(first, 'two', true)
    await client.until('both echoed', () => client.isEnded(first) && client.isEnded(second))
    assert.equal(client.text(first), 'one two')
    assert.equal(client.text(second), 'other')
    const replies = client.frames.flatMap((one) => (one.is === 'synReply' ? [one] : []))
    assert.deepEqual(
      replies.map((one) => one.streamId),
      [first, second],
    )
    assert.equal(session.openStreams, 0)
    session.close()
    await client.until('goodbye', () => client.frames.some((one) => one.is === 'goAway'))
    await client.close()
    await session.ended
  })

  test('answers pings, refuses streams it does not want, and resets what it drops', async () => {
    const dropped = deferred<SpdyStream>()
    const { session, client } = connect((stream) => {
      if (stream.headers.get('streamtype') !== 'data') return 'refuse'
      dropped.resolve(stream)
      return 'accept'
    })
    client.send({ is: 'ping', id: 7 })
    const refused = await client.open({ streamType: 'odd' })
    const kept = await client.open({ streamType: 'data' })
    const stream = await dropped.promise
    stream.destroy()
    await client.until(
      'two resets',
      () => client.frames.filter((one) => one.is === 'rstStream').length === 2,
    )
    assert.deepEqual(
      client.frames.filter((one) => one.is === 'ping'),
      [{ is: 'ping', id: 7 }],
    )
    const resets = client.frames.flatMap((one) => (one.is === 'rstStream' ? [one] : []))
    assert.deepEqual(
      resets.map((one) => [one.streamId, one.status]),
      [
        [refused, 3],
        [kept, 5],
      ],
    )
    await client.close()
    await session.ended
  })

  test('a reader that does not read makes its client wait; memory stays bounded', async () => {
    const held = deferred<SpdyStream>()
    const { session, client, theirs } = connect((stream) => {
      held.resolve(stream)
      return 'accept'
    })
    const id = await client.open({ streamType: 'data' })
    const stream = await held.promise
    const chunk = Buffer.alloc(64 * 1024, 1)
    let sent = 0
    while (theirs.writableLength < 4 * limits.spdyStreamBufferBytesMax) {
      client.write(id, chunk)
      sent += chunk.length
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(stream.readableLength <= limits.spdyStreamBufferBytesMax + chunk.length)
    client.write(id, 'end', true)
    let read = 0
    for await (const part of stream as AsyncIterable<Buffer>) read += part.length
    assert.equal(read, sent + 3)
    await client.close()
    await session.ended
  })

  const mistakes: readonly [what: string, act: (client: SpdyClient) => Promise<unknown>][] = [
    ['data for a stream that was never opened', async (client) => client.write(9, 'x')],
    [
      'an even stream',
      async (client) => {
        const block = new HeaderStorer().write(new Map())
        client.send({ is: 'synStream', streamId: 2, fin: false, unidirectional: false, block })
      },
    ],
    [
      'an answer',
      async (client) =>
        client.send({ is: 'synReply', streamId: 1, fin: false, block: Buffer.alloc(0) }),
    ],
  ]
  for (const [what, act] of mistakes)
    test(`${what} ends the session`, async () => {
      const { session, client, theirs } = connect(() => 'accept')
      await act(client)
      await session.ended
      await client.until('goodbye', () =>
        client.frames.some((one) => one.is === 'goAway' && one.status === 1),
      )
      theirs.destroy()
      await client.close()
    })

  test('streams past the limit are refused', async () => {
    const open: Duplex[] = []
    const { session, client } = connect((stream) => {
      open.push(stream)
      return 'accept'
    })
    for (let count = 0; count <= limits.spdyStreamsPerSessionMax; count += 1)
      await client.open({ streamType: 'data' })
    await client.until('a refusal', () => client.frames.some((one) => one.is === 'rstStream'))
    assert.equal(open.length, limits.spdyStreamsPerSessionMax)
    assert.equal(session.openStreams, limits.spdyStreamsPerSessionMax)
    await client.close()
    await session.ended
    assert.ok(open.every((stream) => stream.destroyed))
  })

  test('any bytes end or go on, and never throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(bytes, frame.map(encodeFrame)), { maxLength: 10 }),
        async (parts) => {
          const [ours, theirs] = duplexPair()
          const session = new SpdySession(ours, { opened: () => 'accept' })
          theirs.on('error', () => {}).resume()
          for (const part of parts) theirs.write(part)
          theirs.end()
          await session.ended
          ours.destroy()
          if (!theirs.destroyed) {
            theirs.destroy()
            await once(theirs, 'close')
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

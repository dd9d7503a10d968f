import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import type { Call } from '../../../src/api/etcd/grpc/call.ts'
import { errorCode, flag, frameOf, frameType } from '../../../src/api/etcd/grpc/frames.ts'
import { GrpcServer } from '../../../src/api/etcd/grpc/grpc-server.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'

interface Answer {
  readonly status: unknown
  readonly grpcStatus: unknown
  readonly message: unknown
  readonly body: Buffer
}

/** A server whose /echo answers what it is sent, and whose /hold leaves its calls to the test. */
class Rig {
  readonly clock = new ManualClock()
  readonly held: Call[] = []
  readonly server = new GrpcServer({
    ...{ clock: this.clock, logger: silentLogger },
    requestBytesHeldMax: 4_000_000,
  })
  readonly sockets: Socket[] = []
  readonly #listener = createServer((socket) => {
    this.sockets.push(socket)
    this.server.serve(socket)
  })
  readonly #sessions: ClientHttp2Session[] = []
  readonly #raw: Socket[] = []
  /** How many calls began in each turn. */
  readonly turns: number[] = []
  #inTurn = 0

  constructor() {
    this.server.handle('/echo', (call) => {
      if (this.#inTurn === 0)
        setImmediate(() => {
          this.turns.push(this.#inTurn)
          this.#inTurn = 0
        })
      this.#inTurn += 1
      return {
        message: (bytes) => void call.send([Buffer.from(bytes)]),
        ended: () => call.finish(),
      }
    })
    this.server.handle('/hold', (call) => {
      this.held.push(call)
      return { message: () => {}, ended: () => {} }
    })
  }

  async open(): Promise<this> {
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
    return this
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  session(settings: object = {}): ClientHttp2Session {
    const session = connect(`http://127.0.0.1:${this.port}`, { settings })
    session.on('error', () => {})
    this.#sessions.push(session)
    return session
  }

  async raw(allowHalfOpen = false): Promise<RawClient> {
    const socket = createConnection({ port: this.port, host: '127.0.0.1', allowHalfOpen })
    this.#raw.push(socket)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#raw) socket.destroy()
    this.server.destroy()
    this.#listener.close()
    await Promise.all(this.sockets.map((socket) => socket.closed || once(socket, 'close')))
    assert.equal(this.clock.pendingTimers, 0, 'nothing is left')
  }
}

/** Frames by hand, and those that come back. */
class RawClient {
  readonly socket: Socket
  readonly frames: { type: number; flags: number; stream: number; payload: Buffer }[] = []
  #bytes = Buffer.alloc(0)
  #arrived: (() => void) | undefined
  isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#arrived?.()
    })
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      while (this.#bytes.length >= 9 && this.#bytes.length >= 9 + this.#bytes.readUIntBE(0, 3)) {
        const end = 9 + this.#bytes.readUIntBE(0, 3)
        const [type = 0, flags = 0] = this.#bytes.subarray(3, 5)
        const stream = this.#bytes.readUInt32BE(5)
        this.frames.push({ type, flags, stream, payload: this.#bytes.subarray(9, end) })
        this.#bytes = this.#bytes.subarray(end)
      }
      this.#arrived?.()
    })
  }

  begin(): void {
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    this.socket.write(frameOf(frameType.settings, 0, 0, Buffer.alloc(0)))
  }

  /** Undefined when the connection closes without such a frame. */
  async frame(type: number, flags?: number) {
    for (;;) {
      const found = this.frames.find(
        (frame) => frame.type === type && (flags === undefined || frame.flags === flags),
      )
      if (found || this.isClosed) return found
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }
}

const check = (title: string, run: (rig: Rig) => Promise<void>) =>
  test(`grpc server: ${title}`, async () => {
    const rig = await new Rig().open()
    try {
      await run(rig)
    } finally {
      await rig.close()
    }
  })

const framed = (message: Buffer) => {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

function request(session: ClientHttp2Session, path: string, headers: object = {}) {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    ...headers,
  })
  stream.on('error', () => {})
  return stream
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let status: Record<string, unknown> = {}
  let trailers: Record<string, unknown> = {}
  stream.on('response', (headers) => {
    status = headers
  })
  stream.on('trailers', (headers) => {
    trailers = headers
  })
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'close')
  const all = { ...status, ...trailers }
  return {
    status: all[':status'],
    grpcStatus: all['grpc-status'],
    message: all['grpc-message'],
    body: Buffer.concat(chunks),
  }
}

function call(session: ClientHttp2Session, path: string, body: Buffer, headers: object = {}) {
  const stream = request(session, path, headers)
  stream.end(body)
  return answerOf(stream)
}

const text = Buffer.from('a message')
const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const nothing = Buffer.alloc(0)
const setting = (id: number, value: number) =>
  frameOf(frameType.settings, 0, 0, Buffer.concat([Buffer.of(0, id), number(value)]))
// POST, http, /echo, content-type and te, without a table.
const echoHeaders = Buffer.concat([
  Buffer.of(0x83, 0x86, 0x04, 5),
  Buffer.from('/echo'),
  Buffer.of(0x0f, 31 - 15, 16),
  Buffer.from('application/grpc'),
])
const echoRequest = (stream: number) =>
  Buffer.concat([
    frameOf(frameType.headers, flag.endHeaders, stream, echoHeaders),
    frameOf(frameType.data, flag.endStream, stream, framed(text)),
  ])

check('a message comes back, whatever header fields come with it', async (rig) => {
  const session = rig.session()
  const characters = Array.from({ length: 256 }, (_, at) => String.fromCharCode(at))
  const allowed = characters.filter((one) => one >= ' ' && one !== '\x7f').join('')
  for (let round = 0; round < 40; round += 1) {
    const headers = { [`x-${round % 7}`]: `a${allowed}a`.repeat(1 + (round % 3)) }
    const answer = await call(session, '/echo', framed(text), headers)
    assert.deepEqual([answer.status, answer.grpcStatus], [200, '0'])
    assert.deepEqual(answer.body, framed(text))
  }
})

check('header fields arrive as they were sent', async (rig) => {
  const session = rig.session()
  const value = Array.from({ length: 256 }, (_, at) => at)
    .filter((at) => at >= 33 && at !== 127)
    .map((at) => String.fromCharCode(at).repeat(2))
    .join('')
  for (let round = 0; round < 3; round += 1) {
    request(session, '/hold', { 'x-all': value })
    while (rig.held.length <= round) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(rig.held[round]?.metadata.get('x-all'), value)
  }
})

check('requests of one chunk are begun in one turn, however it is cut', async (rig) => {
  const together = await rig.raw()
  together.begin()
  await together.frame(frameType.settings, flag.ack)
  const chunk = Buffer.concat([1, 3, 5, 7].map(echoRequest))
  together.socket.write(chunk)
  while (together.frames.filter(({ type }) => type === frameType.data).length < 4)
    await new Promise((resolve) => setImmediate(resolve))
  assert.equal(rig.turns[0], 4)

  const apart = await rig.raw()
  apart.begin()
  for (const byte of Buffer.concat([9, 11].map(echoRequest))) {
    apart.socket.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  while (apart.frames.filter(({ type }) => type === frameType.data).length < 2)
    await new Promise((resolve) => setImmediate(resolve))
  for (const { payload } of apart.frames.filter(({ type }) => type === frameType.data))
    assert.deepEqual(payload, framed(text))
})

check('answers go through narrow windows, and streams take turns', async (rig) => {
  const session = rig.session({ initialWindowSize: 1_000 })
  const large = Buffer.alloc(1_500_000, 'x')
  const one = call(session, '/echo', framed(large))
  const two = call(session, '/echo', framed(large))
  const small = call(session, '/echo', framed(text))
  for (const [answer, sent] of [
    [await small, text],
    [await one, large],
    [await two, large],
  ] as const) {
    assert.equal(answer.grpcStatus, '0')
    assert.ok(answer.body.equals(framed(sent)))
  }
})

check('no more is sent than a stream and the connection may be sent', async (rig) => {
  const client = await rig.raw()
  client.begin()
  const message = framed(Buffer.alloc(150_000, 'x'))
  const dataBytes = () =>
    client.frames
      .filter(({ type }) => type === frameType.data)
      .reduce((sum, { payload }) => sum + payload.length, 0)
  /** An answered ping follows all that was sent before it. */
  const settled = async () => {
    const pings = client.frames.filter(({ type }) => type === frameType.ping).length
    client.socket.write(frameOf(frameType.ping, 0, 0, Buffer.alloc(8)))
    while (client.frames.filter(({ type }) => type === frameType.ping).length === pings)
      await new Promise((resolve) => setImmediate(resolve))
  }
  const widen = (stream: number, bytes: number) =>
    client.socket.write(frameOf(frameType.windowUpdate, 0, stream, number(bytes)))
  client.socket.write(setting(4, 100_000))
  client.socket.write(frameOf(frameType.headers, flag.endHeaders, 1, echoHeaders))
  for (let at = 0; at < message.length; at += 16_384)
    client.socket.write(frameOf(frameType.data, 0, 1, message.subarray(at, at + 16_384)))
  client.socket.write(frameOf(frameType.data, flag.endStream, 1, nothing))
  await settled()
  assert.equal(dataBytes(), 65_535, 'what a connection may be sent at first')
  widen(0, 100_000)
  await settled()
  assert.equal(dataBytes(), 100_000, 'what the stream may be sent')
  client.socket.write(setting(4, 110_000))
  await settled()
  assert.equal(dataBytes(), 110_000)
  widen(1, 100_000)
  await settled()
  assert.equal(dataBytes(), message.length)
})

check('many messages of one call keep their order and their bounds', async (rig) => {
  const messages = Array.from({ length: 300 }, (_, at) => Buffer.alloc((at * 97) % 3_000, at))
  const answer = await call(rig.session(), '/echo', Buffer.concat(messages.map(framed)))
  assert.ok(answer.body.equals(Buffer.concat(messages.map(framed))))
})

check('what is no call of gRPC is refused', async (rig) => {
  const session = rig.session()
  const refused = async (path: string, body: Buffer, headers: object = {}) => {
    const { status, grpcStatus } = await call(session, path, body, headers)
    return [status, grpcStatus]
  }
  assert.deepEqual(await refused('/echo', framed(text), { ':method': 'PUT' }), [405, '13'])
  assert.deepEqual(await refused('/echo', text, { 'content-type': 'text/plain' }), [415, '13'])
  assert.deepEqual(await refused('/echo', text, { 'x-much': 'x'.repeat(17_000) }), [431, '13'])
  assert.deepEqual(await refused('/nothing/here', framed(text)), [200, '12'])
  const compressed = Buffer.concat([Buffer.of(1), framed(text).subarray(1)])
  assert.deepEqual(await refused('/echo', compressed), [200, '12'])
  assert.deepEqual(await refused('/echo', framed(text).subarray(0, 8)), [200, '13'])
  const tooLong = Buffer.of(0, 0x7f, 0xff, 0xff, 0xff)
  assert.deepEqual(await refused('/echo', tooLong), [200, '8'])
  assert.deepEqual(await refused('/echo', framed(text), { 'grpc-timeout': '1 s' }), [200, '13'])
  assert.deepEqual(await refused('/echo', framed(text)), [200, '0'])
})

check('requests that are not complete are bounded together', async (rig) => {
  const session = rig.session()
  const most = framed(Buffer.alloc(2_000_000)).subarray(0, 1_900_000)
  const begun = [1, 2].map(() => {
    const stream = request(session, '/echo')
    stream.write(most)
    return { stream, answer: answerOf(stream) }
  })
  const third = request(session, '/echo')
  third.write(most)
  const refused = await Promise.race([answerOf(third), ...begun.map(({ answer }) => answer)])
  assert.deepEqual([refused.grpcStatus, refused.message], ['8', 'etcdserver: too many requests'])
  for (const { stream } of begun) stream.close(errorCode.cancel)
  third.close(errorCode.cancel)
  const whole = framed(Buffer.alloc(2_000_000))
  assert.equal((await call(session, '/echo', whole)).grpcStatus, '0')
})

check('a call ends when its time is over', async (rig) => {
  const answer = call(rig.session(), '/hold', framed(text), { 'grpc-timeout': '50m' })
  while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const { signal } = rig.held[0] as Call
  rig.clock.advance(49)
  assert.ok(!signal.aborted)
  rig.clock.advance(1)
  assert.ok(signal.aborted)
  assert.equal((await answer).grpcStatus, '4')
})

check('a call that the client gave up sends nothing more', async (rig) => {
  const stream = request(rig.session(), '/hold')
  stream.write(framed(text))
  while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const { signal } = rig.held[0] as Call
  stream.close(errorCode.cancel)
  await once(signal, 'abort')
  rig.held[0]?.send([text])
  rig.held[0]?.finish()
  assert.equal((await call(rig.session(), '/echo', framed(text))).grpcStatus, '0')
})

check('who does not read makes its writer pause, and nobody else', async (rig) => {
  const session = rig.session()
  const stream = request(session, '/hold')
  stream.write(framed(text))
  while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const [held] = rig.held as [Call]
  let sent = 0
  const fill = () => {
    while (held.send([Buffer.alloc(9_000, 'x'), Buffer.alloc(1_000, 'y')])) sent += 1
  }
  fill()
  const pausedAt = sent
  assert.ok(pausedAt < 100, `${pausedAt} messages wait`)
  assert.equal((await call(session, '/echo', framed(text))).grpcStatus, '0')
  const drained = new Promise<void>((resolve) => {
    held.onDrained = resolve
  })
  stream.resume()
  await drained
})

check(
  'a long message is made as its reader takes it, in one place again and again',
  async (rig) => {
    const session = rig.session()
    const stream = request(session, '/hold')
    stream.end(framed(text))
    while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const [held] = rig.held as [Call]
    const [sizes, place] = [[7, 0, 30_000, 70_000, 1, 66_000, 50_000], Buffer.alloc(70_000)]
    let made = 0
    const parts = function* () {
      for (const size of sizes) {
        made += 1
        yield place.subarray(0, size).fill(made)
      }
    }
    const bytes = sizes.reduce((sum, size) => sum + size)
    held.sendLong({ bytes, parts: parts() })
    held.finish()
    assert.ok(made < sizes.length, `${made} parts were made before the first was read`)
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).subarray(5)
    const expected = Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, at + 1)))
    assert.ok(body.equals(expected))
    assert.equal(made, sizes.length)
  },
)

check('who takes nothing of an answer loses it, and of one that goes on later', async (rig) => {
  for (const [isWhole, minutesMax] of [
    [true, 2],
    [false, 11],
  ] as const) {
    const session = rig.session()
    const stream = request(session, '/hold')
    stream.end(framed(text))
    while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const [held] = rig.held.splice(0) as [Call]
    held.send([Buffer.alloc(300_000)])
    if (isWhole) held.finish()
    const isHeard = async () =>
      assert.equal((await call(session, '/echo', framed(text))).grpcStatus, '0')
    await isHeard()
    for (let minutes = 1; minutes <= minutesMax; minutes += 1) {
      assert.equal(stream.closed, false, `after ${minutes - 1} minutes`)
      rig.clock.advance(60_000)
      await isHeard()
    }
    assert.equal(stream.closed && stream.rstCode, errorCode.cancel)
    assert.ok(held.isOver)
    session.destroy()
  }
})

check('a server that leaves ends what it began, and begins no more', async (rig) => {
  const session = rig.session()
  const answer = call(session, '/hold', framed(text))
  while (rig.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  let hasLeft = false
  const left = rig.server.leave().then(() => {
    hasLeft = true
  })
  await once(session, 'goaway')
  assert.ok(!hasLeft)
  rig.held[0]?.finish()
  assert.equal((await answer).grpcStatus, '0')
  await left
})

check('a silent client is asked for a sign of life, and given up without one', async (rig) => {
  const client = await rig.raw()
  client.begin()
  await client.frame(frameType.settings, flag.ack)
  rig.clock.advance(60_000)
  assert.ok(await client.frame(frameType.ping, 0))
  client.socket.write(frameOf(frameType.ping, flag.ack, 0, Buffer.alloc(8)))
  client.socket.write(echoRequest(1))
  await client.frame(frameType.data)
  rig.clock.advance(60_000)
  rig.clock.advance(60_000)
  await once(client.socket, 'close')
})

const { protocol, frameSize, flowControl, compression, enhanceYourCalm } = errorCode

const wrong: readonly (readonly [what: string, frames: readonly Buffer[], code: number])[] = [
  ['data of a stream that never was', [frameOf(frameType.data, 0, 5, text)], protocol],
  ['a stream of an even number', [frameOf(frameType.headers, 5, 2, echoHeaders)], protocol],
  ['a push', [frameOf(frameType.pushPromise, 4, 1, echoHeaders)], protocol],
  ['a continuation of nothing', [frameOf(frameType.continuation, 4, 1, nothing)], protocol],
  [
    'a header block that is broken off',
    [frameOf(frameType.headers, 0, 1, echoHeaders), frameOf(frameType.ping, 0, 0, Buffer.alloc(8))],
    protocol,
  ],
  [
    'a header block without an end',
    [
      frameOf(frameType.headers, 0, 1, Buffer.alloc(16_000)),
      ...[1, 2].map(() => frameOf(frameType.continuation, 0, 1, Buffer.alloc(16_000))),
    ],
    enhanceYourCalm,
  ],
  ['a header block that is none', [frameOf(frameType.headers, 5, 1, Buffer.of(0xff))], compression],
  ['padding longer than its frame', [frameOf(frameType.headers, 0xd, 1, Buffer.of(9))], protocol],
  ['a short ping', [frameOf(frameType.ping, 0, 0, Buffer.alloc(7))], frameSize],
  ['settings of a stream', [frameOf(frameType.settings, 0, 1, nothing)], protocol],
  ['cut settings', [frameOf(frameType.settings, 0, 0, Buffer.alloc(5))], frameSize],
  ['a window of 2 GiB', [setting(4, 2 ** 31)], flowControl],
  ['frames of a byte', [setting(5, 1)], protocol],
  ['pushes twice over', [setting(2, 2)], protocol],
  ['a window of nothing more', [frameOf(frameType.windowUpdate, 0, 0, number(0))], flowControl],
  [
    'a window beyond its limit',
    [frameOf(frameType.windowUpdate, 0, 0, number(2 ** 31 - 1))],
    flowControl,
  ],
  ['a short window update', [frameOf(frameType.windowUpdate, 0, 0, nothing)], frameSize],
  ['a short reset', [frameOf(frameType.reset, 0, 1, nothing)], frameSize],
  ['a frame of 16 MiB', [Buffer.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1)], frameSize],
  [
    'pings without end',
    [Buffer.concat(Array.from({ length: 21_000 }, () => frameOf(6, 0, 0, Buffer.alloc(8))))],
    enhanceYourCalm,
  ],
]
for (const [what, frames, code] of wrong)
  check(`${what} ends the connection`, async (rig) => {
    const client = await rig.raw()
    client.begin()
    await client.frame(frameType.settings, flag.ack)
    for (const frame of frames) client.socket.write(frame)
    const goAway = await client.frame(frameType.goAway)
    assert.equal(goAway?.payload.readUInt32BE(4), code)
    await (client.isClosed || once(client.socket, 'close'))
  })

check('who speaks something else is sent away', async (rig) => {
  const client = await rig.raw()
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const goAway = await client.frame(frameType.goAway)
  assert.equal(goAway?.payload.readUInt32BE(4), protocol)
})

check('who was sent away and does not go is closed', async (rig) => {
  const client = await rig.raw(true)
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(client.socket, 'end')
  const [socket] = rig.sockets
  assert.ok(!socket?.destroyed)
  rig.clock.advance(1_000)
  assert.ok(socket?.destroyed)
})

check('more streams than allowed are refused, the others go on', async (rig) => {
  const client = await rig.raw()
  client.begin()
  const begin = (stream: number, path: string) => {
    const headers = Buffer.from(echoHeaders)
    headers.write(path, 4, 'latin1')
    client.socket.write(frameOf(frameType.headers, flag.endHeaders, stream, headers))
  }
  const streamsMax = limits.etcdStreamsPerConnectionMax
  for (let nth = 0; nth <= streamsMax; nth += 1) begin(1 + 2 * nth, '/hold')
  const reset = await client.frame(frameType.reset)
  assert.deepEqual(
    [reset?.stream, reset?.payload.readUInt32BE(0)],
    [1 + 2 * streamsMax, errorCode.refusedStream],
  )
  assert.equal(rig.held.length, streamsMax)
})

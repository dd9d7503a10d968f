import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { WebSocket } from 'ws'
import { limits } from '../../../src/base/limits.ts'
import { outcomeText, readSizes } from '../../../src/kubelet/server/command.ts'
import { commandCarrier, forwardCarrier } from '../../../src/kubelet/server/negotiate.ts'
import { type ServerLab, startServerLab } from './server-lab.ts'
import { SpdyClient } from './spdy-client.ts'
import { webSocketTunnel } from './websocket-tunnel.ts'

let lab: ServerLab
let echo: Server
let echoPort: number

before(async () => {
  lab = await startServerLab(241)
  const ip = await lab.run('web', { args: ['sh', '-c', 'sleep 86400'] })
  await lab.run('copies', { args: ['cat'], stdin: true, stdinOnce: true })
  await lab.run('shown', { args: ['sh', '-c', 'while true; do echo tick; sleep 0.01; done'] })
  // A process in the pod that says what it hears, in capitals, and goodbye at its end.
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()))
    socket.on('end', () => socket.end(' bye'))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => echo.listen(0, ip, resolve))
  const address = echo.address()
  echoPort = typeof address === 'object' && address ? address.port : 0
})

after(async () => {
  await new Promise((resolve) => echo.close(resolve))
  await lab.stop()
})

async function spdy(
  path: string,
  protocols: string,
): Promise<{ client: SpdyClient; protocol: string }> {
  const { answer, socket } = await lab.upgrade(path, {
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': protocols,
  })
  return {
    client: new SpdyClient(socket),
    protocol: String(answer.headers['x-stream-protocol-version']),
  }
}

describe('exec and attach over SPDY', () => {
  const command = 'command=sh&command=-c&command=echo+out%3B+echo+err+%3E%262%3B+exit+5'

  test('v4: output, errors and a Status with the exit code', async () => {
    const path = `/exec/default/web/main?${command}&output=1&error=1`
    const { client, protocol } = await spdy(path, 'v4.channel.k8s.io, v3.channel.k8s.io')
    assert.equal(protocol, 'v4.channel.k8s.io')
    const error = await client.open({ streamType: 'error' })
    const stdout = await client.open({ streamType: 'stdout' })
    const stderr = await client.open({ streamType: 'stderr' })
    await client.until('all ended', () => [error, stdout, stderr].every((id) => client.isEnded(id)))
    assert.deepEqual([client.text(stdout), client.text(stderr)], ['out\n', 'err\n'])
    const status = JSON.parse(client.text(error))
    assert.deepEqual(status.details.causes, [{ reason: 'ExitCode', message: '5' }])
    await client.close()
  })

  test('v2: the error stream says in words how it ended', async () => {
    const path = `/exec/default/web/main?${command}&output=1`
    const { client, protocol } = await spdy(path, 'v2.channel.k8s.io')
    assert.equal(protocol, 'v2.channel.k8s.io')
    const stdout = await client.open({ streamType: 'stdout' })
    const error = await client.open({ streamType: 'error' })
    await client.until('all ended', () => client.isEnded(error) && client.isEnded(stdout))
    assert.match(client.text(error), /^command terminated with non-zero exit code: exit status 5$/)
    await client.close()
  })

  test('input with its end, and a terminal’s size', async () => {
    const { client } = await spdy(
      '/exec/default/web/main?command=cat&input=1&output=1&tty=1',
      'v4.channel.k8s.io',
    )
    const ids: Record<string, number> = {}
    for (const streamType of ['error', 'stdin', 'stdout', 'resize'])
      ids[streamType] = await client.open({ streamType })
    client.write(ids['resize'] ?? 0, '{"Width":80,"Height":24}\n')
    client.write(ids['stdin'] ?? 0, 'back and forth', true)
    await client.until('the end', () => client.isEnded(ids['error'] ?? 0))
    assert.equal(client.text(ids['stdout'] ?? 0), 'back and forth')
    assert.equal(JSON.parse(client.text(ids['error'] ?? 0)).status, 'Success')
    await client.close()
  })

  test('streams that were not asked for are refused', async () => {
    const { client } = await spdy(
      '/exec/default/web/main?command=cat&output=1',
      'v4.channel.k8s.io',
    )
    const odd = await client.open({ streamType: 'stdin' })
    await client.until('a reset', () =>
      client.frames.some((one) => one.is === 'rstStream' && one.streamId === odd),
    )
    await client.close()
  })

  test('attach: the container’s own input and output, until it ends', async () => {
    const { client } = await spdy(
      '/attach/default/copies/main?input=1&output=1',
      'v4.channel.k8s.io',
    )
    const error = await client.open({ streamType: 'error' })
    const stdin = await client.open({ streamType: 'stdin' })
    const stdout = await client.open({ streamType: 'stdout' })
    client.write(stdin, 'typed\n')
    await client.until('an echo', () => client.text(stdout).includes('typed'))
    client.write(stdin, '', true)
    await client.until('the end', () => client.isEnded(error))
    assert.equal(JSON.parse(client.text(error)).status, 'Success')
    await client.close()
  })

  test('attach over a WebSocket shows what is written from now on', async () => {
    const socket = lab.webSocket('/attach/default/shown/main?output=1', 'v5.channel.k8s.io')
    const [data] = (await once(socket, 'message')) as [Buffer]
    assert.deepEqual([data[0], data.subarray(1).toString()], [1, 'tick\n'])
    socket.close()
    await once(socket, 'close')
  })
})

describe('port-forward', () => {
  async function exchange(client: SpdyClient, requestID: string, port: number) {
    const headers = { port: String(port), requestID }
    const error = await client.open({ ...headers, streamType: 'error' })
    const data = await client.open({ ...headers, streamType: 'data' })
    client.write(error, '', true)
    return { error, data }
  }

  test('over SPDY: several connections, each with a goodbye of its own', async () => {
    const { client, protocol } = await spdy('/portForward/default/web', 'portforward.k8s.io')
    assert.equal(protocol, 'portforward.k8s.io')
    const first = await exchange(client, '0', echoPort)
    const second = await exchange(client, '1', echoPort)
    client.write(first.data, 'hello', true)
    await client.until('the first', () => client.isEnded(first.data) && client.isEnded(first.error))
    client.write(second.data, 'again', true)
    await client.until('the second', () => client.isEnded(second.data))
    assert.deepEqual(
      [client.text(first.data), client.text(second.data)],
      ['HELLO bye', 'AGAIN bye'],
    )
    assert.equal(client.text(first.error), '')
    await client.close()
  })

  test('a port where nobody listens is told on the error stream, the others go on', async () => {
    const { client } = await spdy('/portForward/default/web', 'portforward.k8s.io')
    const refused = await exchange(client, '0', 1)
    await client.until('an error', () => client.isEnded(refused.error))
    assert.match(client.text(refused.error), /^error forwarding port 1: .*refused/)
    // What is still sent there is dropped: held, it would hold up everything behind it.
    client.write(refused.data, Buffer.alloc(4 * limits.spdyStreamBufferBytesMax))
    const good = await exchange(client, '1', echoPort)
    client.write(good.data, 'x', true)
    await client.until('the other', () => client.isEnded(good.data))
    await client.close()
  })

  test('tunnelled: the same frames within a WebSocket', async () => {
    const protocol = 'SPDY/3.1+portforward.k8s.io'
    const { answer, socket } = await lab.upgrade('/portForward/default/web', {
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': protocol,
    })
    assert.equal(answer.headers['sec-websocket-protocol'], protocol)
    const client = new SpdyClient(webSocketTunnel(socket))
    const { data } = await exchange(client, '0', echoPort)
    client.write(data, 'tunnel', true)
    await client.until('the end', () => client.isEnded(data))
    assert.equal(client.text(data), 'TUNNEL bye')
    await client.close()
  })

  test('in channels of a WebSocket: first the port on both, then bytes', async () => {
    const socket = lab.webSocket(
      `/portForward/default/web?port=${echoPort}&port=1`,
      'v5.channel.k8s.io',
    )
    const heard = messagesOf(socket)
    await once(socket, 'open')
    socket.send(Buffer.from('\0channels'))
    socket.send(Buffer.from([255, 0]))
    await once(socket, 'close')
    const number = Buffer.alloc(2)
    number.writeUInt16LE(echoPort, 0)
    assert.deepEqual(heard(0), Buffer.concat([number, Buffer.from('CHANNELS bye')]))
    assert.deepEqual(heard(1), number)
    assert.match(heard(3).subarray(2).toString(), /error forwarding port 1: .*refused/)
  })

  for (const query of ['', '?port=0', '?port=x', `?${'port=80&'.repeat(65)}`])
    test(`in channels of a WebSocket, refuses the ports ${query.slice(0, 20)}`, async () => {
      await assert.rejects(
        lab.upgrade(`/portForward/default/web${query}`, {
          upgrade: 'websocket',
          'sec-websocket-protocol': 'v4.channel.k8s.io',
        }),
        /^Error: 400 /,
      )
    })

  function messagesOf(socket: WebSocket): (channel: number) => Buffer {
    const all: Buffer[] = []
    socket.on('message', (data: Buffer) => all.push(data))
    return (channel) =>
      Buffer.concat(all.flatMap((one) => (one[0] === channel ? [one.subarray(1)] : [])))
  }
})

test('the newest protocol of those offered is spoken; none is a refusal that lists what is served', () => {
  const webSocket = (protocol: string) => ({
    upgrade: 'websocket',
    'sec-websocket-protocol': protocol,
  })
  const spdyOf = (protocol: string) => ({
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': protocol,
  })
  const v45 = 'v4.channel.k8s.io, v5.channel.k8s.io'
  assert.equal(commandCarrier(webSocket(v45)).protocol, 'v5.channel.k8s.io')
  assert.equal(commandCarrier(spdyOf(v45)).protocol, 'v4.channel.k8s.io')
  assert.equal(
    forwardCarrier(webSocket('v4.channel.k8s.io,SPDY/3.1+portforward.k8s.io')).protocol,
    'SPDY/3.1+portforward.k8s.io',
  )
  assert.throws(() => commandCarrier(spdyOf('v9')), { code: 403, message: /accepts \[v4\.channel/ })
  assert.throws(() => forwardCarrier(webSocket('')), { code: 400 })
  assert.throws(() => commandCarrier({ upgrade: 'h2c' }), { code: 400 })
})

test('sizes of a terminal, in whatever pieces they come', () => {
  const sizes = [{ columns: 80, rows: 24 }]
  assert.deepEqual(readSizes('{"Width":80,"Height":24}\n'), { sizes, rest: '\n' })
  assert.deepEqual(readSizes('{"Width":80,'), { sizes: [], rest: '{"Width":80,' })
  assert.deepEqual(
    readSizes('{"Height":0,"Width":80} {"Width":-1} nonsense {"Width":99999}').sizes,
    [],
  )
  assert.equal(readSizes('x'.repeat(2_000)).rest, '')
})

test('how a command ended, as each protocol says it', () => {
  assert.equal(outcomeText('v3.channel.k8s.io', { exitCode: 0 }), undefined)
  assert.match(
    outcomeText('channel.k8s.io', { failure: 'no such file' }) ?? '',
    /^error executing .*no such file$/,
  )
  const failed = JSON.parse(outcomeText('v5.channel.k8s.io', { failure: 'no such file' }) ?? '')
  assert.deepEqual([failed.code, failed.reason], [500, 'InternalError'])
})

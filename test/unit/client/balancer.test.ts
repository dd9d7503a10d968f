import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { ManualClock, systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { statusError } from '../../../src/base/status.ts'
import { type BalancerOptions, createBalancer } from '../../../src/client/balancer.ts'
import {
  type BackendState,
  chooseBackend,
  probeFailed,
  probeSucceeded,
} from '../../../src/client/balancer-choice.ts'

interface Backend {
  readonly name: string
  readonly address: string
  readonly server: Server
  readonly sockets: Set<Socket>
  kill(): Promise<void>
}

/** Says its name to who connects, then gives back what it gets. */
async function backend(name: string, port = 0): Promise<Backend> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.write(`${name}\n`)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const kill = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { name, address, server, sockets, kill }
}

async function client(address: string): Promise<{ socket: Socket; name: string }> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host ?? '', port: Number(port) })
  socket.on('error', () => {})
  const [data] = (await once(socket, 'data')) as [Buffer]
  return { socket, name: data.toString().trim() }
}

async function withBalancer(
  count: number,
  body: (address: string, backends: Backend[]) => Promise<void>,
  extra: Partial<BalancerOptions> = {},
): Promise<void> {
  const backends = await Promise.all(Array.from({ length: count }, (_, i) => backend(`m${i + 1}`)))
  const balancer = createBalancer({
    host: '127.0.0.1',
    port: 0,
    backends: () => backends,
    clock: systemClock,
    logger: silentLogger,
    ...extra,
  })
  await balancer.start()
  try {
    await body(balancer.address, backends)
  } finally {
    await balancer.stop()
    for (const one of backends) if (one.server.listening) await one.kill()
  }
}

describe('balancer', () => {
  test('spreads connections over its backends and passes bytes both ways', async () => {
    await withBalancer(3, async (address) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => client(address)))
      const counts = new Map<string, number>()
      for (const { name } of clients) counts.set(name, (counts.get(name) ?? 0) + 1)
      assert.deepEqual([...counts.values()], [2, 2, 2])
      const first = clients[0]
      assert.ok(first)
      first.socket.write('hello')
      const [data] = (await once(first.socket, 'data')) as [Buffer]
      assert.equal(data.toString(), 'hello')
      for (const { socket } of clients) socket.destroy()
    })
  })

  test('a half-closed client still gets the rest of its answer', async () => {
    await withBalancer(1, async (address) => {
      const { socket } = await client(address)
      const chunks: Buffer[] = []
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.end('last words')
      await once(socket, 'end')
      assert.equal(Buffer.concat(chunks).toString(), 'last words')
      socket.destroy()
    })
  })

  test('when a backend dies its clients are closed at once and land on another', async () => {
    await withBalancer(2, async (address, [first, second]) => {
      const clients = [await client(address), await client(address)]
      const victim = clients.find(({ name }) => name === 'm1')
      const survivor = clients.find(({ name }) => name === 'm2')
      assert.ok(victim && survivor && first && second)
      const closed = once(victim.socket, 'close')
      const startedMs = performance.now()
      await first.kill()
      await closed
      for (let times = 0; times < 4; times += 1) {
        const again = await client(address)
        assert.equal(again.name, 'm2')
        again.socket.destroy()
      }
      assert.ok(performance.now() - startedMs < 1_000)
      assert.equal(survivor.socket.destroyed, false)
      survivor.socket.destroy()
    })
  })

  test('a backend that dies before its first word costs the client nothing', async () => {
    const dying = createServer((socket) => {
      socket.once('data', () => socket.destroy())
    })
    await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve))
    const listener = createServer((socket) => {
      socket.once('data', (said) => socket.end(`heard ${said}`))
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const addressOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`
    const backends = [
      { name: 'm1', address: addressOf(dying) },
      { name: 'm2', address: addressOf(listener) },
    ]
    const balancer = createBalancer({
      ...{ host: '127.0.0.1', port: 0, backends: () => backends },
      ...{ clock: systemClock, logger: silentLogger, probe: async () => 'serves' },
    })
    await balancer.start()
    try {
      for (let round = 0; round < 4; round += 1) {
        const [host, port] = balancer.address.split(':')
        const socket = connect({ host: host ?? '', port: Number(port) })
        socket.write('hello')
        const [answer] = (await once(socket, 'data')) as [Buffer]
        assert.equal(answer.toString(), 'heard hello')
        socket.destroy()
      }
    } finally {
      await balancer.stop()
      await Promise.all(
        [dying, listener].map((server) => new Promise((done) => server.close(done))),
      )
    }
  })

  test('a backend that comes back is used again', async () => {
    await withBalancer(1, async (address, backends) => {
      const [first] = backends
      assert.ok(first)
      await first.kill()
      const [host, port] = address.split(':')
      const refused = connect({ host: host ?? '', port: Number(port) })
      refused.on('error', () => {})
      await once(refused, 'close')
      backends[0] = await backend('m1', Number(first.address.split(':')[1]))
      const again = await client(address)
      assert.equal(again.name, 'm1')
      again.socket.destroy()
    })
  })

  test('a backend that fails its probe loses its clients though its sockets are open', async () => {
    let hangs = ''
    const probe = (address: string) =>
      address === hangs ? Promise.reject(new Error('hangs')) : Promise.resolve('serves' as const)
    await withBalancer(
      2,
      async (address, backends) => {
        const { socket, name } = await client(address)
        const closed = once(socket, 'close')
        hangs = backends.find((one) => one.name === name)?.address ?? ''
        await closed
        const again = await client(address)
        assert.notEqual(again.name, name)
        again.socket.destroy()
      },
      { probe },
    )
  })

  test('a backend that is silent keeps its clients until the third probe, and gets no new ones', async () => {
    const clock = new ManualClock()
    const silent = new Map<string, number>()
    const probe = async (address: string) => {
      const times = silent.get(address)
      if (times === undefined) return 'serves' as const
      silent.set(address, times + 1)
      throw statusError('Timeout', 'no answer in time')
    }
    await withBalancer(
      2,
      async (address, backends) => {
        const { socket, name } = await client(address)
        const slow = backends.find((one) => one.name === name)?.address ?? ''
        silent.set(slow, 0)
        await clock.advanceAsync(1_000)
        assert.equal(silent.get(slow), 1)
        const other = await client(address)
        assert.notEqual(other.name, name)
        socket.write('still here')
        const [echo] = (await once(socket, 'data')) as [Buffer]
        assert.equal(echo.toString(), 'still here')
        const closed = once(socket, 'close')
        await clock.advanceAsync(300)
        await closed
        assert.equal(silent.get(slow), 3)
        other.socket.destroy()
      },
      { probe, clock },
    )
  })

  test('while no backend answers its probe, nobody loses a connection', async () => {
    const clock = new ManualClock()
    let busy = false
    const probe = async () => {
      if (busy) throw new Error('no answer in time')
      return 'serves' as const
    }
    await withBalancer(
      2,
      async (address) => {
        const { socket } = await client(address)
        busy = true
        await clock.advanceAsync(5_000)
        socket.write('still here')
        const [echo] = (await once(socket, 'data')) as [Buffer]
        assert.equal(echo.toString(), 'still here')
        socket.destroy()
      },
      { probe, clock },
    )
  })

  test('steady traffic does not put off the probe that finds a backend that hangs', async () => {
    const clock = new ManualClock()
    const probed = new Map<string, number>()
    const probe = async (address: string) => {
      probed.set(address, (probed.get(address) ?? 0) + 1)
      return 'serves' as const
    }
    await withBalancer(
      1,
      async (address) => {
        for (let tenth = 0; tenth < 50; tenth += 1) {
          ;(await client(address)).socket.destroy()
          await clock.advanceAsync(100)
        }
        assert.ok([...probed.values()].every((times) => times >= 5))
      },
      { probe, clock },
    )
  })

  test('a backend that was down is probed at once when it takes calls again', async () => {
    const clock = new ManualClock()
    let down = true
    let probes = 0
    const probe = async () => {
      probes += 1
      if (down) throw new Error('not yet')
      return 'serves' as const
    }
    await withBalancer(
      1,
      async (address) => {
        await clock.advanceAsync(5_000)
        const before = probes
        down = false
        ;(await client(address)).socket.destroy()
        assert.equal(probes, before + 1)
      },
      { probe, clock },
    )
  })

  test('a backend that leaves gets no new clients, and keeps those it has for ten seconds', async () => {
    const clock = new ManualClock()
    let leaving = ''
    const probe = async (address: string) => (address === leaving ? 'leaves' : 'serves')
    await withBalancer(
      2,
      async (address, backends) => {
        const { socket, name } = await client(address)
        leaving = backends.find((one) => one.name === name)?.address ?? ''
        await clock.advanceAsync(2_000)
        const others = [await client(address), await client(address)]
        assert.ok(others.every((other) => other.name !== name))
        socket.write('still here')
        const [echo] = (await once(socket, 'data')) as [Buffer]
        assert.equal(echo.toString(), 'still here')
        const closed = once(socket, 'close')
        await clock.advanceAsync(11_000)
        await closed
        for (const other of others) other.socket.destroy()
      },
      { probe, clock },
    )
  })
})

describe('choice of a backend', () => {
  const state = (name: string, up: boolean, connections: number): BackendState => ({
    name,
    address: '',
    up,
    leavingSinceMs: undefined,
    connections,
    failures: 0,
    silences: 0,
    probeDueMs: 0,
    probing: false,
  })

  test('up before down, then fewest connections, then in rotation; none twice', () => {
    const states = [state('a', true, 2), state('b', true, 1), state('c', false, 0)]
    assert.equal(chooseBackend(states, new Set(), 0)?.name, 'b')
    assert.equal(chooseBackend(states, new Set(['b']), 0)?.name, 'a')
    assert.equal(chooseBackend(states, new Set(['a', 'b']), 0)?.name, 'c')
    assert.equal(chooseBackend(states, new Set(['a', 'b', 'c']), 0), undefined)
    const equal = [state('a', true, 0), state('b', true, 0)]
    assert.deepEqual(
      [0, 1, 2].map((turn) => chooseBackend(equal, new Set(), turn)?.name),
      ['a', 'b', 'a'],
    )
  })

  test('one that leaves comes after one that is down', () => {
    const leaving = { ...state('a', false, 0), leavingSinceMs: 1 }
    assert.equal(chooseBackend([leaving, state('b', false, 3)], new Set(), 0)?.name, 'b')
  })

  test('a failing backend is probed after 100, 200, 400, 800, 1000, 1000 ms', () => {
    const failing = state('a', true, 0)
    const waits = Array.from({ length: 6 }, () => {
      probeFailed(failing, 0)
      return failing.probeDueMs
    })
    assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000])
    probeSucceeded(failing, 7)
    assert.deepEqual([failing.up, failing.failures, failing.probeDueMs], [true, 0, 7])
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { test } from 'node:test'
import { type Access, accessOf, RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { memberPid, startTestCluster, statusWhen, type TestCluster } from './test-cluster.ts'

/**
 * Clients that forgive nothing: each request is sent once, over connections that are kept, and any
 * failure fails the test. Meanwhile each master ends by SIGTERM and comes again.
 */
const path = '/api/v1/namespaces/default/configmaps'

function body(name: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
}

/** Creates objects one after the other until told to stop. */
abstract class Writer {
  readonly written: string[] = []
  readonly #prefix: string
  #isStopped = false
  #running: Promise<void> | undefined

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  start(): void {
    this.#running = this.#run()
    // Judged by \`stop\`.
    this.#running.catch(() => {})
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#isStopped; count += 1) {
      const name = `${this.#prefix}-${count}`
      const status = await this.create(name).catch((cause: unknown) => {
        throw new Error(`${name} was not written: ${cause}`, { cause })
      })
      assert.equal(status, 201, name)
      this.written.push(name)
    }
  }

  /** Rejects with the first failure. */
  async stop(): Promise<void> {
    this.#isStopped = true
    try {
      await this.#running
    } finally {
      this.close()
    }
  }

  protected abstract create(name: string): Promise<number>
  protected abstract close(): void
}

/** HTTP/1.1 on a connection that stays open as long as the server lets it. */
class KeepAliveWriter extends Writer {
  readonly #access: Access
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(access: Access) {
    super('http1')
    this.#access = access
  }

  protected async create(name: string): Promise<number> {
    const { server, ca, pair } = this.#access
    const sent = request({
      ...{ host: server.hostname, port: server.port, path, method: 'POST', ca, ...pair },
      ...{ agent: this.#agent, headers: { 'content-type': 'application/json' } },
    })
    sent.end(body(name))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    return response.statusCode ?? 0
  }

  protected close(): void {
    this.#agent.destroy()
  }
}

/** HTTP/2, as clients in Go speak it: another session once the server says that this one ends. */
class SessionWriter extends Writer {
  readonly #access: Access
  #session: ClientHttp2Session | undefined
  sessions = 0

  constructor(access: Access) {
    super('http2')
    this.#access = access
  }

  protected async create(name: string): Promise<number> {
    const session = await this.#open()
    const stream = session.request({
      ...{ ':method': 'POST', ':path': path, 'content-type': 'application/json' },
    })
    stream.end(body(name))
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    await once(stream, 'end')
    return Number(headers[':status'])
  }

  async #open(): Promise<ClientHttp2Session> {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session
    const { server, ca, pair } = this.#access
    const session = connect(server, { ca, ...pair })
    session.once('goaway', () => session.close())
    this.sessions += 1
    this.#session = session
    await once(session, 'connect')
    return session
  }

  protected close(): void {
    this.#session?.close()
  }
}

/** Watches over and over, each time from the last revision that it saw. */
class Watcher {
  readonly seen: string[] = []
  readonly #access: Access
  #revision = ''
  #current: IncomingMessage | undefined
  #isStopped = false
  watches = 0

  constructor(access: Access, revision: string) {
    this.#access = access
    this.#revision = revision
  }

  /** Ends when told to; rejects when a watch breaks off instead of ending. */
  async run(): Promise<void> {
    while (!this.#isStopped) await this.#watch()
  }

  async #watch(): Promise<void> {
    const { server, ca, pair } = this.#access
    const query = `?watch=true&resourceVersion=${this.#revision}`
    const sent = request({
      ...{
        host: server.hostname,
        port: server.port,
        path: path + query,
        agent: false,
        ca,
        ...pair,
      },
    })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
    if (this.#isStopped) return void response.destroy()
    this.#current = response
    this.watches += 1
    let rest = ''
    try {
      for await (const chunk of response) {
        const lines = (rest + (chunk as Buffer).toString()).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) this.#take(line)
      }
    } catch (error) {
      if (!this.#isStopped) throw error
    }
    assert.equal(rest, '', 'an event is whole')
  }

  #take(line: string): void {
    const { type, object } = JSON.parse(line) as {
      type: string
      object: { metadata: { name: string; resourceVersion: string } }
    }
    assert.equal(type, 'ADDED', line)
    this.#revision = object.metadata.resourceVersion
    this.seen.push(object.metadata.name)
  }

  stop(): void {
    this.#isStopped = true
    this.#current?.destroy()
  }
}

/** The revision after which nobody but the test writes ConfigMaps: every namespace gets one of its own. */
async function revisionAtRest(kubeconfig: string): Promise<string> {
  const api = new RawApi(kubeconfig)
  await eventually(
    'the ConfigMap of the namespace',
    async () => (await api.send(`${path}/kube-root-ca.crt`)).code === 200 || undefined,
  )
  const { body: list } = await api.json(`${path}?limit=1`)
  return (list as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}

/** SIGTERM to a master; resolves when its successor serves. */
async function restart(cluster: TestCluster, name: string): Promise<void> {
  const before = memberPid(cluster, name)
  process.kill(before, 'SIGTERM')
  await statusWhen(cluster, `${name} is back`, (status) =>
    status.members.every(
      (one) => one.healthy && one.lag < 100 && (one.name !== name || one.pid !== before),
    ),
  )
}

test('masters that end by SIGTERM one after the other cost no request and no event', async () => {
  const cluster = await startTestCluster({ runtime: 'sim', workers: 1 })
  try {
    const access = accessOf(cluster.kubeconfig)
    const writers = [new KeepAliveWriter(access), new SessionWriter(access)] as const
    const watcher = new Watcher(access, await revisionAtRest(cluster.kubeconfig))
    const watching = watcher.run()
    watching.catch(() => {})
    for (const writer of writers) writer.start()
    for (const name of ['m1', 'm2', 'm3']) await restart(cluster, name)
    await Promise.all(writers.map((writer) => writer.stop()))
    const written = writers.flatMap((one) => one.written)
    const all = eventually('an event of each write', () => {
      return watcher.seen.length >= written.length || undefined
    })
    // The watch goes on until it is stopped: it ends before only by its failure.
    await Promise.race([watching, all])
    watcher.stop()
    await watching
    assert.deepEqual([...watcher.seen].sort(), [...written].sort())
    assert.ok(watcher.watches > 1, 'the watch had to be taken up again')
    assert.ok(writers[1].sessions > 1, 'the session had to be opened again')
  } finally {
    await cluster.remove()
  }
})

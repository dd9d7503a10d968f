import { readFileSync } from 'node:fs'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'

/** What a load process is asked for, one message a run. */
export interface LoadRequest {
  readonly pki: string
  /** `host:port` of the servers; connection i goes to server i modulo their number. */
  readonly addresses: readonly string[]
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Names of created objects begin with it. */
  readonly prefix: string
  readonly connections: number
  /** Ends after so long or after so many requests, whichever is first. */
  readonly ms: number
  readonly count: number
}

export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytes: number
}

const payload = 'x'.repeat(800)

/** One keep-alive connection that has one request under way; cheaper for the machine than node:https. */
class Connection {
  readonly #socket: TLSSocket
  readonly #host: string
  #received: Buffer[] = []
  #bytes = 0
  /** Where the answer ends, once its head is there; -1 for chunked. */
  #end: number | undefined
  #done: ((bytes: number) => void) | undefined

  constructor(address: string, pki: string) {
    const colon = address.lastIndexOf(':')
    this.#host = address
    this.#socket = connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      secureContext: createSecureContext({
        ca: readFileSync(`${pki}/ca.crt`),
        cert: readFileSync(`${pki}/admin.crt`),
        key: readFileSync(`${pki}/admin.key`),
      }),
    })
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#socket.on('error', (error) => {
      throw error
    })
  }

  ready(): Promise<void> {
    return new Promise((resolve) => this.#socket.once('secureConnect', resolve))
  }

  /** Resolves with the length of the answer, head included. */
  ask(method: string, path: string, body = ''): Promise<number> {
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`
    const about = body && `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
    this.#socket.write(`${head}${about}\r\n${body}`)
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#bytes += chunk.length
    if (this.#end === undefined) this.#readHead()
    if (this.#end === undefined) return
    const isWhole = this.#end >= 0 ? this.#bytes >= this.#end : chunk.subarray(-5).equals(lastChunk)
    if (!isWhole) return
    const bytes = this.#bytes
    this.#received = []
    this.#bytes = 0
    this.#end = undefined
    this.#done?.(bytes)
  }

  #readHead(): void {
    const text = Buffer.concat(this.#received).toString('latin1')
    const headEnd = text.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    if (!/^HTTP\/1.1 20[01] /.test(text)) throw new Error(`refused: ${text.slice(0, 1_000)}`)
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd + 2))
    this.#end = length ? headEnd + 4 + Number(length[1]) : -1
  }
}

const lastChunk = Buffer.from('0\r\n\r\n')

async function load(request: LoadRequest): Promise<LoadResult> {
  const { addresses, connections, method, path, prefix, pki } = request
  const lanes = Array.from(
    { length: connections },
    (_, at) => new Connection(addresses[at % addresses.length] ?? '', pki),
  )
  await Promise.all(lanes.map((lane) => lane.ready()))
  const latencies: number[] = []
  let [next, bytes] = [0, 0]
  const startMs = performance.now()
  const run = async (lane: Connection) => {
    while (next < request.count && performance.now() - startMs < request.ms) {
      next += 1
      const body =
        method === 'POST'
          ? `{"metadata":{"name":"${prefix}-${next}"},"data":{"payload":"${payload}"}}`
          : ''
      const sentMs = performance.now()
      const received = await lane.ask(method, path, body)
      bytes += received
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(lanes.map(run))
  const seconds = (performance.now() - startMs) / 1_000
  for (const lane of lanes) lane.close()
  latencies.sort((left, right) => left - right)
  const at = (share: number) =>
    Math.round((latencies[Math.ceil(share * latencies.length) - 1] ?? Number.NaN) * 100) / 100
  return {
    requests: next,
    perSecond: Math.round(next / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    bytes,
  }
}

process.on('message', (request: LoadRequest) => {
  void load(request).then((result) => process.send?.(result))
})

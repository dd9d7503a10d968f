import { readFileSync } from 'node:fs'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'

export interface Target {
  readonly pki: string
  /** `host:port` of the servers; connection i goes to server i modulo their number. */
  readonly addresses: readonly string[]
  readonly path: string
}

/** The data field of a paced write that says when it was sent. */
export const sentAtField = 'sentAt'

/** As the cluster's administrator. */
export function tlsOptions(pki: string): { secureContext: SecureContext } {
  return {
    secureContext: createSecureContext({
      ca: readFileSync(`${pki}/ca.crt`),
      cert: readFileSync(`${pki}/admin.crt`),
      key: readFileSync(`${pki}/admin.key`),
    }),
  }
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

const lastChunk = Buffer.from('0\r\n\r\n')

/** One keep-alive connection that has one request under way; cheaper for the machine than node:https. */
export class ApiConnection {
  readonly #socket: TLSSocket
  readonly #host: string
  #received: Buffer[] = []
  #bytes = 0
  /** Where the answer ends, once its head is there; -1 for chunked. */
  #end: number | undefined
  #done: ((answer: readonly Buffer[]) => void) | undefined

  constructor(address: string, options: { secureContext: SecureContext }) {
    this.#host = address
    this.#socket = connect({ ...splitAddress(address), ...options })
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
  async ask(method: string, path: string, body = ''): Promise<number> {
    const answer = await this.#request(method, path, body)
    return answer.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  /** Resolves with the body of the answer. */
  async text(path: string): Promise<string> {
    const answer = Buffer.concat(await this.#request('GET', path, '')).toString()
    return answer.slice(answer.indexOf('\r\n\r\n') + 4)
  }

  close(): void {
    this.#socket.destroy()
  }

  #request(method: string, path: string, body: string): Promise<readonly Buffer[]> {
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`
    const about = body && `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
    this.#socket.write(`${head}${about}\r\n${body}`)
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#bytes += chunk.length
    if (this.#end === undefined) this.#readHead()
    if (this.#end === undefined) return
    const isWhole = this.#end >= 0 ? this.#bytes >= this.#end : chunk.subarray(-5).equals(lastChunk)
    if (!isWhole) return
    const answer = this.#received
    this.#received = []
    this.#bytes = 0
    this.#end = undefined
    this.#done?.(answer)
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

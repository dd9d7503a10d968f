import type { Socket } from 'node:net'

/** A TLS ClientHello is far smaller; past this, what a client said is not kept. */
const greetingBytesMax = 64 * 1024

/**
 * What a client has said before any server answered it. While a connection is that young, its server
 * may die without harm: TLS sends nothing of the request before the server's hello, so the same
 * bytes can go to another server.
 */
export class Greeting {
  readonly #client: Socket
  readonly #said: Buffer[] = []
  #bytes = 0
  #ended = false

  constructor(client: Socket) {
    this.#client = client
  }

  /** False when the client has said too much to say it again. */
  get repeatable(): boolean {
    return this.#bytes <= greetingBytesMax
  }

  /**
   * Tells `upstream` all that the client has said and goes on to say. Resolves with its first bytes,
   * both sides paused; with undefined when it, or the client, ended before that.
   */
  firstAnswer(upstream: Socket): Promise<Buffer | undefined> {
    const client = this.#client
    for (const chunk of this.#said) upstream.write(chunk)
    if (this.#ended) upstream.end()
    return new Promise((resolve) => {
      const finish = (answer: Buffer | undefined) => {
        client.pause()
        upstream.pause()
        client.off('data', said)
        client.off('end', ended)
        client.off('close', gone)
        upstream.off('data', finish)
        for (const event of ['end', 'close', 'error']) upstream.off(event, gone)
        resolve(answer)
      }
      const gone = () => finish(undefined)
      const said = (chunk: Buffer) => {
        this.#bytes += chunk.length
        if (this.repeatable) this.#said.push(chunk)
        upstream.write(chunk)
      }
      const ended = () => {
        this.#ended = true
        upstream.end()
      }
      client.on('data', said)
      client.once('end', ended)
      client.once('close', gone)
      upstream.once('data', finish)
      for (const event of ['end', 'close', 'error']) upstream.once(event, gone)
      client.resume()
    })
  }
}

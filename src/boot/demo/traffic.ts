import { Agent, request } from 'node:http'
import { type Clock, delay } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'

interface RequestOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

export interface TrafficOptions extends RequestOptions {
  readonly clock: Clock
  readonly periodMs: number
  /** The first failure after an answer, and the first answer after failures: `failed` of them. */
  readonly changed?: (change: { readonly error: string } | { readonly failed: number }) => void
}

/** Counts of HTTP requests through a Service, each on a connection of its own. */
export class Traffic {
  requests = 0
  errors = 0
  /** Which pods answered, by name. */
  readonly answeredBy = new Map<string, number>()

  /** Sends requests until the scope closes; resolves when the last has ended. */
  async run(options: TrafficOptions, scope: Scope): Promise<void> {
    const agent = new Agent({ keepAlive: false })
    let failed = 0
    while (!scope.closed) {
      const answer = await get(options, agent)
      this.requests += 1
      if (typeof answer === 'string') {
        if (failed > 0) options.changed?.({ failed })
        failed = 0
        this.answeredBy.set(answer, (this.answeredBy.get(answer) ?? 0) + 1)
      } else {
        if (failed === 0) options.changed?.({ error: answer.message })
        failed += 1
        this.errors += 1
      }
      await delay(options.clock, options.periodMs, scope.signal).catch(() => {})
    }
    agent.destroy()
  }
}

/** True when one request there is answered with 200. */
export async function answers(options: RequestOptions): Promise<boolean> {
  const agent = new Agent({ keepAlive: false })
  const answer = await get(options, agent)
  agent.destroy()
  return typeof answer === 'string'
}

function get(options: RequestOptions, agent: Agent): Promise<string | Error> {
  const { host, port, timeoutMs } = options
  return new Promise((done) => {
    const sent = request({ host, port, path: '/', agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', done)
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8').trim()
        done(response.statusCode === 200 ? text : new Error(`code ${response.statusCode}`))
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    sent.once('error', done)
    sent.end()
  })
}

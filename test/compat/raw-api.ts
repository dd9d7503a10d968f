import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { parse } from 'yaml'

/** What a client without any library sees: status code, headers, text. */
export interface RawAnswer {
  readonly code: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface RawRequest {
  readonly method?: string
  readonly body?: string | Buffer
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
}

/** Where a kubeconfig leads, and what its user shows there. */
export interface Access {
  readonly server: URL
  readonly ca: Buffer
  readonly pair: { readonly cert: Buffer; readonly key: Buffer }
}

export function accessOf(kubeconfigFile: string): Access {
  const config = parse(readFileSync(kubeconfigFile, 'utf8')) as Kubeconfig
  const cluster = config.clusters[0]?.cluster
  const user = config.users[0]?.user
  if (!cluster || !user) throw new Error(`${kubeconfigFile} is not a kubeconfig`)
  return {
    server: new URL(cluster.server),
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    pair: {
      cert: Buffer.from(user['client-certificate-data'], 'base64'),
      key: Buffer.from(user['client-key-data'], 'base64'),
    },
  }
}

/** Plain HTTPS to the API of a kubeconfig, with its certificate or as nobody. */
export class RawApi {
  readonly #server: URL
  readonly #ca: Buffer
  readonly #pair: Access['pair'] | undefined

  /** `address`, host:port, is that of one master; the kubeconfig's balancer when left out. */
  constructor(kubeconfigFile: string, who: 'admin' | 'nobody' = 'admin', address?: string) {
    const { server, ca, pair } = accessOf(kubeconfigFile)
    this.#server = address === undefined ? server : new URL(`https://${address}`)
    this.#ca = ca
    this.#pair = who === 'nobody' ? undefined : pair
  }

  send(path: string, options: RawRequest = {}): Promise<RawAnswer> {
    return new Promise((done, fail) => {
      const sent = request(
        {
          ...{ host: this.#server.hostname, port: this.#server.port, path, ca: this.#ca },
          ...{ method: options.method ?? 'GET', agent: false, ...this.#pair },
          headers: {
            ...(options.body === undefined
              ? {}
              : { 'content-type': options.contentType ?? 'application/json' }),
            ...options.headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.once('error', fail)
          response.once('end', () =>
            done({
              code: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString('utf8'),
            }),
          )
        },
      )
      sent.once('error', fail)
      sent.end(options.body)
    })
  }

  async json(path: string, options: RawRequest = {}): Promise<{ code: number; body: never }> {
    const answer = await this.send(path, options)
    return { code: answer.code, body: JSON.parse(answer.text) as never }
  }
}

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { ManualClock } from '../../../src/base/clock.ts'
import { createAuthority, issueLeaf } from '../../../src/boot/config/certificates.ts'

export const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
type Pair = ReturnType<typeof ec>

/** An issuer on loopback with keys that the test turns. */
export class LocalIssuer implements AsyncDisposable {
  readonly keys = new Map<string, Pair>()
  asked = 0
  /** By which tokens are dated. */
  nowSeconds = Math.floor(new ManualClock().wallMs() / 1_000)
  isBroken = false
  readonly #server: Server
  readonly ca: string

  private constructor(server: Server, ca: string) {
    this.#server = server
    this.ca = ca
    server.on('request', async (request, answer) => {
      this.asked += 1
      if (this.isBroken) {
        answer.writeHead(503).end()
        return
      }
      const keys = [...this.keys].map(async ([kid, pair]) => ({
        ...(await exportJWK(pair.publicKey)),
        ...{ kid, use: 'sig', alg: 'ES256' },
      }))
      const body = request.url?.endsWith('openid-configuration')
        ? { issuer: this.url, jwks_uri: `${this.url}/keys` }
        : { keys: await Promise.all(keys) }
      answer.end(JSON.stringify(body))
    })
  }

  static async open(): Promise<LocalIssuer> {
    const authority = await createAuthority('issuer', Date.now())
    const request = { commonName: 'issuer', organizations: [], hosts: ['127.0.0.1'] }
    const { certificate: cert, privateKey: key } = await issueLeaf(authority, request, Date.now())
    const server = createServer({ cert, key })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return new LocalIssuer(server, authority.certificate)
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async token(kid: string, claims: JWTPayload = {}, pair = this.keys.get(kid)): Promise<string> {
    assert.ok(pair)
    return await new SignJWT({
      ...{ iss: this.url, aud: 'kijabi', sub: 'jane', exp: this.nowSeconds + 3600 },
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', ...(kid === '' ? {} : { kid }) })
      .sign(pair.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Authenticator, createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { type OidcIssuer, userOfClaims } from '../../../src/api/auth/oidc/claims.ts'
import { createOidcAuthenticator } from '../../../src/api/auth/oidc/oidc-authenticator.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createAuthority } from '../../../src/boot/config/certificates.ts'
import { parseConfig } from '../../../src/boot/config/config.ts'
import { documentsOver } from '../../../src/boot/member/identity/oidc.ts'
import { ec, LocalIssuer } from './local-issuer.ts'

const audience = 'https://kubernetes.default.svc'
const clock = new ManualClock()
const nowSeconds = Math.floor(clock.wallMs() / 1_000)

const defaults = {
  ...{ clientId: 'kijabi', usernameClaim: 'sub', groupsPrefix: '', requiredClaims: {} },
  signingAlgorithms: ['ES256'],
}

/** An authenticator that trusts the issuer; `name` says whom a token is taken for. */
function trusting(issuer: LocalIssuer, rules: Partial<OidcIssuer> = {}, ca = issuer.ca) {
  const time = new ManualClock()
  const oidc = createOidcAuthenticator({
    issuers: [{ url: issuer.url, ...defaults, ...rules }],
    fetchDocument: () => documentsOver(ca),
    ...{ clock: time, logger: silentLogger },
  })
  const publicKeys = [ec().publicKey]
  const tokens = { issuer: audience, audiences: [audience], publicKeys }
  const authenticator: Authenticator = createAuthenticator({ clock: time, oidc, tokens })
  const name = async (token: string) => {
    try {
      return (await authenticator.authenticate({ authorization: `Bearer ${token}` })).name
    } catch (error) {
      if (!isStatus(error, 'Unauthorized')) throw error
      return 'nobody'
    }
  }
  return { authenticator, name, time, [Symbol.dispose]: () => oidc.stop() }
}

describe('tokens of an OpenID Connect issuer', () => {
  test('sign in whom they name, by keys that the issuer publishes over HTTPS', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    using trust = trusting(issuer)
    assert.equal(await trust.name(await issuer.token('k1')), `${issuer.url}#jane`)
    assert.equal(
      await trust.name(await issuer.token('', {}, issuer.keys.get('k1'))),
      `${issuer.url}#jane`,
    )
    assert.equal(issuer.asked, 2, 'configuration and keys, once')
    assert.equal(await trust.name(await issuer.token('k1', {}, ec())), 'nobody')
    assert.equal(await trust.name(await issuer.token('k1', { exp: nowSeconds })), 'nobody')
    assert.equal(await trust.name(await issuer.token('k1', { aud: 'other' })), 'nobody')
    assert.equal(await trust.name(await issuer.token('k1', { iss: `${issuer.url}/` })), 'nobody')
    const [head, body] = (await issuer.token('k1')).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    assert.equal(await trust.name(`${none}.${body}.`), 'nobody')
    assert.equal(await trust.name(`${head}.${body}.`), 'nobody')
  })

  test('may be signed with a new key within seconds, and with a withdrawn one for ten minutes', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    using trust = trusting(issuer)
    const old = await issuer.token('k1')
    assert.notEqual(await trust.name(old), 'nobody')
    issuer.keys.delete('k1')
    issuer.keys.set('k2', ec())
    const unknown = await issuer.token('k9', {}, ec())
    assert.equal(await trust.name(await issuer.token('k2')), 'nobody', 'keys were just asked for')
    trust.time.advance(10_000)
    assert.notEqual(await trust.name(await issuer.token('k2')), 'nobody')
    assert.equal(await trust.name(old), 'nobody')
    const { asked } = issuer
    for (let round = 0; round < 20; round += 1) assert.equal(await trust.name(unknown), 'nobody')
    assert.equal(issuer.asked, asked, 'unknown keys cost the issuer nothing')
    const current = await issuer.token('k2')
    issuer.keys.clear()
    assert.notEqual(await trust.name(current), 'nobody')
    trust.time.advance(10 * 60_000)
    let rounds = 0
    while ((await trust.name(current)) !== 'nobody' && rounds < 10_000) {
      rounds += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(rounds < 10_000, 'its key is forgotten')
  })

  test('without a key are as good as any of its keys', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    issuer.keys.set('k2', ec())
    using trust = trusting(issuer)
    const pair = issuer.keys.get('k2')
    assert.equal(await trust.name(await issuer.token('', {}, pair)), `${issuer.url}#jane`)
    assert.equal(await trust.name(await issuer.token('', {}, ec())), 'nobody')
  })

  test('wait for an issuer that comes back; nobody else does', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    issuer.isBroken = true
    using trust = trusting(issuer)
    const token = await issuer.token('k1')
    assert.equal(await trust.name(token), 'nobody')
    issuer.isBroken = false
    assert.equal(await trust.name(token), 'nobody', 'asked a moment ago')
    const certificate = { commonName: 'admin', organizations: [] }
    const other = await trust.authenticator.authenticate({ certificate })
    assert.equal(other.name, 'admin')
    trust.time.advance(10_000)
    assert.notEqual(await trust.name(token), 'nobody')
  })

  test('are not taken from an issuer whose certificate is not trusted', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    const stranger = await createAuthority('stranger', Date.now())
    using trust = trusting(issuer, {}, stranger.certificate)
    assert.equal(await trust.name(await issuer.token('k1')), 'nobody')
  })

  test('are reviewed for the audiences of the API', async () => {
    await using issuer = await LocalIssuer.open()
    issuer.keys.set('k1', ec())
    using trust = trusting(issuer)
    const token = await issuer.token('k1')
    const { audiences } = await trust.authenticator.reviewToken(token, ['x', audience])
    assert.deepEqual(audiences, [audience])
    await assert.rejects(trust.authenticator.reviewToken(token, ['x']), (error) =>
      isStatus(error, 'Unauthorized'),
    )
  })
})

test('claims become a user by the rules of --oidc-* flags', () => {
  const url = 'https://issuer'
  const user = (rules: Partial<OidcIssuer>, claims: object) => {
    const all = { iss: url, aud: ['x', 'kijabi'], exp: nowSeconds + 1, sub: 'u1', ...claims }
    try {
      const { name, groups, extra } = userOfClaims(
        { url, ...defaults, ...rules },
        all,
        clock.wallMs(),
      )
      return [name, ...groups.slice(0, -1), ...Object.values(extra ?? {}).flat()]
    } catch (error) {
      return (error as Error).message
    }
  }
  const mail = { usernameClaim: 'email' }
  const groups = { groupsClaim: 'groups', groupsPrefix: 'oidc:', usernamePrefix: '-' }
  assert.deepEqual(user({}, { jti: 'a' }), ['https://issuer#u1', 'JTI=a'])
  assert.deepEqual(user({ usernamePrefix: 'o:' }, {}), ['o:u1'])
  assert.deepEqual(user({ usernamePrefix: '-' }, {}), ['u1'])
  assert.deepEqual(user(mail, { email: 'j@x' }), ['j@x'])
  assert.deepEqual(user(mail, { email: 'j@x', email_verified: true }), ['j@x'])
  assert.equal(user(mail, { email: 'j@x', email_verified: false }), 'email not verified')
  assert.equal(user(mail, { email: 'j@x', email_verified: 'true' }), 'email not verified')
  assert.equal(user(mail, {}), 'its claim email is no name')
  assert.equal(user({ usernameClaim: 'toString' }, {}), 'its claim toString is no name')
  assert.deepEqual(user(groups, { groups: ['a', 'b'] }), ['u1', 'oidc:a', 'oidc:b'])
  assert.deepEqual(user(groups, { groups: 'a' }), ['u1', 'oidc:a'])
  assert.deepEqual(user(groups, {}), ['u1'])
  assert.equal(user(groups, { groups: [1] }), 'its claim groups is no list of names')
  const required = { requiredClaims: { tier: 'gold' } }
  assert.deepEqual(user(required, { tier: 'gold' }), ['https://issuer#u1'])
  assert.equal(user(required, {}), 'its claim tier is not the required "gold"')
  assert.equal(user({}, { aud: 'y' }), 'it is for "y", not for kijabi')
  assert.equal(user({}, { exp: nowSeconds }), 'it is expired')
  assert.equal(user({}, { exp: undefined }), 'it is expired')
  assert.deepEqual(user({}, { nbf: nowSeconds + 300 }), ['https://issuer#u1'])
  assert.equal(user({}, { nbf: nowSeconds + 301 }), 'it is not valid yet')
})

test('issuers are configured with the defaults of kube-apiserver', () => {
  const read = (issuer: object) =>
    parseConfig(JSON.stringify({ oidc: [{ issuer: 'https://a', clientId: 'c', ...issuer }] }), 'it')
  assert.deepEqual(read({}).oidc, [
    {
      ...{ issuer: 'https://a', clientId: 'c', usernameClaim: 'sub', groupsPrefix: '' },
      ...{ requiredClaims: {}, signingAlgorithms: ['RS256'] },
    },
  ])
  assert.throws(() => read({ issuer: 'http://a' }), /use an https URL/)
  assert.throws(() => read({ signingAlgorithms: ['HS256'] }), /signingAlgorithms/)
})

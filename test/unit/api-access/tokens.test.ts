import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import { createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { storedBootstrapTokens } from '../../../src/api/auth/bootstrap-tokens.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { isStatus } from '../../../src/base/status.ts'
import { tokenExpiryMs } from '../../../src/controllers/token-cleaner.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { openCluster } from '../api/cluster.ts'
import { putStored, userNamed } from './rbac-rig.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = { issuer, audiences: [issuer], privateKey: keys.privateKey }
const tokens = { issuer, audiences: [issuer], publicKeys: [keys.publicKey] }
const accounts = '/api/v1/namespaces/default/serviceaccounts'

async function openWithTokens() {
  const clock = new ManualClock()
  const cluster = await openCluster({
    clock,
    tokenSigner: signer,
    tokenIssuer: tokens,
    tokenReviewer: createAuthenticator({ clock, tokens }),
  })
  await cluster.ask('POST', accounts, { metadata: { name: 'builder' } })
  const tokenFor = async (spec: object) => {
    const answer = await cluster.ask('POST', `${accounts}/builder/token`, { spec })
    assert.equal(answer.status, 201, answer.text)
    return answer.json.status.token as string
  }
  const review = async (spec: object) => {
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    return (await cluster.ask('POST', path, { spec })).json
  }
  return {
    cluster,
    clock,
    tokenFor,
    review,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('token reviews', () => {
  test('say whose a token is, and for which of the asked audiences', async () => {
    await using rig = await openWithTokens()
    const token = await rig.tokenFor({ audiences: ['vault', 'db'] })
    const { status } = await rig.review({ token, audiences: ['db', 'other'] })
    assert.equal(status.authenticated, true)
    assert.deepEqual(status.audiences, ['db'])
    assert.equal(status.user.username, 'system:serviceaccount:default:builder')
    assert.ok(status.user.groups.includes('system:serviceaccounts:default'))
    const own = await rig.review({ token })
    assert.deepEqual(own.status, { user: {}, error: 'invalid bearer token' })
    const forged = await rig.review({ token: `${token}x`, audiences: ['db'] })
    assert.equal(forged.status.authenticated, undefined)
    assert.equal((await rig.review({})).code, 400)
  })

  test('a token ends with the secret that it is bound to', async () => {
    await using rig = await openWithTokens()
    const secrets = '/api/v1/namespaces/default/secrets'
    const { json } = await rig.cluster.ask('POST', secrets, { metadata: { name: 's' } })
    const reference = { apiVersion: 'v1', kind: 'Secret', name: 's', uid: json.metadata.uid }
    const bound = claimsOf(await rig.tokenFor({ boundObjectRef: reference }))
    assert.deepEqual(bound['kubernetes.io'].secret, { name: 's', uid: json.metadata.uid })
    const wrong = await rig.cluster.ask('POST', `${accounts}/builder/token`, {
      spec: { boundObjectRef: { ...reference, uid: 'x' } },
    })
    assert.equal(wrong.status, 409)
  })
})

describe('discovery of the issuer', () => {
  test('[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]', async () => {
    await using rig = await openWithTokens()
    const account = userNamed('system:serviceaccount:default:x', 'system:serviceaccounts')
    const get = (path: string) => rig.cluster.ask('GET', path, undefined, { user: account })
    const configuration = (await get('/.well-known/openid-configuration')).json
    assert.equal(configuration.issuer, issuer)
    assert.equal(configuration.jwks_uri, `${issuer}/openid/v1/jwks`)
    assert.deepEqual(configuration.id_token_signing_alg_values_supported, ['ES256'])
    const answer = await get('/openid/v1/jwks')
    assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json')
    const [key] = JSON.parse(answer.text).keys
    const [head = '', body = '', signature = ''] = (await rig.tokenFor({})).split('.')
    assert.equal(JSON.parse(Buffer.from(head, 'base64url').toString()).kid, key.kid)
    assert.equal(key.d, undefined, 'a private part never leaves')
    const holds = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    assert.ok(holds)
    const jane = userNamed('jane')
    const path = '/openid/v1/jwks'
    const refused = await rig.cluster.ask('GET', path, undefined, { user: jane })
    assert.equal(refused.status, 403)
    assert.equal(refused.json.message, 'forbidden: User "jane" cannot get path "/openid/v1/jwks"')
  })
})

describe('bootstrap tokens', () => {
  const dayMs = 86_400_000
  const text = (value: string) => Buffer.from(value).toString('base64')
  const fields = {
    'token-id': text('abcdef'),
    'token-secret': text('0123456789abcdef'),
    'usage-bootstrap-authentication': text('true'),
    'auth-extra-groups': text('system:bootstrappers:workers'),
    expiration: text(new Date(dayMs + new ManualClock().wallMs()).toISOString()),
  }
  const token = 'abcdef.0123456789abcdef'

  async function openWithToken(
    data: Record<string, string>,
    type = 'bootstrap.kubernetes.io/token',
  ) {
    const memory = await openMemoryStore()
    const place = { group: '', resource: 'secrets', namespaced: true }
    const metadata = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' }
    await putStored(memory.store, place, { metadata, type, data })
    const clock = new ManualClock()
    const bootstrapTokens = storedBootstrapTokens(memory.store.view)
    const authenticator = createAuthenticator({ clock, bootstrapTokens })
    return {
      clock,
      sign: (shown: string) => authenticator.authenticate({ authorization: `Bearer ${shown}` }),
      [Symbol.asyncDispose]: () => memory.store.stop(),
    }
  }

  test('speak for a node that is to join, until they are over', async () => {
    await using rig = await openWithToken(fields)
    assert.deepEqual(await rig.sign(token), {
      name: 'system:bootstrap:abcdef',
      uid: '',
      groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'],
    })
    rig.clock.advance(25 * 3_600_000)
    await assert.rejects(rig.sign(token), (error) => isStatus(error, 'Unauthorized'))
  })

  const refused: [string, Record<string, string>, string?][] = [
    ['another secret part', { ...fields, 'token-secret': text('0123456789abcdeg') }],
    ['no right to sign in', { ...fields, 'usage-bootstrap-authentication': text('false') }],
    ['a group that it may not give', { ...fields, 'auth-extra-groups': text('system:masters') }],
    ['a time that cannot be read', { ...fields, expiration: text('soon') }],
    ['another type', fields, 'Opaque'],
  ]
  for (const [what, data, type] of refused)
    test(`are refused with ${what}`, async () => {
      await using rig = await openWithToken(data, type)
      await assert.rejects(rig.sign(token), (error) => isStatus(error, 'Unauthorized'))
    })

  test('are cleaned when they are over', () => {
    const metadata = { namespace: 'kube-system', name: 'x' }
    const type = 'bootstrap.kubernetes.io/token'
    assert.equal(
      tokenExpiryMs({ metadata, type, data: fields }),
      dayMs + new ManualClock().wallMs(),
    )
    assert.equal(tokenExpiryMs({ metadata, type, data: { expiration: text('soon') } }), 0)
    assert.equal(tokenExpiryMs({ metadata, type, data: {} }), undefined)
    assert.equal(tokenExpiryMs({ metadata, type: 'Opaque', data: fields }), undefined)
  })
})

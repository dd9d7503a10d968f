import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { createAuthenticator, subjectOfPeer } from '../../../src/api/auth/authenticate.ts'
import { type Authorizer, authorizeByAnyOf } from '../../../src/api/auth/authorizer.ts'
import { actingUser } from '../../../src/api/auth/impersonate.ts'
import { signToken, type TokenRequest } from '../../../src/api/auth/service-account-token.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { isStatus } from '../../../src/base/status.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const issuer = 'https://kubernetes.default.svc'

const clock = new ManualClock()
const gone = new Set<string>()
const authenticator = createAuthenticator({
  clock,
  tokens: {
    issuer,
    audiences: [issuer],
    publicKeys: [ec.publicKey, rsa.publicKey],
    exists: (binding) => !gone.has(binding.serviceAccount.uid),
  },
})

const request: TokenRequest = {
  namespace: 'web',
  serviceAccount: { name: 'builder', uid: 'u1' },
  issuer,
  audiences: [issuer],
  issuedAtMs: clock.wallMs(),
  lifetimeSeconds: 3600,
  tokenId: 't1',
}

const bearer = (token: string) => authenticator.authenticate({ authorization: `Bearer ${token}` })
const tokenOf = (key: KeyObject, changes: Partial<TokenRequest> = {}) =>
  signToken(key, { ...request, ...changes })
const isUnauthorized = (error: unknown) => isStatus(error, 'Unauthorized')

function rewrite(token: string, part: 0 | 1, change: (claims: Record<string, unknown>) => void) {
  const parts = token.split('.')
  const claims = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString())
  change(claims)
  parts[part] = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return parts.join('.')
}

describe('authenticator', () => {
  test('reads name and groups from a client certificate', async () => {
    const certificate = subjectOfPeer({ subject: { CN: 'system:node:w1', O: ['system:nodes'] } })
    const user = await authenticator.authenticate({ certificate, authorization: 'Bearer x' })
    assert.deepEqual(user, {
      name: 'system:node:w1',
      uid: '',
      groups: ['system:nodes', 'system:authenticated'],
    })
  })

  test('knows a client certificate by its hash', async () => {
    const peer = { subject: { CN: 'jane' }, fingerprint256: 'AB:01:EF' }
    const { extra } = await authenticator.authenticate({ certificate: subjectOfPeer(peer) })
    assert.deepEqual(extra, { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab01ef'] })
  })

  test('takes who shows nothing, and who shows another scheme, for anonymous', async () => {
    for (const authorization of [undefined, '', 'Basic eDp5', 'Bearer'])
      assert.deepEqual(await authenticator.authenticate({ authorization }), {
        name: 'system:anonymous',
        uid: '',
        groups: ['system:unauthenticated'],
      })
    assert.equal(subjectOfPeer({}), undefined)
  })

  for (const [name, key] of [
    ['ES256', ec.privateKey],
    ['RS256', rsa.privateKey],
  ] as const)
    test(`accepts a token signed with ${name}`, async () => {
      const user = await bearer(tokenOf(key, { pod: { name: 'p', uid: 'u2' } }))
      assert.equal(user.name, 'system:serviceaccount:web:builder')
      assert.equal(user.uid, 'u1')
      assert.deepEqual(user.groups, [
        'system:serviceaccounts',
        'system:serviceaccounts:web',
        'system:authenticated',
      ])
      assert.deepEqual(user.extra?.['authentication.kubernetes.io/pod-name'], ['p'])
    })

  const good = tokenOf(ec.privateKey)
  const hmacOfPublicKey = rewrite(good, 0, (header) => {
    header['alg'] = 'HS256'
  })
  const refused: [name: string, token: string][] = [
    ['signed by a stranger', tokenOf(stranger.privateKey)],
    ['of another issuer', tokenOf(ec.privateKey, { issuer: 'https://else' })],
    ['for another audience', tokenOf(ec.privateKey, { audiences: ['vault'] })],
    ['from the future', tokenOf(ec.privateKey, { issuedAtMs: clock.wallMs() + 60_000 })],
    ['with a changed body', rewrite(good, 1, (claims) => (claims['sub'] = 'system:admin'))],
    ['whose header says none', rewrite(good, 0, (header) => (header['alg'] = 'none'))],
    ['whose header says HS256', hmacOfPublicKey],
    ['whose header says RS256 for an ES256 key', rewrite(good, 0, (h) => (h['alg'] = 'RS256'))],
    ['with critical extensions', rewrite(good, 0, (header) => (header['crit'] = ['exp']))],
    ['without signature', good.split('.').slice(0, 2).join('.')],
    ['with four parts', `${good}.x`],
    ['that is no token', 'abc'],
    ['whose header is no JSON', `e30x.${good.split('.').slice(1).join('.')}`],
    ['longer than the limit', `${good}${'A'.repeat(20_000)}`],
  ]
  for (const [name, token] of refused)
    test(`refuses a token ${name}`, () => assert.rejects(bearer(token), isUnauthorized))

  test('refuses a token once it has expired', async () => {
    const shortLived = tokenOf(ec.privateKey, { lifetimeSeconds: 600 })
    await bearer(shortLived)
    clock.advance(600_000 + 10_000)
    await assert.rejects(bearer(shortLived), isUnauthorized)
  })

  test('refuses a token once its account is gone', async () => {
    const token = tokenOf(ec.privateKey, { serviceAccount: { name: 'builder', uid: 'u9' } })
    await bearer(token)
    gone.add('u9')
    await assert.rejects(bearer(token), isUnauthorized)
  })

  test('refuses every token when it has no keys', async () => {
    const without = createAuthenticator({ clock })
    await assert.rejects(without.authenticate({ authorization: `Bearer ${good}` }), isUnauthorized)
  })

  test('reads a public key from a private one in PEM', () => {
    const pem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    assert.ok(createPublicKey(pem).equals(ec.publicKey))
  })
})

describe('impersonation', () => {
  const admin = { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'] }
  const reader = { name: 'eve', uid: '', groups: ['system:authenticated'] }
  const headers = new Map([
    ['impersonate-user', 'jane'],
    ['impersonate-group', 'dev\nops, night shift'],
    ['impersonate-uid', 'u1'],
    ['impersonate-extra-acme.com%2fproject', 'kijabi'],
  ])
  const authorizer = (...allowed: string[]): Authorizer =>
    authorizeByAnyOf([
      {
        authorize: (_user, { verb, group, resource, subresource, namespace, name }) => ({
          allowed: allowed.includes(
            [verb, group, resource, subresource, namespace, name].join('|'),
          ),
          reason: '',
        }),
        rulesOf: () => ({ rules: [], incomplete: false, errors: [] }),
      },
    ])

  test('lets administrators act as somebody else', () => {
    assert.deepEqual(actingUser(authorizer(), admin, headers), {
      name: 'jane',
      uid: 'u1',
      groups: ['dev', 'ops, night shift', 'system:authenticated'],
      extra: { 'acme.com/project': ['kijabi'] },
      impersonator: admin,
    })
    const account = new Map([['impersonate-user', 'system:serviceaccount:web:builder']])
    assert.deepEqual(actingUser(authorizer(), admin, account).groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:web',
      'system:authenticated',
    ])
  })

  test('leaves a request without such headers alone', () =>
    assert.equal(actingUser(authorizer(), reader, new Map([['accept', '*/*']])), reader))

  test('asks for the right to each part of the other identity', () => {
    const rights = [
      'impersonate||users|||jane',
      'impersonate||groups|||dev',
      'impersonate||groups|||ops, night shift',
      'impersonate|authentication.k8s.io|userextras|acme.com/project||kijabi',
      'impersonate|authentication.k8s.io|uids|||u1',
    ]
    assert.equal(actingUser(authorizer(...rights), reader, headers).name, 'jane')
    const refusals = rights.map((right) => {
      const others = rights.filter((one) => one !== right)
      try {
        actingUser(authorizer(...others), reader, headers)
      } catch (error) {
        assert.ok(isStatus(error, 'Forbidden'))
        return error.message
      }
      return 'let through'
    })
    const cannot = 'is forbidden: User "eve" cannot impersonate resource'
    const extra = 'userextras.authentication.k8s.io "kijabi"'
    assert.deepEqual(refusals, [
      `users "jane" ${cannot} "users" in API group "" at the cluster scope`,
      `groups "dev" ${cannot} "groups" in API group "" at the cluster scope`,
      `groups "ops, night shift" ${cannot} "groups" in API group "" at the cluster scope`,
      `${extra} ${cannot} "userextras/acme.com/project" in API group "authentication.k8s.io" at the cluster scope`,
      `uids.authentication.k8s.io "u1" ${cannot} "uids" in API group "authentication.k8s.io" at the cluster scope`,
    ])
  })

  test('asks for service accounts in their namespace', () => {
    const account = new Map([['impersonate-user', 'system:serviceaccount:web:builder']])
    const right = 'impersonate||serviceaccounts||web|builder'
    assert.equal(
      actingUser(authorizer(right), reader, account).name,
      account.get('impersonate-user'),
    )
    assert.throws(
      () => actingUser(authorizer('impersonate||users|||builder'), reader, account),
      (error) => isStatus(error, 'Forbidden'),
    )
  })

  test('refuses groups without a user', () =>
    assert.throws(
      () => actingUser(authorizer(), admin, new Map([['impersonate-group', 'dev']])),
      (error) => isStatus(error, 'BadRequest'),
    ))
})

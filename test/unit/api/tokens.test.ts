import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { openCluster } from './cluster.ts'

const issuer = 'https://kubernetes.default.svc'
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = { issuer, audiences: [issuer], privateKey: keys.privateKey }
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const pods = '/api/v1/namespaces/default/pods'

const pod = (name: string, serviceAccountName: string) => ({
  metadata: { name },
  spec: { serviceAccountName, containers: [{ name: 'c', image: 'i' }] },
})

async function openWithAccounts() {
  const cluster = await openCluster({ tokenSigner: signer })
  for (const name of ['builder', 'other'])
    await cluster.ask('POST', accounts, { metadata: { name } })
  return cluster
}

test('a token names its account, and the authenticator takes it until it expires', async () => {
  await using cluster = await openWithAccounts()
  const { status, json } = await cluster.ask('POST', `${accounts}/builder/token`, {
    spec: { expirationSeconds: 600 },
  })
  assert.equal(status, 201)
  assert.equal(json.kind, 'TokenRequest')
  assert.deepEqual(json.spec, { audiences: [issuer], expirationSeconds: 600 })
  const lifetimeMs = Date.parse(json.status.expirationTimestamp) - cluster.clock.wallMs()
  assert.equal(lifetimeMs, 600_000)
  const { authenticate } = createAuthenticator({
    clock: cluster.clock,
    tokens: { issuer, audiences: [issuer], publicKeys: [keys.publicKey] },
  })
  const authorization = `Bearer ${json.status.token}`
  const user = await authenticate({ authorization })
  assert.equal(user.name, 'system:serviceaccount:default:builder')
  const account = await cluster.ask('GET', `${accounts}/builder`)
  assert.equal(user.uid, account.json.metadata.uid)
  cluster.clock.advance(700_000)
  await assert.rejects(authenticate({ authorization }), /Unauthorized/)
})

test('a token may be bound to a pod that runs as its account, and to nothing else', async () => {
  await using cluster = await openWithAccounts()
  const { json: mine } = await cluster.ask('POST', pods, pod('mine', 'builder'))
  await cluster.ask('POST', pods, pod('foreign', 'other'))
  const bound = (boundObjectRef: object) =>
    cluster.ask('POST', `${accounts}/builder/token`, { spec: { boundObjectRef } })
  const reference = { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: mine.metadata.uid }
  const good = await bound(reference)
  assert.equal(good.status, 201)
  assert.deepEqual(good.json.spec.boundObjectRef, reference)
  const v1 = { apiVersion: 'v1' }
  const refusals: readonly (readonly [object, number, RegExp])[] = [
    [{ ...reference, uid: 'x' }, 409, /UID in the bound object reference \(x\) does not match/],
    [{ ...reference, name: 'none' }, 404, /pods "none" not found/],
    [
      { ...v1, kind: 'Pod', name: 'foreign' },
      400,
      /pod running with different serviceaccount name other/,
    ],
    [{ ...v1, kind: 'Node', name: 'n' }, 404, /nodes "n" not found/],
    [
      { ...v1, kind: 'ConfigMap', name: 'n' },
      400,
      /cannot bind token to object of type \/v1, Kind=Conf/,
    ],
    [{ kind: 'Pod', name: 'mine' }, 400, /cannot bind token to object of type \/, Kind=Pod/],
  ]
  for (const [asked, status, message] of refusals) {
    const answer = await bound(asked)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.json.message, message)
  }
})

test('a node gets tokens for the pods bound to it and for no others', async () => {
  await using cluster = await openWithAccounts()
  const { json: mine } = await cluster.ask('POST', pods, pod('mine', 'builder'))
  await cluster.ask('POST', pods, pod('theirs', 'builder'))
  for (const [name, node] of [
    ['mine', 'w1'],
    ['theirs', 'w2'],
  ])
    await cluster.ask('POST', `${pods}/${name}/binding`, {
      metadata: { name },
      target: { kind: 'Node', name: node },
    })
  const ask = (node: string, spec: object) =>
    cluster.ask(...(['POST', `${accounts}/builder/token`, { spec }] as const), {
      user: {
        name: `system:node:${node}`,
        uid: '',
        groups: ['system:nodes', 'system:authenticated'],
      },
    })
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: mine.metadata.uid }
  assert.equal((await ask('w1', { boundObjectRef })).status, 201)
  const refusals: readonly (readonly [string, object, RegExp])[] = [
    ['w1', {}, /not bound to a pod/],
    ['w1', { boundObjectRef: { ...boundObjectRef, uid: '' } }, /without a uid/],
    ['w2', { boundObjectRef }, /scheduled on a different node/],
    ['w3', { boundObjectRef }, /no relationship found between node 'w3' and this object/],
  ]
  for (const [node, spec, message] of refusals) {
    const answer = await ask(node, spec)
    assert.equal(answer.status, 403, answer.text)
    assert.match(answer.json.message, message)
  }
})

test('what no token can be made of is refused', async () => {
  await using cluster = await openWithAccounts()
  const ask = (name: string, body: object) => cluster.ask('POST', `${accounts}/${name}/token`, body)
  assert.equal((await ask('none', {})).status, 404)
  assert.equal((await ask('builder', { metadata: { name: 'other' } })).status, 400)
  const short = await ask('builder', { spec: { expirationSeconds: 1 } })
  assert.equal(short.status, 422)
  assert.match(short.json.message, /may not specify a duration less than 10 minutes/)
  assert.equal((await cluster.ask('GET', `${accounts}/builder/token`)).status, 405)
})

test('a cluster without a signing key says so', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', accounts, { metadata: { name: 'builder' } })
  const { status, json } = await cluster.ask('POST', `${accounts}/builder/token`, {})
  assert.deepEqual([status, json.reason], [503, 'ServiceUnavailable'])
  assert.match(json.message, /no key to sign tokens/)
})

test('a pod without containers is refused, whatever would be mounted into them', async () => {
  await using cluster = await openWithAccounts()
  const made = await cluster.ask('POST', pods, { metadata: { name: 'none' }, spec: {} })
  assert.equal(made.status, 422, made.text)
})

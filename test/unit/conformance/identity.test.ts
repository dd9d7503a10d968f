import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { openCluster } from '../api/cluster.ts'
import { userNamed } from '../api-access/rbac-rig.ts'
import { namespace, withApi } from '../controllers/with-api.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const home = '/api/v1/namespaces/default'

async function openWithTokens() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const clock = new ManualClock()
  const tokens = { issuer, audiences: [issuer], publicKeys: [publicKey] }
  return await openCluster({
    clock,
    tokenSigner: { issuer, audiences: [issuer], privateKey },
    tokenIssuer: tokens,
    tokenReviewer: createAuthenticator({ clock, tokens }),
  })
}

test('[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]', async () => {
  await using cluster = await openWithTokens()
  const account = { metadata: { name: 'e2e' }, automountServiceAccountToken: true }
  const made = (await cluster.ask('POST', `${home}/serviceaccounts`, account)).json
  const path = `${home}/serviceaccounts/e2e/token`
  const token = await cluster.ask('POST', path, { spec: { expirationSeconds: 3_600 } })
  assert.deepEqual([token.status, token.json.kind], [201, 'TokenRequest'], token.text)
  const seconds =
    (Date.parse(token.json.status.expirationTimestamp) - cluster.clock.wallMs()) / 1_000
  assert.ok(seconds > 3_500 && seconds <= 3_700, `it holds for ${seconds} s`)
  const review = await cluster.ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    metadata: { name: 'e2e' },
    spec: { token: token.json.status.token },
  })
  assert.equal(review.status, 201, review.text)
  const { authenticated, error, user, audiences } = review.json.status
  assert.deepEqual([authenticated, error ?? '', audiences], [true, '', [issuer]])
  assert.equal(user.username, 'system:serviceaccount:default:e2e')
  assert.equal(user.uid, made.metadata.uid)
  assert.deepEqual(user.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ])
})

test('[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]', async () => {
  await using cluster = await openWithTokens()
  const choices = { default: undefined, mount: true, nomount: false }
  for (const [name, automountServiceAccountToken] of Object.entries(choices))
    await cluster.ask('POST', `${home}/serviceaccounts`, {
      metadata: { name: `sa-${name}` },
      automountServiceAccountToken,
    })
  for (const [account, ofAccount] of Object.entries(choices))
    for (const [name, ofPod] of Object.entries(choices)) {
      const made = await cluster.ask('POST', `${home}/pods`, {
        metadata: { name: `pod-${account}-${name}` },
        spec: {
          serviceAccountName: `sa-${account}`,
          automountServiceAccountToken: ofPod,
          containers: [{ name: 'c', image: 'x:1' }],
        },
      })
      assert.equal(made.status, 201, made.text)
      const [container] = made.json.spec.containers
      const mounted = (container.volumeMounts ?? []).some(
        (one: { mountPath: string }) =>
          one.mountPath === '/var/run/secrets/kubernetes.io/serviceaccount',
      )
      assert.equal(mounted, ofPod ?? ofAccount ?? true, `account: ${account}, pod: ${name}`)
    }
})

test('[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]', async () => {
  await withApi(async ({ client, cluster, until }) => {
    await namespace(client, 'team')
    const path = '/api/v1/namespaces/team/configmaps/kube-root-ca.crt'
    const read = () => cluster.ask('GET', path)
    await until('the bundle', async () => (await read()).status === 200)
    assert.equal((await cluster.ask('DELETE', path)).status, 200)
    await until('the bundle again', async () => (await read()).status === 200)
    const { json } = await read()
    const changed = await cluster.ask('PUT', path, { ...json, data: { 'ca.crt': '' } })
    assert.equal(changed.status, 200, changed.text)
    await until('what it was', async () => (await read()).json.data['ca.crt'] === 'PEM')
  })
})

test('[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', `${home}/serviceaccounts`, { metadata: { name: 'e2e' } })
  const user = 'system:serviceaccount:default:e2e'
  const group = '/apis/authorization.k8s.io/v1'
  const review = async (path: string, metadata: object) => {
    const resourceAttributes = {
      verb: 'list',
      resource: 'configmaps',
      version: 'v1',
      namespace: 'default',
    }
    const answer = await cluster.ask('POST', `${group}/${path}`, {
      metadata,
      spec: { user, resourceAttributes },
    })
    assert.equal(answer.status, 201, answer.text)
    return answer.json.status.allowed as boolean
  }
  const list = async () =>
    (await cluster.ask('GET', `${home}/configmaps`, undefined, { user: userNamed(user) })).status
  const agrees = async (allowed: boolean) => {
    assert.equal(await review('subjectaccessreviews', {}), allowed)
    const local = 'namespaces/default/localsubjectaccessreviews'
    assert.equal(await review(local, { namespace: 'default' }), allowed)
    assert.equal(await list(), allowed ? 200 : 403)
  }
  await agrees(false)
  const binding = await cluster.ask(
    'POST',
    '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
    {
      metadata: { name: 'e2e' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace: 'default' }],
    },
  )
  assert.equal(binding.status, 201, binding.text)
  await agrees(false)
  await cluster.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
  })
  await agrees(true)
})

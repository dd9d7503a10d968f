import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subjectOfPeer } from '../../../src/api/auth/authenticate.ts'
import type { User } from '../../../src/api/context.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { makeRequest } from '../certificates/make-request.ts'
import { sampleRequest } from '../certificates/sample-request.ts'
import { bindingOf, clusterRole, userNamed } from './rbac-rig.ts'

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const client = 'kubernetes.io/kube-apiserver-client'

const create = (cluster: TestCluster, name: string, spec: object) =>
  cluster.ask('POST', path, {
    metadata: { name },
    spec: { request: sampleRequest, signerName: client, usages: ['client auth'], ...spec },
  })

const pemOf = (label: string) => `-----BEGIN ${label}-----\nMA==\n-----END ${label}-----\n`

async function allow(cluster: TestCluster, user: User, verb: string, signer: string) {
  const apiGroups = ['certificates.k8s.io']
  const rules = [
    { verbs: ['get', 'update'], apiGroups, resources: ['*'] },
    { verbs: [verb], apiGroups, resources: ['signers'], resourceNames: [signer] },
  ]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole' as const }
  const subjects = [{ kind: 'User', apiGroup: roleRef.apiGroup, name: user.name }]
  await cluster.ask('POST', `${rbac}/clusterroles`, clusterRole(user.name, rules))
  const binding = bindingOf(user.name, { ...roleRef, name: user.name }, subjects)
  const answer = await cluster.ask('POST', `${rbac}/clusterrolebindings`, binding)
  assert.equal(answer.status, 201, answer.text)
}

test('who decides about a request may approve for its signer, who signs it may sign for it', async () => {
  await using cluster = await openCluster()
  const made = (await create(cluster, 'r', {})).json
  const users = ['approver', 'of-domain', 'elsewhere', 'signer'].map((name) => userNamed(name))
  const [approver, ofDomain, elsewhere, signer] = users as [User, User, User, User]
  await allow(cluster, approver, 'approve', client)
  await allow(cluster, ofDomain, 'approve', 'kubernetes.io/*')
  await allow(cluster, elsewhere, 'approve', 'kubernetes.io/kubelet-serving')
  await allow(cluster, signer, 'sign', client)
  const put = (part: string, user: User, status: object) =>
    cluster.ask('PUT', `${path}/r/${part}?dryRun=All`, { ...made, status }, { user })
  const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'Fine' }] }
  const signed = { certificate: Buffer.from(pemOf('CERTIFICATE')).toString('base64') }
  assert.equal((await put('approval', approver, approved)).status, 200)
  assert.equal((await put('approval', ofDomain, approved)).status, 200)
  assert.equal((await put('status', signer, signed)).status, 200)
  const denial = await put('approval', elsewhere, approved)
  assert.equal(denial.status, 403)
  assert.equal(
    denial.json.message,
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to ' +
      `approve requests with signerName "${client}"`,
  )
  assert.equal((await put('approval', signer, approved)).status, 403)
  const forged = await put('status', approver, signed)
  assert.equal(forged.status, 403)
  assert.match(forged.json.message, /user not permitted to sign requests with signerName/)
  assert.equal((await put('status', approver, {})).status, 200, 'the rest of a status is free')
})

test('nobody becomes an administrator by a request for a client certificate', async () => {
  await using cluster = await openCluster()
  const asked = { commonName: 'eve', organizations: ['dev', 'system:masters'] }
  const { encoded: request } = await makeRequest(asked)
  const refused = await create(cluster, 'r', { request })
  assert.equal(refused.status, 403)
  assert.match(
    refused.json.message,
    /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed$/,
  )
  assert.equal((await create(cluster, 'r', { request, signerName: 'a.b/c' })).status, 201)
})

test('a request shows that who asks has the key', async () => {
  await using cluster = await openCluster()
  const pem = Buffer.from(sampleRequest, 'base64').toString('latin1')
  const request = Buffer.from(pem.replace('AwwDZTJl', 'AwwDZTJm')).toString('base64')
  const refused = await create(cluster, 'r', { request })
  assert.equal(refused.status, 422, refused.text)
  assert.match(refused.json.message, /spec.request: Invalid value: .*verification failure$/)
  const broken = await create(cluster, 'r', { request: Buffer.from('x').toString('base64') })
  assert.match(broken.json.message, /PEM block type must be CERTIFICATE REQUEST$/)
})

test('of several common names in a certificate the last one is the user, as for the signer', () => {
  const subject = { CN: ['system:kube-controller-manager', 'system:node:w1'], O: 'system:nodes' }
  assert.deepEqual(subjectOfPeer({ subject }), {
    commonName: 'system:node:w1',
    organizations: ['system:nodes'],
  })
})

test('a certificate is written once, and conditions that hold stay', async () => {
  await using cluster = await openCluster()
  const made = (await create(cluster, 'r', {})).json
  const put = async (part: string, status: object) => {
    const { json } = await cluster.ask('GET', `${path}/r`)
    return cluster.ask('PUT', `${path}/r/${part}`, { ...json, status })
  }
  assert.equal(made.status.conditions, undefined)
  const certificate = (content: string) => Buffer.from(pemOf(content)).toString('base64')
  const twice = Buffer.from(pemOf('CERTIFICATE').repeat(2)).toString('base64')
  const failed = { type: 'Failed', status: 'True', reason: 'Bad' }
  const texts = [
    await put('status', { certificate: Buffer.from('x').toString('base64') }),
    await put('status', { certificate: certificate('PRIVATE KEY') }),
    await put('status', { certificate: certificate('CERTIFICATE'), conditions: [failed] }),
    await put('status', { certificate: twice, conditions: [failed] }),
    await put('status', { certificate: certificate('CERTIFICATE') }),
    await put('approval', { conditions: [failed, { ...failed, type: 'Denied', status: 'False' }] }),
  ].map(({ json }) => json.message?.replace(/^.*is invalid: /, ''))
  assert.deepEqual(texts, [
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
    undefined,
    'status.certificate: Forbidden: updates may not modify existing certificate content',
    'status.conditions: Forbidden: updates may not remove a condition of type "Failed"',
    'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
  ])
})

test('a node asks for certificates of its own name only, where kubelets are signed', async () => {
  await using cluster = await openCluster()
  const node = userNamed('system:node:w1', 'system:nodes')
  const ask = async (commonName: string, signer: string) => {
    const { encoded } = await makeRequest({ commonName, organizations: ['system:nodes'] })
    const spec = { request: encoded, usages: ['client auth'], signerName: signer }
    const body = { metadata: { generateName: 'csr-' }, spec }
    const { status, json } = await cluster.ask('POST', path, body, { user: node })
    return `${status} ${json.message ?? ''}`
  }
  const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
  assert.match(await ask('system:node:w1', kubelet), /^201/)
  assert.match(await ask('system:node:w1', 'kubernetes.io/kubelet-serving'), /^201/)
  assert.match(await ask('system:node:w2', client), /^201/)
  for (const signer of [kubelet, 'kubernetes.io/kubelet-serving'])
    assert.match(
      await ask('system:node:w2', signer),
      /^403 .*node "w1" can only create a node CSR with CN=system:node:w1$/,
    )
})

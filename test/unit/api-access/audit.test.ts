import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type AuditRule, auditLevel } from '../../../src/api/audit/audit-policy.ts'
import { parseRequestInfo } from '../../../src/api/request-info.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Scope } from '../../../src/base/scope.ts'
import { openAuditFile } from '../../../src/boot/member/audit-file.ts'
import { inEnvelope, protobufMessage } from '../../../src/kinds/encode-protobuf.ts'
import { allDefinitions } from '../../../src/kinds/schema.ts'
import { admin, configMap, openCluster } from '../api/cluster.ts'
import { userNamed } from './rbac-rig.ts'

const maps = '/api/v1/namespaces/default/configmaps'

describe('audit policy', () => {
  const rules: readonly AuditRule[] = [
    { level: 'None', users: ['noisy'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'pods/log'] }] },
    { level: 'Request', verbs: ['create'], namespaces: ['web'] },
    { level: 'RequestResponse', resources: [{ group: 'apps' }] },
    { level: 'Metadata', nonResourceURLs: ['/metrics', '/logs*'] },
    { level: 'Metadata', userGroups: ['ops'] },
  ]
  const table: [user: string, method: string, path: string, level: string][] = [
    ['noisy', 'POST', '/api/v1/namespaces/web/secrets', 'None'],
    ['jane', 'POST', '/api/v1/namespaces/web/secrets', 'Metadata'],
    ['jane', 'GET', '/api/v1/namespaces/web/pods/p/log', 'Metadata'],
    ['jane', 'GET', '/api/v1/namespaces/web/pods/p', 'None'],
    ['jane', 'POST', '/api/v1/namespaces/web/pods', 'Request'],
    ['jane', 'PUT', '/apis/apps/v1/namespaces/x/deployments/d', 'RequestResponse'],
    ['jane', 'GET', '/logs/a', 'Metadata'],
    ['jane', 'GET', '/version', 'None'],
  ]
  for (const [user, method, path, level] of table)
    test(`${user} ${method} ${path}: ${level}`, () =>
      assert.equal(auditLevel(rules, userNamed(user), parseRequestInfo(method, path)), level))
})

describe('audit log', () => {
  test('says who did what and how it ended, with as much of the bodies as the rule asks for', async () => {
    const lines: string[] = []
    const rules: readonly AuditRule[] = [
      { level: 'RequestResponse', verbs: ['create'] },
      { level: 'Metadata', verbs: ['get'] },
    ]
    await using cluster = await openCluster({ audit: { rules, write: (line) => lines.push(line) } })
    lines.length = 0
    const headers = { 'user-agent': 'kubectl/v1.36' }
    const impersonated = { ...userNamed('jane'), impersonator: admin }
    const made = await cluster.ask('POST', maps, configMap('a', { k: 'v' }), { headers })
    await cluster.ask('GET', `${maps}/a`, undefined, { user: impersonated })
    await cluster.ask('PUT', `${maps}/a`, configMap('a'))
    const [create, get, ...more] = lines.map((line) => JSON.parse(line))
    assert.equal(more.length, 0)
    assert.equal(create.auditID, made.headers.get('audit-id'))
    assert.equal(create.stage, 'ResponseComplete')
    assert.equal(create.responseStatus.code, 201)
    assert.equal(create.userAgent, 'kubectl/v1.36')
    assert.deepEqual(create.objectRef, {
      resource: 'configmaps',
      namespace: 'default',
      apiVersion: 'v1',
    })
    assert.equal(create.requestObject.data.k, 'v')
    assert.equal(create.responseObject.metadata.uid, made.json.metadata.uid)
    assert.equal(get.user.username, 'admin')
    assert.equal(get.impersonatedUser.username, 'jane')
    assert.equal(get.responseStatus.code, 403)
    assert.equal(get.requestObject, undefined)
    assert.match(get.stageTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  })

  test('shows bodies of protobuf as what they are', async () => {
    const lines: string[] = []
    const rules: readonly AuditRule[] = [{ level: 'RequestResponse', users: ['admin'] }]
    await using cluster = await openCluster({ audit: { rules, write: (line) => lines.push(line) } })
    lines.length = 0
    const type = 'application/vnd.kubernetes.protobuf'
    const headers = { 'content-type': type, accept: type }
    const bodies = [
      ['POST', maps, 'ConfigMap', configMap('a', { k: 'v' })],
      ['DELETE', `${maps}/a`, 'DeleteOptions', { gracePeriodSeconds: 0 }],
    ] as const
    for (const [method, path, kind, object] of bodies) {
      const definition = allDefinitions().find(({ shortName }) => shortName === kind)?.name ?? ''
      const message = protobufMessage(definition, object)
      await cluster.ask(method, path, inEnvelope({ apiVersion: 'v1', kind }, message), { headers })
    }
    await cluster.ask('GET', maps, undefined, { headers })
    const [create, remove, list] = lines.map((line) => JSON.parse(line))
    assert.equal(create.requestObject.data.k, 'v')
    assert.equal(create.responseObject.kind, 'ConfigMap')
    assert.equal(remove.requestObject.gracePeriodSeconds, 0)
    assert.equal(remove.responseObject.status, 'Success')
    assert.equal(list.responseObject.kind, 'ConfigMapList')
    await cluster.ask('POST', maps, Buffer.from('k8s\0broken'), { headers })
    assert.deepEqual(JSON.parse(lines.at(-1) ?? '').requestObject, { bytes: 10 })
  })

  test('a full file is put aside, and only so many are kept', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'audit-'))
    const file = join(directory, 'audit.log')
    try {
      for (const text of ['one', 'two', 'three', 'four']) {
        await using scope = new Scope()
        const write = openAuditFile({ file, bytesMax: 5, filesMax: 2, logger: silentLogger }, scope)
        write(text)
      }
      assert.deepEqual(readdirSync(directory).sort(), ['audit.log', 'audit.log.1', 'audit.log.2'])
      const texts = ['', '.1', '.2'].map((end) => readFileSync(file + end, 'utf8'))
      assert.deepEqual(texts, ['four\n', 'three\n', 'two\n'])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

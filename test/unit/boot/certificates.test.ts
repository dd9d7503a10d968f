import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createAuthority, issueLeaf, leafIsCurrent } from '../../../src/boot/config/certificates.ts'

const nowMs = Date.now()
const dayMs = 24 * 60 * 60 * 1000

test('a leaf carries name, groups and hosts, and is signed by its authority', async () => {
  const authority = await createAuthority('test', nowMs)
  const leaf = await issueLeaf(
    authority,
    { commonName: 'm1', organizations: ['kijabi:masters'], hosts: ['127.0.0.1', 'localhost'] },
    nowMs,
  )
  const certificate = new X509Certificate(leaf.certificate)
  assert.match(certificate.subject, /O=kijabi:masters/)
  assert.match(certificate.subject, /CN=m1/)
  assert.equal(certificate.verify(new X509Certificate(authority.certificate).publicKey), true)
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(certificate.ca, false)
})

test('a leaf is issued anew when it is old, lacks a host or has another authority', async () => {
  const authority = await createAuthority('test', nowMs)
  const other = await createAuthority('other', nowMs)
  const request = { commonName: 'w1', organizations: [], hosts: ['10.0.0.1'] }
  const leaf = await issueLeaf(authority, request, nowMs)
  assert.equal(leafIsCurrent(leaf, authority, ['10.0.0.1'], nowMs), true)
  assert.equal(leafIsCurrent(leaf, authority, ['10.0.0.2'], nowMs), false)
  assert.equal(leafIsCurrent(leaf, other, ['10.0.0.1'], nowMs), false)
  assert.equal(leafIsCurrent(leaf, authority, ['10.0.0.1'], nowMs + 320 * dayMs), false)
})

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type Server } from 'node:tls'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { authorityPin, fetchAuthority } from '../../../src/boot/join/authority-pin.ts'

const nowMs = Date.now()

/** A server that shows `leaf`, and behind it what `chain` says. */
async function withServer(
  { certificate, privateKey }: KeyPair,
  chain: string,
  body: (address: string, heard: () => number) => Promise<void>,
): Promise<void> {
  let heardBytes = 0
  const server: Server = createServer(
    { cert: `${certificate}\n${chain}`, key: privateKey },
    (socket) => {
      socket.on('data', (bytes) => {
        heardBytes += bytes.length
      })
      socket.on('error', () => {})
    },
  )
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    await body(`127.0.0.1:${(server.address() as AddressInfo).port}`, () => heardBytes)
  } finally {
    await new Promise((done) => server.close(done))
  }
}

test('an authority is believed by the hash of its key, and nothing is sent before', async () => {
  const authority = await createAuthority('test', nowMs)
  const hosts = ['127.0.0.1']
  const leaf = await issueLeaf(authority, { commonName: 'm1', organizations: [], hosts }, nowMs)
  const pin = authorityPin(authority.certificate)
  assert.match(pin, /^sha256:[0-9a-f]{64}$/)
  await withServer(leaf, authority.certificate, async (address, heardBytes) => {
    const found = await fetchAuthority(address, pin)
    assert.equal(authorityPin(found.authority), pin)
    assert.equal(found.localAddress, '127.0.0.1')
    assert.equal(heardBytes(), 0)
  })
})

test('a server of another cluster, or one that does not show its authority, is refused', async () => {
  const [authority, other] = [
    await createAuthority('test', nowMs),
    await createAuthority('test', nowMs),
  ]
  const request = { commonName: 'm1', organizations: [], hosts: ['127.0.0.1'] }
  const pin = authorityPin(authority.certificate)
  const theirs = await issueLeaf(other, request, nowMs)
  const ours = await issueLeaf(authority, request, nowMs)
  const refused = /is not of the cluster that the hash names/
  await withServer(theirs, other.certificate, async (address) => {
    await assert.rejects(fetchAuthority(address, pin), refused)
  })
  await withServer(ours, '', async (address) => {
    await assert.rejects(fetchAuthority(address, pin), refused)
    await assert.rejects(fetchAuthority(address, 'sha256:abc'), /is no hash of an authority's key/)
  })
})

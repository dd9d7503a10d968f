import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ApiOptions } from '../../../src/api/context.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { createAuthority, issueLeaf } from '../../../src/boot/config/certificates.ts'
import { encodeObject } from '../../../src/kinds/encode.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

export interface FakeKubelet {
  readonly server: Server
  readonly options: Pick<ApiOptions, 'store' | 'kubeletTls' | 'clock'>
  /** Path and query of every request, with the name of the client's certificate. */
  readonly seen: { url: string; client: string }[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  put(object: AnyObject): Promise<void>
  stop(): Promise<void>
}

/** An HTTPS kubelet on loopback that demands a client certificate, and a store with its node. */
export async function startFakeKubelet(): Promise<FakeKubelet> {
  const now = systemClock.wallMs()
  const authority = await createAuthority('test', now)
  const leaf = (commonName: string, organizations: string[], hosts: string[]) =>
    issueLeaf(authority, { commonName, organizations, hosts }, now)
  const own = await leaf('system:node:w1', ['system:nodes'], ['127.0.0.1'])
  const master = await leaf('kube-apiserver-kubelet-client', ['kijabi:masters'], [])
  const { store } = await openMemoryStore()
  const server = createServer({
    cert: own.certificate,
    key: own.privateKey,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const kubelet: FakeKubelet = {
    server,
    options: {
      store,
      clock: systemClock,
      kubeletTls: {
        certificate: master.certificate,
        privateKey: master.privateKey,
        ca: authority.certificate,
      },
    },
    seen: [],
    answer: (_request, response) => response.end(),
    upgrade: (_request, socket) => socket.destroy(),
    put: async (object) => {
      const { kind, metadata } = object
      const place = kind === 'Node' ? 'nodes' : `pods/${metadata.namespace}`
      const { bytes, revisionOffset } = encodeObject(object)
      const key = `/registry/core/${place}/${metadata.name}`
      await store.commit({
        compares: [],
        success: [{ op: 'put', key, value: bytes, revisionOffset }],
        failure: [],
      })
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await store.stop()
    },
  }
  const note = (request: IncomingMessage) =>
    kubelet.seen.push({
      url: request.url ?? '',
      client: String((request.socket as TLSSocket).getPeerCertificate().subject.CN),
    })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    note(request)
    kubelet.answer(request, response)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    note(request)
    kubelet.upgrade(request, socket, head)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await kubelet.put(nodeObject('w1', port))
  return kubelet
}

export function nodeObject(name: string, port: number, address = '127.0.0.1'): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  }
}

export function podObject(name: string, spec: object, phase = 'Running'): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'w1', containers: [{ name: 'main', image: 'x' }], ...spec },
    status: { phase },
  }
}

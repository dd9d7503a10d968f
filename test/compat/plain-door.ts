import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connect } from 'node:tls'
import type { EtcdClientOptions } from '../../src/api/etcd/wire/client.ts'

/** A port without TLS in front of one with it. */
export interface PlainDoor {
  readonly address: string
  close(): void
}

/**
 * `etcdctl check datascale` asks for metrics at the port it writes to, and only without TLS. This lets
 * it through with a certificate, whatever it speaks: HTTP/2 for gRPC, HTTP/1.1 for the metrics.
 */
export async function openPlainDoor(
  endpoint: string,
  tls: NonNullable<EtcdClientOptions['tls']>,
): Promise<PlainDoor> {
  const colon = endpoint.lastIndexOf(':')
  const target = { host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)) }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('data', (first: Buffer) => {
      const speaks = first.toString('latin1').startsWith('PRI ') ? 'h2' : 'http/1.1'
      const inner = connect({
        ...{ ...target, ca: tls.ca, cert: tls.certificate, key: tls.privateKey },
        ALPNProtocols: [speaks],
      })
      sockets.add(inner)
      inner.write(first)
      socket.pipe(inner).pipe(socket)
      for (const one of [socket, inner]) {
        one.on('error', () => one.destroy())
        one.once('close', () => {
          socket.destroy()
          inner.destroy()
        })
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

import { systemClock } from '../base/clock.ts'
import { createClient } from '../client/client.ts'
import { createHttpsTransport } from '../client/https-transport.ts'
import type { Transport } from '../client/transport.ts'
import type { Client } from '../client/typed.ts'
import type { ClusterDirectory } from './config/cluster-directory.ts'
import { ConfigError } from './config/config-error.ts'

/** A transport that must be closed by whoever asked for it. */
export type OwnedTransport = Transport & { close(): void }

/** Talks to these addresses as the cluster's administrator, with the certificates of its directory. */
export function adminTransport(
  directory: ClusterDirectory,
  addresses: readonly string[],
  requestTimeoutMs?: number,
): OwnedTransport {
  const authority = directory.readPair('ca')
  const admin = directory.readPair('admin')
  if (!authority || !admin)
    throw new ConfigError(
      `${directory.path('pki')} has no administrator's certificate`,
      'start the cluster with `kijabi up` first, or name its data directory with --data-dir',
    )
  return createHttpsTransport({
    addresses,
    tls: { ca: authority.certificate, ...admin },
    clock: systemClock,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  })
}

/** The API through the cluster's one address. */
export function adminClient(
  directory: ClusterDirectory,
  address: string,
): { client: Client; transport: Transport; close(): void } {
  const transport = adminTransport(directory, [address])
  return { client: createClient(transport), transport, close: () => transport.close() }
}

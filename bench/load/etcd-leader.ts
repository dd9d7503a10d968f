import { EtcdClient, type EtcdClientOptions } from '../../src/api/etcd/wire/client.ts'
import { maintenanceService } from '../../src/api/etcd/wire/services.ts'

/** A single client is to write where no member has to send its write on. */
export async function leaderFirst(
  endpoints: readonly string[],
  tls?: EtcdClientOptions['tls'],
): Promise<string[]> {
  const leads = await Promise.all(
    endpoints.map(async (endpoint) => {
      const client = new EtcdClient({ endpoint, ...(tls && { tls }) })
      const { leader, header } = await client
        .call(maintenanceService.status, {})
        .finally(() => client.close())
      return leader === header?.memberId
    }),
  )
  const first = Math.max(0, leads.indexOf(true))
  return [...endpoints.slice(first), ...endpoints.slice(0, first)]
}

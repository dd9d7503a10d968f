import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EtcdContext } from './context.ts'
import { servedVersion } from './maintenance.ts'

type Monitored = Pick<EtcdContext, 'store' | 'member'>

/** What monitoring and etcd's own tools ask over plain HTTP (etcd server/etcdserver/api/etcdhttp). */
export function answerMonitoring(
  monitored: Monitored,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const hasLeader = monitored.store.leadership.leader !== 0
  const json = (code: number, body: object) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  switch (request.url) {
    case '/health':
      json(hasLeader ? 200 : 503, { health: String(hasLeader) })
      break
    case '/version':
      json(200, { etcdserver: servedVersion, etcdcluster: servedVersion })
      break
    case '/metrics':
      response
        .writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
        .end(metrics(monitored))
      break
    default:
      response.writeHead(404).end('404 page not found\n')
  }
}

/**
 * A few figures under etcd's names, so that its alerts and `etcdctl check datascale` find them. All
 * the others are at the API's /metrics.
 */
function metrics({ store, member }: Monitored): string {
  const { leader, role } = store.leadership
  const { used, max } = member.storeBytes()
  const gauges: Readonly<Record<string, number>> = {
    etcd_server_has_leader: leader === 0 ? 0 : 1,
    etcd_server_is_leader: role === 'leader' ? 1 : 0,
    etcd_server_quota_backend_bytes: max,
    etcd_mvcc_db_total_size_in_bytes: used,
    etcd_mvcc_db_total_size_in_use_in_bytes: used,
    etcd_debugging_mvcc_current_revision: store.view.revision,
    process_resident_memory_bytes: member.residentBytes(),
  }
  const lines = Object.entries(gauges).flatMap(([name, value]) => [
    `# TYPE ${name} gauge`,
    `${name} ${value}`,
  ])
  return `${lines.join('\n')}\n`
}

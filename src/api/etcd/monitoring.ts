import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Monitored } from './context.ts'
import { servedVersion } from './maintenance.ts'
import { illness, probe } from './probes.ts'

const text = 'text/plain; charset=utf-8'
/** Requests name a path alone. */
const anyHost = 'http://member'

/** What monitoring and etcd's own tools ask over plain HTTP (etcd server/etcdserver/api/etcdhttp). */
export async function answerMonitoring(
  monitored: Monitored,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { code, type, body } = await monitoringAnswer(monitored, request)
  response
    .writeHead(code, { 'content-type': type, ...(code === 405 && { allow: 'GET' }) })
    .end(body)
}

export interface Answer {
  readonly code: number
  readonly type: string
  readonly body: string
}

export async function monitoringAnswer(
  monitored: Monitored,
  { method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>,
): Promise<Answer> {
  const none: Answer = { code: 404, type: text, body: '404 page not found\n' }
  if (!URL.canParse(url, anyHost)) return none
  if (method !== 'GET') return { code: 405, type: text, body: 'Method Not Allowed\n' }
  const asked = new URL(url, anyHost)
  switch (asked.pathname) {
    case '/health': {
      const reason = await illness(monitored, asked.searchParams)
      const body = JSON.stringify({ health: String(reason === ''), reason })
      return { code: reason === '' ? 200 : 503, type: text, body }
    }
    case '/version': {
      const etcdcluster = servedVersion.replace(/\d+$/, '0')
      const body = JSON.stringify({ etcdserver: servedVersion, etcdcluster })
      return { code: 200, type: 'application/json', body }
    }
    case '/metrics':
      return { code: 200, type: 'text/plain; version=0.0.4', body: metrics(monitored) }
    default: {
      const verdict = await probe(monitored, asked)
      if (!verdict) return none
      return { code: verdict.passes ? 200 : 503, type: text, body: verdict.text }
    }
  }
}

/**
 * A few figures under etcd's names, so that its alerts and `etcdctl check datascale` find them. All
 * the others are at the API's /metrics.
 */
function metrics({ store, member, watches }: Monitored): string {
  const { leader, role } = store.leadership
  const { used, max } = member.storeBytes()
  const gauges: Readonly<Record<string, number>> = {
    etcd_server_has_leader: leader === 0 ? 0 : 1,
    etcd_server_is_leader: role === 'leader' ? 1 : 0,
    etcd_server_quota_backend_bytes: max,
    etcd_mvcc_db_total_size_in_bytes: used,
    etcd_mvcc_db_total_size_in_use_in_bytes: used,
    etcd_debugging_mvcc_current_revision: store.view.revision,
    etcd_debugging_mvcc_watcher_total: watches.count,
    process_resident_memory_bytes: member.residentBytes(),
  }
  const lines = Object.entries(gauges).flatMap(([name, value]) => [
    `# TYPE ${name} gauge`,
    `${name} ${value}`,
  ])
  return `${lines.join('\n')}\n`
}

import type { Method } from '../wire/services.ts'
import * as services from '../wire/services.ts'

const { kvService, leaseService, clusterService, maintenanceService } = services

/** Paths of JSON over HTTP (the `google.api.http` options of etcd api/etcdserverpb/rpc.proto, v3lock, v3election). */
const routeTable: readonly (readonly [Method<never, never>, ...string[]])[] = [
  route(kvService.range, 'kv/range'),
  route(kvService.put, 'kv/put'),
  route(kvService.delete, 'kv/deleterange'),
  route(kvService.txn, 'kv/txn'),
  route(kvService.compact, 'kv/compaction'),
  route(services.watchService.watch, 'watch'),
  route(leaseService.grant, 'lease/grant'),
  route(leaseService.revoke, 'lease/revoke', 'kv/lease/revoke'),
  route(leaseService.keepAlive, 'lease/keepalive'),
  route(leaseService.timeToLive, 'lease/timetolive', 'kv/lease/timetolive'),
  route(leaseService.leases, 'lease/leases', 'kv/lease/leases'),
  route(clusterService.add, 'cluster/member/add'),
  route(clusterService.remove, 'cluster/member/remove'),
  route(clusterService.update, 'cluster/member/update'),
  route(clusterService.list, 'cluster/member/list'),
  route(clusterService.promote, 'cluster/member/promote'),
  route(maintenanceService.alarm, 'maintenance/alarm'),
  route(maintenanceService.status, 'maintenance/status'),
  route(maintenanceService.defragment, 'maintenance/defragment'),
  route(maintenanceService.hash, 'maintenance/hash'),
  route(maintenanceService.hashKv, 'maintenance/hashkv'),
  route(maintenanceService.snapshot, 'maintenance/snapshot'),
  route(maintenanceService.moveLeader, 'maintenance/transfer-leadership'),
  route(maintenanceService.downgrade, 'maintenance/downgrade'),
  route(services.authStatus, 'auth/status'),
  route(services.authDisable, 'auth/disable'),
  ...services.refusedAuth.map((method) => route(method, `auth/${refusedPath(method.path)}`)),
  route(services.lockService.lock, 'lock/lock'),
  route(services.lockService.unlock, 'lock/unlock'),
  route(services.electionService.campaign, 'election/campaign'),
  route(services.electionService.proclaim, 'election/proclaim'),
  route(services.electionService.leader, 'election/leader'),
  route(services.electionService.observe, 'election/observe'),
  route(services.electionService.resign, 'election/resign'),
]

/** The method that a path stands for; `v3beta` is how etcd 3.3 had it. */
export function methodAt(path: string): Method<object, object> | undefined {
  return routes.get(path.replace(/^\/v3beta\//, '/v3/'))
}

const routes: ReadonlyMap<string, Method<object, object>> = new Map(
  routeTable.flatMap(([method, ...paths]) =>
    paths.map((path) => [`/v3/${path}`, method as unknown as Method<object, object>] as const),
  ),
)

function route<Request extends object, Response extends object>(
  method: Method<Request, Response>,
  ...paths: string[]
): readonly [Method<never, never>, ...string[]] {
  return [method as unknown as Method<never, never>, ...paths]
}

/** UserGrantRole is at user/grant, UserChangePassword at user/changepw, AuthEnable at enable. */
function refusedPath(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const [, scope, act] = /^(User|Role)(.*)$/.exec(name) ?? []
  if (!scope || !act) return name.replace('Auth', '').toLowerCase() || 'authenticate'
  const verb = act === 'ChangePassword' ? 'changepw' : act.replace(/(Role|Permission)$/, '')
  return `${scope}/${verb}`.toLowerCase()
}

import * as cluster from './cluster-messages.ts'
import * as kv from './kv-messages.ts'
import type { MessageType } from './message-type.ts'

/** A call: its path, which sides stream, and the messages. Server and client are made of this table. */
export interface Method<Request extends object, Response extends object> {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

type Streams = 'answers' | 'both' | 'none'

function method<Request extends object, Response extends object>(
  path: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
  streams: Streams = 'none',
): Method<Request, Response> {
  const [requestStream, responseStream] = [streams === 'both', streams !== 'none']
  return { path, requestStream, responseStream, request, response }
}

const { Nothing, HeaderOnly } = kv

export const kvService = {
  range: method('/etcdserverpb.KV/Range', kv.RangeRequest, kv.RangeResponse),
  put: method('/etcdserverpb.KV/Put', kv.PutRequest, kv.PutResponse),
  delete: method('/etcdserverpb.KV/DeleteRange', kv.DeleteRequest, kv.DeleteResponse),
  txn: method('/etcdserverpb.KV/Txn', kv.TxnRequest, kv.TxnResponse),
  compact: method('/etcdserverpb.KV/Compact', kv.CompactRequest, HeaderOnly),
}

export const watchService = {
  watch: method('/etcdserverpb.Watch/Watch', kv.WatchRequest, kv.WatchResponse, 'both'),
}

export const leaseService = {
  grant: method('/etcdserverpb.Lease/LeaseGrant', cluster.LeaseGrant, cluster.LeaseGranted),
  revoke: method('/etcdserverpb.Lease/LeaseRevoke', cluster.LeaseName, HeaderOnly),
  keepAlive: method(
    '/etcdserverpb.Lease/LeaseKeepAlive',
    cluster.LeaseName,
    cluster.LeaseKept,
    'both',
  ),
  timeToLive: method(
    '/etcdserverpb.Lease/LeaseTimeToLive',
    cluster.LeaseTime,
    cluster.LeaseTimeLeft,
  ),
  leases: method('/etcdserverpb.Lease/LeaseLeases', Nothing, cluster.LeaseList),
}

export const clusterService = {
  add: method('/etcdserverpb.Cluster/MemberAdd', cluster.MemberAdd, cluster.MemberAdded),
  remove: method('/etcdserverpb.Cluster/MemberRemove', cluster.MemberName, cluster.MemberList),
  update: method('/etcdserverpb.Cluster/MemberUpdate', cluster.MemberUpdate, cluster.MemberList),
  list: method('/etcdserverpb.Cluster/MemberList', cluster.MemberListRequest, cluster.MemberList),
  promote: method('/etcdserverpb.Cluster/MemberPromote', cluster.MemberName, cluster.MemberList),
}

export const maintenanceService = {
  alarm: method('/etcdserverpb.Maintenance/Alarm', cluster.AlarmRequest, cluster.AlarmList),
  status: method('/etcdserverpb.Maintenance/Status', Nothing, cluster.StatusAnswer),
  defragment: method('/etcdserverpb.Maintenance/Defragment', Nothing, HeaderOnly),
  hash: method('/etcdserverpb.Maintenance/Hash', Nothing, cluster.HashAnswer),
  hashKv: method('/etcdserverpb.Maintenance/HashKV', cluster.HashKvRequest, cluster.HashKvAnswer),
  snapshot: method('/etcdserverpb.Maintenance/Snapshot', Nothing, cluster.SnapshotPart, 'answers'),
  moveLeader: method('/etcdserverpb.Maintenance/MoveLeader', cluster.MemberName, HeaderOnly),
  downgrade: method('/etcdserverpb.Maintenance/Downgrade', Nothing, HeaderOnly),
}

export const authStatus = method('/etcdserverpb.Auth/AuthStatus', Nothing, cluster.AuthStatus)
export const authDisable = method('/etcdserverpb.Auth/AuthDisable', Nothing, HeaderOnly)
/** Everything else of Auth is refused, whatever it carries. */
export const refusedAuth = [
  ...['AuthEnable', 'Authenticate', 'UserAdd', 'UserGet', 'UserList', 'UserDelete'],
  ...['UserChangePassword', 'UserGrantRole', 'UserRevokeRole', 'RoleAdd', 'RoleGet', 'RoleList'],
  ...['RoleDelete', 'RoleGrantPermission', 'RoleRevokePermission'],
].map((name) => method(`/etcdserverpb.Auth/${name}`, Nothing, HeaderOnly))

export const lockService = {
  lock: method('/v3lockpb.Lock/Lock', cluster.LockRequest, cluster.Locked),
  unlock: method('/v3lockpb.Lock/Unlock', cluster.Unlock, HeaderOnly),
}

export const electionService = {
  campaign: method('/v3electionpb.Election/Campaign', cluster.Campaign, cluster.Elected),
  proclaim: method('/v3electionpb.Election/Proclaim', cluster.Proclaim, HeaderOnly),
  leader: method('/v3electionpb.Election/Leader', cluster.ElectionName, cluster.Leader),
  observe: method(
    '/v3electionpb.Election/Observe',
    cluster.ElectionName,
    cluster.Leader,
    'answers',
  ),
  resign: method('/v3electionpb.Election/Resign', cluster.Resign, HeaderOnly),
}

export const healthService = {
  check: method('/grpc.health.v1.Health/Check', cluster.HealthRequest, cluster.HealthStatus),
  watch: method(
    '/grpc.health.v1.Health/Watch',
    cluster.HealthRequest,
    cluster.HealthStatus,
    'answers',
  ),
}

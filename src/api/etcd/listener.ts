import { limits } from '../../base/limits.ts'
import { serveAuth } from './auth.ts'
import { serveConcurrency } from './concurrency.ts'
import { type EtcdContext, OpenWatches } from './context.ts'
import { Entrance, type EntranceTls } from './entrance.ts'
import { Gateway } from './gateway/gateway.ts'
import type { CallServer } from './grpc/call.ts'
import { GrpcServer } from './grpc/grpc-server.ts'
import { serveHealth } from './health.ts'
import { isolatedPrefix, KeySpace } from './key-space.ts'
import { serveKv } from './kv.ts'
import { LeaderGuard } from './leader-guard.ts'
import { serveLease } from './lease.ts'
import { serveMaintenance } from './maintenance.ts'
import { serveMembership } from './membership.ts'
import { answerMonitoring } from './monitoring.ts'
import { Rpc } from './rpc.ts'
import { serveWatch } from './watch.ts'

export interface EtcdListenerOptions extends Omit<EtcdContext, 'keys' | 'watches'> {
  /** Which keys clients see: those under a prefix of their own, or all, Kubernetes' objects too. */
  readonly keySpace: 'isolated' | 'all'
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Left out only by tests. */
  readonly tls?: EntranceTls
}

export interface EtcdListener {
  /** Resolves with the port it listens on. */
  start(): Promise<number>
  readonly openWatches: number
  /** Ends every stream and closes every connection. */
  stop(): Promise<void>
}

/** Requests that are under way may end within this time when the listener stops. */
const drainMs = 1_000

/** etcd's v3 API in front of the cluster store of this member: over gRPC, and as JSON over HTTP. */
export function createEtcdListener(options: EtcdListenerOptions): EtcdListener {
  const { clock, keySpace, logger, store } = options
  const guard = new LeaderGuard(store, clock)
  const keys = new KeySpace(keySpace === 'all' ? '' : isolatedPrefix)
  const context: EtcdContext = { ...options, keys, watches: new OpenWatches() }
  const gateway = new Gateway(clock)
  const open = grpcServer(context, guard, true, [gateway])
  // Who may not come in is told so at every call, instead of losing its connection without a word.
  const closed = grpcServer(context, guard, false)
  const entrance = new Entrance({
    ...options,
    grpc: (socket, admitted) => (admitted ? open : closed).serve(socket),
    http: (request, response) => {
      if (Gateway.serves(request.url ?? '')) {
        gateway.serve(request, response)
        return
      }
      answerMonitoring(context, request, response).catch((error: unknown) => {
        logger.error({ error, url: request.url }, 'a request of monitoring failed')
        response.destroy()
      })
    },
  })
  return {
    start: () => entrance.open(),
    get openWatches() {
      return context.watches.count
    },
    stop: async () => {
      guard.stop()
      entrance.close()
      const drained = Promise.all([open.leave(), closed.leave(), gateway.leave()])
      const timer = clock.after(drainMs, () => {
        open.destroy()
        closed.destroy()
        gateway.destroy()
        entrance.hangUp()
      })
      await drained
      timer.cancel()
      entrance.hangUp()
    },
  }
}

/** `others` answer as it does. */
function grpcServer(
  context: EtcdContext,
  guard: LeaderGuard,
  admits: boolean,
  others: readonly CallServer[] = [],
): GrpcServer {
  const { logger, clock } = context
  const server = new GrpcServer({
    ...{ clock, logger },
    requestBytesHeldMax: limits.etcdRequestBytesHeldMax,
  })
  const rpc = new Rpc({
    ...{ servers: [server, ...others], logger, guard, admits },
    requestsInFlightMax: limits.requestsInFlightMax,
  })
  serveKv(rpc, context)
  serveWatch(rpc, context)
  serveLease(rpc, context)
  serveMembership(rpc, context)
  serveMaintenance(rpc, context)
  serveAuth(rpc, context)
  serveConcurrency(rpc, context)
  serveHealth(rpc, context)
  return server
}

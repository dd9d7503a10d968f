import { type EtcdContext, headerAt } from './context.ts'
import { refusals } from './errors.ts'
import type { Rpc } from './rpc.ts'
import { authDisable, authStatus, refusedAuth } from './wire/services.ts'

/**
 * etcd's Auth service, not enabled and not to be enabled: who holds an administrator's certificate of
 * the cluster comes in, nobody else.
 */
export function serveAuth(rpc: Rpc, context: EtcdContext): void {
  rpc.unary(authStatus, () => ({ header: headerAt(context), enabled: false, authRevision: 1 }))
  rpc.unary(authDisable, () => ({ header: headerAt(context) }))
  for (const method of refusedAuth)
    rpc.unary(method, () => {
      throw refusals.authNotEnabled()
    })
}

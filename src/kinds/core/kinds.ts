import type { Kind } from '../kind.ts'
import { configMap } from './config-map.ts'
import { event } from './event.ts'
import { namespace } from './namespace.ts'
import { node } from './node.ts'
import { pod } from './pod.ts'
import { secret } from './secret.ts'
import { service } from './service.ts'
import { serviceAccount } from './service-account.ts'

/** The core group, `/api/v1`. */
export const coreKinds: readonly Kind[] = [
  configMap,
  event,
  namespace,
  node,
  pod,
  secret,
  serviceAccount,
  service,
]

import { authorizeByAnyOf } from '../../../src/api/auth/authorizer.ts'
import type { HandlerContext, User } from '../../../src/api/context.ts'
import { standardCatalog } from '../../../src/api/extension/served-kinds.ts'
import { parseRequestInfo } from '../../../src/api/request-info.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { HttpMethod } from '../../../src/client/transport.ts'
import type { ClusterStore } from '../../../src/state/cluster-store.ts'

export const testUser: User = { name: 'tester', uid: '', groups: ['system:masters'] }

/** A request on its way to a handler, as the pipeline would hand it over. */
export function testContext(
  method: HttpMethod,
  path: string,
  headers: Record<string, string> = {},
  more: Partial<HandlerContext['options']> & { user?: User; body?: Uint8Array } = {},
): HandlerContext {
  const { user = testUser, body, ...options } = more
  return {
    options: {
      store: undefined as unknown as ClusterStore,
      authorizer: authorizeByAnyOf([]),
      clock: new ManualClock(),
      random: new SeededRandom(1),
      logger: silentLogger,
      serviceCidr: '10.96.0.0/16',
      nodePortRange: '30000-32767',
      memberName: 'm1',
      kubeletTls: { certificate: '', privateKey: '', ca: '' },
      ...options,
    },
    info: parseRequestInfo(method, path),
    user,
    request: {
      method,
      path,
      headers: new Map(Object.entries(headers)),
      ...(body ? { body } : {}),
    },
    kinds: standardCatalog,
    warnings: [],
    auditAnnotations: new Map(),
  }
}

import { jsonResponse } from '../../api/responses.ts'
import type { ServerRoute } from '../../api/server.ts'
import { statusError } from '../../base/status.ts'

/** Holds the main thread of the master that is asked: `?ms=2000`. */
export const blockPath = '/kijabi/v1/test/block'
const blockMsMax = 10_000

/** Faults that only tests ask for; there only when the environment says KIJABI_TEST_HOOKS=1. */
export function testHookRoutes(environment: NodeJS.ProcessEnv): ServerRoute[] {
  if (environment['KIJABI_TEST_HOOKS'] !== '1') return []
  return [
    {
      ...{ method: 'POST', path: blockPath },
      handle: async ({ path }) => {
        const ms = Number(new URLSearchParams(path.split('?')[1]).get('ms'))
        if (!(ms > 0 && ms <= blockMsMax))
          throw statusError('BadRequest', `ms must be a number up to ${blockMsMax}`)
        blockThisThread(ms)
        return jsonResponse(200, { ms })
      },
    },
  ]
}

/** As a long garbage collection would: nothing of this thread runs, all other threads do. */
function blockThisThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

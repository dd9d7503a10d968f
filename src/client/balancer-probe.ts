import type { Clock } from '../base/clock.ts'
import { statusError } from '../base/status.ts'
import { createHttpsTransport } from './https-transport.ts'
import { bodyBytes, leavingHeader } from './transport.ts'

const probeTimeoutMs = 1_000

/**
 * A probe for a balancer in front of masters: GET /livez over TLS. Unlike a connect it also finds a
 * process that hangs, and rejects with Timeout. One that says that it is not alive has left its cluster;
 * one that is about to, or to end, says so in a header. /readyz would empty the list whenever there is no
 * leader.
 */
export function createLivezProbe(
  tls: { readonly ca: string | Buffer },
  clock: Clock,
): (address: string, signal: AbortSignal) => Promise<'serves' | 'leaves'> {
  return async (address, signal) => {
    const late = new AbortController()
    const timer = clock.after(probeTimeoutMs, () =>
      late.abort(statusError('Timeout', `no answer from ${address} within ${probeTimeoutMs} ms`)),
    )
    const transport = createHttpsTransport({ addresses: [address], tls, clock })
    try {
      const response = await transport.send({
        ...{ method: 'GET', path: '/livez', headers: new Map() },
        signal: AbortSignal.any([signal, late.signal]),
      })
      await bodyBytes(response.body)
      const leaves = response.status >= 500 || response.headers.has(leavingHeader)
      return leaves ? 'leaves' : 'serves'
    } finally {
      timer.cancel()
      transport.close()
    }
  }
}

import type { Clock } from '../base/clock.ts'
import { createHttpsTransport } from './https-transport.ts'
import { bodyBytes } from './transport.ts'

const probeTimeoutMs = 1_000

/**
 * A probe for a balancer in front of masters: GET /livez over TLS. Unlike a connect it also finds a
 * process that hangs. One that says that it is not alive is about to leave its cluster, or has left;
 * /readyz would empty the list whenever there is no leader.
 */
export function createLivezProbe(
  tls: { readonly ca: string | Buffer },
  clock: Clock,
): (address: string, signal: AbortSignal) => Promise<'serves' | 'leaves'> {
  return async (address, signal) => {
    const transport = createHttpsTransport({
      addresses: [address],
      tls,
      clock,
      connectTimeoutMs: probeTimeoutMs,
      requestTimeoutMs: probeTimeoutMs,
    })
    try {
      const headers = new Map<string, string>()
      const response = await transport.send({ method: 'GET', path: '/livez', headers, signal })
      await bodyBytes(response.body)
      return response.status >= 500 ? 'leaves' : 'serves'
    } finally {
      transport.close()
    }
  }
}

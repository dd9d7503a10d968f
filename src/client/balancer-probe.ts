import type { Clock } from '../base/clock.ts'
import { createHttpsTransport } from './https-transport.ts'
import { bodyBytes } from './transport.ts'

const probeTimeoutMs = 1_000

/**
 * A probe for a balancer in front of masters: GET /livez over TLS. Unlike a connect it also finds a
 * process that hangs. It is alive unless it says
 * otherwise, as a master does that was taken out of its cluster; /readyz would empty the list whenever
 * there is no leader.
 */
export function createLivezProbe(
  tls: { readonly ca: string | Buffer },
  clock: Clock,
): (address: string, signal: AbortSignal) => Promise<void> {
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
      if (response.status >= 500) throw new Error(`${address} says that it is not alive`)
    } finally {
      transport.close()
    }
  }
}

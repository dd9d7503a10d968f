import type { Clock } from '../base/clock.ts'
import { createHttpsTransport } from './https-transport.ts'
import { bodyBytes } from './transport.ts'

const probeTimeoutMs = 1_000

/**
 * A probe for a balancer in front of masters: GET /livez over TLS. Unlike a connect it also finds a
 * process that hangs. Any answer counts as life; whether a master is well is not the balancer's to say.
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
    } finally {
      transport.close()
    }
  }
}

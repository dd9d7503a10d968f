import { type Clock, delay } from '../base/clock.ts'
import { isStatus } from '../base/status.ts'
import { nodes } from '../client/resources.ts'
import { bodyBytes, type Transport } from '../client/transport.ts'
import type { Client } from '../client/typed.ts'
import type { Node } from '../kinds/types.ts'

/** Ready as kubectl shows it: the Ready condition is True. */
export function nodeIsReady(node: Node): boolean {
  return (
    node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
  )
}

const pollMs = 50
/** Nobody answers before the first election. */
const passing = ['ServiceUnavailable', 'Timeout', 'ServerTimeout', 'NotFound'] as const

/**
 * Resolves when every named node is Ready and so is the API: a leader is at work and has made the
 * first objects; rejects with what is lacking when the signal aborts. Polls, because at boot
 * there is no API to watch yet.
 */
export async function clusterReady(
  { client, transport }: { readonly client: Client; readonly transport: Transport },
  names: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let lacking = 'an answer of the API'
  for (;;) {
    if (signal.aborted) throw new Error(`${String(signal.reason)}; lacking: ${lacking}`)
    try {
      const { items } = await nodes(client).list({ resourceVersion: '0', signal })
      const ready = new Set(items.filter(nodeIsReady).map((node) => node.metadata.name ?? ''))
      const unready = names.filter((name) => !ready.has(name))
      lacking = unready.length > 0 ? `nodes ${unready.join(', ')}` : 'an answer of /readyz'
      if (unready.length === 0) {
        const failed = await failedChecks(transport, signal)
        if (failed === undefined) return
        lacking = `readiness: ${failed}`
      }
    } catch (error) {
      if (signal.aborted) continue
      if (!isStatus(error, ...passing)) throw error
      lacking = `${lacking.replace(/ \(.*/s, '')} (${error.message})`
    }
    await delay(clock, pollMs, signal).catch(() => {})
  }
}

/** What /readyz says that fails; undefined when nothing does. */
async function failedChecks(
  transport: Transport,
  signal: AbortSignal,
): Promise<string | undefined> {
  const headers = new Map<string, string>()
  const { status, body } = await transport.send({ method: 'GET', path: '/readyz', headers, signal })
  const text = Buffer.from(await bodyBytes(body)).toString('utf8')
  if (status === 200) return undefined
  return [...text.matchAll(/^\[-\](\S+)/gm)].map(([, name]) => name).join(', ')
}

import { type Clock, delay } from '../base/clock.ts'
import { isStatus } from '../base/status.ts'
import { namespaces, nodes } from '../client/resources.ts'
import type { Client } from '../client/typed.ts'
import type { Node } from '../kinds/types.ts'

/** Ready as kubectl shows it: the Ready condition is True. */
export function nodeIsReady(node: Node): boolean {
  return (
    node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
  )
}

const pollMs = 50
/** Nobody answers before the first election, and the leader makes the namespace only then. */
const passing = ['ServiceUnavailable', 'Timeout', 'ServerTimeout', 'NotFound'] as const

/**
 * Resolves when a leader is at work, which shows in the namespace `default`, and every named node is
 * Ready; rejects with what is lacking when the signal aborts. Polls, because at boot
 * there is no API to watch yet.
 */
export async function clusterReady(
  client: Client,
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
      lacking = unready.length > 0 ? `nodes ${unready.join(', ')}` : 'namespace default'
      if (unready.length === 0) {
        await namespaces(client).get('', 'default')
        return
      }
    } catch (error) {
      if (signal.aborted) continue
      if (!isStatus(error, ...passing)) throw error
      lacking = `${lacking.replace(/ \(.*/s, '')} (${error.message})`
    }
    await delay(clock, pollMs, signal).catch(() => {})
  }
}

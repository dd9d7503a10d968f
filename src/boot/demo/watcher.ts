import { type Clock, delay } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import { configMaps } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { WriteLedger } from './ledger.ts'
import { isPassing, ledgerLabel, ledgerNumber } from './writer.ts'

export interface WatcherOptions {
  readonly client: Client
  readonly namespace: string
  readonly ledger: WriteLedger
  readonly clock: Clock
}

/**
 * Watches the numbered writes after the revision `from` and resumes from the last revision it saw, never by a new list: so the
 * ledger counts what the API's watch itself lost or repeated. Resolves when the scope has closed.
 */
export async function startWatcher(
  options: WatcherOptions,
  from: string,
  scope: Scope,
): Promise<void> {
  const { client, namespace, ledger, clock } = options
  const labelSelector = `app=${ledgerLabel}`
  let resourceVersion = from
  while (!scope.closed) {
    try {
      const events = configMaps(client).watch({
        ...{ namespace, labelSelector, resourceVersion },
        ...{ allowBookmarks: true, signal: scope.signal },
      })
      for await (const event of events) {
        if (event.type === 'BOOKMARK') {
          resourceVersion = event.resourceVersion
          continue
        }
        const { metadata } = event.object
        resourceVersion = metadata.resourceVersion ?? resourceVersion
        if (event.type !== 'ADDED') continue
        ledger.watched(ledgerNumber(metadata.name ?? ''), Number(resourceVersion), clock.wallMs())
      }
    } catch (error) {
      if (scope.closed) return
      if (!isPassing(error)) throw error
      await delay(clock, 5, scope.signal).catch(() => {})
    }
  }
}

/**
 * The revision to watch from. Ask for it before the first write begins: a write that is older is no
 * event of the watch, and the ledger would count it as lost.
 */
export async function firstRevision(options: WatcherOptions): Promise<string> {
  const { client, namespace } = options
  const list = await configMaps(client).list({ namespace, limit: 1 })
  return list.resourceVersion
}

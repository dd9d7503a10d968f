import { type Clock, delay } from '../../src/base/clock.ts'
import type { Scope } from '../../src/base/scope.ts'
import { isPassing } from '../../src/boot/demo/writer.ts'
import { configMaps } from '../../src/client/resources.ts'
import type { Client } from '../../src/client/typed.ts'
import type { Listed, Watched } from '../../test/contract/watch-histories.ts'

/** Watches all ConfigMaps of `namespace` after `from` until the scope closes; never lists again. */
export async function recordWatch(
  options: { readonly client: Client; readonly namespace: string; readonly clock: Clock },
  from: number,
  history: Watched[],
  scope: Scope,
): Promise<void> {
  const { client, namespace, clock } = options
  let revision = from
  while (!scope.closed) {
    try {
      const events = configMaps(client).watch({
        ...{ namespace, resourceVersion: String(revision) },
        ...{ allowBookmarks: true, signal: scope.signal },
      })
      for await (const event of events) {
        if (event.type === 'BOOKMARK') {
          revision = Number(event.resourceVersion)
          history.push({ type: 'BOOKMARK', revision })
          continue
        }
        const { metadata, data } = event.object
        revision = Number(metadata.resourceVersion)
        const { name = '' } = metadata
        history.push({ type: event.type, name, revision, value: JSON.stringify(data ?? {}) })
      }
    } catch (error) {
      if (scope.closed) return
      if (!isPassing(error)) throw error
      await delay(clock, 20, scope.signal).catch(() => {})
    }
  }
}

export async function listed(client: Client, namespace: string): Promise<Listed> {
  const { items, resourceVersion } = await configMaps(client).list({ namespace })
  const objects = new Map(
    items.map(({ metadata, data }) => [
      metadata.name ?? '',
      { revision: Number(metadata.resourceVersion), value: JSON.stringify(data ?? {}) },
    ]),
  )
  return { revision: Number(resourceVersion), objects }
}

import { assert } from '../../base/assert.ts'
import type { Revision } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import type { EventMessage, WatchResponse } from '../etcd/wire/kv-messages.ts'
import { kvService, watchService } from '../etcd/wire/services.ts'
import type { Endpoints } from './endpoints.ts'
import type { Mirror, MirroredEvent } from './mirror.ts'
import { keyOf, recordOf } from './requests.ts'

export interface FeedOptions {
  readonly endpoints: Endpoints
  readonly mirror: Mirror
  readonly clock: Clock
  readonly logger: Logger
  /** The mirror has moved on. */
  readonly advanced: () => void
}

const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }
const pageItems = 1_000
const retryMs = 100

/**
 * Keeps the mirror up: loads the state of one revision, then follows a watch of everything, so that each
 * revision arrives and the mirror's is etcd's. A watch that breaks is opened again from where it was; one
 * that fell behind a compaction begins with a new load.
 */
export class Feed {
  readonly #options: FeedOptions
  #close: () => void = () => {}
  #retry: Timer | undefined
  #stopped = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Resolves when the mirror is loaded. */
  async start(): Promise<void> {
    await this.#load()
    this.#follow()
  }

  stop(): void {
    this.#stopped = true
    this.#retry?.cancel()
    this.#close()
  }

  async #load(): Promise<void> {
    const { endpoints, mirror, advanced } = this.#options
    const records: KeyValue[] = []
    let revision = 0
    for (let key: Uint8Array = everything.key; ; ) {
      const page = await endpoints.call('read', kvService.range, {
        ...{ ...everything, key, limit: pageItems, revision },
      })
      revision ||= page.header?.revision ?? 0
      records.push(...page.kvs.map(recordOf))
      const last = page.kvs.at(-1)
      if (!page.more || !last) break
      key = Buffer.concat([last.key, Uint8Array.of(0)])
    }
    assert(revision > 0, 'etcd says at which revision it answers')
    mirror.load(records, revision as Revision)
    advanced()
  }

  #follow(): void {
    if (this.#stopped) return
    const { endpoints, mirror, logger } = this.#options
    const { client } = endpoints
    const stream = client.stream(watchService.watch, { requiresLeader: true })
    let over = false
    const end = (why: string, reload: boolean) => {
      if (over) return
      over = true
      stream.cancel()
      if (this.#stopped) return
      logger.info({ why }, 'the watch of etcd is opened again')
      endpoints.failed(client)
      this.#later(reload)
    }
    this.#close = () => stream.cancel()
    stream.on('error', (error) => end(error.message, false))
    stream.on('end', () => end('it ended', false))
    stream.on('data', (answer: WatchResponse) => {
      if (answer.canceled) end(answer.cancelReason || 'compacted', answer.compactRevision > 0)
      else if (!over) this.#take(answer.events)
    })
    stream.write({ create: { ...everything, startRevision: mirror.revision + 1 } })
  }

  #later(reload: boolean): void {
    const { clock, logger } = this.#options
    this.#retry = clock.after(retryMs, () => {
      const ready = reload ? this.#load() : Promise.resolve()
      ready.then(
        () => this.#follow(),
        (error: unknown) => {
          if (this.#stopped) return
          logger.warn({ error: String(error) }, 'etcd cannot be read')
          this.#later(reload)
        },
      )
    })
  }

  /** etcd sends whole revisions, in order. */
  #take(events: readonly EventMessage[]): void {
    const { mirror, advanced } = this.#options
    let changes: MirroredEvent[] = []
    let revision = 0
    for (const { type, kv } of events) {
      if (!kv) continue
      if (kv.modRevision !== revision && changes.length > 0) {
        mirror.apply(changes, revision as Revision)
        changes = []
      }
      revision = kv.modRevision
      const { value, lease } = kv
      changes.push({ type: type === 0 ? 'put' : 'delete', key: keyOf(kv.key), value, lease })
    }
    if (changes.length > 0) mirror.apply(changes, revision as Revision)
    advanced()
  }
}

import type { ServiceError } from '@grpc/grpc-js'
import { EtcdClient } from '../../src/api/etcd/wire/client.ts'
import type { WatchCreate, WatchResponse } from '../../src/api/etcd/wire/kv-messages.ts'
import type { Draft } from '../../src/api/etcd/wire/message-type.ts'
import { type Method, watchService } from '../../src/api/etcd/wire/services.ts'
import { openEtcdListener } from '../contract/etcd-listener.ts'
import { startEtcd } from './etcd-server.ts'

/**
 * etcd and kijabi's listener side by side, both empty and at revision 1: every call goes to both, and
 * nothing needs a mask but who answered.
 */
export interface Pair {
  readonly etcdAddress: string
  readonly kijabiAddress: string
  /** What both answered; refusals are answers. */
  ask<Request extends object, Response extends object>(
    method: Method<Request, Response>,
    request: Draft<Request>,
  ): Promise<{ readonly etcd: object; readonly kijabi: object }>
  watch(create: Draft<WatchCreate>): { readonly etcd: Watched; readonly kijabi: Watched }
  stop(): Promise<void>
}

export async function openPair(): Promise<Pair> {
  const server = await startEtcd()
  const listener = await openEtcdListener()
  const [etcdAddress, kijabiAddress] = [server.endpoints[0] ?? '', listener.address]
  const [etcd, kijabi] = [etcdAddress, kijabiAddress].map(
    (endpoint) => new EtcdClient({ endpoint }),
  ) as [EtcdClient, EtcdClient]
  return {
    ...{ etcdAddress, kijabiAddress },
    ask: async (method, request) => {
      const [one, other] = await Promise.all(
        [etcd, kijabi].map((client) => answerOf(client, method, request)),
      )
      return { etcd: one as object, kijabi: other as object }
    },
    watch: (create) => ({ etcd: new Watched(etcd, create), kijabi: new Watched(kijabi, create) }),
    stop: async () => {
      etcd.close()
      kijabi.close()
      await listener.stop()
      await server.stop()
    },
  }
}

async function answerOf<Request extends object, Response extends object>(
  client: EtcdClient,
  method: Method<Request, Response>,
  request: Draft<Request>,
): Promise<object> {
  try {
    return readable(await client.call(method, request, { timeoutMs: 20_000 })) as object
  } catch (error) {
    const { code, details } = error as ServiceError
    if (code === undefined) throw error
    return { code, details }
  }
}

/** Bytes as text; without who answered and in which term. */
export function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  const masked = new Set(['clusterId', 'memberId', 'raftTerm'])
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !masked.has(name))
      .map(([name, inner]) => [name, readable(inner)]),
  )
}

/** A watch of one side, and all that it was sent. */
export class Watched {
  readonly answers: WatchResponse[] = []
  readonly #stream
  #heard = () => {}

  constructor(client: EtcdClient, create: Draft<WatchCreate>) {
    this.#stream = client.stream(watchService.watch)
    this.#stream.on('data', (answer: WatchResponse) => {
      this.answers.push(answer)
      this.#heard()
    })
    this.#stream.on('error', () => {})
    this.#stream.write({ create })
  }

  /** Every event so far, in order; how they were packed into answers does not matter. */
  get events(): unknown[] {
    return this.answers.flatMap(({ events }) => events.map(readable))
  }

  /** Resolves when an event of this revision or a later one has come. */
  async reached(revision: number): Promise<void> {
    const has = () =>
      this.answers.some(({ events }) => events.some(({ kv }) => (kv?.modRevision ?? 0) >= revision))
    while (!has()) {
      const over = this.answers.find(({ canceled }) => canceled)
      if (over) throw new Error(`the watch was canceled: ${JSON.stringify(readable(over))}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  /** The answer that a request for progress gets, once all that was before it has been sent. */
  async progress(): Promise<unknown> {
    this.#stream.write({ progress: {} })
    // It belongs to the stream; what an idle watch is told on its own bears the watch's number.
    const isProgress = ({ watchId, created, canceled }: WatchResponse) =>
      watchId === -1 && !created && !canceled
    while (!this.answers.some(isProgress))
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    return readable(this.answers.find(isProgress))
  }

  /** The answer that says why the watch is over. */
  async canceled(): Promise<unknown> {
    const find = () => this.answers.find(({ canceled }) => canceled)
    while (!find())
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    return readable(find())
  }

  end(): void {
    this.#stream.cancel()
  }
}

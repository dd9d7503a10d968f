import type { Clock } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import type { InformerFactory } from '../../client/reflector.ts'
import { paths } from '../../client/resources.ts'
import type { Lease, Node, NodeCondition } from '../../kinds/types.ts'

const leaseNamespace = 'kube-node-lease'

/**
 * When each node was last heard of, by this process's own clock: clocks of nodes are not compared.
 * Every master listens, so that a new leader knows who was silent before it led.
 */
export class Heartbeats {
  readonly #clock: Clock
  readonly #heardMs = new Map<string, number>()
  readonly #listeners = new Set<(node: string) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  listen(informers: InformerFactory, scope: Scope): void {
    const leases = informers.informer<Lease>(paths.leases)
    const nodes = informers.informer<Node>(paths.nodes)
    const off = [
      leases.subscribe({
        added: (lease) => this.#leaseChanged(lease),
        updated: (lease, previous) => {
          if (lease.spec?.renewTime !== previous.spec?.renewTime) this.#leaseChanged(lease)
        },
      }),
      nodes.subscribe({
        added: ({ metadata }) => this.heard(metadata.name ?? ''),
        updated: (node, previous) => {
          if (spoke(node, previous)) this.heard(node.metadata.name ?? '')
        },
        deleted: ({ metadata }) => void this.#heardMs.delete(metadata.name ?? ''),
      }),
    ]
    scope.onClose('heartbeats', () => {
      for (const unsubscribe of off) unsubscribe()
    })
  }

  heard(node: string): void {
    this.#heardMs.set(node, this.#clock.monotonicMs())
    for (const listener of [...this.#listeners]) listener(node)
  }

  /** Monotonic time of the last sign of life; undefined for a node never seen. */
  lastHeardMs(node: string): number | undefined {
    return this.#heardMs.get(node)
  }

  subscribe(listener: (node: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #leaseChanged({ metadata }: Lease): void {
    if (metadata.namespace === leaseNamespace) this.heard(metadata.name ?? '')
  }
}

/** True when a kubelet wrote this status: "Unknown" is what we write in its place. */
function spoke(node: Node, previous: Node): boolean {
  const ready = readyOf(node)
  const before = readyOf(previous)
  if (ready === undefined || ready.status === 'Unknown') return false
  return ready.status !== before?.status || ready.lastHeartbeatTime !== before.lastHeartbeatTime
}

function readyOf(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')
}

import { type Clock, delay } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Scope } from '../../base/scope.ts'
import { isStatus } from '../../base/status.ts'
import { Backoff } from '../../client/backoff.ts'
import type { Informer } from '../../client/informer.ts'
import { createInformer } from '../../client/reflector.ts'
import { leases, nodes } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { Lease, Node } from '../../kinds/types.ts'
import {
  type Machine,
  type NodeFacts,
  nodeLabels,
  nodeObject,
  nodeStatus,
  nodeStatusDiffers,
} from './node-status.ts'

export interface NodeAgentOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly facts: NodeFacts
  readonly leaseRenewSeconds: number
  readMachine(): Promise<Machine>
  /** Why the node cannot run pods; undefined when it can. */
  trouble(): string | undefined
}

const leaseNamespace = 'kube-node-lease'
const statusCheckMs = 10_000
const statusReportMs = 300_000
const retryFirstMs = 100
const retryMaxMs = 2_000
/** A lease lasts so many renewals, as 40 s to 10 s in Kubernetes. */
const leaseRenewals = 4

/** Registers the node, keeps its status true and its lease fresh. */
export class NodeAgent {
  readonly #options: NodeAgentOptions
  readonly #informer: Informer<Node>
  #lastReportMs = 0
  #reporting: Promise<void> | undefined
  #again = false
  #lease: Lease | undefined

  constructor(options: NodeAgentOptions) {
    this.#options = options
    const { client, facts } = options
    const fieldSelector = `metadata.name=${facts.nodeName}`
    this.#informer = createInformer(nodes(client), { fieldSelector }, options)
  }

  /** The API's copy of this node. */
  get node(): Node | undefined {
    return this.#informer.get(this.#options.facts.nodeName)
  }

  /** Begins; resolves at once, and goes on until the scope closes. */
  start(scope: Scope): void {
    const { clock, leaseRenewSeconds, logger } = this.#options
    const loops = [this.#register(scope.signal), this.#renewLoop(scope.signal, leaseRenewSeconds)]
    scope.onClose('node agent', async () => {
      await Promise.all(loops)
      // A report that the end cuts off is no failure of the end: who began it hears of it.
      await this.#reporting?.catch(() => {})
    })
    this.#informer.start(scope)
    const report = () => {
      this.#report(scope.signal).catch((error: unknown) => {
        if (!scope.closed) logger.debug({ error: String(error) }, 'node status is reported later')
      })
    }
    // Whoever calls this node not ready is answered at once, not at the next heartbeat.
    const unsubscribe = this.#informer.subscribe({ added: report, updated: report })
    const timer = clock.every(statusCheckMs, report)
    scope.onClose('node status timer', () => {
      timer.cancel()
      unsubscribe()
    })
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { client, clock, facts, logger } = this.#options
    await this.#persist(signal, 'registration', async () => {
      const machine = await this.#options.readMachine()
      const labels = Object.fromEntries(nodeLabels(facts, machine))
      const resource = nodes(client)
      try {
        await resource.create('', nodeObject(facts, machine, clock), { signal })
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error
        const annotations = Object.fromEntries(facts.annotations)
        const patch = { metadata: { labels, annotations } }
        await resource.patch('', facts.nodeName, 'application/merge-patch+json', patch, { signal })
      }
      logger.info({ node: facts.nodeName }, 'node is registered')
      await this.#patchStatus(await resource.get('', facts.nodeName), signal)
    })
  }

  async #report(signal: AbortSignal): Promise<void> {
    if (this.#reporting) {
      this.#again = true
      return
    }
    this.#reporting = (async () => {
      do {
        this.#again = false
        const node = this.node
        if (node && !signal.aborted) await this.#patchStatus(node, signal)
      } while (this.#again)
    })().finally(() => {
      this.#reporting = undefined
    })
    await this.#reporting
  }

  async #patchStatus(node: Node, signal: AbortSignal): Promise<void> {
    const { client, clock, facts, trouble } = this.#options
    const machine = await this.#options.readMachine()
    const status = nodeStatus(facts, machine, node.status, clock.wallMs(), trouble())
    const due = clock.monotonicMs() - this.#lastReportMs >= statusReportMs
    if (!due && !nodeStatusDiffers(node.status, status)) return
    await nodes(client).patch(
      '',
      facts.nodeName,
      'application/merge-patch+json',
      { status },
      { subresource: 'status', signal },
    )
    this.#lastReportMs = clock.monotonicMs()
  }

  async #renewLoop(signal: AbortSignal, seconds: number): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      await this.#persist(signal, 'lease', () => this.#renew(signal, seconds))
      await delay(clock, seconds * 1000, signal).catch(() => {})
    }
  }

  async #renew(signal: AbortSignal, seconds: number): Promise<void> {
    const { client, clock, facts } = this.#options
    const resource = leases(client)
    const spec = {
      holderIdentity: facts.nodeName,
      leaseDurationSeconds: Math.ceil(seconds * leaseRenewals),
      renewTime: `${new Date(clock.wallMs()).toISOString().slice(0, -1)}000Z`,
    }
    try {
      const known = this.#lease ?? (await resource.get(leaseNamespace, facts.nodeName))
      this.#lease = undefined
      const next = { ...known, spec: { ...known.spec, ...spec } }
      this.#lease = await resource.update(next, { signal })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      const { uid } = this.node?.metadata ?? {}
      const owner = { apiVersion: 'v1', kind: 'Node', name: facts.nodeName, uid: uid ?? '' }
      const metadata = {
        name: facts.nodeName,
        namespace: leaseNamespace,
        ...(uid === undefined ? {} : { ownerReferences: [owner] }),
      }
      const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
      this.#lease = await resource.create(leaseNamespace, lease, { signal })
    }
  }

  /** Tries until it works or the scope closes. */
  async #persist(signal: AbortSignal, what: string, attempt: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.#options
    const backoff = new Backoff(retryFirstMs, retryMaxMs, random)
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        await attempt()
        return
      } catch (error) {
        if (signal.aborted) return
        const say = tries === 5 ? 'warn' : 'debug'
        logger[say]({ error: String(error), tries }, `${what} is tried again`)
        await delay(clock, backoff.nextMs(), signal).catch(() => {})
      }
    }
  }
}

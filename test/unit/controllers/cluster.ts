import assert from 'node:assert/strict'
import type { Term } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { type Logger, silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createInformerFactory } from '../../../src/client/reflector.ts'
import { nodes, paths, pods } from '../../../src/client/resources.ts'
import type { ControllersConfig } from '../../../src/controllers/controller.ts'
import { createControllers } from '../../../src/controllers/controllers.ts'
import { targetNode } from '../../../src/controllers/daemon-set/placement.ts'
import type { Node, Pod } from '../../../src/kinds/types.ts'
import { MemoryApi } from '../client/memory-api.ts'

/** All controllers against an API in memory, with time in the test's hands and no kubelet but this. */
export class Cluster implements AsyncDisposable {
  readonly api = new MemoryApi()
  readonly clock = new ManualClock()
  readonly events: string[] = []
  readonly failures: unknown[] = []
  /** Nodes whose pods nobody runs. */
  readonly dead = new Set<string>()
  #scope = new Scope()
  #term = 0
  readonly #config: ControllersConfig

  constructor(config: Partial<ControllersConfig> = {}) {
    this.api.wallMs = () => this.clock.wallMs()
    this.#config = {
      monitorGraceSeconds: 4,
      leaseRenewSeconds: 1,
      caCertificate: 'PEM',
      ...config,
    }
  }

  /** A new leader; the former one stops. Its copies are its own, and begin now unless it was warm. */
  async lead(successor = this.warm()): Promise<void> {
    await this.#scope.close()
    this.#scope = successor.scope
    this.#term += 1
    await successor.controllers.startLeading(this.#term as Term, this.#scope)
    await this.run(100)
  }

  /** A master that keeps copies and does not lead yet. */
  warm() {
    const scope = new Scope()
    const failed = (fields: Readonly<Record<string, unknown>>) => void this.failures.push(fields)
    const logger: Logger = { ...silentLogger, warn: failed, error: failed, child: () => logger }
    const random = new SeededRandom(7)
    const { clock } = this
    const controllers = createControllers({
      clientOf: () => this.api,
      informers: createInformerFactory(this.api, { clock, random, logger }),
      recorderOf: () => ({
        event: (object, _type, reason, message) => {
          const name = 'metadata' in object ? object.metadata.name : object.name
          this.events.push(`${reason} ${name}: ${message}`)
        },
        flushed: () => Promise.resolve(),
        stop: () => {},
      }),
      clock,
      random,
      logger,
      emit: () => {},
      config: this.#config,
    })
    controllers.warm(scope)
    return { controllers, scope }
  }

  async run(ms: number): Promise<void> {
    // Small steps: each lets a round of watch events, decisions and writes through.
    for (let left = ms; left > 0; left -= 10) await this.clock.advanceAsync(Math.min(10, left))
  }

  /** What kubelets and scheduler do: bind, run, end. */
  async kubelets(): Promise<void> {
    const alive = (await nodes(this.api).list()).items.filter(
      ({ metadata }) => !this.dead.has(metadata.name ?? ''),
    )
    for (const [index, pod] of (await this.pods()).entries()) {
      const { namespace = '', name = '' } = pod.metadata
      const node =
        targetNode(pod) ?? alive[index % Math.max(1, alive.length)]?.metadata.name ?? 'n1'
      if (this.dead.has(node)) continue
      if (pod.metadata.deletionTimestamp) {
        await pods(this.api).delete(namespace, name, { gracePeriodSeconds: 0 })
        continue
      }
      if (pod.status?.phase === 'Running') continue
      const bound: Pod = { ...pod, spec: { containers: [], ...pod.spec, nodeName: node } }
      const written = await pods(this.api).update(bound)
      await pods(this.api).updateStatus({ ...written, status: running(this.clock.wallMs(), index) })
    }
  }

  /** Lets everything happen, kubelets included, until `done` holds. */
  async until(what: string, done: () => Promise<boolean>, rounds = 60): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      if (await done()) return
      await this.kubelets()
      await this.run(100)
    }
    assert.fail(`${what} did not come; failures: ${JSON.stringify(this.failures).slice(0, 2_000)}`)
  }

  async pods(): Promise<readonly Pod[]> {
    return (await pods(this.api).list()).items
  }

  async addNode(name: string): Promise<Node> {
    return await this.api.resource<Node>(paths.nodes).create('', {
      metadata: { name, labels: { 'topology.kubernetes.io/zone': `zone-${name}` } },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.close()
    assert.equal(this.clock.pendingTimers, 0, 'a timer was left behind')
  }
}

export function running(nowMs: number, index: number): NonNullable<Pod['status']> {
  const lastTransitionTime = new Date(nowMs).toISOString()
  return {
    phase: 'Running',
    podIP: `10.0.0.${index + 1}`,
    podIPs: [{ ip: `10.0.0.${index + 1}` }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
  }
}

/** Runs a test against a cluster with nodes n1 and n2, and closes it whatever happens. */
export async function withCluster(
  body: (cluster: Cluster) => Promise<void>,
  config?: Partial<ControllersConfig>,
): Promise<void> {
  const cluster = new Cluster(config)
  try {
    await cluster.addNode('n1')
    await cluster.addNode('n2')
    await cluster.lead()
    await body(cluster)
  } finally {
    await cluster[Symbol.asyncDispose]()
  }
}

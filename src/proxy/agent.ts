import type { Clock, Timer } from '../base/clock.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { Scope } from '../base/scope.ts'
import { type Informer, objectKey } from '../client/informer.ts'
import { createInformerFactory, type InformerFactory } from '../client/reflector.ts'
import { paths } from '../client/resources.ts'
import type { Client } from '../client/typed.ts'
import type { EndpointSlice, Service } from '../kinds/types.ts'
import { type ProxyMode, selectDataplanes } from './dataplane/choice.ts'
import { stopAcceptingForwarded } from './dataplane/docker-forward.ts'
import type { Dataplane } from './dataplane/kernel.ts'
import { removalText, tableName } from './dataplane/nftables.ts'
import { Ownership, ownerSocketPrefix } from './dataplane/owner.ts'
import { type RunProgram, runProgram } from './dataplane/program.ts'
import { type HealthCheck, HealthCheckPorts, healthCheckOf } from './health-checks.ts'
import { losesEndpoint, type PortRules, serviceKeyOfSlice, serviceRules } from './rules.ts'

export interface ProxyOptions {
  readonly nodeName: string
  readonly clusterId: string
  readonly client: Client
  /** Shared copies of Services and EndpointSlices; own ones are made from `client` without it. */
  readonly informers?: InformerFactory
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
  /** `auto`: kernel rules where this process may write them, listeners of this process elsewhere. */
  readonly mode: ProxyMode
  /** Where node ports are listened on in user space; kernel rules answer on every other address. */
  readonly nodePortAddress?: string
  /** Name of the ownership socket, without the zero byte. */
  readonly ownerSocket?: string
  /** How programs such as nft are run; tests enter a network namespace with it. */
  readonly run?: RunProgram
}

export interface Proxy {
  /** Begins to watch and, once this process owns the table, to write. Ends with `scope` too. */
  start(scope?: Scope): void
  /** Ends it; removes what it wrote unless a stand-by goes on. Idempotent. */
  stop(): Promise<void>
  /** True while this process writes the rules of its network namespace. */
  readonly isOwner: boolean
}

/** The proxy of one worker. */
export function createProxy(options: ProxyOptions): Proxy {
  return new ProxyAgent(options)
}

/** Deletes the kernel table of a cluster in this network namespace, if there is one. */
export async function removeKernelArtifacts(options: {
  readonly clusterId: string
  readonly run?: RunProgram
}): Promise<void> {
  const { clusterId, run = runProgram } = options
  const table = tableName(clusterId)
  let tables: string
  try {
    tables = await run('nft', ['list', 'tables', 'ip'], '')
  } catch {
    // Without the tool or the right to use it, nothing can have been written.
    return
  }
  if (!tables.split('\n').includes(`table ip ${table}`)) return
  await run('nft', ['-f', '-'], removalText(table))
  await stopAcceptingForwarded(run, table)
}

const debounceMs = 10
const retryMs = 1_000
const checkPeriodMs = 30_000
const serviceIndex = 'service'

class ProxyAgent implements Proxy {
  readonly #options: ProxyOptions
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #ownership: Ownership
  readonly #scope = new Scope()
  /** Rules by Service; those of `#dirty` are to be worked out anew. */
  readonly #rules = new Map<string, PortRules[]>()
  readonly #dirty = new Set<string>()
  readonly #healthChecks = new Map<string, HealthCheck>()
  readonly #healthCheckPorts: HealthCheckPorts
  #nodeAddress = ''
  #dataplanes: readonly Dataplane[] = []
  #localNodes: ReadonlySet<string>
  #ready = false
  #timer: Timer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #syncing: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: ProxyOptions) {
    this.#options = options
    const informers = options.informers ?? createInformerFactory(options.client, options)
    this.#services = informers.informer<Service>(paths.services)
    this.#slices = informers.informer<EndpointSlice>(paths.endpointSlices, {
      indexes: { [serviceIndex]: (slice) => [serviceKeyOfSlice(slice) ?? ''] },
    })
    this.#healthCheckPorts = new HealthCheckPorts(options)
    this.#localNodes = new Set([options.nodeName])
    this.#ownership = new Ownership({
      name: options.ownerSocket ?? `${ownerSocketPrefix}${options.clusterId}`,
      nodeName: options.nodeName,
      clock: options.clock,
      logger: options.logger,
      owned: () => this.#takeOver(),
      nodesChanged: (nodes) => {
        this.#localNodes = nodes
        this.#soon(debounceMs, this.#localOnlyServices())
      },
    })
  }

  get isOwner(): boolean {
    return this.#ownership.isOwner
  }

  start(scope?: Scope): void {
    scope?.onClose('proxy', () => this.stop())
    const unsubscribe = [
      this.#services.subscribe({
        added: (service) => this.#soon(debounceMs, [objectKey(service)]),
        updated: (service) => this.#soon(debounceMs, [objectKey(service)]),
        deleted: (service) => this.#soon(debounceMs, [objectKey(service)]),
      }),
      this.#slices.subscribe({
        added: (slice) => this.#sliceChanged(slice, undefined),
        updated: (slice, previous) => this.#sliceChanged(slice, previous),
        deleted: (slice) => this.#sliceChanged(undefined, slice),
      }),
    ]
    this.#scope.onClose('proxy subscriptions', () => {
      for (const one of unsubscribe) one()
    })
    this.#services.start(this.#scope)
    this.#slices.start(this.#scope)
    this.#ownership.start()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#syncing
    this.#healthCheckPorts.remove()
    // A stand-by rewrites the table when it takes over; removing it before would leave a gap.
    const last = this.#ownership.isOwner && this.#ownership.standbys === 0
    for (const plane of this.#dataplanes)
      try {
        if (last || !plane.outlivesProcess) await plane.remove()
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'proxy rules were not removed')
      }
    await this.#ownership.stop()
    await this.#scope.close()
  }

  /** This process writes from now on: everything, as soon as the copies are complete. */
  #takeOver(): void {
    const options = this.#options
    const prepare = async () => {
      const [carriers] = await Promise.all([
        selectDataplanes(options, options.run ?? runProgram),
        this.#services.synced,
        this.#slices.synced,
      ])
      if (this.#stopping) return
      this.#dataplanes = carriers.dataplanes
      this.#nodeAddress = carriers.nodeAddress
      this.#ready = true
      options.emit('proxy', 'owner', { detail: { node: options.nodeName } })
      const check = options.clock.every(checkPeriodMs, () => void this.#check())
      this.#scope.onClose('proxy check', () => check.cancel())
      this.#soon(
        0,
        [...this.#services.list()].map((service) => objectKey(service)),
      )
    }
    void prepare().catch((error: unknown) =>
      options.logger.error({ err: error }, 'the proxy cannot write rules'),
    )
  }

  #sliceChanged(next: EndpointSlice | undefined, previous: EndpointSlice | undefined): void {
    const keys = [next, previous].map((slice) => slice && serviceKeyOfSlice(slice))
    const urgent = losesEndpoint(previous, next)
    this.#soon(
      urgent ? 0 : debounceMs,
      keys.filter((key) => key !== undefined),
    )
  }

  #localOnlyServices(): string[] {
    return this.#services
      .list()
      .filter(({ spec }) =>
        [spec?.internalTrafficPolicy, spec?.externalTrafficPolicy].includes('Local'),
      )
      .map((service) => objectKey(service))
  }

  /** Marks Services and syncs within `delayMs`; what is due earlier stays due earlier. */
  #soon(delayMs: number, keys: readonly string[]): void {
    for (const key of keys) this.#dirty.add(key)
    if (!this.#ready || this.#stopping || this.#syncing) return
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    if (dueMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    this.#timer = clock.after(delayMs, () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.#syncing = this.#sync().then((appliedAll) => {
        this.#syncing = undefined
        if (!appliedAll) this.#soon(retryMs, [])
        else if (this.#dirty.size > 0) this.#soon(0, [])
      })
    })
  }

  /** Works out what is marked and writes it. Resolves to false when something was not written. */
  async #sync(): Promise<boolean> {
    const { clock, logger, emit } = this.#options
    const startMs = clock.monotonicMs()
    const changed = this.#dirty.size
    for (const key of this.#dirty) {
      const service = this.#services.get(key)
      const slices = this.#slices.indexed(serviceIndex, key)
      const rules = service ? serviceRules(service, slices, this.#localNodes) : []
      if (rules.length > 0) this.#rules.set(key, rules)
      else this.#rules.delete(key)
      const check = service && healthCheckOf(service, slices, this.#localNodes)
      if (check) this.#healthChecks.set(key, check)
      else this.#healthChecks.delete(key)
    }
    this.#dirty.clear()
    const all = [...this.#rules.values()]
      .flat()
      .sort((one, other) => (one.key < other.key ? -1 : 1))
    const results = await Promise.allSettled(this.#dataplanes.map((plane) => plane.apply(all)))
    const failures = results.filter((result) => result.status === 'rejected')
    for (const { reason } of failures) logger.warn({ err: reason }, 'proxy rules were not applied')
    const checks = this.#healthChecks.values()
    await this.#healthCheckPorts.apply(this.#nodeAddress, checks, failures.length === 0)
    emit('proxy', failures.length === 0 ? 'rules-applied' : 'rules-failed', {
      detail: {
        changed,
        ports: all.length,
        endpoints: all.reduce((sum, rule) => sum + rule.endpoints.length, 0),
        durationMs: Math.round(clock.monotonicMs() - startMs),
      },
    })
    return failures.length === 0
  }

  /** Someone else may flush kernel rules, a firewall's restart for one: they are written again. */
  async #check(): Promise<void> {
    if (this.#syncing || this.#stopping) return
    const intact = await Promise.all(this.#dataplanes.map((plane) => plane.intact()))
    if (intact.includes(false)) this.#soon(0, [])
  }
}

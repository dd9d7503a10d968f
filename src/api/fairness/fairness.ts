import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { ApiRequest } from '../../client/transport.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../../kinds/types.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { unlimitedGroup } from '../auth/authorizer.ts'
import type { User } from '../auth/user.ts'
import { tooManyRequests } from '../errors.ts'
import { LocalCopy, type LocalCopyListener } from '../local-copy.ts'
import type { Attributes } from '../request-info.ts'
import { classify, type Flow, inPrecedence } from './classify.ts'
import { defaultFlows } from './default-flows.ts'
import { FairQueues, type LevelLimits } from './fair-queues.ts'

const group = 'flowcontrol.apiserver.k8s.io'
const schemaPlace = { group, resource: 'flowschemas', namespaced: false }
const levelPlace = { group, resource: 'prioritylevelconfigurations', namespaced: false }

/** How a request leaves; harmless when called again. */
export type Leave = () => void

/**
 * Fair use of this member (API Priority and Fairness; apiserver pkg/util/flowcontrol). Each level has
 * seats of its own, so that nodes and leaders are served however busy others are; within a level,
 * flows take turns. Administrators and this cluster's masters are let through.
 */
export class Fairness {
  readonly #clock: Clock
  readonly #schemas: Mirror<FlowSchema>
  readonly #levels: Mirror<PriorityLevelConfiguration>
  readonly #queues = new Map<string, FairQueues>()
  #ordered: readonly FlowSchema[] = []
  #underWay = 0

  constructor(store: ClusterStore, clock: Clock) {
    this.#clock = clock
    this.#schemas = new Mirror(store, schemaPlace, defaultFlows.schemas)
    this.#levels = new Mirror(store, levelPlace, defaultFlows.levels)
    this.#configure()
  }

  /**
   * Resolves when the request may begin. Rejects with TooManyRequests when its queue is full, or it
   * waited for too long, or its sender hung up.
   */
  async enter(
    user: User,
    asked: Attributes,
    sender: Pick<ApiRequest, 'signal'> = {},
  ): Promise<Leave> {
    if (unlimitedGroup(user) !== undefined) return () => undefined
    const changed = [this.#schemas.refresh(), this.#levels.refresh()]
    if (changed.includes(true)) this.#configure()
    const flow = classify(this.#ordered, user, asked) ?? catchAll
    const queues = this.#queues.get(flow.level)
    // A level that is exempt, or that nobody has described, has no limit of its own.
    if (!queues) return () => undefined
    if (!queues.tryEnter(this.#hasEmptySeats)) await this.#wait(queues, flow, sender.signal)
    else this.#underWay += 1
    let left = false
    return () => {
      if (left) return
      left = true
      queues.leave()
      this.#underWay -= 1
      this.#beginNext(queues)
    }
  }

  get #hasEmptySeats(): boolean {
    return this.#underWay < limits.requestSeatsMax
  }

  #wait(queues: FairQueues, flow: Flow, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        signal?.removeEventListener('abort', giveUp)
      }
      const stopWaiting = queues.wait(`${flow.schema}/${flow.distinguisher}`, () => {
        end()
        this.#underWay += 1
        resolve()
      })
      const giveUp = () => {
        end()
        stopWaiting?.()
        reject(tooManyRequests())
      }
      const timer = this.#clock.after(limits.requestWaitMsMax, giveUp)
      signal?.addEventListener('abort', giveUp, { once: true })
      if (!stopWaiting || signal?.aborted) giveUp()
    })
  }

  /** First those of the same level; a seat that it does not need goes to another one. */
  #beginNext(own: FairQueues): void {
    if (own.beginNext(this.#hasEmptySeats) || !this.#hasEmptySeats) return
    for (const queues of this.#queues.values()) if (queues.beginNext(true)) return
  }

  #configure(): void {
    this.#ordered = inPrecedence(this.#schemas.objects)
    const limited = this.#levels.objects.filter(({ spec }) => spec?.type === 'Limited')
    const sharesOf = ({ spec }: PriorityLevelConfiguration) =>
      spec?.limited?.nominalConcurrencyShares ?? 30
    const shares = limited.reduce((sum, level) => sum + sharesOf(level), 0)
    const names = new Set(limited.map(({ metadata }) => metadata.name ?? ''))
    for (const name of this.#queues.keys()) if (!names.has(name)) this.#queues.delete(name)
    for (const level of limited) {
      const name = level.metadata.name ?? ''
      const seats = Math.ceil((limits.requestSeatsMax * sharesOf(level)) / Math.max(1, shares))
      const levelLimits = limitsOf(level, seats)
      const queues = this.#queues.get(name)
      if (queues) queues.limits = levelLimits
      else this.#queues.set(name, new FairQueues(levelLimits))
    }
  }
}

const catchAll: Flow = { schema: 'catch-all', level: 'catch-all', distinguisher: '' }

function limitsOf({ spec }: PriorityLevelConfiguration, seats: number): LevelLimits {
  const response = spec?.limited?.limitResponse
  if (response?.type !== 'Queue') return { seats, waitingPerFlowMax: 0, waitingMax: 0 }
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = response.queuing ?? {}
  // Where Kubernetes deals each flow a hand of shared queues, here each flow has one of its own.
  return {
    seats,
    waitingPerFlowMax: handSize * queueLengthLimit,
    waitingMax: queues * queueLengthLimit,
  }
}

/** The objects of a kind as the store has them; the default ones while it has none. */
class Mirror<T> {
  readonly #copy: LocalCopy
  readonly #stored = new Map<string, T>()
  readonly #defaults: readonly T[]

  constructor(
    store: ClusterStore,
    place: ConstructorParameters<typeof LocalCopy>[1],
    defaults: readonly T[],
  ) {
    this.#defaults = defaults
    const listener: LocalCopyListener = {
      set: (key, object) => void this.#stored.set(key, object as unknown as T),
      remove: (key) => void this.#stored.delete(key),
      clear: () => this.#stored.clear(),
    }
    this.#copy = new LocalCopy(store, place, listener)
  }

  refresh(): boolean {
    return this.#copy.refresh()
  }

  get objects(): readonly T[] {
    return this.#stored.size > 0 ? [...this.#stored.values()] : this.#defaults
  }
}

import type { Term } from '../base/brand.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import { limits } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Scope } from '../base/scope.ts'
import { isStatus } from '../base/status.ts'
import type { Informer } from '../client/informer.ts'
import { objectKey } from '../client/informer.ts'
import type { Recorder } from '../client/recorder.ts'
import type { InformerFactory } from '../client/reflector.ts'
import { paths, pods } from '../client/resources.ts'
import type { Client, ResourceClient } from '../client/typed.ts'
import type { Node, Pod } from '../kinds/types.ts'
import { bindingOf, conditionPatch, isOurs, nodeEvents, saysAlready } from './cluster-change.ts'
import { eventsThatHelp, scheduleOne } from './cycle.ts'
import { explain } from './explain.ts'
import { podInfo } from './pod-info.ts'
import { type QueuedPod, SchedulingQueue } from './queue.ts'
import { Snapshot } from './snapshot.ts'

export interface SchedulerOptions {
  /** Its writes carry the term (DESIGN decision 9): those of a deposed leader are refused. */
  readonly client: Client
  readonly informers: InformerFactory
  readonly recorder: Recorder
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
}

export interface Scheduler {
  /** Keeps queue and snapshot current until the scope closes, also on a follower. Idempotent. */
  warm(scope: Scope): void
  /** Assigns pods to nodes until the scope closes; it stops at once, bindings under way included. */
  startLeading(term: Term, scope: Scope): void
}

/** The scheduler of one member. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new SchedulerLoop(options)
}

/** Less than limits.eventLoopSliceMsMax, for the last cycle of a slice runs over. */
const sliceMs = limits.eventLoopSliceMsMax / 2

class SchedulerLoop implements Scheduler {
  readonly #options: SchedulerOptions
  readonly #queue = new SchedulingQueue()
  readonly #snapshot = new Snapshot()
  readonly #pods: ResourceClient<Pod>
  readonly #podInformer: Informer<Pod>
  readonly #nodeInformer: Informer<Node>
  #warm = false
  /** Set while this member leads and its copies are complete. */
  #reign: { readonly term: Term; readonly scope: Scope } | undefined
  #timer: Timer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #writesInFlight = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#pods = pods(options.client)
    this.#podInformer = options.informers.informer<Pod>(paths.pods)
    this.#nodeInformer = options.informers.informer<Node>(paths.nodes)
  }

  warm(scope: Scope): void {
    if (this.#warm) return
    this.#warm = true
    const unsubscribe = [
      this.#nodeInformer.subscribe({
        added: (node) => this.#nodeChanged(node, undefined),
        updated: (node, previous) => this.#nodeChanged(node, previous),
        deleted: (node) => this.#snapshot.removeNode(node.metadata.name ?? ''),
      }),
      this.#podInformer.subscribe({
        added: (pod) => this.#podChanged(pod),
        updated: (pod) => this.#podChanged(pod),
        deleted: (pod) => this.#podDeleted(pod),
      }),
    ]
    scope.onClose('scheduler caches', () => {
      for (const one of unsubscribe) one()
    })
    this.#nodeInformer.start(scope)
    this.#podInformer.start(scope)
  }

  startLeading(term: Term, scope: Scope): void {
    const begin = () => {
      if (scope.closed) return
      this.#reign = { term, scope }
      this.#options.emit('scheduler', 'scheduling', {
        term,
        detail: { waiting: this.#queue.size, nodes: this.#snapshot.nodes.length },
      })
      this.#wake()
    }
    scope.onClose('scheduler', () => {
      if (this.#reign?.scope === scope) this.#reign = undefined
      this.#cancelTimer()
    })
    if (this.#podInformer.hasSynced && this.#nodeInformer.hasSynced) begin()
    else void Promise.all([this.#podInformer.synced, this.#nodeInformer.synced]).then(begin)
  }

  #nodeChanged(node: Node, previous: Node | undefined): void {
    this.#snapshot.setNode(node)
    for (const event of nodeEvents(node, previous)) this.#queue.moveFor(event, this.#nowMs())
    this.#wake()
  }

  #podChanged(pod: Pod): void {
    const key = objectKey(pod)
    const nowMs = this.#nowMs()
    if (pod.spec?.nodeName) {
      const before = this.#snapshot.podOn(key)
      this.#queue.delete(key)
      this.#snapshot.setPod(pod)
      const after = this.#snapshot.podOn(key)
      if (!before && after) this.#queue.moveFor('pod-assigned', nowMs)
      if (before && !after) this.#queue.moveFor('pod-removed', nowMs)
    } else if (!isOurs(pod)) {
      this.#queue.delete(key)
      this.#snapshot.forget(key)
    } else {
      // A namesake took the place of a pod that is being bound: that binding concerns it no more.
      const known = this.#queue.get(key)
      if (known && known.pod.metadata.uid !== pod.metadata.uid) this.#snapshot.forget(key)
      this.#queue.set(pod, nowMs)
    }
    this.#wake()
  }

  #podDeleted(pod: Pod): void {
    const key = objectKey(pod)
    this.#queue.delete(key)
    this.#snapshot.removePod(key)
    this.#queue.moveFor('pod-removed', this.#nowMs())
    this.#wake()
  }

  /** Sees to it that the next slice runs as soon as there is something to do. */
  #wake(): void {
    if (!this.#reign || this.#writesInFlight >= limits.schedulerBindingsInFlightMax) return
    const nowMs = this.#nowMs()
    const dueMs = this.#queue.activeCount > 0 ? nowMs : this.#queue.nextDueMs
    if (dueMs === undefined || dueMs >= this.#timerDueMs) return
    this.#cancelTimer()
    this.#timerDueMs = dueMs
    this.#timer = this.#options.clock.after(Math.max(0, dueMs - nowMs), () => {
      this.#timer = undefined
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.#slice()
    })
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
  }

  /** Schedules pods for some milliseconds, then lets the rest of the process run. */
  #slice(): void {
    const endMs = this.#nowMs() + sliceMs
    while (this.#reign && this.#writesInFlight < limits.schedulerBindingsInFlightMax) {
      const entry = this.#queue.pop(this.#nowMs())
      if (!entry) break
      this.#cycle(entry, this.#reign.term)
      if (this.#nowMs() >= endMs) break
    }
    this.#wake()
  }

  #cycle(entry: QueuedPod, term: Term): void {
    const info = podInfo(entry.pod)
    const decision = scheduleOne(this.#snapshot, info, this.#options.random)
    if (decision.node) {
      this.#snapshot.assume(info, decision.node)
      this.#write(() => this.#bind(entry, decision.node.name, term))
      return
    }
    const { diagnosis } = decision
    this.#queue.unschedulable(entry, eventsThatHelp(diagnosis.plugins), this.#nowMs())
    const message = explain(diagnosis, entry.pod.spec?.preemptionPolicy)
    this.#options.recorder.event(entry.pod, 'Warning', 'FailedScheduling', message)
    if (!saysAlready(entry.pod, message)) this.#write(() => this.#tell(entry.pod, message))
  }

  /** Runs a write beside the loop; when too many are under way the loop waits for one to end. */
  #write(run: () => Promise<void>): void {
    this.#writesInFlight += 1
    void run().finally(() => {
      this.#writesInFlight -= 1
      this.#wake()
    })
  }

  /** Never rejects. The pod stays assumed until the watch shows it on its node. */
  async #bind(entry: QueuedPod, nodeName: string, term: Term): Promise<void> {
    const { key, pod } = entry
    const { namespace = '', name = '' } = pod.metadata
    try {
      await this.#pods.subresource(namespace, name, 'binding', 'POST', bindingOf(pod, nodeName))
    } catch (error) {
      // A namesake of another uid may have taken the key meanwhile: it is not ours to forget.
      if (this.#queue.get(key) === entry) {
        this.#snapshot.forget(key)
        this.#queue.retry(entry, this.#nowMs())
        this.#queue.moveFor('pod-removed', this.#nowMs())
      }
      const fields = { err: error, pod: key, node: nodeName }
      if (isStatus(error, 'NotFound', 'Conflict') || this.#reign?.term !== term)
        this.#options.logger.debug(fields, 'pod was not bound')
      else this.#options.logger.warn(fields, 'pod was not bound')
      return
    }
    this.#options.emit('scheduler', 'pod-bound', { term, detail: { pod: key, node: nodeName } })
    const text = `Successfully assigned ${key} to ${nodeName}`
    this.#options.recorder.event(pod, 'Normal', 'Scheduled', text)
  }

  /** Never rejects: the next attempt says it again. */
  async #tell(pod: Pod, message: string): Promise<void> {
    const { namespace = '', name = '' } = pod.metadata
    try {
      await this.#pods.patch(
        namespace,
        name,
        'application/strategic-merge-patch+json',
        conditionPatch(pod, message, this.#options.clock.wallMs()),
        { subresource: 'status', fieldManager: 'kube-scheduler' },
      )
    } catch (error) {
      const fields = { err: error, pod: objectKey(pod) }
      this.#options.logger.debug(fields, 'pod condition was not written')
    }
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }
}

import { limits } from '../base/limits.ts'
import { statusError } from '../base/status.ts'
import type { Pod } from '../kinds/types.ts'
import { Heap } from './heap.ts'
import type { ClusterEvent } from './plugin.ts'
import { podInfo } from './pod-info.ts'

/** A pod that waits for a node. */
export interface QueuedPod {
  pod: Pod
  readonly key: string
  priority: number
  /** Monotonic milliseconds of when it (last) entered the queue; earlier ones go first. */
  queuedMs: number
  readonly order: number
  attempts: number
  /** Monotonic milliseconds before which it is not tried again. */
  backoffUntilMs: number
  place: 'active' | 'backoff' | 'unschedulable' | 'gated' | 'cycle'
  /** What may help it; only read while unschedulable. */
  helpedBy: ReadonlySet<ClusterEvent>
}

const backoffMsMin = 1_000
const backoffMsMax = 10_000
/** An unschedulable pod is tried again after this long even when no event spoke of it. */
const unschedulableMsMax = 5 * 60_000

const nothingHelps: ReadonlySet<ClusterEvent> = new Set()

/**
 * The pods without a node (pkg/scheduler/backend/queue/scheduling_queue.go): active ones by priority and
 * age, those that back off, those that wait for an event that could help, and the gated. Pure: `nowMs`
 * is monotonic time given by the caller, who asks `nextDueMs` when to call `flush`.
 */
export class SchedulingQueue {
  readonly #pods = new Map<string, QueuedPod>()
  readonly #active = new Heap<QueuedPod>(
    (one, other) =>
      other.priority - one.priority || one.queuedMs - other.queuedMs || one.order - other.order,
  )
  readonly #backoff = new Heap<QueuedPod>(
    (one, other) => one.backoffUntilMs - other.backoffUntilMs || one.order - other.order,
  )
  readonly #unschedulable = new Map<string, QueuedPod>()
  #order = 0

  get size(): number {
    return this.#pods.size
  }

  get activeCount(): number {
    return this.#active.size
  }

  get(key: string): QueuedPod | undefined {
    return this.#pods.get(key)
  }

  /** Takes a pod in, or its new state. Throws TooManyRequests past limits.schedulingQueuePodsMax. */
  set(pod: Pod, nowMs: number): void {
    const { key, priority } = podInfo(pod)
    const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0
    const known = this.#pods.get(key)
    if (known && known.pod.metadata.uid === pod.metadata.uid) {
      this.#update(known, pod, nowMs)
      return
    }
    if (known) this.delete(key)
    if (this.#pods.size >= limits.schedulingQueuePodsMax)
      throw statusError('TooManyRequests', `more than ${this.#pods.size} pods wait for a node`)
    this.#order += 1
    const entry: QueuedPod = {
      pod,
      key,
      priority,
      queuedMs: nowMs,
      order: this.#order,
      attempts: 0,
      backoffUntilMs: 0,
      place: 'gated',
      helpedBy: nothingHelps,
    }
    this.#pods.set(key, entry)
    if (!gated) this.#activate(entry)
  }

  delete(key: string): void {
    const entry = this.#pods.get(key)
    if (!entry) return
    this.#leave(entry)
    this.#pods.delete(key)
  }

  /** The next pod to schedule; it stays known, in its cycle, until one of the calls below. */
  pop(nowMs: number): QueuedPod | undefined {
    this.flush(nowMs)
    const entry = this.#active.pop()
    if (!entry) return undefined
    entry.place = 'cycle'
    entry.attempts += 1
    return entry
  }

  /** No node would do: waits for one of `helpedBy`, then for its back-off. */
  unschedulable(entry: QueuedPod, helpedBy: ReadonlySet<ClusterEvent>, nowMs: number): void {
    if (this.#pods.get(entry.key) !== entry) return
    entry.place = 'unschedulable'
    entry.helpedBy = helpedBy
    entry.queuedMs = nowMs
    entry.backoffUntilMs = nowMs + backoffMs(entry.attempts)
    this.#unschedulable.set(entry.key, entry)
  }

  /** A node was found but the binding failed: tried again after its back-off. */
  retry(entry: QueuedPod, nowMs: number): void {
    if (this.#pods.get(entry.key) !== entry) return
    entry.queuedMs = nowMs
    entry.backoffUntilMs = nowMs + backoffMs(entry.attempts)
    entry.place = 'backoff'
    this.#backoff.push(entry)
  }

  /** Something changed in the cluster: those that it may help leave the unschedulable ones. */
  moveFor(event: ClusterEvent, nowMs: number): void {
    for (const entry of this.#unschedulable.values())
      if (entry.helpedBy.has(event)) this.#revive(entry, nowMs)
  }

  /** Moves what has waited long enough. */
  flush(nowMs: number): void {
    for (let next = this.#backoff.peek(); next && next.backoffUntilMs <= nowMs; ) {
      this.#backoff.pop()
      this.#activate(next)
      next = this.#backoff.peek()
    }
    // In order of entry, so the first that may stay ends the search.
    for (const entry of this.#unschedulable.values()) {
      if (entry.queuedMs + unschedulableMsMax > nowMs) break
      this.#revive(entry, nowMs)
    }
  }

  /** When flush has something to do next; undefined when nothing waits for time. */
  get nextDueMs(): number | undefined {
    const oldest = this.#unschedulable.values().next().value
    const due = [
      this.#backoff.peek()?.backoffUntilMs,
      oldest && oldest.queuedMs + unschedulableMsMax,
    ].filter((one) => one !== undefined)
    return due.length > 0 ? Math.min(...due) : undefined
  }

  #update(entry: QueuedPod, pod: Pod, nowMs: number): void {
    const relevant = changesScheduling(entry.pod, pod)
    const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0
    const { priority } = podInfo(pod)
    entry.pod = pod
    if (priority !== entry.priority && entry.place === 'active') {
      this.#active.delete(entry)
      entry.priority = priority
      this.#active.push(entry)
    } else entry.priority = priority
    if (entry.place === 'gated' && !gated) this.#activate(entry)
    else if (entry.place === 'unschedulable' && relevant) this.#revive(entry, nowMs)
  }

  #revive(entry: QueuedPod, nowMs: number): void {
    this.#unschedulable.delete(entry.key)
    if (entry.backoffUntilMs <= nowMs) this.#activate(entry)
    else {
      entry.place = 'backoff'
      this.#backoff.push(entry)
    }
  }

  #activate(entry: QueuedPod): void {
    entry.place = 'active'
    this.#active.push(entry)
  }

  #leave(entry: QueuedPod): void {
    if (entry.place === 'active') this.#active.delete(entry)
    else if (entry.place === 'backoff') this.#backoff.delete(entry)
    else this.#unschedulable.delete(entry.key)
  }
}

function backoffMs(attempts: number): number {
  return Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(10, Math.max(0, attempts - 1)))
}

/** Whether an update of a waiting pod can change the verdict: its status alone cannot. */
function changesScheduling(before: Pod, after: Pod): boolean {
  return (
    JSON.stringify([before.spec, before.metadata.labels]) !==
    JSON.stringify([after.spec, after.metadata.labels])
  )
}

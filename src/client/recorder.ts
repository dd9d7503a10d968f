import type { Clock } from '../base/clock.ts'
import { delay } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { isStatus, StatusError } from '../base/status.ts'
import type { Event, ObjectReference } from '../kinds/types.ts'
import { Backoff } from './backoff.ts'
import { events } from './resources.ts'
import type { Client, KubernetesObject } from './typed.ts'
import { TokenBucket } from './work-queue.ts'

export interface RecorderOptions {
  readonly component: string
  readonly host: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Tells users what happened to an object, as core/v1 Events. Never blocks and never fails: the same
 * thing again raises a count, what comes too fast or finds the queue full is dropped and logged.
 */
export interface Recorder {
  /** `object` carries its apiVersion and kind, as objects from the client do. */
  event(
    object: KubernetesObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void
  /** Resolves when what was recorded so far is written or dropped. */
  flushed(): Promise<void>
  stop(): void
}

export function createRecorder(client: Client, options: RecorderOptions): Recorder {
  return new EventRecorder(client, options)
}

interface Entry {
  readonly reference: ObjectReference
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly name: string
  readonly firstMs: number
  lastMs: number
  count: number
  written: boolean
}

const aggregatedEntriesMax = 4_096
const waitingEntriesMax = 1_000
const triesMax = 5
const messageCharactersMax = 1_024

class EventRecorder implements Recorder {
  readonly #client: Client
  readonly #options: RecorderOptions
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Set<string>()
  readonly #bucket: TokenBucket
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  constructor(client: Client, options: RecorderOptions) {
    this.#client = client
    this.#options = options
    const perSecond = limits.eventsPerSourcePerSecondMax
    this.#bucket = new TokenBucket(options.clock, perSecond, perSecond * 4)
  }

  event(
    object: KubernetesObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    text: string,
  ): void {
    if (this.#abort.signal.aborted) return
    const reference = referenceOf(object)
    const message = text.slice(0, messageCharactersMax)
    const key = JSON.stringify([reference, type, reason, message])
    const nowMs = this.#options.clock.wallMs()
    const known = this.#entries.get(key)
    if (known) {
      known.count += 1
      known.lastMs = nowMs
      // Counted all the same; the next write that the rate allows tells the count.
      if (!this.#bucket.take()) return
    } else {
      if (this.#waiting.size >= waitingEntriesMax || !this.#bucket.take()) {
        this.#options.logger.debug({ reason, object: reference.name }, 'event dropped')
        return
      }
      this.#entries.set(key, {
        reference,
        type,
        reason,
        message,
        name: `${reference.name ?? 'object'}.${this.#suffix(nowMs)}`,
        firstMs: nowMs,
        lastMs: nowMs,
        count: 1,
        written: false,
      })
      this.#forgetOldest()
    }
    this.#waiting.add(key)
    this.#running ??= this.#drain()
  }

  async flushed(): Promise<void> {
    while (this.#running) await this.#running
  }

  stop(): void {
    this.#abort.abort()
    this.#waiting.clear()
  }

  /** Unique within the object: the time in hexadecimal, and some chance for other recorders. */
  #suffix(nowMs: number): string {
    const chance = this.#options.random.integer(0, 2 ** 20)
    return (BigInt(nowMs) * 1_000_000n + BigInt(chance)).toString(16)
  }

  #forgetOldest(): void {
    if (this.#entries.size <= aggregatedEntriesMax) return
    for (const key of this.#entries.keys()) {
      if (this.#waiting.has(key)) continue
      this.#entries.delete(key)
      return
    }
  }

  async #drain(): Promise<void> {
    // Whatever the caller still has to say in this turn is taken in before the first write.
    await Promise.resolve()
    for (const key of this.#waiting) {
      this.#waiting.delete(key)
      const entry = this.#entries.get(key)
      if (entry) await this.#write(key, entry)
      if (this.#abort.signal.aborted) break
    }
    this.#running = undefined
  }

  async #write(key: string, entry: Entry): Promise<void> {
    const { clock, random, logger } = this.#options
    const backoff = new Backoff(100, 5_000, random)
    for (let tries = 1; !this.#abort.signal.aborted; tries += 1) {
      try {
        if (entry.written) await this.#raiseCount(entry)
        else await this.#create(entry)
        entry.written = true
        return
      } catch (error) {
        if (isStatus(error, 'NotFound') && entry.written) {
          // Its time to live is over: make a new one.
          entry.written = false
          continue
        }
        const retry =
          isStatus(error, 'ServiceUnavailable', 'TooManyRequests', 'Timeout', 'ServerTimeout') &&
          tries < triesMax
        if (!retry) {
          // A try whose answer was lost has made it.
          if (isStatus(error, 'AlreadyExists')) entry.written = true
          else this.#entries.delete(key)
          const why = error instanceof StatusError ? error.message : String(error)
          logger.debug({ reason: entry.reason, object: entry.reference.name, why }, 'event lost')
          return
        }
        await delay(clock, backoff.nextMs(), this.#abort.signal).catch(() => {})
      }
    }
  }

  async #create(entry: Entry): Promise<void> {
    const { component, host } = this.#options
    const namespace = entry.reference.namespace || 'default'
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: entry.name, namespace },
      involvedObject: entry.reference,
      reason: entry.reason,
      message: entry.message,
      type: entry.type,
      count: entry.count,
      firstTimestamp: timestamp(entry.firstMs),
      lastTimestamp: timestamp(entry.lastMs),
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host,
    }
    await events(this.#client).create(namespace, event, { signal: this.#abort.signal })
  }

  async #raiseCount(entry: Entry): Promise<void> {
    const patch = {
      count: entry.count,
      lastTimestamp: timestamp(entry.lastMs),
    }
    const namespace = entry.reference.namespace || 'default'
    const type = 'application/merge-patch+json'
    const options = { signal: this.#abort.signal }
    await events(this.#client).patch(namespace, entry.name, type, patch, options)
  }
}

function referenceOf(object: KubernetesObject | ObjectReference): ObjectReference {
  if (!('metadata' in object)) return object
  const { metadata, apiVersion, kind } = object
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    name: metadata.name ?? '',
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  }
}

/** Wall time as Kubernetes writes it: UTC, whole seconds. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

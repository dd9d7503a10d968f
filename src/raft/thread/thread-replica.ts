import { Worker } from 'node:worker_threads'
import { present } from '../../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import { systemClock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import type { Logger } from '../../base/log.ts'
import { statusError } from '../../base/status.ts'
import type {
  LeadershipView,
  MembershipChange,
  Replica,
  ReplicaListener,
  ReplicaStatus,
} from '../replica.ts'
import type { ReplicaSettings } from '../replica-options.ts'
import {
  type Notice,
  packBytes,
  packError,
  type Request,
  type ThreadData,
  transferable,
  unpackEntries,
  unpackError,
} from './messages.ts'
import { ThreadStreams } from './streams.ts'
import { TurnPacer } from './turn-pacer.ts'

export interface ThreadReplicaOptions extends ReplicaSettings {
  readonly logger: Logger
  readonly emit: FlightEmit
  readonly logsDebug?: boolean
}

export interface ThreadReplica extends Replica {
  /** Ends the thread at once, without a goodbye, as a crash would. */
  terminate(): Promise<void>
}

/**
 * A replica whose core, log and links live in a thread of their own: nothing that the calling thread
 * does, however long, keeps a heartbeat waiting. Commands and entries change threads in batches.
 */
export function createThreadReplica(options: ThreadReplicaOptions): ThreadReplica {
  return new WorkerReplica(options)
}

interface Waiting {
  readonly resolve: (value: number | undefined) => void
  readonly reject: (error: Error) => void
}

/** How far this side has applied matters to the thread only when it is far behind: that can wait. */
const appliedDelayMs = 10
const appliedEntriesUntold = 256

class WorkerReplica implements ThreadReplica {
  readonly memberId: MemberId
  readonly #options: ThreadReplicaOptions
  readonly #streams: ThreadStreams
  readonly #waiting = new Map<number, Waiting>()
  readonly #pacer = new TurnPacer<Notice[]>({
    clock: systemClock,
    defer: setImmediate,
    handle: (notices) => {
      for (const notice of notices) this.#handle(notice)
    },
  })
  #listener: ReplicaListener | undefined
  #worker: Worker | undefined
  #lastId = 0
  #outbox: Request[] = []
  #proposedIds: number[] = []
  #proposed: Uint8Array[] = []
  #flushScheduled = false
  #status: ReplicaStatus
  #applied = 0 as LogIndex
  #appliedSent = 0 as LogIndex
  #appliedTimer: NodeJS.Timeout | undefined
  #commit = 0 as LogIndex
  #phase: 'new' | 'running' | 'failed' | 'stopped' = 'new'

  constructor(options: ThreadReplicaOptions) {
    this.memberId = options.memberId
    this.#options = options
    this.#streams = new ThreadStreams((message) => this.#send(message))
    this.#status = emptyStatus(options.memberId)
  }

  listen(listener: ReplicaListener): void {
    this.#listener = listener
  }

  async start(): Promise<void> {
    const { logger, emit, logsDebug, ...settings } = this.#options
    const data: ThreadData = { settings, logsDebug: logsDebug ?? false }
    const worker = new Worker(new URL('./thread-main.js', import.meta.url), {
      workerData: data,
      execArgv: [],
      name: 'raft',
    })
    this.#worker = worker
    this.#phase = 'running'
    worker.on('message', (notices: Notice[]) => this.#pacer.take(notices))
    worker.on('error', (error) => this.#lost(error))
    worker.on('exit', (code) => this.#lost(new Error(`the Raft thread ended with code ${code}`)))
    try {
      await this.#ask((id) => ({ kind: 'start', id }))
    } catch (error) {
      await this.terminate()
      throw error
    }
  }

  async propose(command: Uint8Array): Promise<void> {
    if (this.#phase !== 'running') throw this.#unavailable()
    await new Promise<number | undefined>((resolve, reject) => {
      this.#lastId += 1
      this.#waiting.set(this.#lastId, { resolve, reject })
      this.#proposedIds.push(this.#lastId)
      this.#proposed.push(command)
      this.#schedule()
    })
  }

  async readIndex(): Promise<LogIndex> {
    const index = await this.#ask((id) => ({ kind: 'read-index', id }))
    return present(index, 'the index of a read') as LogIndex
  }

  applied(index: LogIndex): void {
    if (index <= this.#applied) return
    this.#applied = index
    if (index - this.#appliedSent >= appliedEntriesUntold) this.#schedule()
    else
      this.#appliedTimer ??= setTimeout(() => {
        this.#appliedTimer = undefined
        this.#schedule()
      }, appliedDelayMs)
  }

  async saveSnapshot(
    index: LogIndex,
    term: Term,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const stream = this.#streams.give(blocks)
    try {
      await this.#ask((id) => ({ kind: 'save-snapshot', id, index, term, stream }))
    } finally {
      await this.#streams.drop(stream)
    }
  }

  async transferLeadership(to: MemberId): Promise<void> {
    await this.#ask((id) => ({ kind: 'transfer', id, to }))
  }

  async changeMembership(change: MembershipChange): Promise<void> {
    await this.#ask((id) => ({ kind: 'change', id, change }))
  }

  async discard(why: string): Promise<void> {
    await this.#ask((id) => ({ kind: 'discard', id, why }))
  }

  /** As the thread last told, at most a fifth of a second ago; leadership is of now. */
  status(): ReplicaStatus {
    const lastIndex = Math.max(this.#status.lastIndex, this.#commit)
    const { memberId } = this
    return {
      ...this.#status,
      memberId,
      lastIndex: lastIndex as LogIndex,
      commitIndex: Math.max(this.#commit, this.#status.commitIndex) as LogIndex,
      appliedIndex: this.#applied,
    }
  }

  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return
    if (this.#worker && this.#phase !== 'new') {
      // A thread that died has nothing left to stop.
      await this.#ask((id) => ({ kind: 'stop', id }), true).catch((error: unknown) =>
        this.#options.logger.warn({ error }, 'the Raft thread did not stop by itself'),
      )
    }
    await this.terminate()
  }

  async terminate(): Promise<void> {
    this.#phase = 'stopped'
    clearTimeout(this.#appliedTimer)
    await this.#worker?.terminate()
    this.#worker = undefined
    this.#rejectAll(this.#unavailable())
  }

  #handle(notice: Notice): void {
    if (this.#phase === 'stopped') return
    switch (notice.kind) {
      case 'committed': {
        const entries = unpackEntries(notice.entries)
        this.#commit = entries.at(-1)?.index ?? this.#commit
        this.#listener?.committed(entries)
        return
      }
      case 'answer': {
        const waiting = this.#waiting.get(notice.id)
        this.#waiting.delete(notice.id)
        if (notice.error) waiting?.reject(unpackError(notice.error))
        else waiting?.resolve(notice.value)
        return
      }
      case 'leadership':
        this.#status = { ...this.#status, ...notice.view }
        this.#listener?.leadership(notice.view)
        return
      case 'status':
        this.#status = notice.status
        return
      case 'restored':
        void this.#restore(notice)
        return
      case 'snapshot-wanted':
        this.#listener?.snapshotWanted()
        return
      case 'failed':
        this.#fail(unpackError(notice.error))
        return
      case 'log':
        this.#options.logger[notice.level](notice.fields, notice.message)
        return
      case 'flight':
        this.#options.emit(notice.component, notice.event, notice.fields as never)
        return
      default:
        this.#streams.handle(notice)
    }
  }

  async #restore(notice: Notice & { readonly kind: 'restored' }): Promise<void> {
    const { id, index, term, stream } = notice
    try {
      await this.#listener?.restored(index, term, this.#streams.take(stream))
      this.#applied = Math.max(this.#applied, index) as LogIndex
      this.#appliedSent = this.#applied
      this.#commit = Math.max(this.#commit, index) as LogIndex
      this.#send({ kind: 'answer', id })
    } catch (error) {
      this.#send({ kind: 'answer', id, error: packError(error) })
    }
  }

  #ask(request: (id: number) => Request, whileFailed = false): Promise<number | undefined> {
    const isUp = this.#phase === 'running' || (whileFailed && this.#phase === 'failed')
    if (!isUp) return Promise.reject(this.#unavailable())
    return new Promise((resolve, reject) => {
      this.#lastId += 1
      this.#waiting.set(this.#lastId, { resolve, reject })
      this.#send(request(this.#lastId))
    })
  }

  #send(request: Request): void {
    this.#outbox.push(request)
    this.#schedule()
  }

  /** One message to the thread for all that one run of microtasks asks. */
  #schedule(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    queueMicrotask(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const requests = this.#outbox
    this.#outbox = []
    if (this.#proposed.length > 0) {
      const commands = packBytes(this.#proposed)
      requests.push({ kind: 'propose', ids: this.#proposedIds, commands })
      this.#proposed = []
      this.#proposedIds = []
    }
    if (this.#applied > this.#appliedSent) {
      this.#appliedSent = this.#applied
      requests.push({ kind: 'applied', index: this.#applied })
    }
    if (requests.length > 0) this.#worker?.postMessage(requests, requests.flatMap(transferable))
  }

  #lost(error: Error): void {
    this.#pacer.finish()
    if (this.#phase === 'stopped') return
    this.#worker = undefined
    this.#fail(error)
    this.#rejectAll(error)
  }

  #fail(error: Error): void {
    if (this.#phase !== 'running') return
    this.#phase = 'failed'
    this.#status = { ...this.#status, role: 'follower', leader: 0 as MemberId }
    this.#listener?.failed(error)
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#streams.breakAll(error)
  }

  #unavailable(): Error {
    return statusError('ServiceUnavailable', `this member is ${this.#phase}`)
  }
}

function emptyStatus(memberId: MemberId): ReplicaStatus {
  const view: LeadershipView = { role: 'follower', term: 0 as Term, leader: 0 as MemberId }
  return {
    ...view,
    memberId,
    commitIndex: 0 as LogIndex,
    appliedIndex: 0 as LogIndex,
    firstIndex: 1 as LogIndex,
    lastIndex: 0 as LogIndex,
    progress: [],
    voters: [],
    learners: [],
    syncMsP99: 0,
    syncs: 0,
    syncedBytes: 0,
  }
}

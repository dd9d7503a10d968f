import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { present } from '../../base/assert.ts'
import { systemClock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import type { Logger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { systemDisk } from '../../base/system-disk.ts'
import { createLocalReplica } from '../driver.ts'
import type { CommittedEntry, Replica, ReplicaListener } from '../replica.ts'
import {
  type Notice,
  packEntries,
  packError,
  type Request,
  type ThreadData,
  transferable,
  unpackBytes,
  unpackError,
} from './messages.ts'
import { ThreadStreams } from './streams.ts'

/** The entry point of the Raft thread: a local replica, and the port to the main thread. */
const statusPeriodMs = 200

class RaftThread {
  readonly #port: MessagePort
  readonly #replica: Replica
  readonly #streams: ThreadStreams
  #committed: CommittedEntry[] = []
  #outbox: Notice[] = []
  #flushScheduled = false
  #restoreCount = 0
  readonly #restores = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()

  constructor(port: MessagePort, { settings, logsDebug }: ThreadData) {
    this.#port = port
    this.#streams = new ThreadStreams((message) => this.#post(message))
    this.#replica = createLocalReplica({
      ...settings,
      clock: systemClock,
      random: systemRandom,
      disk: systemDisk,
      logger: this.#logger({}, logsDebug),
      emit: this.#emit,
    })
    this.#replica.listen(this.#listener())
    port.on('message', (requests: Request[]) => {
      for (const request of requests) this.#handle(request)
    })
  }

  readonly #emit: FlightEmit = (component, event, fields) =>
    this.#post({ kind: 'flight', component, event, fields })

  #listener(): ReplicaListener {
    return {
      committed: (entries) => {
        this.#committed.push(...entries)
        this.#schedule()
      },
      restored: (index, term, blocks) => {
        this.#restoreCount += 1
        const id = this.#restoreCount
        const stream = this.#streams.give(blocks)
        this.#post({ kind: 'restored', id, index, term, stream })
        return new Promise<void>((resolve, reject) => {
          this.#restores.set(id, { resolve, reject })
        }).finally(() => this.#streams.drop(stream))
      },
      leadership: (view) => {
        this.#post({ kind: 'leadership', view })
        this.#postStatus()
      },
      snapshotWanted: () => this.#post({ kind: 'snapshot-wanted' }),
      failed: (error) => this.#post({ kind: 'failed', error: packError(error) }),
    }
  }

  #handle(request: Request): void {
    const replica = this.#replica
    switch (request.kind) {
      case 'propose':
        this.#propose(request.ids, unpackBytes(request.commands))
        return
      case 'applied':
        replica.applied(request.index)
        return
      case 'read-index':
        this.#answer(request.id, replica.readIndex())
        return
      case 'start':
        this.#answer(request.id, this.#start())
        return
      case 'stop':
        this.#answer(request.id, replica.stop())
        return
      case 'transfer':
        this.#answer(request.id, replica.transferLeadership(request.to), true)
        return
      case 'change':
        this.#answer(request.id, replica.changeMembership(request.change), true)
        return
      case 'discard':
        this.#answer(request.id, replica.discard(request.why))
        return
      case 'save-snapshot': {
        const { index, term, stream } = request
        this.#answer(request.id, replica.saveSnapshot(index, term, this.#streams.take(stream)))
        return
      }
      case 'answer': {
        const restore = this.#restores.get(request.id)
        this.#restores.delete(request.id)
        if (request.error) restore?.reject(unpackError(request.error))
        else restore?.resolve()
        return
      }
      default:
        this.#streams.handle(request)
    }
  }

  async #start(): Promise<void> {
    await this.#replica.start()
    this.#postStatus()
    const timer = setInterval(() => this.#postStatus(), statusPeriodMs)
    // The links and the ticker keep this thread alive; when they stop, it may end.
    timer.unref()
  }

  /**
   * That a command was taken nobody waits for: the answer goes with the next message, which is its
   * commit or, at the latest, the next status. Refusals go at once.
   */
  #propose(ids: readonly number[], commands: readonly Uint8Array[]): void {
    for (const [at, command] of commands.entries()) {
      const id = present(ids[at], 'the id of a command')
      this.#replica.propose(command).then(
        () => this.#outbox.push({ kind: 'answer', id }),
        (error: unknown) => this.#post({ kind: 'answer', id, error: packError(error) }),
      )
    }
  }

  #answer(id: number, work: Promise<unknown>, tellsStatus = false): void {
    work.then(
      (value) => {
        if (tellsStatus) this.#postStatus()
        this.#post({ kind: 'answer', id, value: typeof value === 'number' ? value : undefined })
      },
      (error: unknown) => this.#post({ kind: 'answer', id, error: packError(error) }),
    )
  }

  #post(notice: Notice): void {
    this.#packCommitted()
    this.#outbox.push(notice)
    this.#schedule()
  }

  /** One message for all that one run of microtasks has to say. */
  #schedule(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    queueMicrotask(() => {
      this.#flushScheduled = false
      this.#packCommitted()
      const notices = this.#outbox
      this.#outbox = []
      this.#port.postMessage(notices, notices.flatMap(transferable))
    })
  }

  /** Entries keep their place among the other notices. */
  #packCommitted(): void {
    if (this.#committed.length === 0) return
    this.#outbox.push({ kind: 'committed', entries: packEntries(this.#committed) })
    this.#committed = []
  }

  #postStatus(): void {
    this.#post({ kind: 'status', status: this.#replica.status() })
  }

  #logger(bindings: Readonly<Record<string, unknown>>, logsDebug: boolean): Logger {
    const write =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (fields: Readonly<Record<string, unknown>>, message: string) => {
        const all: Record<string, unknown> = { ...bindings, ...fields }
        for (const [key, value] of Object.entries(all))
          if (value instanceof Error) all[key] = packError(value)
        this.#post({ kind: 'log', level, fields: all, message })
      }
    return {
      debug: logsDebug ? write('debug') : () => {},
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (more) => this.#logger({ ...bindings, ...more }, logsDebug),
    }
  }
}

/**
 * Linux gives each thread a priority of its own. Consensus needs little time, but at once: busy
 * neighbours must not delay heartbeats and votes. Without the right to it (CAP_SYS_NICE) the thread
 * runs as any other.
 */
function preferThisThread(): void {
  try {
    setPriority(constants.priority.PRIORITY_ABOVE_NORMAL)
  } catch (error) {
    const { code, info } = error as NodeJS.ErrnoException & { readonly info?: { code?: string } }
    if (code !== 'ERR_SYSTEM_ERROR' || !['EACCES', 'EPERM'].includes(info?.code ?? '')) throw error
  }
}

preferThisThread()
if (parentPort) new RaftThread(parentPort, workerData as ThreadData)

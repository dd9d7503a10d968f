import type { Term } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { isStatus, statusError } from '../../base/status.ts'
import type { LeadershipView, Replica } from '../../raft/replica.ts'
import type { Operation, Txn } from '../../state/cluster-store.ts'
import { type CommandBody, encodeCommands } from '../../state/command.ts'
import { nothingSent, outcomeUnknown, tooManyUnfinished } from '../../state/errors.ts'
import type { CommandOutcome, DoneAnswer } from '../../state/machine.ts'

/** A proposal that was taken but is not committed by then may be lost: it is sent again. */
const silentResendMs = 2_000
/** A proposal that nobody took is offered again after about this long, or with the next leader. */
const refusedResendMs = 50
/**
 * While a proposal of this member is under way, new commands wait for its end to go together, but no
 * longer than this. A round trip of Raft costs the same turns of threads, messages and syncs for one
 * command as for sixty; what waits for the disk meanwhile would have waited in the log.
 */
const gatherMs = 10

export interface OutboxOptions {
  readonly replica: Replica
  readonly clock: Clock
  readonly random: Random
  readonly timeoutMs: number
  /** Runs a task at the end of this turn of the event loop, when all that has arrived was looked at. */
  readonly defer: (task: () => void) => void
}

interface PendingCommand {
  readonly sequence: number
  readonly fence: Term
  readonly body: CommandBody
  readonly resolve: (answer: DoneAnswer) => void
  readonly reject: (error: Error) => void
  /** Set for one whose caller does not wait as long as others. */
  deadline: Timer | undefined
}

/** Commands made in one turn, in one log entry. Sent as often as needed, always the same bytes. */
interface Proposal {
  readonly bytes: Uint8Array
  readonly unanswered: Set<number>
  /** Some replica took it once: from then on a failure leaves its outcome open. */
  taken: boolean
  sentTo: string
  deadline: Timer | undefined
  resend: Timer | undefined
}

/**
 * The writes of this member that have no answer. Each is put into the log at least once, until its
 * answer comes or its time is over; the state machine applies it at most once, by (session,
 * sequence). The session is new with every start of the member.
 */
export class ProposerOutbox {
  readonly session: number
  readonly #options: OutboxOptions
  readonly #pending = new Map<number, PendingCommand>()
  readonly #proposalOf = new Map<number, Proposal>()
  readonly #proposals = new Set<Proposal>()
  #unsent: PendingCommand[] = []
  #flushScheduled = false
  #gathering: Timer | undefined
  #nextSequence = 1
  #leader = ''
  /** Why nothing is taken any more. */
  #closed: string | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.session = options.random.integer(1, 2 ** 47)
  }

  get pending(): number {
    return this.#pending.size
  }

  /** Resolves with the answer of the local state machine; waits for at most `withinMs`. */
  propose(
    body: CommandBody,
    fence: Term,
    withinMs: number = this.#options.timeoutMs,
  ): Promise<DoneAnswer> {
    if (withinMs <= 0) return Promise.reject(nothingSent())
    if (this.#closed !== undefined) {
      const message = `${this.#closed}: nothing was written, try another member`
      return Promise.reject(statusError('ServiceUnavailable', message))
    }
    const ahead = this.#nextSequence - this.#floor()
    if (
      this.#pending.size >= limits.proposalsInFlightMax ||
      ahead >= limits.dedupeCommandsPerSessionMax
    ) {
      return Promise.reject(tooManyUnfinished(this.#pending.size))
    }
    const sequence = this.#nextSequence
    this.#nextSequence += 1
    return new Promise((resolve, reject) => {
      const command: PendingCommand = {
        ...{ sequence, fence, body, resolve, reject },
        deadline: this.#deadlineOf(sequence, withinMs),
      }
      this.#pending.set(sequence, command)
      this.#unsent.push(command)
      if (this.#mayGo) this.#scheduleFlush()
      else
        this.#gathering ??= this.#options.clock.after(gatherMs, () => {
          this.#gathering = undefined
          this.#scheduleFlush()
        })
    })
  }

  #deadlineOf(sequence: number, withinMs: number): Timer | undefined {
    const { clock, timeoutMs } = this.#options
    if (withinMs >= timeoutMs) return undefined
    return clock.after(withinMs, () => {
      const wasSent = this.#proposalOf.has(sequence)
      this.#finish(sequence)?.reject(wasSent ? outcomeUnknown('its time is over') : nothingSent())
    })
  }

  /** An entry was applied here. */
  settle(outcome: CommandOutcome): void {
    if (outcome.session !== this.session) return
    const command = this.#finish(outcome.sequence)
    if (!command) return
    if (outcome.answer.kind === 'done') command.resolve(outcome.answer)
    else command.reject(outcome.answer.error)
  }

  /** With another leader, what the last one was given may be lost: everything is sent again. */
  leadership(view: LeadershipView): void {
    this.#leader = view.leader === 0 ? '' : `${view.term}/${view.leader}`
    if (this.#unsent.length > 0) this.#scheduleFlush()
    if (this.#leader === '') return
    for (const proposal of this.#proposals) {
      if (proposal.sentTo !== this.#leader) this.#send(proposal)
    }
  }

  /** Entries were skipped by a snapshot: only a copy of each command can tell what became of it. */
  resendAll(): void {
    for (const proposal of this.#proposals) this.#send(proposal)
  }

  /** Rejects everything that waits. */
  close(why: string): void {
    this.#closed = why
    this.#gathering?.cancel()
    this.#unsent = []
    for (const sequence of [...this.#pending.keys()]) {
      this.#finish(sequence)?.reject(outcomeUnknown(why))
    }
  }

  /** Sequences are used in order and the map keeps that order: its first key is the lowest. */
  #floor(): number {
    for (const sequence of this.#pending.keys()) return sequence
    return this.#nextSequence
  }

  /** Nothing is under way that will be answered soon, or there is enough for a proposal of its own. */
  get #mayGo(): boolean {
    const isEnough = this.#unsent.length >= limits.proposalCommandsMax
    return isEnough || this.#proposals.size === 0 || this.#leader === ''
  }

  /**
   * At the end of the turn: requests of other connections that came in it go along, and so does who is
   * answered in it and writes again. A microtask later, the first of them would go alone, and all others
   * wait for its return.
   */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#options.defer(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    this.#gathering?.cancel()
    this.#gathering = undefined
    const unsent = this.#unsent.filter(({ sequence }) => this.#pending.has(sequence))
    this.#unsent = []
    let pack: PendingCommand[] = []
    let packBytes = 0
    for (const command of unsent) {
      const bytes = bodyBytes(command.body)
      const full =
        pack.length >= limits.proposalCommandsMax || packBytes + bytes > limits.proposalBytesMax
      if (full && pack.length > 0) {
        this.#start(pack)
        pack = []
        packBytes = 0
      }
      pack.push(command)
      packBytes += bytes
    }
    if (pack.length > 0) this.#start(pack)
  }

  #start(commands: readonly PendingCommand[]): void {
    const { clock, timeoutMs } = this.#options
    const bytes = encodeCommands({ session: this.session, floor: this.#floor(), commands })
    if (bytes.length > limits.commandBytesMax) {
      for (const { sequence } of commands) {
        this.#finish(sequence)?.reject(
          statusError(
            'RequestEntityTooLarge',
            `the write needs ${bytes.length} bytes in the log, limit ${limits.commandBytesMax}`,
          ),
        )
      }
      return
    }
    const proposal: Proposal = {
      bytes,
      unanswered: new Set(commands.map(({ sequence }) => sequence)),
      taken: false,
      sentTo: '',
      deadline: clock.after(timeoutMs, () => this.#expire(proposal)),
      resend: undefined,
    }
    this.#proposals.add(proposal)
    for (const { sequence } of commands) this.#proposalOf.set(sequence, proposal)
    this.#send(proposal)
  }

  #send(proposal: Proposal): void {
    proposal.resend?.cancel()
    proposal.resend = undefined
    proposal.sentTo = this.#leader
    this.#options.replica.propose(proposal.bytes).then(
      () => {
        proposal.taken = true
        this.#resendAfter(proposal, silentResendMs)
      },
      (error: unknown) => {
        if (isStatus(error, 'ServiceUnavailable', 'TooManyRequests', 'Timeout')) {
          const jitterMs = this.#options.random.integer(0, refusedResendMs)
          this.#resendAfter(proposal, refusedResendMs + jitterMs)
          return
        }
        this.#reject(proposal, () => error as Error)
      },
    )
  }

  #resendAfter(proposal: Proposal, delayMs: number): void {
    if (!this.#proposals.has(proposal)) return
    proposal.resend?.cancel()
    proposal.resend = this.#options.clock.after(delayMs, () => this.#send(proposal))
  }

  #expire(proposal: Proposal): void {
    const seconds = this.#options.timeoutMs / 1000
    this.#reject(proposal, () =>
      proposal.taken
        ? outcomeUnknown(`no answer came within ${seconds} s`)
        : statusError(
            'ServiceUnavailable',
            `no leader took the write within ${seconds} s: nothing was written, try again`,
            { retryAfterSeconds: 1 },
          ),
    )
  }

  #reject(proposal: Proposal, error: () => Error): void {
    for (const sequence of [...proposal.unanswered]) this.#finish(sequence)?.reject(error())
  }

  /** Takes a command out; its proposal ends with its last command. */
  #finish(sequence: number): PendingCommand | undefined {
    const command = this.#pending.get(sequence)
    command?.deadline?.cancel()
    this.#pending.delete(sequence)
    const proposal = this.#proposalOf.get(sequence)
    this.#proposalOf.delete(sequence)
    proposal?.unanswered.delete(sequence)
    if (proposal?.unanswered.size === 0) {
      proposal.deadline?.cancel()
      proposal.resend?.cancel()
      this.#proposals.delete(proposal)
      if (this.#unsent.length > 0 && this.#mayGo) this.#scheduleFlush()
    }
    return command
  }
}

/** About how many bytes a command takes in the log. */
function bodyBytes(body: CommandBody): number {
  return body.kind === 'txn' ? txnBytes(body.txn) : 16
}

function txnBytes(txn: Txn): number {
  let bytes = 32 + 32 * txn.compares.length
  for (const operation of [...txn.success, ...txn.failure]) bytes += operationBytes(operation)
  return bytes
}

function operationBytes(operation: Operation): number {
  if (operation.op === 'txn') return txnBytes(operation.txn)
  return 32 + operation.key.length + (operation.op === 'put' ? operation.value.length : 0)
}

import { limits } from '../../base/limits.ts'
import { statusError } from '../../base/status.ts'
import type { StepResult } from '../core/step-leader.ts'

interface Proposal {
  readonly command: Uint8Array
  readonly taken: () => void
  readonly refused: (error: Error) => void
}

const nothing = () => {}

/** Commands that wait for the next turn, so that one turn makes one append of many of them. */
export class ProposalQueue {
  #waiting: Proposal[] = []

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Resolves when the core took it; rejects with ServiceUnavailable when it did not. */
  add(command: Uint8Array): Promise<void> {
    return new Promise((taken, refused) => this.#waiting.push({ command, taken, refused }))
  }

  /** One that another member sent on: it hears of the outcome by the log alone. */
  addForwarded(command: Uint8Array): void {
    this.#waiting.push({ command, taken: nothing, refused: nothing })
  }

  /** Hands everything to the core, in runs that fit a message. */
  drain(propose: (commands: readonly Uint8Array[]) => StepResult): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let from = 0; from < waiting.length; ) {
      let bytes = 0
      let to = from
      for (; to < waiting.length; to += 1) {
        bytes += waiting[to]?.command.length ?? 0
        if (to > from && bytes > limits.raftMessageBytesMax) break
      }
      const run = waiting.slice(from, to)
      const result = propose(run.map(({ command }) => command))
      for (const proposal of run) {
        if (result === 'ok') proposal.taken()
        else proposal.refused(unavailable('the cluster has no leader that takes commands now'))
      }
      from = to
    }
  }

  rejectAll(why: string): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const proposal of waiting) proposal.refused(unavailable(why))
  }
}

function unavailable(message: string): Error {
  return statusError('ServiceUnavailable', message, { retryAfterSeconds: 1 })
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

interface Answer {
  readonly id: number
  readonly value: object
}

/** A process of the benchmark that answers requests one by one, and may say things unasked. */
export class Forked {
  readonly process: ChildProcess
  readonly #waiting = new Map<number, (value: object) => void>()
  readonly #ended: Promise<never>
  #last = 0

  constructor(
    program: URL,
    said: (message: object) => void = () => {},
    nodeFlags: readonly string[] = [],
  ) {
    this.process = fork(program, { execArgv: [...nodeFlags] })
    this.process.on('message', (message: object) => {
      const { id, value } = message as Answer
      const settle = this.#waiting.get(id)
      if (settle) {
        this.#waiting.delete(id)
        settle(value)
      } else said(message)
    })
    this.#ended = once(this.process, 'exit').then(() => {
      throw new Error(`a process of the benchmark ended: ${program.pathname}`)
    })
    this.#ended.catch(() => {})
  }

  ask<T extends object>(request: object): Promise<T> {
    this.#last += 1
    const id = this.#last
    const answered = new Promise<object>((resolve) => this.#waiting.set(id, resolve))
    this.process.send({ id, request })
    return Promise.race([answered as Promise<T>, this.#ended])
  }

  /** Resolves when the process is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const gone = this.#ended.catch(() => {})
    this.process.kill(signal)
    await gone
  }
}

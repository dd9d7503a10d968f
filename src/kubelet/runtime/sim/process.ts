import { PassThrough, type Readable } from 'node:stream'
import type { Clock, Timer } from '../../../base/clock.ts'
import type { Program, Step } from './program.ts'

/**
 * Performs a program on a clock. Ends by itself with an exit code or by a signal; output goes to
 * `write`, line by line as the program prints it.
 */
export class SimProcess {
  readonly #clock: Clock
  readonly #program: Program
  readonly #write: (stream: 'stdout' | 'stderr', text: string) => void
  readonly #input: Readable | undefined
  readonly #ended: (exitCode: number) => void
  #timer: Timer | undefined
  #exitCode: number | undefined
  #stopWaiting: () => void = () => {}

  constructor(options: {
    clock: Clock
    program: Program
    write: (stream: 'stdout' | 'stderr', text: string) => void
    input?: Readable
    ended: (exitCode: number) => void
  }) {
    this.#clock = options.clock
    this.#program = options.program
    this.#write = options.write
    this.#input = options.input
    this.#ended = options.ended
  }

  get running(): boolean {
    return this.#exitCode === undefined
  }

  start(): void {
    this.#run(this.#program.steps, 0, () => this.#end(0))
  }

  /** Returns false when the program ignores the signal. */
  signal(kind: 'TERM' | 'KILL'): boolean {
    if (!this.running) return true
    if (kind === 'KILL') this.#end(137)
    else if (this.#program.ignoresTerm) return false
    else this.#end(this.#program.steps.some((step) => step.do === 'serve') ? 0 : 143)
    return true
  }

  #run(steps: readonly Step[], at: number, then: () => void): void {
    if (!this.running) return
    const step = steps[at]
    if (!step) {
      then()
      return
    }
    const next = () => this.#run(steps, at + 1, then)
    switch (step.do) {
      case 'print':
        this.#write(step.stream, step.text)
        next()
        return
      case 'exit':
        this.#end(step.code)
        return
      case 'serve':
        return
      case 'sleep':
        this.#timer = this.#clock.after(step.ms, next)
        return
      case 'copy':
        this.#copy(next)
        return
      case 'loop': {
        // A round that takes no time would never let go: every round costs a tick.
        const round = () => this.#run(step.body, 0, again)
        const again = () => {
          this.#timer = this.#clock.after(1, round)
        }
        round()
        return
      }
    }
  }

  #copy(next: () => void): void {
    const input = this.#input
    if (!input) {
      next()
      return
    }
    const onData = (chunk: Buffer) => this.#write('stdout', chunk.toString('utf8'))
    this.#stopWaiting = () => input.off('data', onData).off('end', next)
    input.on('data', onData).once('end', next)
  }

  #end(exitCode: number): void {
    if (!this.running) return
    this.#exitCode = exitCode
    this.#timer?.cancel()
    this.#stopWaiting()
    this.#ended(exitCode)
  }
}

interface LogLine {
  readonly timeMs: number
  readonly text: string
}

/** Lines kept for one container; past it the oldest go, as a rotated log file does. */
const linesMax = 10_000

/** What a simulated container wrote, and those who follow it. */
export class SimLog {
  readonly #lines: LogLine[] = []
  readonly #followers = new Set<(line: LogLine) => void>()
  readonly #atEnd = new Set<() => void>()
  #partial = ''
  #closed = false

  append(timeMs: number, text: string): void {
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#push({ timeMs, text: `${line}\n` })
  }

  close(timeMs: number): void {
    if (this.#partial !== '') this.#push({ timeMs, text: this.#partial })
    this.#partial = ''
    this.#closed = true
    for (const done of this.#atEnd) done()
  }

  read(options: {
    follow: boolean
    timestamps: boolean
    tailLines: number | undefined
    sinceMs: number | undefined
  }): Readable {
    const out = new PassThrough()
    const format = (line: LogLine) =>
      options.timestamps ? `${new Date(line.timeMs).toISOString()} ${line.text}` : line.text
    const since = options.sinceMs ?? 0
    const chosen = this.#lines.filter((line) => line.timeMs >= since)
    const tail = options.tailLines ?? chosen.length
    for (const line of tail === 0 ? [] : chosen.slice(-tail)) out.write(format(line))
    if (!options.follow || this.#closed) {
      out.end()
      return out
    }
    const follower = (line: LogLine) => out.write(format(line))
    const done = () => out.end()
    this.#followers.add(follower)
    this.#atEnd.add(done)
    out.once('close', () => {
      this.#followers.delete(follower)
      this.#atEnd.delete(done)
    })
    return out
  }

  #push(line: LogLine): void {
    this.#lines.push(line)
    if (this.#lines.length > linesMax) this.#lines.shift()
    for (const follower of this.#followers) follower(line)
  }
}

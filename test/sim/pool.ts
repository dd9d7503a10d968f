import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { canaries, tryCanary } from './canaries.ts'
import { type SimulationResult, simulate } from './simulation.ts'

/** One simulation for a process of the pool. */
export interface Job {
  readonly seed: number
  readonly ticks?: number
  /** The name of a bug to plant. */
  readonly canary?: string
}

/** What is left of a result between processes. */
export type JobResult = Omit<SimulationResult, 'failure'> & { readonly failure: string | undefined }

const heapMegabytesMax = 1024
/** Of the processor's time: on a machine with much else to do, a job may take longer, but not for ever. */
const jobMsMax = 120_000
const looksMax = 120
const lookMs = 10_000

interface Running {
  readonly child: ChildProcess
  job: Job | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Simulates in `size` processes at once. A planted bug may do anything, such as to go round in circles
 * or to fill the memory: a process that takes too much of either is ended, and that is a failure.
 */
export class Pool {
  readonly #size: number
  readonly #program: string
  readonly #next: () => Job | undefined
  readonly #done: (job: Job, result: JobResult) => void

  /** `next` gives out jobs until there is none; `program` runs `serveJobs`. */
  constructor(
    size: number,
    program: string,
    next: () => Job | undefined,
    done: (job: Job, result: JobResult) => void,
  ) {
    this.#size = size
    this.#program = program
    this.#next = next
    this.#done = done
  }

  /** Resolves when every job is done. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#size }, () => this.#lane()))
  }

  async #lane(): Promise<void> {
    let running: Running | undefined
    for (let job = this.#next(); job; job = this.#next()) {
      running ??= this.#start()
      const result = await this.#give(running, job)
      if (!result) running = undefined
      this.#done(
        job,
        result ?? { ...nothing, seed: job.seed, failure: 'the process did not survive it' },
      )
    }
    running?.child.disconnect()
  }

  #start(): Running {
    const execArgv = [`--max-old-space-size=${heapMegabytesMax}`]
    return {
      child: fork(this.#program, ['--serve'], { execArgv }),
      job: undefined,
      timer: undefined,
    }
  }

  /** Undefined when the process ended before it had a result. */
  #give({ child }: Running, job: Job): Promise<JobResult | undefined> {
    return new Promise((resolve) => {
      const endMs = processorMs(child) + jobMsMax + (job.ticks ?? 0) * 20
      let looks = 0
      const timer = setInterval(() => {
        looks += 1
        if (looks > looksMax || processorMs(child) > endMs) child.kill('SIGKILL')
      }, lookMs)
      const settle = (result: JobResult | undefined) => {
        clearInterval(timer)
        child.off('message', answered)
        child.off('exit', ended)
        resolve(result)
      }
      const answered = (result: unknown) => settle(result as JobResult)
      const ended = () => settle(undefined)
      child.once('message', answered)
      child.once('exit', ended)
      child.send(job)
    })
  }
}

/** What a process has used so far: utime and stime of proc(5), which Linux counts in hundredths. */
function processorMs({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return 10 * (Number(utime) + Number(stime))
}

const nothing: Omit<JobResult, 'seed' | 'failure'> = {
  ticks: 0,
  traceHash: '',
  events: 0,
  entries: 0,
  operations: 0,
  acknowledged: 0,
  unknown: 0,
  watched: 0,
  faults: 0,
  undecided: 0,
  unrecoverable: false,
  leaderAfterTimeouts: undefined,
}

/** What a process of the pool does: a job for every message, until its parent is gone. */
export function serveJobs(): void {
  process.on('message', async ({ seed, ticks, canary }: Job) => {
    const planted = canaries.find(({ name }) => name === canary)
    const options = { seed, ...(ticks !== undefined && { ticks }) }
    const result = await (planted ? tryCanary(planted, seed) : simulate(options))
    const { failure } = result
    const told = { ...result, failure: failure && `${failure.name}: ${failure.message}` }
    // A parent that was ended while this one simulated wants no result any more.
    process.send?.(told, undefined, undefined, (error) => error && process.exit(1))
  })
}

/**
 * Simulates clusters, one for each seed, and checks everything that must hold:
 *
 *     npm run sim -- --seed N [--ticks T] [--record FILE]
 *     npm run sim -- --seeds A..B|A,B,C [--minutes M] [--ticks T] [--jobs J] [--keep-going]
 *     npm run sim -- --canaries [--canary NAME] [--seeds-max N] [--minutes M] [--jobs J] [--known FILE] [--save FILE]
 *
 * J processes work at the same time, one for each core when left out. FILE says by which seed each canary
 * was found before: that one is tried first; --save writes such a file. Prints each seed that broke a
 * property, and which; then the exit code is 1. One seed by itself shows the stack.
 */
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { flightLine } from '../src/base/flight-record.ts'
import { canaries } from '../test/sim/canaries.ts'
import { CanaryHunt, type KnownSeeds } from '../test/sim/canary-hunt.ts'
import { type JobResult, Pool, serveJobs } from '../test/sim/pool.ts'
import { simulate } from '../test/sim/simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    ticks: { type: 'string' },
    minutes: { type: 'string' },
    record: { type: 'string' },
    jobs: { type: 'string' },
    'keep-going': { type: 'boolean' },
    canaries: { type: 'boolean' },
    canary: { type: 'string' },
    'seeds-max': { type: 'string' },
    known: { type: 'string' },
    save: { type: 'string' },
    serve: { type: 'boolean' },
  },
})
const ticks = values.ticks === undefined ? {} : { ticks: Number(values.ticks) }
const jobs = Number(values.jobs ?? availableParallelism())
const program = fileURLToPath(import.meta.url)
const startMs = performance.now()
const endMs = startMs + Number(values.minutes ?? 1e6) * 60_000

function describe(result: JobResult): string {
  const { seed, failure, ticks: ran, traceHash, entries, operations, watched, faults } = result
  const verdict = failure ? `BROKEN ${failure}` : result.unrecoverable ? 'beyond repair' : 'ok'
  return (
    `seed ${seed}: ${verdict} (${ran} ticks, ${entries} entries, ${operations} operations, ` +
    `${watched} watch events, ${faults} faults, trace ${traceHash})`
  )
}

async function runSeed(seed: number): Promise<void> {
  const file = values.record === undefined ? undefined : createWriteStream(values.record)
  const result = await simulate({
    seed,
    ...ticks,
    ...(file && { record: (event) => file.write(flightLine(event)) }),
  })
  file?.end()
  const { failure } = result
  console.log(describe({ ...result, failure: failure && `${failure.name}: ${failure.message}` }))
  if (!failure) return
  console.log(failure.stack)
  process.exitCode = 1
}

/** A..B, or A,B,C. */
function* seedsOf(text: string): Generator<number, void, void> {
  const [first = 1, last = first] = text.split('..').map(Number)
  if (text.includes(',')) yield* text.split(',').map(Number)
  else for (let seed = first; seed <= last; seed += 1) yield seed
}

async function runSeeds(text: string): Promise<void> {
  const wanted = seedsOf(text)
  let [seeds, ran, unrecoverable] = [0, 0, 0]
  const waits: Wait[] = []
  const isOver = () => process.exitCode === 1 && !values['keep-going']
  const next = () => {
    if (performance.now() > endMs || isOver()) return undefined
    const { value: seed } = wanted.next()
    return seed === undefined ? undefined : { seed, ...ticks }
  }
  const pool = new Pool(jobs, program, next, (_job, result) => {
    seeds += 1
    ran += result.ticks
    if (result.unrecoverable) unrecoverable += 1
    const { seed, leaderAfterTimeouts: timeouts } = result
    if (timeouts !== undefined) waits.push({ seed, timeouts })
    if (!result.failure) return
    console.log(describe(result))
    process.exitCode = 1
  })
  await pool.run()
  const seconds = (performance.now() - startMs) / 1000
  console.log(
    `${seeds} seeds of ${text}, ${unrecoverable} of them beyond repair; ` +
      `${describeWaits(waits)}; ` +
      `${ran} ticks in ${seconds.toFixed(1)} s: ${Math.round(ran / seconds)} ticks/s`,
  )
}

interface Wait {
  readonly seed: number
  readonly timeouts: number
}

/** From the last fault to a leader: the bound is ten, and nobody should come near it. */
function describeWaits(waits: readonly Wait[]): string {
  const sorted = [...waits].sort((one, other) => one.timeouts - other.timeouts)
  const [half, most, last] = [0.5, 0.99, 1].map(
    (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)],
  )
  if (!half || !most || !last) return 'no leader at all'
  return (
    `a leader after ${half.timeouts.toFixed(1)} election timeouts (median), ` +
    `${most.timeouts.toFixed(1)} (99 %), ${last.timeouts.toFixed(1)} (seed ${last.seed})`
  )
}

/** Every planted bug must be found, or the simulator is of no use. */
async function runCanaries(): Promise<void> {
  const chosen = canaries.map(({ name }) => name).filter((name) => (values.canary ?? name) === name)
  const known = values.known === undefined ? {} : await readKnown(values.known)
  const seedsMax = Number(values['seeds-max'] ?? 1000)
  const hunt = new CanaryHunt(chosen, known, seedsMax)
  const next = () => (performance.now() > endMs ? undefined : hunt.next())
  const pool = new Pool(jobs, program, next, ({ canary = '', seed }, { failure }) => {
    const count = hunt.tried(canary, seed, failure !== undefined)
    if (failure) console.log(`${canary}: seed ${seed}, after ${count} (${failure})`)
  })
  await pool.run()
  const left = hunt.left()
  for (const { name, seeds } of left) console.log(`${name}: not found by ${seeds} seeds`)
  if (values.save !== undefined)
    await writeFile(values.save, `${JSON.stringify({ ...known, ...hunt.found }, undefined, 2)}\n`)
  if (left.length > 0) process.exitCode = 1
  console.log(`${chosen.length} canaries, ${left.length} not found`)
}

async function readKnown(file: string): Promise<KnownSeeds> {
  return JSON.parse(await readFile(file, 'utf8')) as KnownSeeds
}

// Stacks cost time, and one seed by itself shows them again.
if (values.seed === undefined) Error.stackTraceLimit = 0
if (values.serve) serveJobs()
else if (values.canaries || values.canary !== undefined) await runCanaries()
else if (values.seeds !== undefined) await runSeeds(values.seeds)
else await runSeed(Number(values.seed ?? 1))

/**
 * Simulates clusters, one for each seed, and checks everything that must hold:
 *
 *     npm run sim -- --seed N [--ticks T] [--record FILE]
 *     npm run sim -- --seeds A..B [--minutes M] [--ticks T]
 *     npm run sim -- --canaries [--canary NAME] [--seed FIRST] [--seeds-max N] [--known FILE]
 *
 * FILE says by which seed each canary was found before: that one is tried first.
 * Prints the seed and the first property that broke; then the exit code is 1.
 */
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { flightLine } from '../src/base/flight-record.ts'
import { canaries, huntCanary } from '../test/sim/canaries.ts'
import { type SimulationResult, simulate } from '../test/sim/simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    ticks: { type: 'string' },
    minutes: { type: 'string' },
    record: { type: 'string' },
    'keep-going': { type: 'boolean' },
    canaries: { type: 'boolean' },
    canary: { type: 'string' },
    'seeds-max': { type: 'string' },
    known: { type: 'string' },
  },
})
const ticks = values.ticks === undefined ? {} : { ticks: Number(values.ticks) }

const endMs = performance.now() + Number(values.minutes ?? 1e6) * 60_000

function describe(result: SimulationResult): string {
  const { seed, failure, ticks: ran, traceHash, entries, operations, watched, faults } = result
  const verdict = failure ? `BROKEN ${failure.name}: ${failure.message}` : 'ok'
  return (
    `seed ${seed}: ${verdict} (${ran} ticks, ${entries} entries, ${operations} operations, ` +
    `${watched} watch events, ${faults} faults, trace ${traceHash})`
  )
}

async function runSeed(seed: number): Promise<SimulationResult> {
  const file = values.record === undefined ? undefined : createWriteStream(values.record)
  const result = await simulate({
    seed,
    ...ticks,
    ...(file && { record: (event) => file.write(flightLine(event)) }),
  })
  file?.end()
  return result
}

async function runSeeds(): Promise<void> {
  const [first = 1, last = first] = (values.seeds ?? values.seed ?? '1').split('..').map(Number)
  const startMs = performance.now()
  let seeds = 0
  let ran = 0
  for (let seed = first; seed <= last && performance.now() < endMs; seed += 1) {
    const result = await runSeed(seed)
    seeds += 1
    ran += result.ticks
    if (result.failure || values.seeds === undefined) console.log(describe(result))
    if (!result.failure) continue
    process.exitCode = 1
    if (values.seeds === undefined) console.log(result.failure.stack)
    if (!values['keep-going']) break
  }
  const seconds = (performance.now() - startMs) / 1000
  console.log(
    `${seeds} seeds, ${ran} ticks in ${seconds.toFixed(1)} s: ${Math.round(ran / seconds)} ticks/s`,
  )
}

/** Every planted bug must be found, or the simulator is of no use. */
async function runCanaries(): Promise<void> {
  const seedsMax = Number(values['seeds-max'] ?? 1000)
  const known = values.known === undefined ? {} : await readKnown(values.known)
  const chosen = canaries.filter(({ name }) => (values.canary ?? name) === name)
  let missed = 0
  let late = 0
  for (const canary of chosen) {
    const isOver = () => performance.now() > endMs
    const first = Number(values.seed ?? 1)
    const hint = known[canary.name]
    const seeds =
      hint === undefined ? range(first, seedsMax) : [hint, ...range(first, seedsMax - 1)]
    const { seeds: ran, found } = await huntCanary(canary, seeds, isOver)
    const isLate = !found && ran < seedsMax
    if (isLate) late += 1
    else if (!found) missed += 1
    const verdict = found
      ? `seed ${found.seed}, after ${ran} (${found.failure?.message})`
      : `${isLate ? 'out of time' : 'MISSED'} after ${ran}`
    console.log(`${canary.name}: ${verdict}`)
  }
  if (missed > 0 || chosen.length === 0) process.exitCode = 1
  console.log(`${chosen.length} canaries, ${missed} missed, ${late} out of time`)
}

async function readKnown(file: string): Promise<Record<string, number>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, number>
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at)
}

// Stacks cost time, and one seed by itself shows them again.
if (values.seed === undefined) Error.stackTraceLimit = 0
if (values.canaries || values.canary !== undefined) await runCanaries()
else await runSeeds()

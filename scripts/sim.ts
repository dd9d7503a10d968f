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
import { type Canary, canaries, tryCanary } from '../test/sim/canaries.ts'
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

/**
 * Every planted bug must be found, or the simulator is of no use. They take turns, a seed each, so that
 * when time is short only the rare ones are left.
 */
async function runCanaries(): Promise<void> {
  const seedsMax = Number(values['seeds-max'] ?? 1000)
  const known = values.known === undefined ? {} : await readKnown(values.known)
  const chosen = canaries.filter(({ name }) => (values.canary ?? name) === name)
  let left = chosen
  let round = 0
  for (; left.length > 0 && round < seedsMax && performance.now() < endMs; round += 1) {
    const stillLeft: Canary[] = []
    for (const canary of left) {
      if (performance.now() > endMs) {
        stillLeft.push(canary)
        continue
      }
      const hint = known[canary.name]
      const nth = round + (hint === undefined ? 1 : 0)
      const seed = nth === 0 ? (hint ?? 1) : Number(values.seed ?? 1) + nth - 1
      const { failure } = await tryCanary(canary, seed)
      if (failure)
        console.log(`${canary.name}: seed ${seed}, after ${round + 1} (${failure.message})`)
      else stillLeft.push(canary)
    }
    left = stillLeft
  }
  const verdict = round >= seedsMax ? 'MISSED' : 'out of time'
  for (const { name } of left) console.log(`${name}: ${verdict} after ${round}`)
  const missed = round >= seedsMax ? left.length : 0
  // None found at all: nothing is planted any more, or nothing is checked.
  if (missed > 0 || left.length === chosen.length) process.exitCode = 1
  console.log(`${chosen.length} canaries, ${left.length} not found, ${missed} missed`)
}

async function readKnown(file: string): Promise<Record<string, number>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, number>
}

// Stacks cost time, and one seed by itself shows them again.
if (values.seed === undefined) Error.stackTraceLimit = 0
if (values.canaries || values.canary !== undefined) await runCanaries()
else await runSeeds()

/**
 * Simulates clusters, one for each seed, and checks everything that must hold:
 *
 *     npm run sim -- --seed N [--ticks T] [--record FILE]
 *     npm run sim -- --seeds A..B [--minutes M] [--ticks T]
 *
 * Prints the seed and the first property that broke; then the exit code is 1.
 */
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { flightLine } from '../src/base/flight-record.ts'
import { type SimulationResult, simulate } from '../test/sim/simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    ticks: { type: 'string' },
    minutes: { type: 'string' },
    record: { type: 'string' },
    'keep-going': { type: 'boolean' },
  },
})
const ticks = values.ticks === undefined ? {} : { ticks: Number(values.ticks) }

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

const [first = 1, last = first] = (values.seeds ?? values.seed ?? '1').split('..').map(Number)
const endMs = performance.now() + Number(values.minutes ?? 1e6) * 60_000
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

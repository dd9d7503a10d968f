import { readFileSync } from 'node:fs'

const clockTicksPerSecond = 100

/** Processor time that these processes used so far: neighbours on the machine change it little. */
export function processorMs(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return (ticks * 1_000) / clockTicksPerSecond
}

import { closeSync, openSync, writeSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { type FlightEmit, flightEmitter } from '../../base/flight-record.ts'
import type { Scope } from '../../base/scope.ts'
import type { ClusterDirectory } from '../config/cluster-directory.ts'

/** Where the flight record of a member or tool lies. */
export function flightFile(directory: ClusterDirectory, source: string): string {
  return directory.path('flight', `${source}.ndjson`)
}

/**
 * Appends a member's flight events to its file, one write a line: a killed process leaves whole lines
 * only, and readers may follow the file while it grows.
 */
export function openFlightFile(
  directory: ClusterDirectory,
  source: string,
  scope: Scope,
): FlightEmit {
  const file = openSync(flightFile(directory, source), 'a')
  let open = true
  scope.onClose('flight record', () => {
    open = false
    closeSync(file)
  })
  return flightEmitter(
    source,
    () => systemClock.wallMs(),
    (line) => {
      if (open) writeSync(file, line)
    },
  )
}

import { closeSync, openSync, readSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'
import type { FlightEvent } from '../../base/flight-record.ts'
import type { Scope } from '../../base/scope.ts'

const pollMs = 10
const chunkBytes = 64 * 1024

/**
 * Follows the flight records of members while they grow and hands on every whole line written after
 * the start. A file that appears later is read from its beginning.
 */
export class FlightTail {
  readonly #files: {
    path: string
    descriptor: number | undefined
    position: number
    rest: string
  }[]
  readonly #onEvent: (event: FlightEvent) => void
  readonly #buffer = Buffer.alloc(chunkBytes)

  constructor(paths: readonly string[], onEvent: (event: FlightEvent) => void) {
    this.#files = paths.map((path) => ({ path, descriptor: undefined, position: 0, rest: '' }))
    this.#onEvent = onEvent
  }

  follow(clock: Clock, scope: Scope): void {
    const timer = clock.every(pollMs, () => this.poll())
    scope.onClose('flight records', () => {
      timer.cancel()
      this.poll()
      for (const file of this.#files) if (file.descriptor !== undefined) closeSync(file.descriptor)
    })
  }

  /** Reads what has been written since the last call. */
  poll(): void {
    for (const file of this.#files) {
      file.descriptor ??= tryOpen(file.path)
      if (file.descriptor === undefined) continue
      for (;;) {
        const count = readSync(file.descriptor, this.#buffer, 0, chunkBytes, file.position)
        if (count === 0) break
        file.position += count
        const lines = (file.rest + this.#buffer.toString('utf8', 0, count)).split('\n')
        file.rest = lines.pop() ?? ''
        for (const line of lines) this.#onEvent(JSON.parse(line) as FlightEvent)
      }
    }
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

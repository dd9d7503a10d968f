import { mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import {
  type FlightEmit,
  type FlightEvent,
  flightEmitter,
  flightLine,
} from '../../base/flight-record.ts'
import { isNews, type Lanes, newsLine } from './lanes.ts'

/**
 * Shows the story while it happens: news above, one lane a member below. On a terminal the lanes are
 * drawn anew in place; elsewhere they are printed at each chapter. Every event goes into the record.
 */
export class Screen {
  readonly emit: FlightEmit
  readonly #out: NodeJS.WriteStream
  readonly #lanes: Lanes
  readonly #record: number
  readonly #startMs: number
  #drawn = 0

  constructor(options: {
    readonly out: NodeJS.WriteStream
    readonly lanes: Lanes
    readonly recordFile: string
    readonly clock: Clock
  }) {
    this.#out = options.out
    this.#lanes = options.lanes
    mkdirSync(dirname(options.recordFile), { recursive: true })
    this.#record = openSync(options.recordFile, 'w')
    this.#startMs = options.clock.wallMs()
    this.emit = flightEmitter(
      'demo',
      () => options.clock.wallMs(),
      (_line, event) => this.show(event),
    )
  }

  show(event: FlightEvent): void {
    writeSync(this.#record, flightLine(event))
    this.#lanes.apply(event)
    if (isNews(event)) this.line(newsLine(event, this.#startMs))
  }

  /** A headline; the lanes follow it. */
  chapter(title: string): void {
    this.line(`\n== ${title}`)
    if (!this.#out.isTTY) for (const lane of this.#lanes.render(100)) this.#out.write(`  ${lane}\n`)
  }

  line(text: string): void {
    this.#erase()
    this.#out.write(`${text}\n`)
    this.redraw()
  }

  redraw(): void {
    if (!this.#out.isTTY) return
    this.#erase()
    const width = this.#out.columns ?? 100
    const lines = ['', ...this.#lanes.render(width)].map((line) => line.slice(0, width - 1))
    this.#out.write(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
  }

  /** Leaves the last picture standing. */
  end(): void {
    this.#drawn = 0
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[0J`)
    this.#drawn = 0
  }
}

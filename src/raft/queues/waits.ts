import type { Clock } from '../../base/clock.ts'

/** Conditions that somebody waits for, looked at whenever something changed. */
export class Waits {
  readonly #clock: Clock
  readonly #looks = new Set<() => void>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether `holds` came true, before the time was over and before these waits were closed. */
  until(holds: () => boolean, timeoutMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (result: boolean) => {
        timer?.cancel()
        this.#looks.delete(look)
        resolve(result)
      }
      const look = () => {
        if (holds()) end(true)
        else if (this.#isClosed) end(false)
      }
      const timer =
        timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => end(false))
      this.#looks.add(look)
      look()
    })
  }

  /** Something changed. */
  look(): void {
    for (const look of [...this.#looks]) look()
  }

  close(): void {
    this.#isClosed = true
    this.look()
  }
}

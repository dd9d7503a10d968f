import { limits } from '../../base/limits.ts'
import { statusError } from '../../base/status.ts'

/** The open streams to each kubelet, so that there is a limit to them. */
export class StreamCount {
  readonly #open = new Map<string, number>()

  open(node: string): number {
    return this.#open.get(node) ?? 0
  }

  /** Throws TooManyRequests at the limit. Returns what counts the stream out. */
  enter(node: string): () => void {
    const open = this.open(node)
    if (open >= limits.execStreamsPerNodeMax)
      throw statusError(
        'TooManyRequests',
        `node ${node} has ${open} streams of logs and commands open: close some, then try again`,
        { retryAfterSeconds: 1 },
      )
    this.#open.set(node, open + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      const rest = this.open(node) - 1
      if (rest === 0) this.#open.delete(node)
      else this.#open.set(node, rest)
    }
  }
}

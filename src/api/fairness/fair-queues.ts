/** What a level allows. */
export interface LevelLimits {
  /** Requests under way that the level may always have. */
  readonly seats: number
  /** Of one flow, so many may wait; 0 when nothing waits. */
  readonly waitingPerFlowMax: number
  /** Of all flows together. */
  readonly waitingMax: number
}

interface Waiter {
  /** Answers whether the seat is taken: not by one that has given up. */
  readonly begin: () => boolean
}

/**
 * The requests of one priority level. Seats that are free go to the flows in turn, whatever number
 * of requests each has waiting: so a noisy client waits for itself. Knows no time: who gives up
 * says so.
 */
export class FairQueues {
  #limits: LevelLimits
  #underWay = 0
  #waiting = 0
  /** Flows that have somebody waiting, the next one to be served first. */
  readonly #flows = new Map<string, Waiter[]>()

  constructor(limits: LevelLimits) {
    this.#limits = limits
  }

  set limits(limits: LevelLimits) {
    this.#limits = limits
  }

  get underWay(): number {
    return this.#underWay
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Takes a seat if the level has one left, or may use one that others leave empty. */
  tryEnter(mayBorrow: boolean): boolean {
    if (this.#waiting > 0) return false
    if (this.#underWay >= this.#limits.seats && !mayBorrow) return false
    this.#underWay += 1
    return true
  }

  /** Waits in the queue of `flow`; undefined when that is full. Returns how to give up. */
  wait(flow: string, begin: () => void): (() => void) | undefined {
    const { waitingPerFlowMax, waitingMax } = this.#limits
    const queue = this.#flows.get(flow) ?? []
    if (queue.length >= waitingPerFlowMax || this.#waiting >= waitingMax) return undefined
    let gone = false
    const waiter: Waiter = {
      begin: () => {
        if (gone) return false
        begin()
        return true
      },
    }
    queue.push(waiter)
    this.#flows.set(flow, queue)
    this.#waiting += 1
    return () => {
      if (gone) return
      const at = queue.indexOf(waiter)
      gone = true
      if (at < 0) return
      queue.splice(at, 1)
      this.#waiting -= 1
      if (queue.length === 0) this.#flows.delete(flow)
    }
  }

  /** Gives a seat back. */
  leave(): void {
    this.#underWay -= 1
  }

  /** Lets the next one begin if there is a seat for it. False when nobody began. */
  beginNext(mayBorrow: boolean): boolean {
    if (this.#underWay >= this.#limits.seats && !mayBorrow) return false
    for (const [flow, queue] of this.#flows) {
      const waiter = queue.shift()
      // The flow goes to the end of the line.
      this.#flows.delete(flow)
      if (queue.length > 0) this.#flows.set(flow, queue)
      if (!waiter) continue
      this.#waiting -= 1
      if (!waiter.begin()) continue
      this.#underWay += 1
      return true
    }
    return false
  }
}

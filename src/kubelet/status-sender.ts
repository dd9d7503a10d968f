import { type Clock, delay } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { isStatus } from '../base/status.ts'
import { Backoff } from '../client/backoff.ts'
import { isOlder } from '../client/informer-store.ts'
import { pods } from '../client/resources.ts'
import type { Client } from '../client/typed.ts'
import type { Pod, PodStatus } from '../kinds/types.ts'
import { statusPatch } from './status.ts'

const retryFirstMs = 100
const retryMaxMs = 5_000

/** Tells the API one pod's status: the newest, at once, until it is in or the pod is gone. */
export class StatusSender {
  readonly #client: Client
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #signal: AbortSignal
  #pod: Pod
  #wanted: PodStatus | undefined
  #gone = false
  #sending: Promise<void> | undefined

  constructor(
    pod: Pod,
    deps: { client: Client; clock: Clock; random: Random; logger: Logger; signal: AbortSignal },
  ) {
    this.#pod = pod
    this.#client = deps.client
    this.#clock = deps.clock
    this.#random = deps.random
    this.#logger = deps.logger
    this.#signal = deps.signal
  }

  /** What the API has: of the informer's copy and our own last write, the newer one. */
  get pod(): Pod {
    return this.#pod
  }

  /** The API's copy has moved on. */
  seen(pod: Pod): void {
    const mine = this.#pod.metadata.resourceVersion
    const theirs = pod.metadata.resourceVersion
    if (mine !== undefined && theirs !== undefined && isOlder(theirs, mine)) return
    this.#pod = pod
  }

  send(status: PodStatus): void {
    this.#wanted = status
    this.#sending ??= this.#loop().finally(() => {
      this.#sending = undefined
    })
  }

  /** Resolves when the last status is in, or will never be. */
  async settled(): Promise<void> {
    while (this.#sending) await this.#sending
  }

  async #loop(): Promise<void> {
    const backoff = new Backoff(retryFirstMs, retryMaxMs, this.#random)
    while (this.#wanted && !this.#gone && !this.#signal.aborted) {
      const wanted = this.#wanted
      const status = statusPatch(this.#pod.status, wanted)
      if (!status) {
        if (this.#wanted === wanted) this.#wanted = undefined
        continue
      }
      const { namespace = '', name = '', uid } = this.#pod.metadata
      try {
        // The uid stands for this pod: another one of the same name refuses the patch.
        const patch = { metadata: { uid }, status }
        const type = 'application/merge-patch+json'
        const options = { subresource: 'status', signal: this.#signal }
        const result = await pods(this.#client).patch(namespace, name, type, patch, options)
        this.seen(result)
        if (this.#wanted === wanted) this.#wanted = undefined
      } catch (error) {
        if (this.#signal.aborted) return
        if (isStatus(error, 'NotFound')) this.#gone = true
        else if (isStatus(error, 'Conflict')) await this.#lookAgain(namespace, name)
        else if (isStatus(error, 'Invalid')) {
          this.#logger.warn({ pod: name, error: error.message }, 'pod status was refused')
          if (this.#wanted === wanted) this.#wanted = undefined
          continue
        }
        if (this.#gone) return
        this.#logger.debug({ pod: name, error: String(error) }, 'pod status is sent again')
        await delay(this.#clock, backoff.nextMs(), this.#signal).catch(() => {})
      }
    }
  }

  /** A conflict is either another pod of the same name, or a write that was in the way. */
  async #lookAgain(namespace: string, name: string): Promise<void> {
    try {
      const found = await pods(this.#client).get(namespace, name)
      if (found.metadata.uid !== this.#pod.metadata.uid) this.#gone = true
      else this.seen(found)
    } catch (error) {
      if (isStatus(error, 'NotFound')) this.#gone = true
    }
  }
}

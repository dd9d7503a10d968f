import type { Clock } from '../base/clock.ts'
import type { Container } from '../kinds/types.ts'
import { backoffMaxMs, backoffStartMs } from './backoff.ts'
import { pullPolicy } from './desired.ts'
import { type Runtime, RuntimeError } from './runtime/runtime.ts'

export type ImageProblem =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'

/** The image of a container cannot be had now. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly reason: ImageProblem
  /** Wall time at which to ask again. */
  readonly retryAtMs: number

  constructor(reason: ImageProblem, message: string, retryAtMs: number) {
    super(message)
    this.reason = reason
    this.retryAtMs = retryAtMs
  }
}

export interface ImageFound {
  readonly pulled: boolean
  readonly message: string
}

interface Failure {
  readonly message: string
  readonly delayMs: number
  readonly atMs: number
}

const neverRetryMs = 10_000
const failuresKeptMax = 1_000
/** Between the failed pull that users see and the back-off that follows it. */
const noticeMs = 1_000

/** Images of this node, by pull policy, with back-off between pulls that fail. Pulls are serial. */
export class Images {
  readonly #runtime: Runtime
  readonly #clock: Clock
  readonly #failures = new Map<string, Failure>()
  #pulling: Promise<unknown> = Promise.resolve()

  constructor(runtime: Runtime, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  /** Resolves when the image is on this node; rejects with ImageError. */
  async ensure(container: Container): Promise<ImageFound> {
    const { image = '' } = container
    const policy = pullPolicy(container)
    if (!/^[\w][\w./:@-]*$/.test(image))
      throw this.#problem('InvalidImageName', `couldn't parse image name "${image}"`)
    if (policy !== 'Always' && (await this.#runtime.imageId(image)) !== undefined)
      return { pulled: false, message: `Container image "${image}" already present on machine` }
    if (policy === 'Never')
      throw this.#problem(
        'ErrImageNeverPull',
        `Container image "${image}" is not present with pull policy of Never`,
      )
    return this.#pull(image)
  }

  async #pull(image: string): Promise<ImageFound> {
    const before = this.#failures.get(image)
    const retryAtMs = before ? before.atMs + before.delayMs : 0
    if (before && this.#clock.wallMs() < retryAtMs)
      throw new ImageError(
        'ImagePullBackOff',
        `Back-off pulling image "${image}": ${before.message}`,
        retryAtMs,
      )
    const turn = this.#pulling.then(() => this.#runtime.pullImage(image))
    this.#pulling = turn.catch(() => {})
    const startedMs = this.#clock.monotonicMs()
    try {
      await turn
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      const delayMs = Math.min((before?.delayMs ?? backoffStartMs / 2) * 2, backoffMaxMs)
      const atMs = this.#clock.wallMs()
      this.#remember(image, { message: error.message, delayMs, atMs })
      const message = `failed to pull image "${image}": ${error.message}`
      throw new ImageError('ErrImagePull', message, atMs + noticeMs)
    }
    this.#failures.delete(image)
    const tookMs = Math.round(this.#clock.monotonicMs() - startedMs)
    return { pulled: true, message: `Successfully pulled image "${image}" in ${tookMs}ms` }
  }

  #remember(image: string, failure: Failure): void {
    this.#failures.set(image, failure)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > failuresKeptMax && oldest !== undefined) this.#failures.delete(oldest)
  }

  #problem(reason: ImageProblem, message: string): ImageError {
    return new ImageError(reason, message, this.#clock.wallMs() + neverRetryMs)
  }
}

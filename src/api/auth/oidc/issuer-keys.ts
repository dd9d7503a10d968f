import { createLocalJWKSet } from 'jose'
import type { Clock, Timer } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import type { Logger } from '../../../base/log.ts'

/** Gets a JSON document of an issuer. Rejects for anything but one, and when it takes too long. */
export type FetchDocument = (url: string) => Promise<Readonly<Record<string, unknown>>>

/** Chooses the key that a token names. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

export interface IssuerKeysOptions {
  /** Of the issuer. */
  readonly url: string
  readonly fetchDocument: FetchDocument
  readonly clock: Clock
  readonly logger: Logger
}

const discoveryPath = '/.well-known/openid-configuration'
/** A key that was withdrawn is not good for longer than this. */
const refreshMs = 10 * 60_000

/**
 * The public keys of an issuer, found by OpenID Connect Discovery 1.0 and kept: they are asked for in the
 * background, and again when a token names a key that is not among them, but not more often than every
 * `limits.oidcRefreshMsMin`. An issuer that does not answer costs nobody but the owners of its tokens.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  #keys: KeySet | undefined
  #fetching: Promise<void> | undefined
  #fetchedMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /** Undefined until the issuer has answered once. */
  get current(): KeySet | undefined {
    return this.#keys
  }

  /** Fetches now, and from time to time until `stop`. */
  start(): void {
    this.#fetch().catch(() => undefined)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Resolves once the keys are as fresh as may be: after what is under way, or at once. */
  async refreshed(): Promise<void> {
    const ageMs = this.#options.clock.monotonicMs() - this.#fetchedMs
    if (this.#fetching) await this.#fetching
    else if (ageMs >= limits.oidcRefreshMsMin) await this.#fetch()
  }

  #fetch(): Promise<void> {
    const { clock, logger, url } = this.#options
    this.#timer?.cancel()
    this.#fetchedMs = clock.monotonicMs()
    this.#fetching = this.#load()
      .then(
        (keys) => {
          this.#keys = keys
        },
        (error: unknown) => {
          const why = (error as Error).message
          logger.warn(
            { issuer: url, why },
            'the keys of an OpenID Connect issuer are not to be had',
          )
        },
      )
      .finally(() => {
        this.#fetching = undefined
        if (this.#isStopped) return
        const waitMs = this.#keys ? refreshMs : limits.oidcRefreshMsMin
        this.#timer = clock.after(waitMs, () => void this.#fetch())
      })
    return this.#fetching
  }

  async #load(): Promise<KeySet> {
    const { url, fetchDocument } = this.#options
    const { issuer, jwks_uri: place } = await fetchDocument(
      `${url.replace(/\/$/, '')}${discoveryPath}`,
    )
    if (issuer !== url) throw new Error(`it calls itself ${JSON.stringify(issuer)}`)
    if (typeof place !== 'string' || !place.startsWith('https://'))
      throw new Error('it names no https URL of its keys')
    const { keys } = await fetchDocument(place)
    if (!Array.isArray(keys)) throw new Error(`${place} is no set of keys`)
    return createLocalJWKSet({ keys })
  }
}

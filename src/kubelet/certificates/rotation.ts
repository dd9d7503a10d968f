import { delay } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import { Backoff } from '../../client/backoff.ts'
import type { Client } from '../../client/typed.ts'
import { type KeyPair, rotationMs } from './key-pair.ts'
import { type CertificateWish, type ObtainDeps, obtainCertificate } from './obtain.ts'

export interface RotationOptions extends ObtainDeps {
  /** Speaks as the node, or as one who may ask on its behalf. */
  readonly client: Client
  readonly wish: CertificateWish
  /** The pair in use; undefined when there is none yet: then one is asked for at once. */
  current(): KeyPair | undefined
  /** Keeps a new pair and uses it from now on. */
  renewed(pair: KeyPair): Promise<void> | void
}

const retryFirstMs = 1_000
/** A refused request is no reason to ask again in a hurry (client-go: up to about 2 min). */
const retryMsMax = 120_000
/** What is due again at once, because the authority itself ends soon, is renewed no more often. */
const renewalPauseMs = 60_000
/** Wall clocks jump: nobody waits for one longer than this without looking at it again. */
const lookAgainMs = 60 * 60_000

/**
 * Resolves with a first certificate, however long it takes; rejects only when the signal aborts. Failures are
 * logged and tried again.
 */
export async function firstCertificate(
  { client, wish, ...deps }: Omit<RotationOptions, 'current' | 'renewed'>,
  signal: AbortSignal,
): Promise<KeyPair> {
  const backoff = new Backoff(retryFirstMs, retryMsMax, deps.random)
  for (;;) {
    try {
      return await obtainCertificate(client, wish, deps, signal)
    } catch (error) {
      if (signal.aborted) throw error
      deps.logger.warn(
        { error: String(error), signer: wish.signerName },
        'no certificate yet: asking again',
      )
      await delay(deps.clock, backoff.nextMs(), signal)
    }
  }
}

/** Renews a certificate before it ends, again and again until the scope closes. */
export function rotateCertificate(options: RotationOptions, scope: Scope): void {
  const rotating = rotate(options, scope.signal).catch((error: unknown) => {
    if (!scope.closed) throw error
  })
  scope.onClose(`rotation of ${options.wish.signerName}`, () => rotating)
}

async function rotate(options: RotationOptions, signal: AbortSignal): Promise<void> {
  const { clock, random } = options
  for (let earliestMs = 0; ; earliestMs = clock.wallMs() + renewalPauseMs) {
    const pair = options.current()
    if (pair) {
      const dueMs = Math.max(earliestMs, rotationMs(pair, random.fraction()))
      for (let leftMs = dueMs - clock.wallMs(); leftMs > 0; leftMs = dueMs - clock.wallMs())
        await delay(clock, Math.min(leftMs, lookAgainMs), signal)
    }
    await options.renewed(await firstCertificate(options, signal))
  }
}

import { type Clock, delay } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import { isStatus } from '../../base/status.ts'
import { configMaps } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { WriteLedger } from './ledger.ts'

export const ledgerLabel = 'kijabi-demo'

export interface WriterOptions {
  readonly client: Client
  readonly namespace: string
  readonly ledger: WriteLedger
  readonly clock: Clock
  /** Writes in flight at once. */
  readonly lanes: number
  /** Pause between the writes of a lane. */
  readonly pauseMs: number
}

const retryMs = 5

/**
 * Writes numbered ConfigMaps until the scope closes, and notes each acknowledgement. A write whose
 * outcome is unknown is tried again under the same name; finding it there is its acknowledgement.
 * Returns what resolves when every lane has ended.
 */
export function startWriter(options: WriterOptions, scope: Scope): Promise<void> {
  let next = 1
  const lane = async () => {
    while (!scope.closed) {
      const number = next
      next += 1
      await writeOnce(options, number, scope)
      if (options.pauseMs > 0)
        await delay(options.clock, options.pauseMs, scope.signal).catch(() => {})
    }
  }
  return Promise.all(Array.from({ length: options.lanes }, lane)).then(() => {})
}

/** One more write beside the lanes, begun now. `number` must be no lane's. */
export async function writeOnce(
  options: WriterOptions,
  number: number,
  scope: Scope,
): Promise<void> {
  const { ledger, clock } = options
  const beganMs = clock.wallMs()
  if (await write(options, number, scope)) ledger.acknowledged(number, beganMs, clock.wallMs())
}

/** True once the write is acknowledged; false when the scope closed first. */
async function write(options: WriterOptions, number: number, scope: Scope): Promise<boolean> {
  const { client, namespace, clock } = options
  while (!scope.closed) {
    try {
      await configMaps(client).create(namespace, {
        metadata: { name: ledgerName(number), labels: { app: ledgerLabel } },
        data: { number: String(number) },
      })
      return true
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return true
      if (!isPassing(error)) throw error
      await delay(clock, retryMs, scope.signal).catch(() => {})
    }
  }
  return false
}

/** Failures that a client meets while a cluster elects: trying again is right. */
export function isPassing(error: unknown): boolean {
  return isStatus(
    error,
    ...(['ServiceUnavailable', 'Timeout', 'ServerTimeout', 'TooManyRequests'] as const),
    ...(['InternalError', 'Conflict'] as const),
  )
}

export function ledgerName(number: number): string {
  return `ledger-${String(number).padStart(8, '0')}`
}

export function ledgerNumber(name: string): number {
  return Number(name.slice('ledger-'.length))
}

/** The numbers that the store holds, read with a consistent list. */
export async function presentNumbers(client: Client, namespace: string): Promise<Set<number>> {
  const { items } = await configMaps(client).list({
    namespace,
    labelSelector: `app=${ledgerLabel}`,
  })
  return new Set(items.map((item) => ledgerNumber(item.metadata.name ?? '')))
}

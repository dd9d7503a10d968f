import { status as codes } from '@grpc/grpc-js'
import type { Clock, Timer } from '../../../base/clock.ts'
import { EtcdError } from '../errors.ts'
import type { Call } from './call.ts'

/** Units of grpc-timeout, in milliseconds. */
const timeoutUnits: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1_000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
])
/** The longest that a timer can be; a call that may take longer has no end. */
const timerMsMax = 2 ** 31 - 1

interface TimedCall extends Call {
  /** Fails the call when the timer fires. */
  endsWith(deadline: Timer): void
}

/** Lets the call end at the `grpc-timeout` that its client gives it. False when it is over already. */
export function limitTime(call: TimedCall, clock: Clock): boolean {
  const text = call.metadata.get('grpc-timeout')
  if (text === undefined) return true
  const timeoutMs = timeoutMsOf(text)
  if (timeoutMs === undefined) {
    call.fail(new EtcdError(codes.INTERNAL, `kijabi: no grpc-timeout: ${text}`))
    return false
  }
  if (timeoutMs > timerMsMax) return true
  const isOver = () => call.fail(new EtcdError(codes.DEADLINE_EXCEEDED, 'Deadline exceeded'))
  if (timeoutMs <= 0) isOver()
  else call.endsWith(clock.after(timeoutMs, isOver))
  return timeoutMs > 0
}

function timeoutMsOf(text: string): number | undefined {
  if (!/^\d{1,8}[HMSmun]$/.test(text)) return undefined
  return Math.ceil(Number(text.slice(0, -1)) * (timeoutUnits.get(text.slice(-1)) ?? 0))
}

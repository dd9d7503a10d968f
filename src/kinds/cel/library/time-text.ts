import { CelRuntimeError } from '../errors.ts'
import { Duration, Timestamp } from '../values.ts'

const millisecondNanos = 1_000_000n
const secondNanos = 1_000_000_000n

/** The years 1 to 9999, as CEL's specification has it. */
const timestampNanosMin = -62_135_596_800n * secondNanos
const timestampNanosMax = 253_402_300_800n * secondNanos - 1n

/** Throws CelRuntimeError for a time that no timestamp can say. */
export function timestampAt(nanos: bigint): Timestamp {
  if (nanos < timestampNanosMin || nanos > timestampNanosMax)
    throw new CelRuntimeError('timestamp overflow')
  return new Timestamp(nanos)
}

/** RFC 3339 with up to nanoseconds. Throws CelRuntimeError. */
export function parseTimestamp(text: string): Timestamp {
  const found =
    /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/.exec(
      text,
    )
  const wholeMs = found
    ? Date.parse(`${found[1]}T${found[2]}${(found[4] ?? '').toUpperCase()}`)
    : Number.NaN
  if (Number.isNaN(wholeMs))
    throw new CelRuntimeError("type conversion error from 'string' to 'google.protobuf.Timestamp'")
  const fraction = BigInt((found?.[3] ?? '').padEnd(9, '0'))
  return timestampAt(BigInt(wholeMs) * millisecondNanos + fraction)
}

export function printTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % secondNanos) + secondNanos) % secondNanos
  const whole = new Date(Number((nanos - fraction) / millisecondNanos)).toISOString().slice(0, 19)
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`
  return `${whole}${digits}Z`
}

const unitNanos: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', millisecondNanos],
  ['s', secondNanos],
  ['m', 60n * secondNanos],
  ['h', 3_600n * secondNanos],
])
const durationPart = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y
const durationNanosMax = 2n ** 63n - 1n

/** Go's form: `1h30m`, `-1.5s`. Throws CelRuntimeError. */
export function parseDuration(text: string): Duration {
  const refuse = () => new CelRuntimeError(`time: invalid duration ${JSON.stringify(text)}`)
  const isNegative = text.startsWith('-')
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return new Duration(0n)
  let nanos = 0n
  let at = 0
  while (at < body.length || at === 0) {
    durationPart.lastIndex = at
    const part = durationPart.exec(body)
    if (!part || (part[1] === '' && !part[2])) throw refuse()
    const unit = unitNanos.get(part[3] ?? '') ?? 0n
    const fraction = (part[2] ?? '').slice(0, 18)
    nanos += BigInt(part[1] || '0') * unit
    if (fraction !== '') nanos += (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length)
    if (nanos > durationNanosMax) throw refuse()
    at += part[0].length
  }
  return new Duration(isNegative ? -nanos : nanos)
}

/** In seconds, as CEL prints durations: `90s`, `1.5s`. */
export function printDuration({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  const fraction = size % secondNanos
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`
  return `${sign}${size / secondNanos}${digits}s`
}

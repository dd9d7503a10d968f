import { isRecord } from '../patch/json-value.ts'

/**
 * Puts back into a decoded configuration what decoding takes for nothing: nulls, and zeros such as
 * `hostNetwork: false`. Who applies them owns the fields (apiserver applies a configuration as it is written,
 * without types). True when there was something. Changes `decoded`.
 */
export function restoreZeros(written: unknown, decoded: unknown): boolean {
  if (Array.isArray(written) && Array.isArray(decoded)) {
    const restored = written.map((item, at) => restoreZeros(item, decoded[at]))
    return restored.some(Boolean)
  }
  if (!isRecord(written) || !isRecord(decoded)) return false
  const into = decoded as Record<string, unknown>
  let any = false
  for (const [name, value] of Object.entries(written)) {
    if (into[name] === undefined) {
      if (!isZero(value)) continue
      into[name] = value
      any = true
    } else if (restoreZeros(value, into[name])) any = true
  }
  return any
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (isRecord(value)) return Object.keys(value).length === 0
  return value === null || value === false || value === 0 || value === ''
}

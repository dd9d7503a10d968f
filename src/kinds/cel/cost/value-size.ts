import { isListValue, isMapValue, Opaque, Optional, type Value } from '../values.ts'

/**
 * The size of a value as costs count it: characters, bytes, elements or entries; 1 for what has none
 * (cel-go interpreter/runtimecost.go actualSize).
 */
export function sizeOfValue(value: Value): number {
  if (typeof value === 'string') return charactersOf(value)
  if (typeof value !== 'object' || value === null) return 1
  if (isListValue(value) || value instanceof Uint8Array) return value.length
  if (value instanceof Optional) return value.value === undefined ? 1 : sizeOfValue(value.value)
  if (value instanceof Opaque) return value.size
  return isMapValue(value) ? value.size : 1
}

/** Code points, without making a list of them. */
function charactersOf(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length - 1; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit < 0xd800 || unit > 0xdbff) continue
    const next = text.charCodeAt(at + 1)
    if (next < 0xdc00 || next > 0xdfff) continue
    count -= 1
    at += 1
  }
  return count
}

/**
 * A key is a string whose characters stand for one byte each (latin1). So any bytes can be a key, as in
 * etcd, and comparing strings compares bytes. ASCII text is its own key.
 */

/** Greater than every key: the end of the range from some key on. */
export const endOfKeys = '\u0100'

/** The key whose bytes are the UTF-8 of `text`. */
export function keyOfText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

export function textOfKey(key: string): string {
  return isAscii(key) ? key : Buffer.from(key, 'latin1').toString('utf8')
}

/** Whether each character stands for one byte. */
export function isKey(text: string): boolean {
  return everyCodeUpTo(text, 0xff)
}

/** As a key, or the first character above every key's, which ends ranges. */
export function isRangeEnd(text: string): boolean {
  return everyCodeUpTo(text, 0x100)
}

/** The first key that does not start with `prefix`, which must not be empty. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1)
  return prefix.slice(0, -1) + String.fromCharCode(last + 1)
}

/** The range that holds `key` alone ends here. */
export function keyEnd(key: string): string {
  return `${key}\0`
}

export function inRange(key: string, start: string, end: string): boolean {
  return key >= start && key < end
}

function isAscii(text: string): boolean {
  return everyCodeUpTo(text, 0x7f)
}

function everyCodeUpTo(text: string, codeMax: number): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > codeMax) return false
  }
  return true
}

const [quote, backslash] = [0x22, 0x5c]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Whether a JSON text has more than `depthMax` lists and objects open at a time. JSON.parse takes 0.2 µs for
 * each of them, in one turn; looking takes a hundredth of that. Stops at the first place that is too deep.
 */
export function nestsDeeper(text: Uint8Array, depthMax: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at]
    if (byte === quote) at = endOfString(text, at)
    else if (byte === openList || byte === openObject) {
      depth += 1
      if (depth > depthMax) return true
    } else if (byte === closeList || byte === closeObject) depth -= 1
  }
  return false
}

/** The place of the quote that ends it; in UTF-8 no other character has that byte. */
function endOfString(text: Uint8Array, start: number): number {
  for (let at = text.indexOf(quote, start + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    let before = at
    while (text[before - 1] === backslash) before -= 1
    if ((at - before) % 2 === 0) return at
  }
  return text.length
}

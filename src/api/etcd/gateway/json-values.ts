/**
 * Cuts a text that comes in pieces into the JSON values in it: a call takes one, a stream takes one after
 * the other. Only braces and quotes are looked at; whether a value is JSON, its reader finds out.
 */
export class JsonValues {
  #text = ''
  #at = 0
  #depth = 0
  #inString = false

  /** The values that are complete with this piece. */
  push(piece: string): string[] {
    this.#text += piece
    const values: string[] = []
    for (; this.#at < this.#text.length; this.#at += 1) {
      if (!this.#endsAt(this.#text[this.#at] as string)) continue
      values.push(this.#text.slice(0, this.#at + 1).trim())
      this.#text = this.#text.slice(this.#at + 1)
      this.#at = -1
    }
    return values
  }

  /** What is left at the end: no complete value; empty when there is nothing but space. */
  get rest(): string {
    return this.#text.trim()
  }

  #endsAt(character: string): boolean {
    if (this.#inString) {
      if (character === '\\') this.#at += 1
      else if (character === '"') this.#inString = false
      return false
    }
    if (character === '"') this.#inString = true
    else if (character === '{' || character === '[') this.#depth += 1
    else if (character === '}' || character === ']') {
      this.#depth -= 1
      return this.#depth <= 0
    }
    return false
  }
}

/**
 * JSON.parse, but whole numbers that a double cannot hold become strings: ids have 64 bits.
 * Throws a SyntaxError.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(
    text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    ),
  )
}

/** An integer has at least so many digits when it does not fit what numbers hold exactly, 2^53. */
const manyDigits = /\d{16,}/
const integer = /^-?\d{16,}$/
const int64Max = 2n ** 63n

/**
 * The first integer in JSON that Kubernetes would keep, in 64 bits, and that would lose digits here. Larger
 * ones lose them there, too. A body without 16 digits in a row costs one look.
 */
export function firstLostInteger(json: string): string | undefined {
  if (!manyDigits.test(json)) return undefined
  const texts = new Texts(json)
  for (const { index, 0: digits } of json.matchAll(new RegExp(manyDigits, 'g'))) {
    if (texts.hold(index)) continue
    const [before, after] = [json[index - 1] ?? '', json[index + digits.length] ?? '']
    if (/[.eE+]/.test(before) || /[.eE]/.test(after)) continue
    const isNegative = before === '-'
    if (isNegative && /[eE]/.test(json[index - 2] ?? '')) continue
    const found = `${isNegative ? '-' : ''}${digits}`
    if (isLostInteger(found)) return found
  }
  return undefined
}

/** True for what is written as an integer, and would be another one when it is written again. */
export function isLostInteger(source: string): boolean {
  if (!integer.test(source)) return false
  const value = BigInt(source)
  const isKept = value >= -int64Max && value < int64Max
  return isKept && String(Number(source)) !== value.toString()
}

/** Where the texts of a JSON document are, asked from its beginning to its end. */
class Texts {
  readonly #json: string
  #at = 0
  #isInside = false

  constructor(json: string) {
    this.#json = json
  }

  hold(index: number): boolean {
    for (;;) {
      const quote = this.#json.indexOf('"', this.#at)
      if (quote < 0 || quote > index) return this.#isInside
      if (!this.#isInside || !this.#isEscaped(quote)) this.#isInside = !this.#isInside
      this.#at = quote + 1
    }
  }

  #isEscaped(quote: number): boolean {
    let slashes = 0
    while (this.#json[quote - 1 - slashes] === '\\') slashes += 1
    return slashes % 2 === 1
  }
}

import type { Problem } from './errors.ts'
import { Uint, type Value } from './values.ts'

/** A token; `end` of the source has the kind `end`. */
export interface Token {
  readonly kind: 'name' | 'literal' | 'sign' | 'end'
  readonly text: string
  readonly at: number
  readonly value?: Value
}

/** Thrown by lexer and parser, and turned into a compile error where the source is known. */
export class SyntaxProblem extends Error implements Problem {
  override readonly name = 'SyntaxProblem'
  readonly at: number

  /** What the grammar refuses is told from what only the meaning of a text does. */
  constructor(at: number, message: string, isGrammar = true) {
    super(isGrammar ? `Syntax error: ${message}` : message)
    this.at = at
  }

  get text(): string {
    return this.message
  }
}

const signs = [
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '.?',
  '[?',
  '+',
  '-',
  '*',
  '/',
  '%',
  '!',
  '<',
  '>',
  '?',
  ':',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '.',
] as const
const number =
  /(0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?)/y
const space = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y
const word = /[_a-zA-Z][_a-zA-Z0-9]*/y
const quotedName = /`([a-zA-Z0-9_./ -]+)`/y
const stringStart = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y

/** Cuts an expression into tokens (cel-spec, "Syntax"). Throws SyntaxProblem. */
export function tokens(source: string): Token[] {
  const found: Token[] = []
  let at = 0
  for (;;) {
    at += matchAt(space, source, at)?.[0].length ?? 0
    if (at >= source.length) break
    const token = readToken(source, at, found.at(-1))
    found.push(token.token)
    at = token.end
  }
  found.push({ kind: 'end', text: '<EOF>', at: source.length })
  return found
}

function unrecognized(at: number, text: string): SyntaxProblem {
  return new SyntaxProblem(at, `token recognition error at: '${text}'`)
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}

interface Read {
  readonly token: Token
  readonly end: number
}

function readToken(source: string, at: number, before: Token | undefined): Read {
  const quoted = matchAt(stringStart, source, at)
  if (quoted) return readString(source, at, quoted)
  // After an operand, `.5` is a selection; a number may not begin there.
  const digits =
    source[at] === '.' && before?.kind !== 'sign' && before ? null : matchAt(number, source, at)
  if (digits) return readNumber(digits[0], at)
  const name = matchAt(word, source, at)
  if (name) return { token: { kind: 'name', text: name[0], at }, end: at + name[0].length }
  const escaped = matchAt(quotedName, source, at)
  if (escaped)
    return { token: { kind: 'name', text: escaped[1] ?? '', at }, end: at + escaped[0].length }
  const sign = signs.find((one) => source.startsWith(one, at))
  if (!sign)
    throw unrecognized(at, source.slice(at, at + ('=&|'.includes(source[at] ?? '') ? 2 : 1)))
  return { token: { kind: 'sign', text: sign, at }, end: at + sign.length }
}

function readNumber(text: string, at: number): Read {
  const end = at + text.length
  const literal = (value: Value): Read => ({ token: { kind: 'literal', text, at, value }, end })
  if (/[.eE]/.test(text) && !text.startsWith('0x')) {
    if (!Number.isFinite(Number(text))) throw new SyntaxProblem(at, 'invalid double literal', false)
    return literal(Number(text))
  }
  const isUnsigned = /[uU]$/.test(text)
  const value = BigInt(isUnsigned ? text.slice(0, -1) : text)
  if (isUnsigned && value >= 2n ** 64n) throw new SyntaxProblem(at, 'invalid uint literal', false)
  // One more than the largest: the minus sign before it may make it good.
  if (!isUnsigned && value > 2n ** 63n) throw new SyntaxProblem(at, 'invalid int literal', false)
  return literal(isUnsigned ? new Uint(value) : value)
}

function readString(source: string, at: number, start: RegExpExecArray): Read {
  const [whole, prefix = '', quote = ''] = start
  const isRaw = /[rR]/.test(prefix)
  const isBytes = /[bB]/.test(prefix)
  const units: (string | number)[] = []
  let next = at + whole.length
  for (;;) {
    if (next >= source.length || (quote.length === 1 && source[next] === '\n'))
      throw unrecognized(at, source.slice(at, next))
    if (source.startsWith(quote, next)) break
    if (source[next] === '\\' && !isRaw) {
      const escaped = readEscape(source, next, at, isBytes)
      units.push(escaped.unit)
      next = escaped.end
    } else {
      const character = String.fromCodePoint(source.codePointAt(next) ?? 0)
      units.push(character)
      next += character.length
    }
  }
  const value = isBytes ? bytesOf(units) : units.join('')
  const end = next + quote.length
  return { token: { kind: 'literal', text: source.slice(at, end), at, value }, end }
}

const plainEscapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['?', '?'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
])
const numericEscape =
  /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y

/** One escape: text, or a number for a byte of a bytes literal. */
function readEscape(source: string, at: number, start: number, isBytes: boolean) {
  const plain = plainEscapes.get(source[at + 1] ?? '')
  if (plain !== undefined) return { unit: plain, end: at + 2 }
  const numeric = matchAt(numericEscape, source, at)
  if (!numeric) {
    const begun = /^\\(?:[xXuU][0-9a-fA-F]*|[0-3][0-7]?)?/.exec(source.slice(at))?.[0] ?? ''
    throw unrecognized(start, source.slice(start, at + begun.length + 1))
  }
  const [whole, hex, short, long, octal] = numeric
  const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long ?? '', 16)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    throw new SyntaxProblem(start, 'unable to unescape string', false)
  if (isBytes && (short !== undefined || long !== undefined))
    throw new SyntaxProblem(start, 'unable to unescape string', false)
  const isByte = isBytes && (hex !== undefined || octal !== undefined)
  return { unit: isByte ? code : String.fromCodePoint(code), end: at + whole.length }
}

function bytesOf(units: readonly (string | number)[]): Uint8Array {
  const encoder = new TextEncoder()
  return Uint8Array.from(
    units.flatMap((unit) => (typeof unit === 'number' ? [unit] : [...encoder.encode(unit)])),
  )
}

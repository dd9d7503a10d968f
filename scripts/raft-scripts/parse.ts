/** The script format: `command pos key=value key=(a,b)`, input lines, `----`, expected text. */
export interface ScriptCase {
  /** Where the command stands, from 1 on. */
  readonly line: number
  readonly command: string
  readonly options: readonly ScriptOption[]
  readonly input: string
  readonly expected: string
}

/** `values` is empty for a word without `=`. */
export interface ScriptOption {
  readonly key: string
  readonly values: readonly string[]
}

const separator = '----'

/** Throws on text that is no script: a broken script must not pass as an empty one. */
export function parseScript(text: string): readonly ScriptCase[] {
  const lines = text.split('\n')
  const cases: ScriptCase[] = []
  let at = 0
  while (at < lines.length) {
    const head = lines[at] ?? ''
    const line = at + 1
    at += 1
    if (head.trim() === '' || head.trimStart().startsWith('#')) continue
    let directive = head
    while (directive.endsWith('\\') && at < lines.length) {
      directive = `${directive.slice(0, -1)} ${lines[at]}`
      at += 1
    }
    const from = at
    while (at < lines.length && lines[at] !== separator) at += 1
    if (at >= lines.length) throw new Error(`line ${line}: no ${separator} after the command`)
    const input = lines.slice(from, at).join('\n')
    const expected = readExpected(lines, at + 1, line)
    at = expected.next
    cases.push({ line, ...parseDirective(directive, line), input, expected: expected.text })
  }
  return cases
}

/** Up to a blank line; or, after a second separator, up to two separators: then blanks may occur. */
function readExpected(
  lines: readonly string[],
  start: number,
  line: number,
): { readonly text: string; readonly next: number } {
  let at = start
  if (lines[start] !== separator) {
    while (at < lines.length && lines[at]?.trim() !== '') at += 1
    return { text: lines.slice(start, at).join('\n'), next: at }
  }
  at += 1
  while (at < lines.length && !(lines[at] === separator && lines[at + 1] === separator)) at += 1
  if (at >= lines.length) throw new Error(`line ${line}: the expected text does not end`)
  return { text: lines.slice(start + 1, at).join('\n'), next: at + 2 }
}

function parseDirective(
  directive: string,
  line: number,
): { readonly command: string; readonly options: readonly ScriptOption[] } {
  const words = directive.match(/[^\s=]+=\([^)]*\)|\S+/g) ?? []
  const [command, ...rest] = words
  if (command === undefined) throw new Error(`line ${line}: no command`)
  return { command, options: rest.map(parseOption) }
}

function parseOption(word: string): ScriptOption {
  const at = word.indexOf('=')
  if (at < 0) return { key: word, values: [] }
  const key = word.slice(0, at)
  const value = word.slice(at + 1)
  if (!value.startsWith('(')) return { key, values: [value] }
  const inner = value.slice(1, -1).trim()
  return { key, values: inner === '' ? [] : inner.split(',').map((part) => part.trim()) }
}

/** A whole number of a script; throws on anything else. */
export function wholeNumber(text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new Error(`${text} is not a whole number`)
  return Number(text)
}

export function truth(text: string | undefined): boolean {
  if (text === 'true' || text === 't' || text === '1') return true
  if (text === 'false' || text === 'f' || text === '0') return false
  throw new Error(`${text} is neither true nor false`)
}

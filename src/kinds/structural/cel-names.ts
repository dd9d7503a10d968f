import { reservedWords } from '../cel/reserved-words.ts'

/**
 * How fields whose names are no identifiers are written in expressions: `a-b` is `a__dash__b`, and
 * `namespace` is `__namespace__` (apiserver pkg/cel/escaping.go).
 */
const keywords: ReadonlySet<string> = new Set([...reservedWords, 'true', 'false', 'null'])

const escapes: readonly (readonly [string, string])[] = [
  ['__', '__underscores__'],
  ['.', '__dot__'],
  ['-', '__dash__'],
  ['/', '__slash__'],
]

/** Undefined for a name that no expression can say. */
export function escapedName(name: string): string | undefined {
  if (keywords.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return escapes.reduce(
    (text, [from, to]) => (from === '__' ? text.replaceAll('__', to) : text.replaceAll(from, to)),
    name,
  )
}

export function unescapedName(name: string): string {
  const keyword = /^__([a-z]+)__$/.exec(name)?.[1]
  if (keyword !== undefined && keywords.has(keyword)) return keyword
  return name.replace(/__(underscores|dot|dash|slash)__/g, (_whole, word: string) =>
    word === 'dot' ? '.' : word === 'dash' ? '-' : word === 'slash' ? '/' : '__',
  )
}

import { member, type SchemaProps, schemaOfAdditional } from './schema-props.ts'

/**
 * The path of a rule, such as `.a['b.c']`, as errors print it: `a.b.c`, with `[key]` for keys of maps.
 * Undefined for one that leads to no field of the schema
 * (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go ValidFieldPath).
 */
export function fieldPathIn(schema: SchemaProps, text: string): string | undefined {
  const tokens = tokensOf(text)
  let at: SchemaProps | undefined = schema
  let path = ''
  for (let index = 0; index < tokens.length; ) {
    const step = readStep(tokens, index)
    if (!step || !at) return undefined
    const isNamed: boolean = at.properties !== undefined
    const next: SchemaProps | undefined = isNamed
      ? (member(at.properties, step.name) as SchemaProps | undefined)
      : schemaOfAdditional(at)
    if (!next) return undefined
    path += isNamed ? `${path === '' ? '' : '.'}${step.name}` : `[${step.name}]`
    at = next
    index += step.length
  }
  return path
}

interface Step {
  readonly name: string
  /** In tokens. */
  readonly length: number
}

function readStep(tokens: readonly string[], at: number): Step | undefined {
  const [first, second, third] = tokens.slice(at, at + 3)
  if (first === '.') return second === undefined ? undefined : { name: second, length: 2 }
  const quoted = /^'(.*)'$/s.exec(second ?? '')?.[1]
  const name = quoted === undefined ? undefined : unescaped(quoted)
  if (first !== '[' || name === undefined || third !== ']') return undefined
  return { name, length: 3 }
}

/** `.`, `[` and `]`, texts in single quotes, and what is between. */
function tokensOf(text: string): string[] {
  return text.match(/[.[\]]|'(?:[\s\S]*?[^\\])?'|'[\s\S]*|[^.[\]]+/g) ?? []
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ["'", "'"],
  ['\\', '\\'],
])

function unescaped(text: string): string | undefined {
  let isGood = true
  const found = text.replace(/\\(.)/g, (_whole, escaped: string) => {
    const meant = escapes.get(escaped)
    isGood &&= meant !== undefined
    return meant ?? ''
  })
  return isGood ? found : undefined
}

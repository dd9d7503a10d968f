import { isMap, isScalar, Lexer, LineCounter, parseDocument, visit, YAMLParseError } from 'yaml'
import { limits } from '../../base/limits.ts'
import { firstLostInteger, isLostInteger } from '../../kinds/codec/large-integers.ts'
import { badRequest } from '../errors.ts'

/** A YAML body as JSON. */
export interface YamlBody {
  readonly json: Uint8Array
  /** Keys that a map has twice, by line; the last one counts (sigs.k8s.io/yaml UnmarshalStrict). */
  readonly repeated: readonly string[]
  /** An integer that loses digits. */
  readonly lostInteger?: string | undefined
}

/**
 * YAML as JSON. Throws BadRequest for what is no YAML, or blows up by its aliases. JSON is YAML, and
 * what clients send for a server-side apply: it passes as it is, since a YAML parser takes a hundred
 * times as long (a second for the largest CRDs), while nothing else is served.
 */
export function readYaml(bytes: Uint8Array): YamlBody {
  if (!isJsonObject(bytes)) return parseYaml(bytes)
  return { json: bytes, repeated: [], lostInteger: lostIntegerOf(bytes) }
}

/** An integer in JSON that is stored as another one, as it is written. */
export function lostIntegerOf(json: Uint8Array): string | undefined {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('latin1')
  return firstLostInteger(text)
}

/** As `readYaml`, of JSON, too: what it has twice, it has at a line. */
export function parseYaml(bytes: Uint8Array): YamlBody {
  const lines = new LineCounter()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  if (mayNestTooDeep(text) && nestsTooDeep(text))
    throw notYaml(new Error(`exceeded max depth of ${limits.yamlDepthMax}`))
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines })
  const [problem] = document.errors
  if (problem) throw notYaml(problem)
  try {
    let lostInteger: string | undefined
    visit(document, {
      Scalar(_key, { source, type }) {
        if (type === 'PLAIN' && isLostInteger(source ?? '')) lostInteger ??= source
      },
    })
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    const json = Buffer.from(JSON.stringify(value ?? null))
    return { json, repeated: repeatedKeys(document, lines), lostInteger }
  } catch (error) {
    // A ReferenceError is how the parser refuses too many aliases.
    if (error instanceof YAMLParseError || error instanceof ReferenceError) throw notYaml(error)
    throw error
  }
}

const opening: ReadonlySet<string> = new Set(['[', '{'])
const closing: ReadonlySet<string> = new Set([']', '}'])
/** They may follow each other on a line, each inside the one before. */
const indicators: ReadonlySet<string> = new Set(['-', '?', ':'])

/** The depth so far, when told one token after the other. */
class Depth {
  #flow = 0
  #onLine = 0

  /** True as long as it is not too deep. */
  add(token: string): boolean {
    if (opening.has(token)) this.#flow += 1
    else if (closing.has(token)) this.#flow = Math.max(0, this.#flow - 1)
    else if (indicators.has(token)) this.#onLine += 1
    else if (token.endsWith('\n')) this.#onLine = 0
    return this.#flow + this.#onLine <= limits.yamlDepthMax
  }
}

/** Takes every character for a token: quick, and wrong about brackets in texts. */
function mayNestTooDeep(text: string): boolean {
  const depth = new Depth()
  for (const character of text) if (!depth.add(character)) return true
  return false
}

function nestsTooDeep(text: string): boolean {
  const depth = new Depth()
  for (const token of new Lexer().lex(text)) if (!depth.add(token)) return true
  return false
}

function notYaml(error: Error): Error {
  return badRequest(`the body is not YAML: ${error.message}`)
}

function repeatedKeys(document: ReturnType<typeof parseDocument>, lines: LineCounter): string[] {
  const repeated: string[] = []
  visit(document, {
    Map(_key, map) {
      if (!isMap(map)) return
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        const { line } = lines.linePos(key.range?.[0] ?? 0)
        if (seen.has(name))
          repeated.push(`line ${line}: key ${JSON.stringify(name)} already set in map`)
        seen.add(name)
      }
    },
  })
  return repeated
}

/** As one error, in the words of Go's parser; as many warnings, a line each. */
export function repeatedProblems(repeated: readonly string[], isError: boolean): readonly string[] {
  if (repeated.length === 0 || !isError) return repeated
  return [`yaml: unmarshal errors:\n  ${repeated.join('\n  ')}`]
}

const brace = 0x7b

function isJsonObject(bytes: Uint8Array): boolean {
  if (bytes[0] !== brace) return false
  try {
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
    return true
  } catch {
    // A flow mapping of YAML, or neither: its parser says what is wrong.
    return false
  }
}

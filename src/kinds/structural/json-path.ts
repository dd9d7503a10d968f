/**
 * The part of JSONPath that CustomResourceDefinitions use: `.spec.replicas`, `.a['b.c'][0]`, `[*]`,
 * `..name`, `[?(@.type=="Ready")].status` (client-go util/jsonpath). Parsed once, then asked often.
 */
export type JsonPath = readonly Step[]

type Step =
  | { readonly is: 'member'; readonly name: string }
  | { readonly is: 'index'; readonly index: number }
  | { readonly is: 'all' }
  | { readonly is: 'descend' }
  | {
      readonly is: 'filter'
      readonly path: JsonPath
      readonly operator: string
      readonly value: unknown
    }

/** Values that a path may lead to: further ones are left out. */
const valuesMax = 1_000

/** Throws Error, which says what it could not read, for what is no path. */
export function parseJsonPath(text: string): JsonPath {
  const trimmed = text.trim().replace(/^\{(.*)\}$/s, '$1')
  const steps: Step[] = []
  let at = trimmed.startsWith('$') ? 1 : 0
  while (at < trimmed.length) {
    const rest = trimmed.slice(at)
    const [step, length] = readStep(rest, text)
    if (step) steps.push(step)
    at += length
  }
  return steps
}

function readStep(rest: string, whole: string): [Step | undefined, number] {
  if (rest.startsWith('..')) return [{ is: 'descend' }, 1]
  const member = /^\.((?:[^.[\]\\]|\\.)+)/.exec(rest)
  if (member) {
    const name = (member[1] ?? '').replace(/\\(.)/g, '$1')
    return [name === '*' ? { is: 'all' } : { is: 'member', name }, member[0].length]
  }
  const index = /^\[\s*(-?\d+)\s*\]/.exec(rest)
  if (index) return [{ is: 'index', index: Number(index[1]) }, index[0].length]
  const all = /^\[\s*\*\s*\]/.exec(rest)
  if (all) return [{ is: 'all' }, all[0].length]
  const quoted = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/.exec(rest)
  if (quoted) {
    const name = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1')
    return [{ is: 'member', name }, quoted[0].length]
  }
  const filter = /^\[\?\(\s*@([^=!<>)]*?)\s*(?:(==|!=|<=|>=|<|>)\s*([^)]*?))?\s*\)\]/.exec(rest)
  if (filter) return [readFilter(filter), filter[0].length]
  if (rest === '.') return [undefined, 1]
  throw new Error(`unrecognized part ${JSON.stringify(rest.slice(0, 40))} of the path ${whole}`)
}

function readFilter([, path = '', operator = '', value = '']: RegExpExecArray): Step {
  return { is: 'filter', path: parseJsonPath(path), operator, value: readLiteral(value) }
}

function readLiteral(text: string): unknown {
  if (/^'.*'$/s.test(text) || /^".*"$/s.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  return Number.isNaN(Number(text)) ? text : Number(text)
}

/** True for a path of names alone, such as those of scale and selectable fields. */
export function isPlainPath(path: JsonPath): boolean {
  return path.length > 0 && path.every((step) => step.is === 'member')
}

/** The names of a plain path. */
export function namesOf(path: JsonPath): string[] {
  return path.flatMap((step) => (step.is === 'member' ? [step.name] : []))
}

/** What the path leads to in a value; empty where nothing is. */
export function valuesAt(path: JsonPath, value: unknown): unknown[] {
  let found: unknown[] = [value]
  for (const step of path) {
    const next: unknown[] = []
    for (const one of found) {
      next.push(...stepInto(step, one).slice(0, valuesMax - next.length))
      if (next.length >= valuesMax) break
    }
    found = next
  }
  return found
}

function stepInto(step: Step, value: unknown): unknown[] {
  switch (step.is) {
    case 'member':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index': {
      if (!Array.isArray(value)) return []
      const item: unknown = value.at(step.index)
      return item === undefined ? [] : [item]
    }
    case 'all':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []
    case 'descend':
      return descendants(value)
    case 'filter': {
      const items: unknown[] = Array.isArray(value) ? value : []
      return items.filter((item) => isChosen(step, item))
    }
  }
}

function descendants(value: unknown): unknown[] {
  const found = [value]
  for (let at = 0; at < found.length && found.length < valuesMax; at += 1) {
    const one = found[at]
    if (typeof one === 'object' && one !== null) found.push(...Object.values(one))
  }
  return found
}

function isChosen(step: Extract<Step, { is: 'filter' }>, item: unknown): boolean {
  const [found] = valuesAt(step.path, item)
  const { operator, value } = step
  if (operator === '') return found !== undefined
  if (operator === '!=') return found !== value
  if (operator === '==') return found === value
  if (typeof found !== typeof value || (typeof found !== 'number' && typeof found !== 'string'))
    return false
  const wanted = value as number | string
  if (operator === '<') return found < wanted
  if (operator === '<=') return found <= wanted
  return operator === '>' ? found > wanted : found >= wanted
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

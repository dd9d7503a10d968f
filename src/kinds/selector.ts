import { statusError } from '../base/status.ts'
import type { LabelSelector as LabelSelectorObject } from './types.ts'
import { labelKeyProblem, labelValueProblem } from './validation/names.ts'

/** Label and field selectors (apimachinery pkg/labels/selector.go, pkg/fields/selector.go). */

export type Labels = Readonly<Record<string, string>> | undefined

export interface LabelSelector {
  /** Canonical text: requirements sorted by key. Empty selects everything. */
  readonly text: string
  readonly requirements: readonly LabelRequirement[]
  readonly empty: boolean
  matches(labels: Labels): boolean
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

export type LabelOperator = 'in' | 'notin' | '=' | '!=' | 'exists' | '!' | 'gt' | 'lt'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Selects every object. */
export const everything: LabelSelector = labelSelector([])

/** Selects no object: what a missing label selector means in most specs. */
export const nothing: LabelSelector = {
  text: '',
  requirements: [],
  empty: false,
  matches: () => false,
}

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws BadRequest with Kubernetes' text. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokensOf(text)
  const requirements: LabelRequirement[] = []
  const next = { at: 0 }
  if (tokens.length === 1) return everything
  if (isOther(tokens[0]))
    throw statusError(
      'BadRequest',
      `found '${tokens[0]}', expected: !, identifier, or 'end of string'`,
    )
  for (;;) {
    const requirement = readRequirement(tokens, next)
    checkRequirement(requirement)
    requirements.push(requirement)
    const token = tokens[next.at++] ?? ''
    if (token === '') return labelSelector(requirements)
    if (token !== ',')
      throw statusError('BadRequest', `found '${token}', expected: ',' or 'end of string'`)
    const after = tokens[next.at] ?? ''
    if (isOther(after))
      throw statusError('BadRequest', `found '${after}', expected: identifier after ','`)
  }
}

/** The selector of a `matchLabels`/`matchExpressions` object; undefined selects nothing. */
export function selectorOf(object: LabelSelectorObject | undefined): LabelSelector {
  if (object === undefined) return nothing
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(object.matchLabels ?? {}))
    requirements.push({ key, operator: '=', values: [value] })
  for (const { key, operator, values = [] } of object.matchExpressions ?? []) {
    const known = expressionOperators.get(operator)
    if (known === undefined)
      throw statusError('BadRequest', `"${operator}" is not a valid label selector operator`)
    requirements.push({ key, operator: known, values })
  }
  return labelSelector(requirements)
}

/** The selector of a plain map, as services and replication use it. */
export function selectorOfMap(labels: Labels): LabelSelector {
  const entries = Object.entries(labels ?? {})
  return labelSelector(entries.map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

/**
 * Reads `a=b,c!=d`; a backslash escapes `\`, `,` and `=` in values, and is nothing special before them.
 * Throws BadRequest.
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .sort()
    .map((term): FieldRequirement => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
      if (!match)
        throw statusError('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`)
      const [, field = '', operator, value = ''] = match
      return { field, operator: operator === '!=' ? '!=' : '=', value: unescaped(value) }
    })
    .filter(({ field, value }) => field !== '' || value !== '')
}

function unescaped(value: string): string {
  return value.replace(/\\(.?)|[,=]/gs, (found, escaped: string | undefined) => {
    if (escaped !== undefined && /^[\\,=]$/.test(escaped)) return escaped
    const why =
      escaped === undefined
        ? `unescaped character in value: ${found.charCodeAt(0)}`
        : `invalid escape sequence: ${found}`
    throw statusError('BadRequest', `invalid field selector: ${why}`)
  })
}

const expressionOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

function labelSelector(unsorted: readonly LabelRequirement[]): LabelSelector {
  const requirements = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return {
    text: requirements.map(requirementText).join(','),
    requirements,
    empty: requirements.length === 0,
    matches: (labels) => requirements.every((requirement) => meets(requirement, labels)),
  }
}

function meets({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'in':
    case '=':
      return value !== undefined && values.includes(value)
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt':
      return value !== undefined && compares(operator, value, values[0] ?? '')
  }
}

function compares(operator: 'gt' | 'lt', value: string, bound: string): boolean {
  if (!/^[+-]?\d+$/.test(value)) return false
  return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const sorted = [...values].sort()
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${sorted.join(',')})`
    case '=':
    case '!=':
      return `${key}${operator}${values[0] ?? ''}`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
  }
}

/** Words and symbols; the last token is the empty string. */
function tokensOf(text: string): string[] {
  const tokens = text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g) ?? []
  return [...tokens, '']
}

/** True for a token that starts no requirement. */
function isOther(token = ''): boolean {
  return token !== '!' && symbols.has(token)
}

const symbols: ReadonlySet<string> = new Set(['==', '!=', '=', '!', '(', ')', ',', '<', '>', ''])

function readRequirement(tokens: readonly string[], next: { at: number }): LabelRequirement {
  const negated = tokens[next.at] === '!'
  if (negated) next.at++
  const key = tokens[next.at++] ?? ''
  if (symbols.has(key)) throw unparsable(`found '${key}', expected: identifier`)
  const operator = tokens[next.at] ?? ''
  if (operator === '' || operator === ',')
    return { key, operator: negated ? '!' : 'exists', values: [] }
  if (negated) throw unparsable(`found '${operator}', expected: ',' or 'end of string'`)
  next.at++
  if (operator === 'in' || operator === 'notin')
    return { key, operator, values: readValues(tokens, next) }
  const known = valueOperators.get(operator)
  if (!known) throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
  const value = tokens[next.at] ?? ''
  if (value === '' || value === ',') return { key, operator: known, values: [''] }
  if (symbols.has(value)) throw unparsable(`found '${value}', expected: identifier`)
  next.at++
  return { key, operator: known, values: [value] }
}

const valueOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ['=', '='],
  ['==', '='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
])

function readValues(tokens: readonly string[], next: { at: number }): string[] {
  if (tokens[next.at] !== '(') throw unparsable(`found '${tokens[next.at]}' expected: '('`)
  next.at++
  const first = tokens[next.at] ?? ''
  if (symbols.has(first) && first !== ',' && first !== ')')
    throw unparsable(`found '${first}', expected: ',', ')' or identifier`)
  const values = new Set<string>()
  for (let value = ''; ; next.at++) {
    const token = tokens[next.at] ?? ''
    if (token === ',' || token === ')') {
      values.add(value)
      value = ''
      if (token === ',') continue
      next.at++
      return [...values].sort()
    }
    if (value !== '') throw unparsable(`found '${token}', expected: ',' or ')'`)
    if (symbols.has(token)) throw unparsable(`found '${token}', expected: ',', or identifier`)
    value = token
  }
}

function checkRequirement({ key, operator, values }: LabelRequirement): void {
  const keyProblem = labelKeyProblem(key)
  if (keyProblem !== undefined)
    throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyProblem}`)
  if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(values[0] ?? ''))
    throw unparsable(
      `values[0]: Invalid value: ${JSON.stringify(values[0] ?? '')}: for 'Gt', 'Lt' operators, the value must be an integer`,
    )
  for (const [index, value] of values.entries()) {
    const problem = labelValueProblem(value)
    if (problem !== undefined)
      throw unparsable(
        `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`,
      )
  }
}

function unparsable(why: string): Error {
  return statusError('BadRequest', `unable to parse requirement: ${why}`)
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      terms.push(text.slice(start, at))
      start = at + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

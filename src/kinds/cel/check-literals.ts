import { compilePattern } from '../structural/pattern.ts'
import { childrenOf, type Expression } from './ast.ts'
import type { Problem } from './errors.ts'
import { CelRuntimeError } from './errors.ts'
import { clauseRules, formatPieces, type Verb } from './library/format-text.ts'
import { parseDuration, parseTimestamp } from './library/time-text.ts'
import { accepts, printType, type Type } from './types.ts'

/**
 * What is wrong with literals though their types are right: times and patterns that are none, formats that do
 * not fit their values, and lists and maps of mixed types (cel-go cel/validator.go, ext/formatting.go).
 */
export function literalProblems(
  whole: Expression,
  types: ReadonlyMap<Expression, Type>,
): readonly Problem[] {
  const problems: Problem[] = []
  const visit = (expression: Expression, isFormatted: boolean): void => {
    if (expression.is === 'call') problems.push(...callProblems(expression, types))
    if (!isFormatted) problems.push(...mixtureProblems(expression, types))
    const inside = isFormatted || (expression.is === 'call' && expression.name === 'format')
    for (const part of childrenOf(expression)) if (part) visit(part, inside)
  }
  visit(whole, false)
  return problems
}

type Call = Extract<Expression, { is: 'call' }>

function callProblems(call: Call, types: ReadonlyMap<Expression, Type>): readonly Problem[] {
  const { name, target, parameters } = call
  const [first] = parameters
  const read = literalReaders.get(name)
  if (
    read &&
    first?.is === 'literal' &&
    typeof first.value === 'string' &&
    !reads(read, first.value)
  )
    return [{ at: first.at, text: `invalid ${name} argument` }]
  const isFormat = name === 'format' && target?.is === 'literal' && first?.is === 'list'
  return isFormat && typeof target.value === 'string'
    ? formatProblems(call.at, target.value, first, types)
    : []
}

const literalReaders: ReadonlyMap<string, (text: string) => unknown> = new Map<
  string,
  (text: string) => unknown
>([
  ['duration', parseDuration],
  ['timestamp', parseTimestamp],
  ['matches', compilePattern],
])

function reads(read: (text: string) => unknown, text: string): boolean {
  try {
    read(text)
    return true
  } catch (error) {
    if (error instanceof CelRuntimeError || error instanceof Error) return false
    throw error
  }
}

function formatProblems(
  at: number,
  text: string,
  { items }: Extract<Expression, { is: 'list' }>,
  types: ReadonlyMap<Expression, Type>,
): readonly Problem[] {
  let next = 0
  for (const piece of formatPieces(text)) {
    if (piece.is === 'text') continue
    const item = items[next]?.value
    if (!item) return [{ at, text: `index ${next} out of range` }]
    if (piece.is === 'problem') return [{ at, text: piece.text }]
    const wrong = misfit(piece.verb, item, types)
    if (wrong) return [wrong]
    next += 1
  }
  if (items.length <= next) return []
  const told = `too many arguments supplied to string.format (expected ${next}, got ${items.length})`
  return [{ at, text: told }]
}

/** A value that its clause does not take; of lists and maps that are written out, one inside. */
function misfit(
  verb: Verb,
  item: Expression,
  types: ReadonlyMap<Expression, Type>,
): Problem | undefined {
  const [allowed = [], text = ''] = clauseRules.get(verb) ?? []
  const type = types.get(item)
  const name = type ? nameOf(type) : 'dyn'
  if (name !== 'dyn' && !allowed.includes(name))
    return { at: item.at, text: `error during formatting: ${text}, was given ${name}` }
  if (verb !== 's' || (item.is !== 'list' && item.is !== 'map')) return undefined
  for (const part of childrenOf(item)) {
    const wrong = part && misfit(verb, part, types)
    if (wrong) return wrong
  }
  return undefined
}

function nameOf(type: Type): string {
  switch (type.is) {
    case 'object':
    case 'opaque':
      return type.name
    case 'null':
      return 'null_type'
    case 'optional':
      return 'optional_type'
    case 'timestamp':
      return 'google.protobuf.Timestamp'
    case 'duration':
      return 'google.protobuf.Duration'
    default:
      return type.is
  }
}

function mixtureProblems(
  expression: Expression,
  types: ReadonlyMap<Expression, Type>,
): readonly Problem[] {
  if (expression.is === 'list') {
    const problem = mixture(
      expression.items.map(({ value, isOptional }) => ({ value, isOptional })),
      types,
    )
    return problem ? [problem] : []
  }
  if (expression.is !== 'map') return []
  const keys = expression.entries.map(({ key }) => ({ value: key, isOptional: false }))
  const values = expression.entries.map(({ value, isOptional }) => ({ value, isOptional }))
  return [mixture(keys, types), mixture(values, types)].filter((one) => one !== undefined)
}

function mixture(
  parts: readonly { readonly value: Expression; readonly isOptional: boolean }[],
  types: ReadonlyMap<Expression, Type>,
): Problem | undefined {
  const typeOf = ({ value, isOptional }: (typeof parts)[number]): Type | undefined => {
    const type = types.get(value)
    return isOptional && type?.is === 'optional' ? type.of : type
  }
  const [first, ...others] = parts
  const wanted = first && typeOf(first)
  if (!wanted) return undefined
  for (const one of others) {
    const type = typeOf(one)
    // What may be absent takes on the type of what is there.
    const isOpen =
      (first.isOptional && wanted.is === 'dyn') || (one.isOptional && type?.is === 'dyn')
    if (type && !isOpen && !alike(wanted, type))
      return {
        at: one.value.at,
        text: `expected type '${printType(wanted)}' but found '${printType(type)}'`,
      }
  }
  return undefined
}

/** What an empty list or optional is of is decided by the others. */
function alike(left: Type, right: Type): boolean {
  if ((left.is === 'dyn') !== (right.is === 'dyn')) return false
  return accepts(left, right, new Map()) && accepts(right, left, new Map())
}

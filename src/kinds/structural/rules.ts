import type { Budget } from '../cel/budget.ts'
import { CelCostError, CelRuntimeError } from '../cel/errors.ts'
import type { Lookup } from '../cel/evaluator.ts'
import { Optional, type Value } from '../cel/values.ts'
import type { FieldError, FieldErrorType } from '../kind.ts'
import { celValueOf } from './cel-values.ts'
import { type CompiledRule, hasRules, rulesOf } from './compile-rules.ts'
import { Correlation } from './correlation.ts'
import { fieldPathIn } from './field-path.ts'
import {
  childPath,
  isObject,
  member,
  type SchemaProps,
  type SchemaRule,
  schemaOfItems,
  schemaOfMember,
} from './schema-props.ts'
import { elementBefore, shownValue } from './validate-value.ts'

export interface Judgement {
  readonly errors: FieldError[]
  /** What would be an error, had it not been like that before. */
  readonly warnings: FieldError[]
}

/**
 * What a value breaks of the rules in its schema. `old` is the value before, undefined for a new one. Stops
 * where the budget ends (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go).
 */
export function judgeRules(
  schema: SchemaProps,
  value: unknown,
  old: unknown,
  budget: Budget,
  isRoot = true,
  correlation: Correlation | null = new Correlation(schema, value, old),
): Judgement {
  const judge = new Judge(budget)
  try {
    const ratchet = {
      current: old === undefined ? undefined : (correlation ?? undefined),
      parent: undefined,
    }
    judge.visit({ schema, value, old, path: '', isRoot, ratchet })
  } catch (error) {
    if (!(error instanceof JudgementEnd)) throw error
  }
  return judge
}

interface Place {
  readonly schema: SchemaProps
  readonly value: unknown
  readonly old: unknown
  readonly path: string
  readonly isRoot: boolean
  readonly ratchet: Ratchet
}

/** What the value was, or else what the nearest thing around it was that can be known again. */
interface Ratchet {
  readonly current: Correlation | undefined
  readonly parent: Correlation | undefined
}

/** Nothing more is judged. */
class JudgementEnd extends Error {}

const budgetSpent =
  'validation failed due to running out of cost budget, no further validation rules will be run'
const messageBudgetSpent =
  'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'

class Judge implements Judgement {
  readonly errors: FieldError[] = []
  readonly warnings: FieldError[] = []
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  visit(place: Place): void {
    const { schema, value, path } = place
    if (value === undefined || value === null || !hasRules(schema)) return
    this.#judgeHere(place)
    if (Array.isArray(value)) this.#visitElements(place, value)
    else if (isObject(value))
      for (const name of Object.keys(value)) {
        const below = schemaOfMember(schema, name)
        if (below) this.visit(memberPlace(place, value, name, below, path))
      }
  }

  #visitElements({ schema, old, path, ratchet }: Place, value: readonly unknown[]): void {
    const items = schemaOfItems(schema)
    if (!items || !hasRules(items)) return
    value.forEach((item, index) => {
      this.visit({
        schema: items,
        value: item,
        old: elementBefore(schema, item, old),
        path: `${path}[${index}]`,
        isRoot: items['x-kubernetes-embedded-resource'] === true,
        ratchet: ratchetBelow(ratchet, (current) => current.element(index)),
      })
    })
  }

  #judgeHere(place: Place): void {
    const rules = rulesOf(place.schema, place.isRoot)
    if (rules.length === 0) return
    if (this.#budget.left <= 0) this.#end(place, budgetSpent)
    for (const rule of rules) this.#judge(rule, place)
  }

  #end(place: Place, detail: string): never {
    this.errors.push(failed(place, detail))
    throw new JudgementEnd()
  }

  #judge(rule: CompiledRule, place: Place): void {
    const { source, program, isTransition, problem } = rule
    if (problem !== undefined) {
      this.errors.push(failed(place, `rule compile error: ${problem}`))
      return
    }
    const isOptional = source.optionalOldSelf === true
    if (!program || (isTransition && hasNoOld(place) && !isOptional)) return
    const lookup = lookupOf(place, isOptional)
    try {
      if (program.run(lookup, this.#budget) === true) return
    } catch (error) {
      this.#note(error, source, place)
      return
    }
    const detail = this.#messageOf(rule, place, lookup)
    this.#refuse(rule, place, violation(rule.source, place, detail))
  }

  /** An expression that gave nothing. */
  #note(error: unknown, source: SchemaRule, place: Place): void {
    const name = (source.message || source.rule).trim()
    if (error instanceof CelCostError)
      this.#end(
        place,
        this.#budget.left < 0
          ? budgetSpent
          : `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`,
      )
    if (!(error instanceof CelRuntimeError)) throw error
    const detail = error.message.startsWith('no such overload')
      ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`
      : `${error.message} evaluating rule: ${name}`
    this.errors.push(failed(place, detail))
  }

  #refuse({ isTransition }: CompiledRule, { ratchet }: Place, error: FieldError): void {
    const isOld = (ratchet.current ?? ratchet.parent)?.isSame === true
    if (isOld && !isTransition) this.warnings.push(error)
    else this.errors.push(error)
  }

  /** A message that cannot be shown gives way to the plain one. */
  #messageOf(rule: CompiledRule, place: Place, lookup: Lookup): string {
    const { message, source } = rule
    if (!message) return plainMessage(source)
    try {
      const text = message.run(lookup, this.#budget)
      const shown = typeof text === 'string' ? text.trim() : ''
      const isGood = Buffer.byteLength(shown) <= messageBytesMax && !shown.includes('\n')
      return isGood && shown !== '' ? shown : plainMessage(source)
    } catch (error) {
      if (error instanceof CelRuntimeError) return plainMessage(source)
      if (!(error instanceof CelCostError)) throw error
      const detail =
        this.#budget.left < 0
          ? messageBudgetSpent
          : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(source.messageExpression)}`
      this.#refuse(rule, place, { ...failed(place, detail), field: placeOf(source, place) })
      throw new JudgementEnd()
    }
  }
}

const messageBytesMax = 5 * 1024

function hasNoOld({ old }: Place): boolean {
  return old === undefined || old === null
}

function memberPlace(
  { schema, old, ratchet }: Place,
  value: object,
  name: string,
  below: SchemaProps,
  path: string,
): Place {
  const isProperty = member(schema.properties, name) !== undefined
  // What kind an object is of is not seen: old and new are of one.
  const isIdentity = ratchet.parent === undefined && (name === 'apiVersion' || name === 'kind')
  return {
    schema: below,
    value: member(value, name),
    old: isObject(old) ? member(old, name) : undefined,
    // What no property names is a key of a map.
    path: isProperty ? childPath(path, name) : `${path}[${name}]`,
    isRoot: below['x-kubernetes-embedded-resource'] === true,
    ratchet:
      ratchet.current && isIdentity
        ? { current: undefined, parent: undefined }
        : ratchetBelow(ratchet, (current) => current.member(name)),
  }
}

function ratchetBelow(
  ratchet: Ratchet,
  find: (current: Correlation) => Correlation | undefined,
): Ratchet {
  const { current } = ratchet
  return current ? { current: find(current), parent: current } : ratchet
}

function lookupOf({ schema, value, old }: Place, isOptional: boolean): Lookup {
  const found = new Map<string, Value>()
  const read = (name: string): Value | undefined => {
    if (name === 'self') return celValueOf(value, schema)
    if (name !== 'oldSelf') return undefined
    return isOptional ? optionalOld(schema, old) : celValueOf(old, schema)
  }
  return (name: string): Value | undefined => {
    const known = found.get(name)
    if (known !== undefined) return known
    const made = read(name)
    if (made !== undefined) found.set(name, made)
    return made
  }
}

/**
 * An optional oldSelf forgets what its schema says of objects and lists: times in it are texts, names are not
 * escaped. It is so there (cel-go interpreter/attributes.go applyQualifiers), and rules are written to it.
 */
function optionalOld(schema: SchemaProps, old: unknown): Optional {
  if (old === undefined || old === null) return Optional.none
  return new Optional(typeof old === 'object' ? celValueOf(old) : celValueOf(old, schema))
}

function plainMessage({ message, rule }: SchemaRule): string {
  return message ? message.trim() : `failed rule: ${rule.trim()}`
}

/** A rule that could not be judged: the value is told by its type. */
function failed({ schema, path }: Place, detail: string): FieldError {
  const type = JSON.stringify(schema.type ?? '')
  return {
    type: 'FieldValueInvalid',
    field: shownPath(path),
    message: `Invalid value: ${type}: ${detail}`,
  }
}

/** The object as a whole has no path. */
function shownPath(path: string): string {
  return path === '' ? '<nil>' : path
}

/** What a violation is about: what the rule stands at, or a part of it. */
function placeOf({ fieldPath }: SchemaRule, { schema, path }: Place): string {
  const below = fieldPath ? fieldPathIn(schema, fieldPath) : undefined
  return below ? childPath(path, below) : shownPath(path)
}

const prefixes: ReadonlyMap<string, string> = new Map([
  ['FieldValueRequired', 'Required value'],
  ['FieldValueForbidden', 'Forbidden'],
])

/** Objects and lists are too much to be shown; a duplicate says it all. */
function violation(source: SchemaRule, place: Place, detail: string): FieldError {
  const { schema, value } = place
  const type = (source.reason || 'FieldValueInvalid') as FieldErrorType
  const field = placeOf(source, place)
  const isWhole = schema.type === 'object' || schema.type === 'array'
  const shown = isWhole ? '' : `: ${shownValue(value)}`
  if (type === 'FieldValueDuplicate') return { type, field, message: `Duplicate value${shown}` }
  return { type, field, message: `${prefixes.get(type) ?? `Invalid value${shown}`}: ${detail}` }
}

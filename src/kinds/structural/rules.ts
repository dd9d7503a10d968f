import type { Budget } from '../cel/budget.ts'
import { Environment, type Program } from '../cel/environment.ts'
import { CelCompileError, CelCostError, CelRuntimeError } from '../cel/errors.ts'
import { optionalOf, type Type } from '../cel/types.ts'
import { Optional, type Value } from '../cel/values.ts'
import type { FieldError, FieldErrorType } from '../kind.ts'
import { same } from '../validation/field-error.ts'
import { sizedSchema, sizesWithin } from './cel-sizes.ts'
import { celTypeOf } from './cel-types.ts'
import { celValueOf } from './cel-values.ts'
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

/** A rule of `x-kubernetes-validations`, ready to run. */
export interface CompiledRule {
  readonly source: SchemaRule
  readonly program: Program | undefined
  /** Why there is none. */
  readonly problem: string | undefined
  readonly message: Program | undefined
  readonly messageProblem: string | undefined
  /** The rule speaks of oldSelf: it holds of changes, not of values. */
  readonly isTransition: boolean
}

/**
 * Compiles a rule against the schema that it stands at. Problems are those of the rule's author
 * (apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go).
 */
export function compileRule(schema: SchemaProps, rule: SchemaRule, isRoot: boolean): CompiledRule {
  const self = celTypeOf(schema, 'selfType', isRoot)
  const none = { message: undefined, messageProblem: undefined, isTransition: false }
  if (!self) return { source: rule, program: undefined, problem: unknownType, ...none }
  const environment = environmentOf(self, rule.optionalOldSelf === true)
  const program = compiled(environment, rule.rule, 'program')
  if (typeof program === 'string')
    return { source: rule, program: undefined, problem: program, ...none }
  if (program.type.is !== 'bool')
    return { source: rule, program: undefined, problem: noBool, ...none }
  const isTransition = program.mentions('oldSelf')
  const ready = { source: rule, program, problem: undefined, isTransition }
  if (!rule.messageExpression) return { ...ready, message: undefined, messageProblem: undefined }
  const message = compiled(environment, rule.messageExpression, 'messageExpression')
  if (typeof message === 'string') return { ...ready, message: undefined, messageProblem: message }
  if (message.type.is !== 'string') return { ...ready, message: undefined, messageProblem: noText }
  return { ...ready, message, messageProblem: undefined }
}

const unknownType = 'compilation failed: the schema does not say enough to judge its values'
const noBool = 'cel expression must evaluate to a bool'
const noText = 'messageExpression must evaluate to a string'

/** What the author of a rule is to know of it. */
export interface CheckedRule {
  readonly problem: string | undefined
  readonly messageProblem: string | undefined
  /** What it may cost once; undefined for a rule with a problem. */
  readonly cost: bigint | undefined
  readonly messageCost: bigint | undefined
  readonly usesOldSelf: boolean
}

export function checkRule(schema: SchemaProps, rule: SchemaRule, isRoot: boolean): CheckedRule {
  const { program, message, problem, messageProblem, isTransition } = compileRule(
    schema,
    rule,
    isRoot,
  )
  const sizes = sizedSchema(schema, isRoot)
  const sizeOf = sizes ? sizesWithin(sizes) : () => undefined
  return {
    problem,
    messageProblem,
    cost: program?.estimate(sizeOf).max,
    messageCost: message?.estimate(sizeOf).max,
    usesOldSelf: isTransition,
  }
}

function environmentOf(self: Type, optionalOldSelf: boolean): Environment {
  return new Environment({
    variables: new Map([
      ['self', self],
      ['oldSelf', optionalOldSelf ? optionalOf(self) : self],
    ]),
  })
}

function compiled(
  environment: Environment,
  source: string,
  name: 'program' | 'messageExpression',
): Program | string {
  try {
    return environment.compile(source)
  } catch (error) {
    if (error instanceof CelRuntimeError) return `${name} instantiation failed: ${error.message}`
    if (error instanceof CelCompileError)
      return `${name === 'program' ? '' : `${name} `}compilation failed: ${error.message}`
    throw error
  }
}

const compiledRules = new WeakMap<SchemaProps, readonly CompiledRule[]>()

function rulesOf(schema: SchemaProps, isRoot: boolean): readonly CompiledRule[] {
  const known = compiledRules.get(schema)
  if (known) return known
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) =>
    compileRule(schema, rule, isRoot),
  )
  compiledRules.set(schema, rules)
  return rules
}

/** True when there is a rule anywhere in the schema. */
export function hasRules(schema: SchemaProps): boolean {
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  return (
    Object.values(schema.properties ?? {}).some(hasRules) ||
    (items !== undefined && hasRules(items)) ||
    (typeof additional === 'object' && hasRules(additional))
  )
}

/**
 * What a value breaks of the rules in its schema. `old` is the value before, undefined for a new one.
 * A value that did not change is judged by rules about changes alone. Stops where the budget ends
 * (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go).
 */
export function ruleViolations(
  schema: SchemaProps,
  value: unknown,
  old: unknown,
  budget: Budget,
  isRoot = true,
): FieldError[] {
  const found: FieldError[] = []
  try {
    judge({ schema, value, old, path: '', isRoot }, budget, found)
  } catch (error) {
    if (!(error instanceof CelCostError)) throw error
    found.push({
      type: 'FieldValueInvalid',
      field: '',
      message: `Invalid value: ${shownValue(value)}: validation failed due to running out of cost budget, no further validation rules will be run`,
    })
  }
  return found
}

interface Judged {
  readonly schema: SchemaProps
  readonly value: unknown
  readonly old: unknown
  readonly path: string
  readonly isRoot: boolean
}

function judge(judged: Judged, budget: Budget, found: FieldError[]): void {
  const { schema, value, old, path, isRoot } = judged
  if (value === undefined || (value === null && schema.nullable)) return
  const isUnchanged = old !== undefined && same(value, old)
  for (const rule of rulesOf(schema, isRoot)) {
    if (isUnchanged && !rule.isTransition) continue
    const error = applied(rule, judged, budget)
    if (error) found.push(error)
  }
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema)
    if (!items) return
    value.forEach((item, index) => {
      const before = elementBefore(schema, item, old)
      judge(
        { schema: items, value: item, old: before, path: `${path}[${index}]`, isRoot: false },
        budget,
        found,
      )
    })
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const below = schemaOfMember(schema, name)
      const before = isObject(old) ? member(old, name) : undefined
      if (below)
        judge(
          {
            schema: below,
            value: value[name],
            old: before,
            path: memberPath(schema, path, name),
            isRoot: false,
          },
          budget,
          found,
        )
    }
  }
}

/** What no property names is a key of a map. */
function memberPath({ properties }: SchemaProps, path: string, name: string): string {
  return member(properties, name) === undefined ? `${path}[${name}]` : childPath(path, name)
}

function applied(rule: CompiledRule, judged: Judged, budget: Budget): FieldError | undefined {
  const { source, program, isTransition, problem } = rule
  const { schema, value, old } = judged
  if (problem !== undefined) return failed(judged, `rule compile error: ${problem}`)
  if (isTransition && old === undefined && !source.optionalOldSelf) return undefined
  const lookup = lookupOf(schema, value, old, source.optionalOldSelf === true)
  try {
    if (!program || program.run(lookup, budget) === true) return undefined
    return violation(rule, judged, messageOf(rule, lookup, budget))
  } catch (error) {
    if (error instanceof CelRuntimeError)
      return failed(judged, `${error.message} evaluating rule: ${errorName(source)}`)
    if (error instanceof CelCostError && budget.left > 0)
      return failed(judged, `call cost exceeds limit for rule: ${errorName(source)}`)
    throw error
  }
}

function lookupOf(schema: SchemaProps, value: unknown, old: unknown, isOptional: boolean) {
  const found = new Map<string, Value>()
  const read = (name: string): Value | undefined => {
    if (name === 'self') return celValueOf(value, schema)
    if (name !== 'oldSelf') return undefined
    if (!isOptional) return celValueOf(old, schema)
    return old === undefined ? Optional.none : new Optional(celValueOf(old, schema))
  }
  return (name: string): Value | undefined => {
    const known = found.get(name)
    if (known !== undefined) return known
    const made = read(name)
    if (made !== undefined) found.set(name, made)
    return made
  }
}

const messageCharactersMax = 5_120

function messageOf(
  rule: CompiledRule,
  lookup: (name: string) => Value | undefined,
  budget: Budget,
): string {
  if (!rule.message) return plainMessage(rule.source)
  try {
    const text = rule.message.run(lookup, budget)
    // A message that cannot be shown gives way to the plain one.
    if (typeof text !== 'string' || text.trim() === '' || /[\r\n]/.test(text))
      return plainMessage(rule.source)
    return text.length > messageCharactersMax ? plainMessage(rule.source) : text.trim()
  } catch (error) {
    if (error instanceof CelRuntimeError) return plainMessage(rule.source)
    throw error
  }
}

function plainMessage({ message, rule }: SchemaRule): string {
  return message ? message.trim() : `failed rule: ${rule.trim()}`
}

/** What a rule that could not be judged is called. */
function errorName({ message, rule }: SchemaRule): string {
  return (message || rule).trim()
}

/** A rule that could not be judged: the value is told by its type. */
function failed({ schema, path }: Judged, detail: string): FieldError {
  const type = JSON.stringify(schema.type ?? '')
  return { type: 'FieldValueInvalid', field: path, message: `Invalid value: ${type}: ${detail}` }
}

const prefixes: ReadonlyMap<string, string> = new Map([
  ['FieldValueRequired', 'Required value'],
  ['FieldValueForbidden', 'Forbidden'],
])

/** Objects and lists are too much to be shown; a duplicate says it all. */
function violation(
  { source }: CompiledRule,
  { schema, value, path }: Judged,
  detail: string,
): FieldError {
  const type = (source.reason || 'FieldValueInvalid') as FieldErrorType
  // `.a.b` and `['a.b']`, relative to where the rule stands.
  const field = `${path}${source.fieldPath ?? ''}`.replace(/^\./, '')
  const isWhole = schema.type === 'object' || schema.type === 'array'
  const shown = isWhole ? '' : `: ${shownValue(value)}`
  if (type === 'FieldValueDuplicate') return { type, field, message: `Duplicate value${shown}` }
  return { type, field, message: `${prefixes.get(type) ?? `Invalid value${shown}`}: ${detail}` }
}

import { Environment, type Program } from '../cel/environment.ts'
import { CelCompileError, CelInstantiationError } from '../cel/errors.ts'
import { optionalOf, type Type } from '../cel/types.ts'
import { sizedSchema, sizesWithin } from './cel-sizes.ts'
import { celTypeOf } from './cel-types.ts'
import { type SchemaProps, type SchemaRule, schemaOfItems } from './schema-props.ts'

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
    if (error instanceof CelInstantiationError)
      return `${name} instantiation failed: ${error.message}`
    if (error instanceof CelCompileError)
      return `${name === 'program' ? '' : `${name} `}compilation failed: ${error.message}`
    throw error
  }
}

const compiledRules = new WeakMap<SchemaProps, readonly CompiledRule[]>()

/** The rules that stand at a schema, compiled once. */
export function rulesOf(schema: SchemaProps, isRoot: boolean): readonly CompiledRule[] {
  const known = compiledRules.get(schema)
  if (known) return known
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) =>
    compileRule(schema, rule, isRoot),
  )
  compiledRules.set(schema, rules)
  return rules
}

const ruled = new WeakMap<SchemaProps, boolean>()

/** True when there is a rule anywhere in the schema. */
export function hasRules(schema: SchemaProps): boolean {
  const known = ruled.get(schema)
  if (known !== undefined) return known
  const found = findsRules(schema)
  ruled.set(schema, found)
  return found
}

function findsRules(schema: SchemaProps): boolean {
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  return (
    Object.values(schema.properties ?? {}).some(hasRules) ||
    (items !== undefined && hasRules(items)) ||
    (typeof additional === 'object' && hasRules(additional))
  )
}

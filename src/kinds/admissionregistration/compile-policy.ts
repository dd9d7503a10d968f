import type { Program } from '../cel/environment.ts'
import type { Type } from '../cel/types.ts'
import type { FieldError } from '../kind.ts'
import type {
  AuditAnnotation,
  MatchCondition,
  Mutation,
  ParamKind,
  Validation,
  Variable,
} from '../types.ts'
import { invalid } from '../validation/field-error.ts'
import { compiledAs, policyEnvironment } from './expressions.ts'

/** An expression with what became of it: a text says why it does not compile. */
export type Compiled = Program | string

export interface CompiledValidation {
  readonly source: Validation
  readonly expression: Compiled
  readonly message: Compiled | undefined
}

export interface CompiledPolicy {
  readonly conditions: readonly { readonly source: string; readonly program: Compiled }[]
  readonly variables: readonly {
    readonly name: string
    readonly source: string
    readonly program: Compiled
  }[]
  readonly validations: readonly CompiledValidation[]
  readonly annotations: readonly { readonly key: string; readonly program: Compiled }[]
  readonly mutations: readonly { readonly source: Mutation; readonly program: Compiled }[]
}

/** What of a policy is compiled; validating and mutating ones have most of it in common. */
export interface PolicySpec {
  readonly paramKind?: ParamKind | undefined
  readonly matchConditions?: MatchCondition[] | undefined
  readonly variables?: Variable[] | undefined
  readonly validations?: Validation[] | undefined
  readonly auditAnnotations?: AuditAnnotation[] | undefined
  readonly mutations?: Mutation[] | undefined
}

const known = new WeakMap<PolicySpec, CompiledPolicy>()

/** Compiles a policy once; `object` is the type of what it is checked against. Pure but for the memory. */
export function compiledPolicy(spec: PolicySpec): CompiledPolicy {
  const found = known.get(spec)
  if (found) return found
  const made = compilePolicy(spec)
  known.set(spec, made)
  return made
}

export function compilePolicy(spec: PolicySpec, object?: Type): CompiledPolicy {
  const mutates = spec.mutations !== undefined
  const types = new Map<string, Type>()
  const scope = { hasParams: spec.paramKind !== undefined, ...(object ? { object } : {}) }
  const compile = (source: string, wanted: readonly Type['is'][]): Compiled =>
    compiledAs(policyEnvironment({ ...scope, variables: new Map(types) }, mutates), source, wanted)
  // Conditions come before the variables: they cannot name any.
  const conditions = (spec.matchConditions ?? []).map(({ expression = '' }) => ({
    source: expression,
    program: compile(expression, ['bool']),
  }))
  const variables = (spec.variables ?? []).map(({ name = '', expression = '' }) => {
    const program = compile(expression, anyType)
    types.set(name, typeof program === 'string' ? { is: 'dyn' } : program.type)
    return { name, source: expression, program }
  })
  return {
    conditions,
    variables,
    validations: (spec.validations ?? []).map((source) => ({
      source,
      expression: compile(source.expression ?? '', ['bool']),
      message: source.messageExpression ? compile(source.messageExpression, ['string']) : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key = '', valueExpression = '' }) => ({
      key,
      program: compile(valueExpression, ['string', 'null']),
    })),
    mutations: (spec.mutations ?? []).map((source) => ({
      source,
      program:
        source.patchType === 'JSONPatch'
          ? compile(source.jsonPatch?.expression ?? '', ['list'])
          : compile(source.applyConfiguration?.expression ?? '', ['object', 'map']),
    })),
  }
}

const anyType: readonly Type['is'][] = [
  'dyn',
  'null',
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'timestamp',
  'duration',
  'type',
  'list',
  'map',
  'optional',
  'object',
  'opaque',
]

/** What in a policy does not compile, by the field that says it (apiserver validation.go). */
export function compileErrors(spec: PolicySpec): FieldError[] {
  const compiled = compilePolicy(spec)
  const found: FieldError[] = []
  const note = (field: string, source: string, program: Compiled | undefined) => {
    if (typeof program === 'string' && source.trim() !== '')
      found.push(invalid(`spec.${field}`, source, program))
  }
  compiled.conditions.forEach(({ source, program }, index) => {
    note(`matchConditions[${index}].expression`, source, program)
  })
  compiled.variables.forEach(({ source, program }, index) => {
    note(`variables[${index}].expression`, source, program)
  })
  compiled.validations.forEach(({ source, expression, message }, index) => {
    note(`validations[${index}].expression`, source.expression ?? '', expression)
    note(`validations[${index}].messageExpression`, source.messageExpression ?? '', message)
  })
  compiled.annotations.forEach(({ program }, index) => {
    const source = spec.auditAnnotations?.[index]?.valueExpression ?? ''
    note(`auditAnnotations[${index}].valueExpression`, source, program)
  })
  compiled.mutations.forEach(({ source, program }, index) => {
    const field = source.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration'
    note(`mutations[${index}].${field}.expression`, source[field]?.expression ?? '', program)
  })
  return found
}

import { limits } from '../../base/limits.ts'
import { CelCompileError } from '../cel/errors.ts'
import { dynType, type Type } from '../cel/types.ts'
import type { Kind } from '../kind.ts'
import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ParamKind,
  ValidatingAdmissionPolicySpec,
} from '../types.ts'
import { policyEnvironment } from './expressions.ts'
import { objectTypeOf } from './object-types.ts'

/**
 * What of a policy cannot be right for the kinds that it is about, by the field that says it
 * (apiserver pkg/admission/plugin/policy/validating/typechecking.go). A policy is checked against kinds
 * that its rules name in full, as many as `limits.policyKindsCheckedMax`. Pure.
 */
export function typeWarnings(
  spec: ValidatingAdmissionPolicySpec,
  kinds: readonly Kind[],
): ExpressionWarning[] {
  const params = paramsType(spec.paramKind, kinds)
  const checked = kindsNamed(spec.matchConstraints?.resourceRules ?? [], kinds).flatMap((kind) => {
    const object = objectTypeOf(kind)
    return object ? [{ kind, check: checkerFor(spec, object, params) }] : []
  })
  const warnings: ExpressionWarning[] = []
  const note = (fieldRef: string, expression: string) => {
    const issues = checked.flatMap(({ kind, check }) => {
      const issue = check(expression)
      return issue === undefined ? [] : [`${nameOf(kind)}: ${issue}\n`]
    })
    if (issues.length > 0) warnings.push({ fieldRef, warning: issues.join('\n') })
  }
  for (const [index, validation] of (spec.validations ?? []).entries()) {
    const { expression = '', messageExpression = '' } = validation
    note(`spec.validations[${index}].expression`, expression)
    if (messageExpression !== '')
      note(`spec.validations[${index}].messageExpression`, messageExpression)
  }
  return warnings
}

/** Says why an expression does not fit; undefined when it does. */
function checkerFor(
  { variables = [], paramKind }: ValidatingAdmissionPolicySpec,
  object: Type,
  params: Type | undefined,
): (expression: string) => string | undefined {
  const types = new Map<string, Type>()
  const scope = { hasParams: paramKind !== undefined, object, ...(params ? { params } : {}) }
  const compile = (expression: string): Type | string => {
    try {
      return policyEnvironment({ ...scope, variables: types }, false).compile(expression).type
    } catch (error) {
      if (error instanceof CelCompileError) return error.message
      throw error
    }
  }
  for (const { name = '', expression = '' } of variables) {
    const type = compile(expression)
    types.set(name, typeof type === 'string' ? dynType : type)
  }
  return (expression) => {
    const found = compile(expression)
    return typeof found === 'string' ? found : undefined
  }
}

function kindsNamed(rules: readonly NamedRuleWithOperations[], kinds: readonly Kind[]): Kind[] {
  const named = new Set<Kind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if (apiGroups.includes('*') || apiVersions.includes('*')) continue
    for (const kind of kinds)
      if (
        apiGroups.includes(kind.group) &&
        apiVersions.includes(kind.version) &&
        resources.includes(kind.resource)
      )
        named.add(kind)
  }
  const sorted = [...named].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1))
  return sorted.slice(0, limits.policyKindsCheckedMax)
}

function paramsType(kind: ParamKind | undefined, kinds: readonly Kind[]): Type | undefined {
  if (!kind) return undefined
  const found = kinds.find(
    (one) => one.kind === kind.kind && groupVersionOf(one) === kind.apiVersion,
  )
  return found && objectTypeOf(found)
}

function groupVersionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`
}

/** As Kubernetes prints a kind: `apps/v1, Kind=Deployment`, and `/v1, Kind=Pod` of the core group. */
function nameOf({ group, version, kind }: Kind): string {
  return `${group}/${version}, Kind=${kind}`
}

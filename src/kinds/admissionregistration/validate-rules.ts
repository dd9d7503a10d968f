import type { FieldError } from '../kind.ts'
import type { MatchCondition, RuleWithOperations } from '../types.ts'
import {
  duplicate,
  invalid,
  invalids,
  notSupported,
  required,
  tooMany,
} from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'
import { compiledAs, conditionEnvironment } from './expressions.ts'

const operationsSupported = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const conditionsMax = 64

/** Operations on resources, as webhooks and policies name them. */
export function ruleErrors(rule: RuleWithOperations, path: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [] } = rule
  const errors = [
    ...wildcardErrors(operations, `${path}.operations`),
    ...wildcardErrors(apiGroups, `${path}.apiGroups`),
    ...wildcardErrors(apiVersions, `${path}.apiVersions`),
  ]
  for (const [index, operation] of operations.entries())
    if (!operationsSupported.includes(operation))
      errors.push(notSupported(`${path}.operations[${index}]`, operation, operationsSupported))
  for (const [index, version] of apiVersions.entries())
    if (version === '') errors.push(required(`${path}.apiVersions[${index}]`))
  if (resources.length === 0) errors.push(required(`${path}.resources`))
  for (const [index, resource] of resources.entries())
    if (resource === '') errors.push(required(`${path}.resources[${index}]`))
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(
      invalid(
        `${path}.resources`,
        resources,
        "if '*/*' is present, must not specify other resources",
      ),
    )
  return errors
}

/** `*` says everything, so nothing may stand beside it. */
function wildcardErrors(values: readonly string[], path: string): FieldError[] {
  if (values.length === 0) return [required(path)]
  if (values.length > 1 && values.includes('*'))
    return [invalid(path, values, "if '*' is present, must not specify other values")]
  return []
}

/** CEL conditions; those of policies are compiled with the rest of them. */
export function conditionErrors(
  conditions: readonly MatchCondition[] | undefined,
  path: string,
  compiles = false,
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  const found = conditions ?? []
  if (found.length > conditionsMax) errors.push(tooMany(path, found.length, conditionsMax))
  for (const [index, { name = '', expression = '' }] of found.entries()) {
    const at = `${path}[${index}]`
    if (expression.trim() === '' && expression !== '') errors.push(required(`${at}.expression`))
    else if (compiles && expression !== '') {
      const program = compiledAs(conditionEnvironment, expression, ['bool'])
      if (typeof program === 'string') errors.push(invalid(`${at}.expression`, expression, program))
    }
    if (name === '') continue
    errors.push(...invalids(`${at}.name`, name, qualifiedNameProblems(name)))
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    seen.add(name)
  }
  return errors
}

import { Environment } from '../cel/environment.ts'
import { CelCompileError, CelInstantiationError } from '../cel/errors.ts'
import { define, type Overload } from '../cel/functions.ts'
import {
  authorizerFunctions,
  authorizerType,
  resourceCheckType,
} from '../cel/library/authorizer.ts'
import {
  boolType,
  dynType,
  listOf,
  mapOf,
  type ObjectType,
  printType,
  stringType,
  type Type,
} from '../cel/types.ts'

/**
 * What expressions of webhooks and admission policies may say (apiserver
 * pkg/admission/plugin/cel/compile.go, pkg/admission/plugin/policy/mutating). Pure.
 */

function record(name: string, fields: Readonly<Record<string, Type>>): ObjectType {
  const known = new Map(Object.entries(fields))
  return { is: 'object', name, field: (field) => known.get(field) }
}

const kindType = record('kubernetes.GroupVersionKind', {
  group: stringType,
  version: stringType,
  kind: stringType,
})
const resourceType = record('kubernetes.GroupVersionResource', {
  group: stringType,
  version: stringType,
  resource: stringType,
})
const userType = record('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: listOf(stringType),
  extra: mapOf(stringType, listOf(stringType)),
})
const requestType = record('kubernetes.AdmissionRequest', {
  kind: kindType,
  resource: resourceType,
  subResource: stringType,
  requestKind: kindType,
  requestResource: resourceType,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo: userType,
  dryRun: boolType,
  options: dynType,
})

const conditionVariables: readonly (readonly [string, Type])[] = [
  ['object', dynType],
  ['oldObject', dynType],
  ['request', requestType],
  ['authorizer', authorizerType],
  ['authorizer.requestResource', resourceCheckType],
]

/** Of matchConditions of webhooks. */
export const conditionEnvironment = new Environment({
  variables: new Map(conditionVariables),
  libraries: [authorizerFunctions],
})

/** `object` may be given a type, to check expressions against a kind; values are judged as they come. */
export interface PolicyScope {
  readonly hasParams: boolean
  /** Types of `variables.<name>`, in the order in which they may refer to each other. */
  readonly variables: ReadonlyMap<string, Type>
  readonly object?: Type
  readonly params?: Type
}

/** Of everything in a policy. */
export function policyEnvironment(scope: PolicyScope, mutates: boolean): Environment {
  const { hasParams, variables, object = dynType, params = dynType } = scope
  const names: (readonly [string, Type])[] = [
    ...conditionVariables.slice(2),
    ['object', object],
    ['oldObject', object],
    ['namespaceObject', dynType],
    [
      'variables',
      { is: 'object', name: 'kubernetes.variables', field: (name) => variables.get(name) },
    ],
  ]
  if (hasParams) names.push(['params', params])
  return new Environment({
    variables: new Map(names),
    libraries: mutates ? [authorizerFunctions, jsonPatchFunctions] : [authorizerFunctions],
    ...(mutates ? { message: mutationMessage } : {}),
  })
}

const jsonPatchType = record('JSONPatch', {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
})

/** `Object{spec: Object.spec{…}}` names parts of whatever the policy is about; `JSONPatch{…}` a change. */
function mutationMessage(name: string): ObjectType | undefined {
  if (name === 'JSONPatch') return jsonPatchType
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined
  return { is: 'object', name, field: () => dynType }
}

const jsonPatchFunctions: readonly Overload[] = [
  define<[string]>('jsonpatch.escapeKey', [stringType], stringType, (key) =>
    key.replaceAll('~', '~0').replaceAll('/', '~1'),
  ),
]

/** Compiles, or says why not. */
export function compiledAs(
  environment: Environment,
  source: string,
  wanted: readonly Type['is'][],
): ReturnType<Environment['compile']> | string {
  try {
    const program = environment.compile(source)
    if (wanted.includes(program.type.is) || program.type.is === 'dyn') return program
    return `must evaluate to ${wanted.join(' or ')}, not ${printType(program.type)}`
  } catch (error) {
    if (error instanceof CelInstantiationError)
      return `program instantiation failed: ${error.message}`
    if (error instanceof CelCompileError) return `compilation failed: ${error.message}`
    throw error
  }
}

import type { ComprehensionKind, Expression } from './ast.ts'
import { SyntaxProblem } from './lexer.ts'

type Call = Extract<Expression, { is: 'call' }>

/**
 * A call as the macro that it is: has, the comprehensions with one and two variables, sortBy, optMap and
 * optFlatMap (cel-spec "Macros"; cel-go ext/comprehensions.go, ext/lists.go, cel/library.go). Any other
 * call stays one: Kubernetes has no cel.bind. Throws SyntaxProblem for a macro with the wrong arguments.
 */
export function expandMacro(call: Call): Expression {
  const { target, name, parameters, at } = call
  if (!target) return name === 'has' && parameters.length === 1 ? expandHas(call) : call
  if ((name === 'optMap' || name === 'optFlatMap') && parameters.length === 2) {
    const [variable, body] = parameters as [Expression, Expression]
    return {
      is: 'bind',
      at,
      kind: name,
      name: variableOf(variable, notSimple(name)),
      value: target,
      body,
    }
  }
  return expandComprehension(call, target)
}

function expandHas({ parameters, at }: Call): Expression {
  const [field] = parameters
  if (field?.is !== 'select' || field.isOptional)
    throw new SyntaxProblem(field?.at ?? 0, 'invalid argument to has() macro', false)
  return { ...field, at, tests: true }
}

/** By name and number of arguments: what it does, how many variables, whether it has a filter. */
const comprehensions: ReadonlyMap<string, readonly [ComprehensionKind, number, boolean]> = new Map([
  ['all/2', ['all', 1, false]],
  ['exists/2', ['exists', 1, false]],
  ['exists_one/2', ['existsOne', 1, false]],
  ['map/2', ['map', 1, false]],
  ['map/3', ['map', 1, true]],
  ['filter/2', ['filter', 1, false]],
  ['all/3', ['all', 2, false]],
  ['exists/3', ['exists', 2, false]],
  ['existsOne/3', ['existsOne', 2, false]],
  ['exists_one/3', ['existsOne', 2, false]],
  ['sortBy/2', ['sortBy', 1, false]],
  ['transformList/3', ['transformList', 2, false]],
  ['transformList/4', ['transformList', 2, true]],
  ['transformMap/3', ['transformMap', 2, false]],
  ['transformMap/4', ['transformMap', 2, true]],
  ['transformMapEntry/3', ['transformMapEntry', 2, false]],
  ['transformMapEntry/4', ['transformMapEntry', 2, true]],
])

function expandComprehension(call: Call, range: Expression): Expression {
  const { name, parameters, at } = call
  const form = comprehensions.get(`${name}/${parameters.length}`)
  if (!form) return call
  const [kind, count, filters] = form
  const names = parameters.slice(0, count).map((one) => variableOf(one, wrongName(name)))
  if (new Set(names).size < names.length)
    throw new SyntaxProblem(parameters[1]?.at ?? at, `duplicate variable name: ${names[0]}`, false)
  const body = parameters.at(-1) as Expression
  const filter = filters ? parameters[count] : undefined
  return { is: 'comprehension', at, kind, range, names, filter, body }
}

function notSimple(macro: string): string {
  return `${macro}() variable name must be a simple identifier`
}

function wrongName(macro: string): string {
  const isPlain = macro === 'map' || macro === 'filter' || macro === 'sortBy'
  return isPlain ? 'argument is not an identifier' : 'argument must be a simple name'
}

function variableOf(expression: Expression, problem: string): string {
  if (expression.is === 'name') return expression.name
  throw new SyntaxProblem(expression.at, problem, false)
}

import { compilePattern } from '../../structural/pattern.ts'
import type { Budget } from '../budget.ts'
import { CelRuntimeError } from '../errors.ts'
import { method, type Overload } from '../functions.ts'
import { intType, listOf, stringType } from '../types.ts'

/** find and findAll (apiserver pkg/cel/library/regex.go), with RE2, so in linear time. */

function matcher(text: string, pattern: string, budget: Budget) {
  budget.work(Math.ceil((text.length / 10 + 1) * (pattern.length / 4 + 1)))
  try {
    return compilePattern(pattern).matcher(text)
  } catch (error) {
    throw new CelRuntimeError(`Illegal regex: ${(error as Error).message}`)
  }
}

function findAll(text: string, pattern: string, count: bigint, budget: Budget): string[] {
  const found: string[] = []
  const search = matcher(text, pattern, budget)
  while ((count < 0n || BigInt(found.length) < count) && search.find()) {
    budget.work(1)
    found.push(search.group() ?? '')
  }
  return found
}

export const regexFunctions: readonly Overload[] = [
  method<[string, string]>(
    stringType,
    'find',
    [stringType],
    stringType,
    (text, pattern, budget) => {
      const search = matcher(text, pattern, budget)
      return search.find() ? (search.group() ?? '') : ''
    },
  ),
  method<[string, string]>(
    stringType,
    'findAll',
    [stringType],
    listOf(stringType),
    (text, pattern, budget) => findAll(text, pattern, -1n, budget),
  ),
  method<[string, string, bigint]>(
    stringType,
    'findAll',
    [stringType, intType],
    listOf(stringType),
    findAll,
  ),
]

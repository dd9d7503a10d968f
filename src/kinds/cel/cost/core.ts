import type { Type } from '../types.ts'
import type { Value } from '../values.ts'

/**
 * An expression in the few forms that its cost is estimated from: macros are spelt out as folds,
 * operators and what is optional are calls (cel-go common/ast).
 */
export type Core = { readonly type: Type } & (
  | { readonly is: 'constant'; readonly value: Value }
  | { readonly is: 'name'; readonly name: string }
  | {
      readonly is: 'select'
      readonly operand: Core
      readonly field: string
      readonly tests: boolean
    }
  | CoreCall
  | { readonly is: 'list'; readonly items: readonly Core[] }
  | { readonly is: 'map'; readonly entries: readonly (readonly [Core, Core])[] }
  | { readonly is: 'message'; readonly values: readonly Core[] }
  | CoreFold
)

export interface CoreCall {
  readonly is: 'call'
  readonly type: Type
  readonly name: string
  readonly target: Core | undefined
  readonly parameters: readonly Core[]
  /** What the call may mean: one of signature.ts each. */
  readonly signatures: readonly string[]
}

export interface CoreFold {
  readonly is: 'fold'
  readonly type: Type
  readonly range: Core
  readonly names: readonly string[]
  readonly accumulator: string
  readonly init: Core
  readonly condition: Core
  readonly step: Core
  readonly result: Core
  /** No loop, but a name for a value. */
  readonly binds: boolean
}

/** The name of what a comprehension gathers: no expression can say it. */
export const accumulatorName = '@result'

/**
 * The largest size of what a path leads to: the first part is a variable, the others are fields,
 * `@items`, `@keys` and `@values`. Undefined where nothing is known.
 */
export type SizeOf = (path: readonly string[]) => bigint | undefined

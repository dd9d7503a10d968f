import type { Value } from './values.ts'

/** A parsed expression. `at` is the offset in the source that messages point to. */
export type Expression =
  | Node<'literal', { readonly value: Value }>
  | Node<'name', { readonly name: string }>
  /** `operand.field`, `operand.?field`; with `tests`, `has(operand.field)`. */
  | Node<
      'select',
      {
        readonly operand: Expression
        readonly field: string
        readonly isOptional: boolean
        readonly tests: boolean
      }
    >
  /** `operand[index]`, `operand[?index]`. */
  | Node<
      'index',
      { readonly operand: Expression; readonly index: Expression; readonly isOptional: boolean }
    >
  /** A function, method or operator; operators have names such as `_+_`. */
  | Node<
      'call',
      {
        readonly name: string
        readonly target: Expression | undefined
        readonly parameters: readonly Expression[]
      }
    >
  | Node<'list', { readonly items: readonly ListItem[] }>
  | Node<'map', { readonly entries: readonly MapEntry[] }>
  /** `Object.spec{replicas: 1}`. */
  | Node<'message', { readonly name: string; readonly fields: readonly MessageField[] }>
  | Node<'comprehension', Comprehension>
  /** optMap and optFlatMap: the body runs only for a present value. */
  | Node<
      'bind',
      {
        readonly kind: 'optMap' | 'optFlatMap'
        readonly name: string
        readonly value: Expression
        readonly body: Expression
      }
    >

type Node<Is extends string, Parts> = { readonly is: Is; readonly at: number } & Parts

export interface ListItem {
  readonly value: Expression
  readonly isOptional: boolean
}

export interface MapEntry {
  readonly key: Expression
  readonly value: Expression
  readonly isOptional: boolean
}

export interface MessageField {
  readonly name: string
  readonly at: number
  readonly value: Expression
  readonly isOptional: boolean
}

export type ComprehensionKind =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy'

export interface Comprehension {
  readonly kind: ComprehensionKind
  readonly range: Expression
  /** One name: the element or key. Two: index or key, then the value. */
  readonly names: readonly string[]
  readonly filter: Expression | undefined
  readonly body: Expression
}

/** The parts of an expression. */
export function childrenOf(expression: Expression): readonly (Expression | undefined)[] {
  switch (expression.is) {
    case 'literal':
    case 'name':
      return []
    case 'select':
      return [expression.operand]
    case 'index':
      return [expression.operand, expression.index]
    case 'call':
      return [expression.target, ...expression.parameters]
    case 'list':
      return expression.items.map(({ value }) => value)
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value])
    case 'message':
      return expression.fields.map(({ value }) => value)
    case 'comprehension':
      return [expression.range, expression.filter, expression.body]
    case 'bind':
      return [expression.value, expression.body]
  }
}

/**
 * The first part that lies deeper than `depthMax`; undefined for none. Without recursion: a chain of
 * operators is as deep as it is long.
 */
export function partBelow(whole: Expression, depthMax: number): Expression | undefined {
  let level: readonly Expression[] = [whole]
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > depthMax) return level[0]
    level = level.flatMap(childrenOf).filter((part) => part !== undefined)
  }
  return undefined
}

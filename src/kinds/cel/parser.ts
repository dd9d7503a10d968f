import { limits } from '../../base/limits.ts'
import {
  type Expression,
  type ListItem,
  type MapEntry,
  type MessageField,
  partBelow,
} from './ast.ts'
import { compileError } from './errors.ts'
import { SyntaxProblem, type Token, tokens } from './lexer.ts'
import { expandMacro } from './macros.ts'
import { reservedWords } from './reserved-words.ts'

/**
 * Reads an expression of the Common Expression Language (cel-spec, doc/langdef.md), macros expanded.
 * Throws CelCompileError. Recursive descent; depth and length have limits.
 */
export function parse(source: string): Expression {
  try {
    if (source.length > limits.celSourceCharactersMax)
      throw new SyntaxProblem(
        0,
        `expression code point size exceeds limit: size: ${source.length}, limit ${limits.celSourceCharactersMax}`,
      )
    const whole = new Parser(tokens(source)).whole()
    const deep = partBelow(whole, limits.celTreeDepthMax)
    if (!deep) return whole
    throw new SyntaxProblem(
      deep.at,
      `expression recursion limit exceeded: ${limits.celTreeDepthMax}`,
    )
  } catch (error) {
    if (error instanceof SyntaxProblem) throw compileError(source, [error])
    throw error
  }
}

const relations: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!='])
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(found: readonly Token[]) {
    this.#tokens = found
  }

  whole(): Expression {
    const expression = this.#expression()
    if (this.#token.kind !== 'end')
      throw this.#unexpected('<EOF>', this.#tokens[this.#next + 1]?.kind === 'end')
    return expression
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token
  }

  #take(): Token {
    const token = this.#token
    if (token.kind !== 'end') this.#next += 1
    return token
  }

  #is(text: string): boolean {
    return this.#token.kind === 'sign' && this.#token.text === text
  }

  /** Takes a sign if it comes next. */
  #took(text: string): boolean {
    if (!this.#is(text)) return false
    this.#next += 1
    return true
  }

  #expect(text: string, expected = `'${text}'`): void {
    if (this.#took(text)) return
    const { at, kind } = this.#token
    // What follows fits: only that is missing.
    const isMissing =
      (text === ')' && kind === 'end' && this.#unclosed === 1) ||
      (text === ':' && beginsExpression(this.#token))
    if (isMissing) throw new SyntaxProblem(at, `missing '${text}' at '${shownToken(this.#token)}'`)
    const next = this.#tokens[this.#next + 1]
    throw this.#unexpected(expected, next?.kind === 'sign' && next.text === text)
  }

  /** How many brackets are open where the source ends. */
  get #unclosed(): number {
    return this.#tokens.reduce((open, { kind, text }) => {
      if (kind !== 'sign') return open
      return open + (/^[([{]/.test(text) ? 1 : /^[)\]}]$/.test(text) ? -1 : 0)
    }, 0)
  }

  /** A token that is in the way, or that stands for another. */
  #unexpected(expected: string, isExtra: boolean): SyntaxProblem {
    const what = isExtra ? 'extraneous' : 'mismatched'
    return new SyntaxProblem(
      this.#token.at,
      `${what} input '${shownToken(this.#token)}' expecting ${expected}`,
    )
  }

  #expression(): Expression {
    this.#depth += 1
    if (this.#depth > limits.celDepthMax)
      throw new SyntaxProblem(
        this.#token.at,
        `expression recursion limit exceeded: ${limits.celDepthMax}`,
      )
    const condition = this.#binary(0)
    const { at } = this.#token
    if (!this.#took('?')) {
      this.#depth -= 1
      return condition
    }
    const then = this.#binary(0)
    this.#expect(':')
    const otherwise = this.#expression()
    this.#depth -= 1
    return {
      is: 'call',
      at,
      name: '_?_:_',
      target: undefined,
      parameters: [condition, then, otherwise],
    }
  }

  /** Left-associative operators, loosest first. */
  #binary(level: number): Expression {
    if (level === levels.length) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const { kind, text, at } = this.#token
      const isIn = kind === 'name' && text === 'in' && level === relationLevel
      if (!isIn && !(kind === 'sign' && levels[level]?.has(text))) return left
      this.#next += 1
      const right = this.#binary(level + 1)
      const name = isIn ? '@in' : `_${text}_`
      left = { is: 'call', at, name, target: undefined, parameters: [left, right] }
    }
  }

  #unary(): Expression {
    const { at } = this.#token
    if (!this.#is('!') && !this.#is('-')) {
      const operand = this.#member()
      checkRange(operand)
      return operand
    }
    const sign = this.#take().text
    let count = 1
    while (this.#took(sign)) count += 1
    if (sign === '-' && this.#token.kind === 'literal') {
      const { value } = this.#token
      if (typeof value === 'bigint' || typeof value === 'number') {
        const operand = this.#member()
        if (operand.is === 'literal') {
          const negative = typeof value === 'bigint' ? -value : -value
          return repeated(sign, count - 1, at, { is: 'literal', at, value: negative })
        }
        return repeated(sign, count, at, operand)
      }
    }
    const operand = this.#member()
    checkRange(operand)
    return count % 2 === 0 ? operand : repeated(sign, 1, at, operand)
  }

  #member(): Expression {
    let operand = this.#primary()
    for (;;) {
      const { at, text, kind } = this.#token
      if (kind !== 'sign') return operand
      if (text === '.' || text === '.?') operand = this.#selection(operand, text === '.?')
      else if (text === '[' || text === '[?') {
        this.#next += 1
        const index = this.#expression()
        this.#expect(']')
        operand = { is: 'index', at, operand, index, isOptional: text === '[?' }
      } else if (text === '{' && nameOfMessage(operand) !== undefined) {
        operand = this.#message(nameOfMessage(operand) ?? '', at)
      } else return operand
    }
  }

  #selection(operand: Expression, isOptional: boolean): Expression {
    const { at } = this.#take()
    const field = this.#take()
    if (field.kind !== 'name' || keywords.has(field.text))
      throw new SyntaxProblem(
        field.at,
        `no viable alternative at input '.${field.kind === 'end' ? '' : field.text}'`,
      )
    if (!this.#is('(') || isOptional)
      return { is: 'select', at, operand, field: field.text, isOptional, tests: false }
    const call = this.#take()
    const parameters = this.#parameters(')')
    return expandMacro({ is: 'call', at: call.at, name: field.text, target: operand, parameters })
  }

  #parameters(close: string): Expression[] {
    const found: Expression[] = []
    while (!this.#took(close)) {
      if (found.length > 0) this.#expect(',', `{'${close}', ','}`)
      found.push(this.#expression())
    }
    return found
  }

  #primary(): Expression {
    if (!beginsExpression(this.#token)) {
      const next = this.#tokens[this.#next + 1]
      throw this.#unexpected(expressionStarts, next !== undefined && beginsExpression(next))
    }
    const token = this.#take()
    const { at } = token
    if (token.kind === 'literal') return { is: 'literal', at, value: token.value ?? null }
    if (token.kind === 'name') return this.#named(token)
    if (token.text === '(' && token.kind === 'sign') {
      const inner = this.#expression()
      this.#expect(')')
      return inner
    }
    if (token.text === '[' && token.kind === 'sign') return this.#list(at)
    // `[?a]` begins like an optional index.
    if (token.text === '[?' && token.kind === 'sign') return this.#list(at, true)
    if (token.text === '{' && token.kind === 'sign') return this.#map(at)
    if (token.text === '.' && token.kind === 'sign' && this.#token.kind === 'name')
      return this.#named(this.#take())
    throw this.#unexpected('IDENTIFIER', false)
  }

  #named({ text, at }: Token): Expression {
    if (text === 'true' || text === 'false') return { is: 'literal', at, value: text === 'true' }
    if (text === 'null') return { is: 'literal', at, value: null }
    if (reservedWords.has(text)) throw new SyntaxProblem(at, `reserved identifier: ${text}`, false)
    if (!this.#is('(')) return { is: 'name', at, name: text }
    const call = this.#take()
    const parameters = this.#parameters(')')
    return expandMacro({ is: 'call', at: call.at, name: text, target: undefined, parameters })
  }

  #list(at: number, firstIsOptional = false): Expression {
    const items: ListItem[] = []
    let isOptional = firstIsOptional
    while (isOptional || !this.#took(']')) {
      if (items.length > 0) {
        this.#expect(',', "{']', ','}")
        if (this.#took(']')) break
        if (this.#is(',')) throw this.#unexpected("']'", false)
      }
      isOptional ||= this.#took('?')
      items.push({ value: this.#expression(), isOptional })
      isOptional = false
    }
    return { is: 'list', at, items }
  }

  #map(at: number): Expression {
    const entries: MapEntry[] = []
    while (!this.#took('}')) {
      if (entries.length > 0) {
        this.#expect(',', "{'}', ','}")
        if (this.#took('}')) break
      }
      const isOptional = this.#took('?')
      const key = this.#expression()
      this.#expect(':')
      entries.push({ key, value: this.#expression(), isOptional })
    }
    return { is: 'map', at, entries }
  }

  #message(name: string, at: number): Expression {
    this.#expect('{')
    const fields: MessageField[] = []
    while (!this.#took('}')) {
      if (fields.length > 0) {
        this.#expect(',', "{'}', ','}")
        if (this.#took('}')) break
      }
      const isOptional = this.#took('?')
      const field = this.#take()
      if (field.kind !== 'name')
        throw new SyntaxProblem(
          field.at,
          `mismatched input '${shownToken(field)}' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}`,
        )
      this.#expect(':')
      fields.push({ name: field.text, at: field.at, value: this.#expression(), isOptional })
    }
    return { is: 'message', at, name, fields }
  }
}

/** Names that the grammar has a meaning for. */
const keywords: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null'])

/** As the grammar names them. */
const expressionStarts =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const startSigns: ReadonlySet<string> = new Set(['[', '[?', '{', '(', '.', '-', '!'])

function beginsExpression({ kind, text }: Token): boolean {
  if (kind === 'sign') return startSigns.has(text)
  return kind === 'literal' || (kind === 'name' && text !== 'in')
}

function shownToken({ kind, text }: Token): string {
  return kind === 'end' ? '<EOF>' : text
}

const levels: readonly ReadonlySet<string>[] = [
  new Set(['||']),
  new Set(['&&']),
  relations,
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
]
const relationLevel = 2

/** 2^63 itself is an integer only behind a minus sign. */
function checkRange(operand: Expression): void {
  if (operand.is === 'literal' && operand.value === 2n ** 63n)
    throw new SyntaxProblem(operand.at, 'invalid int literal', false)
}

function repeated(sign: string, count: number, at: number, operand: Expression): Expression {
  if (count % 2 === 0) return operand
  return {
    is: 'call',
    at,
    name: sign === '!' ? '!_' : '-_',
    target: undefined,
    parameters: [operand],
  }
}

/** `Object.spec` out of names and selections; undefined for what can be no type's name. */
function nameOfMessage(operand: Expression): string | undefined {
  if (operand.is === 'name') return operand.name
  if (operand.is !== 'select' || operand.isOptional || operand.tests) return undefined
  const prefix = nameOfMessage(operand.operand)
  return prefix === undefined ? undefined : `${prefix}.${operand.field}`
}

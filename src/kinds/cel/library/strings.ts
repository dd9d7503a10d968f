import { findsPattern } from '../../structural/pattern.ts'
import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import { boolType, dynType, intType, listOf, stringType } from '../types.ts'
import type { Value } from '../values.ts'
import { formatText } from './format-text.ts'

/** Texts (cel-spec standard functions and cel-go ext/strings.go). Offsets count characters. */

/** An offset that lies in a text of so many characters. */
function offset(index: bigint, last: number): number {
  if (index < 0n || index > BigInt(last)) throw new CelRuntimeError(`index out of range: ${index}`)
  return Number(index)
}

function indexOf(text: string, part: string, from: bigint): bigint {
  if (part === '') return from
  if (from < 0n) throw new CelRuntimeError(`index out of range: ${from}`)
  const characters = [...text]
  if (from >= characters.length) return -1n
  const start = Number(from)
  const found = characters.slice(start).join('').indexOf(part)
  return found < 0
    ? -1n
    : BigInt(start + [...characters.slice(start).join('').slice(0, found)].length)
}

function lastIndexOf(text: string, part: string, upTo?: bigint): bigint {
  const characters = [...text]
  if (part === '') return upTo ?? BigInt(characters.length)
  if (upTo !== undefined && upTo < 0n) throw new CelRuntimeError(`index out of range: ${upTo}`)
  if (upTo !== undefined && upTo >= characters.length) return -1n
  const last = upTo === undefined ? characters.length : Number(upTo)
  const searched = characters.slice(0, last + [...part].length).join('')
  const found = searched.lastIndexOf(part)
  return found < 0 ? -1n : BigInt([...searched.slice(0, found)].length)
}

function substring(text: string, from: bigint, to?: bigint): string {
  const characters = [...text]
  const start = offset(from, characters.length)
  const end = to === undefined ? characters.length : offset(to, characters.length)
  if (start > end)
    throw new CelRuntimeError(`invalid substring range. start: ${start}, end: ${end}`)
  return characters.slice(start, end).join('')
}

function split(text: string, separator: string, count: bigint): string[] {
  if (count === 0n) return []
  const parts = separator === '' ? [...text] : text.split(separator)
  if (count < 0n || BigInt(parts.length) <= count) return parts
  const kept = parts.slice(0, Number(count) - 1)
  return [...kept, parts.slice(Number(count) - 1).join(separator)]
}

function replace(text: string, part: string, by: string, count: bigint): string {
  if (count < 0n) return text.replaceAll(part, () => by)
  if (part === '') return between(text, by, count)
  return split(text, part, count + 1n).join(by)
}

/** Before each character, and at the end, as often as that. */
function between(text: string, by: string, count: bigint): string {
  const characters = [...text]
  const times = count > characters.length ? characters.length + 1 : Number(count)
  const head = characters.slice(0, times).map((one) => by + one)
  const last = times > characters.length ? by : ''
  return head.join('') + last + characters.slice(times).join('')
}

/** ASCII letters alone change. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function upper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

const textList = listOf(stringType)

export const stringFunctions: readonly Overload[] = [
  method<[string, string]>(stringType, 'contains', [stringType], boolType, (text, part, budget) => {
    budget.pass(text.length + part.length)
    return text.includes(part)
  }),
  method<[string, string]>(
    stringType,
    'startsWith',
    [stringType],
    boolType,
    (text, part, budget) => {
      budget.pass(part.length)
      return text.startsWith(part)
    },
  ),
  method<[string, string]>(stringType, 'endsWith', [stringType], boolType, (text, part, budget) => {
    budget.pass(part.length)
    return text.endsWith(part)
  }),
  ...matches(),
  method<[string, bigint]>(stringType, 'charAt', [intType], stringType, (text, index) => {
    const characters = [...text]
    return characters[offset(index, characters.length)] ?? ''
  }),
  method<[string, string]>(stringType, 'indexOf', [stringType], intType, (text, part, budget) => {
    budget.pass(text.length)
    return indexOf(text, part, 0n)
  }),
  method<[string, string, bigint]>(
    stringType,
    'indexOf',
    [stringType, intType],
    intType,
    (text, part, from, budget) => {
      budget.pass(text.length)
      return indexOf(text, part, from)
    },
  ),
  method<[string, string]>(
    stringType,
    'lastIndexOf',
    [stringType],
    intType,
    (text, part, budget) => {
      budget.pass(text.length)
      return lastIndexOf(text, part)
    },
  ),
  method<[string, string, bigint]>(
    stringType,
    'lastIndexOf',
    [stringType, intType],
    intType,
    (text, part, upTo, budget) => {
      budget.pass(text.length)
      return lastIndexOf(text, part, upTo)
    },
  ),
  ...changes(),
  ...listsOfText(),
]

function matches(): Overload[] {
  const run = (text: string, pattern: string, budget: { work(units: number): void }) => {
    // The engine takes time in proportion to both.
    budget.work(Math.ceil((text.length / 10 + 1) * (pattern.length / 4 + 1)))
    try {
      return findsPattern(pattern, text)
    } catch (error) {
      throw new CelRuntimeError((error as Error).message)
    }
  }
  return [
    method<[string, string]>(stringType, 'matches', [stringType], boolType, run),
    define<[string, string]>('matches', [stringType, stringType], boolType, run),
  ]
}

function changes(): Overload[] {
  const change = (name: string, run: (text: string) => string) =>
    method<[string]>(stringType, name, [], stringType, (text, budget) => {
      budget.pass(text.length)
      return run(text)
    })
  return [
    change('lowerAscii', lower),
    change('upperAscii', upper),
    change('trim', (text) => text.trim()),
    define<[string]>('strings.quote', [stringType], stringType, (text, budget) => {
      budget.pass(text.length)
      return JSON.stringify(text)
    }),
    method<[string, string, string]>(
      stringType,
      'replace',
      [stringType, stringType],
      stringType,
      (text, part, by, budget) => {
        const result = replace(text, part, by, -1n)
        budget.pass(text.length + result.length)
        return result
      },
    ),
    method<[string, string, string, bigint]>(
      stringType,
      'replace',
      [stringType, stringType, intType],
      stringType,
      (text, part, by, count, budget) => {
        const result = replace(text, part, by, count)
        budget.pass(text.length + result.length)
        return result
      },
    ),
    method<[string, bigint]>(
      stringType,
      'substring',
      [intType],
      stringType,
      (text, from, budget) => {
        budget.pass(text.length)
        return substring(text, from)
      },
    ),
    method<[string, bigint, bigint]>(
      stringType,
      'substring',
      [intType, intType],
      stringType,
      (text, from, to, budget) => {
        budget.pass(text.length)
        return substring(text, from, to)
      },
    ),
  ]
}

function listsOfText(): Overload[] {
  return [
    method<[string, string]>(
      stringType,
      'split',
      [stringType],
      textList,
      (text, separator, budget) => {
        budget.work(text.length)
        return split(text, separator, -1n)
      },
    ),
    method<[string, string, bigint]>(
      stringType,
      'split',
      [stringType, intType],
      textList,
      (text, separator, count, budget) => {
        budget.work(text.length)
        return split(text, separator, count)
      },
    ),
    method<[string[]]>(textList, 'join', [], stringType, (list, budget) =>
      joined(list, '', budget),
    ),
    method<[string[], string]>(textList, 'join', [stringType], stringType, joined),
    method<[string, Value[]]>(
      stringType,
      'format',
      [listOf(dynType)],
      stringType,
      (text, values, budget) => {
        const result = formatText(text, values)
        budget.work(values.length + text.length + result.length)
        return result
      },
    ),
  ]
}

function joined(
  list: readonly string[],
  separator: string,
  budget: { pass(length: number): void },
): string {
  budget.pass(list.reduce((sum, one) => sum + one.length + separator.length, 0))
  return list.join(separator)
}

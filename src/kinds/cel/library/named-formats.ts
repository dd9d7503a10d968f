import { isOfFormat } from '../../structural/formats.ts'
import {
  dns1035LabelProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '../../validation/names.ts'
import { define, method, type Overload } from '../functions.ts'
import { listOf, opaque, optionalOf, stringType } from '../types.ts'
import { Opaque, Optional } from '../values.ts'

/** Formats by name, to validate with (apiserver pkg/cel/library/format.go). */

const typeName = 'kubernetes.NamedFormat'
const formatType = opaque(typeName)

type Problems = (text: string) => readonly string[]

/** What finds the problems of a text; how many steps its pattern is taken for. */
interface FormatRule {
  readonly problems: Problems
  readonly patternSteps: number
}

export type NamedFormat = Opaque<FormatRule>

const ofFormat =
  (format: string, problem: string): Problems =>
  (text) =>
    isOfFormat(format, text) ? [] : [problem]

/** A prefix may end in a hyphen, as more follows. */
const asPrefix =
  (problems: Problems): Problems =>
  (text) =>
    problems(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const formats: readonly (readonly [string, Problems, number])[] = [
  ['dns1123Label', dns1123LabelProblems, 8],
  ['dns1123Subdomain', dns1123SubdomainProblems, 15],
  ['dns1035Label', dns1035LabelProblems, 8],
  ['dns1123LabelPrefix', asPrefix(dns1123LabelProblems), 8],
  ['dns1123SubdomainPrefix', asPrefix(dns1123SubdomainProblems), 15],
  ['dns1035LabelPrefix', asPrefix(dns1035LabelProblems), 8],
  ['qualifiedName', qualifiedNameProblems, 15],
  ['labelValue', labelValueProblems, 10],
  ['uri', ofFormat('uri', 'invalid URI'), 276],
  ['uuid', ofFormat('uuid', 'does not match the UUID format'), 18],
  ['byte', ofFormat('byte', 'invalid base64'), 21],
  ['date', ofFormat('date', 'invalid date'), 18],
  ['datetime', ofFormat('date-time', 'invalid datetime'), 18],
]

const byName: ReadonlyMap<string, NamedFormat> = new Map(
  formats.map(([name, problems, patternSteps]) => [
    name,
    new Opaque(typeName, { problems, patternSteps }, name),
  ]),
)

function formatNamed(name: string): Optional {
  const format = byName.get(name)
  return format ? new Optional(format) : Optional.none
}

export const formatFunctions: readonly Overload[] = [
  ...[...byName].map(([name, format]) =>
    define<[]>(`format.${name}`, [], formatType, () => format),
  ),
  define<[string]>('format.named', [stringType], optionalOf(formatType), (name) =>
    formatNamed(name),
  ),
  method<[NamedFormat, string]>(
    formatType,
    'validate',
    [stringType],
    optionalOf(listOf(stringType)),
    ({ content }, text, budget) => {
      budget.pass(text.length)
      const problems = content.problems(text)
      return problems.length === 0 ? Optional.none : new Optional(problems)
    },
  ),
]

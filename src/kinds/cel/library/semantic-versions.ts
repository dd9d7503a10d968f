import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import { boolType, intType, opaque, stringType } from '../types.ts'
import { Opaque } from '../values.ts'

/** Semantic versions 2.0 (apiserver pkg/cel/library/semverlib.go). */

const name = 'kubernetes.Semver'
const semverType = opaque(name)

interface Version {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly pre: readonly string[]
  readonly text: string
}

type Semver = Opaque<Version>

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/

function readVersion(text: string): Version | undefined {
  const found = pattern.exec(text)
  if (!found) return undefined
  const numbers = [found[1], found[2], found[3]].map((one) => BigInt(one ?? '0')) as [
    bigint,
    bigint,
    bigint,
  ]
  if (numbers.some((one) => one >= 2n ** 64n)) return undefined
  return { numbers, pre: found[4]?.split('.') ?? [], text }
}

/** `v1.2` as 1.2.0: without its v and leading zeros, with the numbers that it lacks. */
function normalized(text: string): string {
  const [numbers = '', ...rest] = text.replace(/^v/, '').split(/(?=[-+])/)
  const parts = numbers.split('.').map((one) => one.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return [parts.join('.'), ...rest].join('')
}

function make(version: Version | undefined, text: string): Semver {
  if (!version) throw new CelRuntimeError(problemOf(text))
  return new Opaque(name, version, version.text.replace(/\+.*$/, ''))
}

/** What is wrong with a version, first things first (blang/semver Parse). */
function problemOf(text: string): string {
  if (text === '') return 'Version string empty'
  const [major = '', minor, ...rest] = text.split('.')
  if (minor === undefined || rest.length === 0) return 'No Major.Minor.Patch elements found'
  const [patch = ''] = rest.join('.').split(/[-+]/)
  for (const [name, number] of [
    ['major', major],
    ['minor', minor],
    ['patch', patch],
  ] as const) {
    const quoted = JSON.stringify(number)
    if (!/^\d+$/.test(number)) return `Invalid character(s) found in ${name} number ${quoted}`
    if (/^0\d/.test(number))
      return `${name.charAt(0).toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${quoted}`
  }
  return `invalid semantic version ${JSON.stringify(text)}`
}

function compareVersions(left: Version, right: Version): number {
  for (const index of [0, 1, 2] as const) {
    if (left.numbers[index] === right.numbers[index]) continue
    return left.numbers[index] < right.numbers[index] ? -1 : 1
  }
  if (left.pre.length === 0 || right.pre.length === 0)
    return Number(left.pre.length === 0) - Number(right.pre.length === 0)
  for (const [index, one] of left.pre.entries()) {
    const other = right.pre[index]
    if (other === undefined) return 1
    if (one !== other) return comparePart(one, other)
  }
  return left.pre.length < right.pre.length ? -1 : 0
}

/** Numbers come before words. */
function comparePart(left: string, right: string): number {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)]
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1
  if (isNumber) return BigInt(left) < BigInt(right) ? -1 : 1
  return left < right ? -1 : 1
}

const number = (text: string, index: 0 | 1 | 2) =>
  method<[Semver]>(semverType, text, [], intType, ({ content }) => content.numbers[index])

export const semverFunctions: readonly Overload[] = [
  define<[string]>('semver', [stringType], semverType, (text) => make(readVersion(text), text)),
  define<[string, boolean]>('semver', [stringType, boolType], semverType, (text, normalizes) =>
    make(readVersion(normalizes ? normalized(text) : text), text),
  ),
  define<[string]>('isSemver', [stringType], boolType, (text) => readVersion(text) !== undefined),
  define<[string, boolean]>(
    'isSemver',
    [stringType, boolType],
    boolType,
    (text, normalizes) => readVersion(normalizes ? normalized(text) : text) !== undefined,
  ),
  number('major', 0),
  number('minor', 1),
  number('patch', 2),
  method<[Semver, Semver]>(
    semverType,
    'isLessThan',
    [semverType],
    boolType,
    (left, right) => compareVersions(left.content, right.content) < 0,
  ),
  method<[Semver, Semver]>(
    semverType,
    'isGreaterThan',
    [semverType],
    boolType,
    (left, right) => compareVersions(left.content, right.content) > 0,
  ),
  method<[Semver, Semver]>(semverType, 'compareTo', [semverType], intType, (left, right) =>
    BigInt(compareVersions(left.content, right.content)),
  ),
]

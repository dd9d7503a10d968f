import type { Type } from '../types.ts'
import { printType } from '../types.ts'
import type { Value } from '../values.ts'
import type { SizeOf } from './core.ts'
import { listSteps, patternFactor, textFactor } from './factors.ts'
import {
  exactly,
  most,
  noRange,
  plus,
  product,
  type Range,
  saturated,
  scaled,
  unknownRange,
  wrapped,
} from './range.ts'

/** What is known of a receiver or parameter. */
export interface SizedNode {
  readonly type: Type
  /** Where in the schema it comes from; empty for what is computed. */
  readonly path: readonly string[]
  readonly size: Range | undefined
  /** Of a literal. */
  readonly value: Value | undefined
}

export interface CallEstimate {
  readonly cost: Range
  readonly size?: Range | undefined
}

const one = exactly(1)
const createdList = exactly(listSteps)

interface Call {
  readonly signature: string
  readonly target: SizedNode | undefined
  readonly parameters: readonly SizedNode[]
  readonly sizeOf: SizeOf
}

type Estimate = (call: Call) => CallEstimate | undefined

/**
 * What a call costs beyond its parameters, and how large its result is; undefined for one step
 * (apiserver pkg/cel/library/cost.go EstimateCallCost, cel-go checker/cost.go, ext/lists.go, ext/sets.go).
 */
export function estimateFunction(
  name: string,
  signature: string,
  target: SizedNode | undefined,
  parameters: readonly SizedNode[],
  sizeOf: SizeOf,
): CallEstimate | undefined {
  return estimates.get(name)?.({ signature, target, parameters, sizeOf })
}

function sizeOfNode(node: SizedNode | undefined): Range {
  return node?.size ?? unknownRange
}

const flat: Estimate = () => ({ cost: one })

/** A text is gone through, once or as often as the factor says; the result is as long at most. */
const traversal =
  (of: 'target' | 'parameter', times = 1, keepsSize = false): Estimate =>
  ({ target, parameters }) => {
    const node = of === 'target' ? target : parameters[0]
    if (!node) return undefined
    const size = sizeOfNode(node)
    return { cost: scaled(size, times * textFactor), size: keepsSize ? size : undefined }
  }

/** The elements of a list: what they are, and how large the schema lets them be. */
function elements({ target, sizeOf }: Call): { type: Type; size: Range } | undefined {
  const type = target && firstParameter(target.type)
  if (!target || !type) return undefined
  const most = target.path.length === 0 ? undefined : sizeOf([...target.path, '@items'])
  return { type, size: most === undefined ? unknownRange : { min: 0n, max: most } }
}

function firstParameter(type: Type): Type | undefined {
  if (type.is === 'list' || type.is === 'optional') return type.of
  return type.is === 'map' ? type.key : undefined
}

/** isSorted, sum, min, max, indexOf and lastIndexOf: a comparison an element, longer with texts. */
const comparison: Estimate = (call) => {
  const { target } = call
  if (!target) return undefined
  const element = elements(call)
  if (!element) return { cost: scaled(sizeOfNode(target), textFactor) }
  const isText = element.type.is === 'string' || element.type.is === 'bytes'
  const each = isText ? plus(one, scaled(element.size, textFactor)) : one
  return { cost: product(sizeOfNode(target), each) }
}

const replacement: Estimate = ({ target, parameters: [from, to] }) => {
  if (!target || !from || !to) return undefined
  const size = sizeOfNode(target)
  const result = replacedSize(size, sizeOfNode(from), sizeOfNode(to))
  return { cost: scaled(size, 2 * textFactor), size: result }
}

/** From replacing the longest parts by the shortest text to the shortest parts by the longest. */
function replacedSize(text: Range, from: Range, to: Range): Range {
  let longest = { count: 0n, kept: 0n }
  if (from.min === 0n) longest = { count: saturated(text.max + 1n), kept: text.max }
  else if (to.max <= from.min) longest = { count: 0n, kept: text.max }
  else longest = { count: quotient(text.max, from.min), kept: 0n }
  let shortest = { count: 0n, kept: 0n }
  if (from.max === 0n) shortest = { count: saturated(text.min + 1n), kept: text.min }
  else if (from.max <= to.min) shortest = { count: 0n, kept: text.min }
  else shortest = { count: quotient(text.min, from.max), kept: 0n }
  const counts = { min: shortest.count, max: longest.count }
  return plus(product(counts, to), { min: shortest.kept, max: longest.kept })
}

/** Rounded up, in floating point as there. */
function quotient(left: bigint, right: bigint): bigint {
  const found = Math.ceil(Number(left) / Number(right))
  return found >= 2 ** 64 ? most : BigInt(found)
}

const splitting: Estimate = ({ target, parameters }) => {
  if (!target) return undefined
  const size = sizeOfNode(target)
  const count = parameters[1]?.value
  const max = typeof count === 'bigint' ? wrapped(count) : size.max
  return { cost: scaled(size, 2 * textFactor), size: { min: 0n, max } }
}

const joining: Estimate = (call) => {
  const { target, parameters } = call
  if (!target) return undefined
  const count = sizeOfNode(target)
  const element = elements(call)
  let size = element ? product(count, element.size) : noRange
  if (parameters[0]) {
    const gaps = { min: oneLess(count.min), max: oneLess(count.max) }
    size = plus(size, product(sizeOfNode(parameters[0]), gaps))
  }
  return { cost: scaled(size, textFactor), size }
}

function oneLess(value: bigint): bigint {
  return value > 0n ? value - 1n : 0n
}

/** A pattern on a text: an empty text costs too. */
function matching(text: Range, pattern: Range): Range {
  return product(scaled(plus(text, one), textFactor), scaled(pattern, patternFactor))
}

const finding: Estimate = ({ target, parameters: [pattern] }) => {
  if (!target || !pattern) return undefined
  const size = sizeOfNode(target)
  const cost = matching(size, sizeOfNode(pattern))
  return { cost, size: { min: 0n, max: size.max } }
}

const addressSize: Range = { min: 4n, max: 16n }
const bothAddresses = scaled(plus(addressSize, addressSize), textFactor)
const networkCost = plus(bothAddresses, scaled(addressSize, textFactor), one)

/** Bytes of addresses are compared; a text is read first. */
const containing =
  (base: Range): Estimate =>
  ({ signature, parameters: [other] }) => {
    if (!other) return undefined
    const isText = signature.endsWith(',string)')
    return { cost: isText ? plus(base, scaled(sizeOfNode(other), textFactor)) : base }
  }

const selector: Estimate = ({ parameters: [text] }) => {
  if (!text) return undefined
  const size = sizeOfNode(text)
  const requirements = scaled(scaled(size, 0.5), 50)
  return { cost: plus(createdList, scaled(size, textFactor), requirements) }
}

/** The longest pattern of a named format. */
const formatPatternFactor = 128 * patternFactor

const validation: Estimate = ({ parameters: [text] }) =>
  text && { cost: scaled(scaled(sizeOfNode(text), textFactor), formatPatternFactor) }

function allocated(size: Range, factor: number): CallEstimate {
  return { cost: plus(scaled(size, factor), one, createdList), size }
}

function literalOr(node: SizedNode | undefined, other: bigint): bigint {
  if (typeof node?.value !== 'bigint') return other
  return node.value < 0n ? 0n : node.value
}

const slicing: Estimate = ({ target, parameters: [from, to] }) => {
  if (!target || !from || !to) return undefined
  const end = literalOr(to, sizeOfNode(target).max)
  return allocated(exactly(wrapped(end - literalOr(from, 0n))), 1)
}

const flattening: Estimate = ({ target, parameters }) => {
  if (!target) return undefined
  const depth = parameters.length === 0 ? 1n : literalOr(parameters[0], most)
  return allocated(sizeOfNode(target), Number(depth))
}

const everyPair =
  (factor: (signature: string) => number, of: 'target' | 'parameter' = 'target'): Estimate =>
  ({ signature, target, parameters }) => {
    const node = of === 'target' ? target : parameters[0]
    if (!node) return undefined
    const size = sizeOfNode(node)
    return allocated(product(size, size), factor(signature))
  }

const sortFactor = (signature: string) =>
  /list<(?:string|bytes)>\)$/.test(signature) ? 2 + textFactor : 2

const sets =
  (factor: number): Estimate =>
  ({ parameters: [left, right] }) => ({
    cost: plus(scaled(product(sizeOfNode(left), sizeOfNode(right)), factor), one),
  })

/** Equality looks at the smaller of the two. */
const equality: Estimate = ({ parameters: [left, right] }) => {
  if (!left || !right) return undefined
  const known = libraryEquality(left, right)
  return known ? { cost: known } : { cost: smallerOf(left, right) }
}

function smallerOf(left: SizedNode, right: SizedNode): Range {
  const [first, second] = [sizeOfNode(left).max, sizeOfNode(right).max]
  const max = first < second ? first : second
  return scaled({ min: max > 0n ? 1n : 0n, max }, textFactor)
}

function libraryEquality(left: SizedNode, right: SizedNode): Range | undefined {
  if (left.type.is !== 'opaque' || printType(left.type) !== printType(right.type)) return undefined
  if (left.type.name === 'kubernetes.NamedFormat') return scaled({ min: 1n, max: 64n }, textFactor)
  if (left.type.name !== 'kubernetes.URL') return one
  const size = right.size ? right.size : one
  return scaled({ min: 1n, max: size.max }, textFactor)
}

const ordering: Estimate = ({ signature, parameters: [left, right] }) => {
  const isSized = signature.endsWith('(string,string)') || signature.endsWith('(bytes,bytes)')
  return isSized && left && right ? { cost: smallerOf(left, right) } : undefined
}

const concatenation: Estimate = ({ signature, parameters: [left, right] }) => {
  if (!left || !right) return undefined
  const size = plus(sizeOfNode(left), sizeOfNode(right))
  if (signature.endsWith('(list<any>,list<any>)')) return { cost: one, size }
  const isText = signature.endsWith('(string,string)') || signature.endsWith('(bytes,bytes)')
  return isText ? { cost: scaled(size, textFactor), size } : undefined
}

const toText: Estimate = ({ signature, parameters: [bytes] }) => {
  if (!bytes || signature !== 'string(bytes)') return undefined
  const size = sizeOfNode(bytes)
  return { cost: scaled(size, textFactor), size: { min: size.min / 4n, max: size.max } }
}

const toBytes: Estimate = ({ signature, parameters: [text] }) => {
  if (!text || signature !== 'bytes(string)') return undefined
  const size = sizeOfNode(text)
  return { cost: scaled(size, textFactor), size: { min: size.min, max: wrapped(size.max * 4n) } }
}

const quoting: Estimate = ({ parameters: [text] }) => {
  if (!text) return undefined
  const { min, max } = sizeOfNode(text)
  const size = { min: wrapped(min + 2n), max: wrapped(max * 2n + 2n) }
  return { cost: scaled(sizeOfNode(text), textFactor), size }
}

const estimates: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['check', () => ({ cost: exactly(350_000) })],
  ...[
    ...['serviceAccount', 'path', 'group', 'resource', 'subresource', 'namespace', 'name'],
    ...['allowed', 'reason', 'error', 'errored'],
    ...['masked', 'prefixLength', 'family', 'isUnspecified', 'isLoopback'],
    ...['isLinkLocalMulticast', 'isLinkLocalUnicast', 'isGlobalUnicast', 'format.named'],
    ...['sign', 'asInteger', 'isInteger', 'asApproximateFloat', 'isGreaterThan', 'isLessThan'],
    ...['compareTo', 'add', 'sub', 'major', 'minor', 'patch'],
    ...['getScheme', 'getHostname', 'getHost', 'getPort', 'getEscapedPath', 'getQuery'],
  ].map((name): [string, Estimate] => [name, flat]),
  ['fieldSelector', selector],
  ['labelSelector', selector],
  ...['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'].map((name): [string, Estimate] => [
    name,
    comparison,
  ]),
  ['url', traversal('parameter', 1, true)],
  ['jsonpatch.escapeKey', traversal('parameter', 1, true)],
  ...['lowerAscii', 'upperAscii', 'substring', 'trim'].map((name): [string, Estimate] => [
    name,
    traversal('target', 1, true),
  ]),
  ['replace', replacement],
  ['split', splitting],
  ['join', joining],
  ['find', finding],
  ['findAll', finding],
  ...['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'].map(
    (name): [string, Estimate] => [name, traversal('parameter')],
  ),
  ['ip', (call) => (call.target ? { cost: one } : traversal('parameter')(call))],
  ['ip.isCanonical', traversal('parameter', 2)],
  ['containsIP', containing(bothAddresses)],
  ['containsCIDR', containing(networkCost)],
  ['validate', validation],
  ['slice', slicing],
  ['flatten', flattening],
  ['reverse', (call) => (isOfList(call) ? allocated(sizeOfNode(call.target), 1) : undefined)],
  ['lists.range', ({ parameters }) => allocated(exactly(literalOr(parameters[0], most)), 1)],
  ['distinct', everyPair(() => 2)],
  ['sort', everyPair(sortFactor)],
  ['@sortByAssociatedKeys', everyPair(sortFactor, 'parameter')],
  ['sets.contains', sets(1)],
  ['sets.intersects', sets(1)],
  ['sets.equivalent', sets(2)],
  ['_==_', equality],
  ['_!=_', ({ parameters: [left, right] }) => left && right && { cost: smallerOf(left, right) }],
  ...['_<_', '_<=_', '_>_', '_>=_'].map((name): [string, Estimate] => [name, ordering]),
  ['_+_', concatenation],
  ['string', toText],
  ['bytes', toBytes],
  ['strings.quote', quoting],
  ['format', traversal('target')],
  ['startsWith', traversal('parameter')],
  ['endsWith', traversal('parameter')],
  [
    '@in',
    ({ signature, parameters: [, list] }) =>
      signature === '@in(any,list<any>)' && list ? { cost: sizeOfNode(list) } : undefined,
  ],
  [
    'matches',
    ({ target, parameters: [pattern] }) =>
      target && pattern && { cost: matching(sizeOfNode(target), sizeOfNode(pattern)) },
  ],
  [
    'contains',
    ({ target, parameters: [part] }) =>
      target &&
      part && {
        cost: product(scaled(sizeOfNode(target), textFactor), scaled(sizeOfNode(part), textFactor)),
      },
  ],
])

function isOfList({ target }: Call): boolean {
  return target?.type.is === 'list'
}

import type { Overload } from '../functions.ts'
import type { NamedFormat } from '../library/named-formats.ts'
import { isListValue, isMapValue, Opaque, type Value } from '../values.ts'
import { listSteps, patternFactor, textFactor } from './factors.ts'
import { signatureOf } from './signature.ts'
import { sizeOfValue } from './value-size.ts'

/** What a call costs that had these values, and gave that; undefined for one that failed. */
export type CallCost = (values: readonly Value[], result: Value | undefined) => number

/**
 * What calling one of these costs: of several, only the function's name counts
 * (apiserver pkg/cel/library/cost.go CallCost, cel-go interpreter/runtimecost.go, ext/lists.go, ext/sets.go).
 */
export function callCostOf(overloads: readonly Overload[]): CallCost {
  const [first] = overloads
  if (!first) return step
  const known = costs.get(first)
  if (known && overloads.length === 1) return known
  const signature = overloads.length === 1 ? signatureOf(first) : ''
  const named = byName.get(first.name)?.(signature, first.isMethod)
  const found =
    named ??
    (first.isMethod ? undefined : byGlobal.get(signature)) ??
    bySignature.get(signature) ??
    step
  if (overloads.length === 1) costs.set(first, found)
  return found
}

const costs = new WeakMap<Overload, CallCost>()

const step: CallCost = () => 1

function sizeAt(values: readonly Value[], index: number): number {
  const value = values[index]
  return value === undefined ? 1 : sizeOfValue(value)
}

/** The first value is gone through, once or as often as the factor says. */
const traversal =
  (times = 1): CallCost =>
  (values) =>
    Math.ceil(sizeAt(values, 0) * times * textFactor)

/** A format is a pattern, as long as it says. */
const validation: CallCost = ([format, text]) =>
  Math.ceil((1 + sizeOfValue(text ?? null)) * textFactor) *
  (format instanceof Opaque ? (format as NamedFormat).content.patternSteps : 1)

/** Everything in a value is looked at. */
function treeCost(value: Value): number {
  if (typeof value === 'string') return Math.trunc(Buffer.byteLength(value) * textFactor)
  if (value instanceof Uint8Array) return Math.trunc(value.length * textFactor)
  if (isListValue(value)) return value.reduce((sum: number, one) => sum + treeCost(one), 0)
  if (value === null || value instanceof Opaque || !isMapValue(value)) return 1
  return value
    .keys()
    .reduce((sum: number, key) => sum + treeCost(key) + treeCost(value.get(key) ?? null), 0)
}

const tree: CallCost = ([value]) => treeCost(value ?? null)

const matching: CallCost = (values) =>
  Math.ceil((1 + sizeAt(values, 0)) * textFactor) * Math.ceil(sizeAt(values, 1) * patternFactor)

const selector: CallCost = (values) => {
  const length = sizeAt(values, 1)
  return listSteps + Math.ceil(length * textFactor) + Math.ceil(length * 0.5) * 50
}

const containing =
  (isNetwork: boolean, isText: boolean): CallCost =>
  (values) => {
    const size = sizeAt(values, 0)
    const compared = Math.ceil((size + size) * textFactor)
    const masked = isNetwork ? Math.ceil(size * textFactor) + 1 : 0
    return compared + masked + (isText ? Math.ceil(sizeAt(values, 1) * textFactor) : 0)
  }

const smaller: CallCost = (values) =>
  Math.ceil(Math.min(sizeAt(values, 0), sizeAt(values, 1)) * textFactor)

/** Kubernetes' own types are one step to compare. */
const equality: CallCost = (values) =>
  values[0] instanceof Opaque ? 1 : smaller(values, undefined)

const concatenation: CallCost = (values) =>
  Math.ceil((sizeAt(values, 0) + sizeAt(values, 1)) * textFactor)

const allocated = (size: number, factor = 1) => Math.trunc(size * factor) + 1 + listSteps

const ofResult: CallCost = (_values, result) =>
  allocated(result === undefined ? 1 : sizeOfValue(result))

/** Each element may be compared with each. */
const everyPair =
  (index: 0 | 1): CallCost =>
  (values) => {
    const list = values[index]
    if (!isListValue(list ?? null)) return allocated(0)
    const items = list as readonly Value[]
    const isText = typeof items[0] === 'string' || items[0] instanceof Uint8Array
    return allocated(items.length * items.length, isText ? 2 + textFactor : 2)
  }

/** Sorting by other values than the elements. */
export const sortCost = everyPair(1)

const sets =
  (factor: number): CallCost =>
  (values) =>
    1 + Math.trunc(sizeAt(values, 0) * sizeAt(values, 1) * factor)

type OfName = (signature: string, isMethod: boolean) => CallCost | undefined

/** Whatever the types are. */
const byName: ReadonlyMap<string, OfName> = new Map<string, OfName>([
  ['check', () => () => 350_000],
  ['fieldSelector', () => selector],
  ['labelSelector', () => selector],
  ...['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'].map((name): [string, OfName] => [
    name,
    () => tree,
  ]),
  ...[
    ...['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey'],
    ...['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'],
  ].map((name): [string, OfName] => [name, () => traversal()]),
  ['ip', (_signature, isMethod) => (isMethod ? step : traversal())],
  ['ip.isCanonical', () => traversal(2)],
  ['replace', () => traversal(2)],
  ['split', () => traversal(2)],
  [
    'join',
    () => (_values, result) =>
      Math.ceil((result === undefined ? 1 : sizeOfValue(result)) * 2 * textFactor),
  ],
  ['find', () => matching],
  ['findAll', () => matching],
  ['containsIP', (signature) => containing(false, signature.endsWith(',string)'))],
  ['containsCIDR', (signature) => containing(true, signature.endsWith(',string)'))],
  ['validate', () => validation],
  ['_==_', () => equality],
  ['_!=_', () => smaller],
  ['or', () => () => 0],
  ['orValue', () => () => 0],
])

/** Functions that are called like `f(x)`. */
const byGlobal: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ['matches(string,string)', step],
])

const bySignature: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ...[
    ...['startsWith(string,string)', 'endsWith(string,string)', 'bytes(string)', 'string(bytes)'],
    ...['strings.quote(string)', 'format(string,list<dyn>)'],
  ].map((signature): [string, CallCost] => [signature, traversal()]),
  ['@in(any,list<any>)', (values) => sizeAt(values, 1)],
  // To look into a set of constants.
  ['@in(any,any)', () => 0],
  ...['_<_', '_<=_', '_>_', '_>=_'].flatMap((name): [string, CallCost][] => [
    [`${name}(string,string)`, smaller],
    [`${name}(bytes,bytes)`, smaller],
  ]),
  ['_+_(string,string)', concatenation],
  ['_+_(bytes,bytes)', concatenation],
  ['matches(string,string)', matching],
  [
    'contains(string,string)',
    (values) =>
      Math.ceil(sizeAt(values, 0) * textFactor) * Math.ceil(sizeAt(values, 1) * textFactor),
  ],
  ['slice(list<any>,int,int)', ofResult],
  ['lists.range(int)', ofResult],
  ['reverse(list<any>)', ofResult],
  ['flatten(list<list<any>>)', (values) => allocated(sizeAt(values, 0))],
  ['flatten(list<dyn>,int)', (values) => allocated(sizeAt(values, 0), Number(values[1] ?? 1))],
  ['distinct(list<any>)', everyPair(0)],
  ...[...['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']].flatMap(
    (of): [string, CallCost][] => [
      [`sort(list<${of}>)`, everyPair(0)],
      [`@sortByAssociatedKeys(list<any>,list<${of}>)`, everyPair(1)],
    ],
  ),
  ['sets.contains(list<any>,list<any>)', sets(1)],
  ['sets.intersects(list<any>,list<any>)', sets(1)],
  ['sets.equivalent(list<any>,list<any>)', sets(2)],
])

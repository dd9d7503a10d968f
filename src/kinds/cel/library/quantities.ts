import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type Quantity,
  tryParseQuantity,
} from '../../quantity.ts'
import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import { boolType, doubleType, intType, opaque, stringType } from '../types.ts'
import { Opaque } from '../values.ts'

/** Amounts such as `500m` (apiserver pkg/cel/library/quantity.go). */

const name = 'kubernetes.Quantity'
const quantityType = opaque(name)
const unitNanos = 1_000_000_000n

type Amount = Opaque<Quantity>

function make(quantity: Quantity): Amount {
  return new Opaque(name, quantity, String(quantity.nano))
}

function isWhole({ nano }: Quantity): boolean {
  const whole = nano / unitNanos
  return nano % unitNanos === 0n && whole >= -(2n ** 63n) && whole < 2n ** 63n
}

const compared = (text: string, holds: (order: number) => boolean) =>
  method<[Amount, Amount]>(quantityType, text, [quantityType], boolType, (left, right) =>
    holds(compareQuantities(left.content, right.content)),
  )

function added(left: Quantity, nano: bigint): Amount {
  return make(addQuantities(left, { nano, format: left.format }))
}

export const quantityFunctions: readonly Overload[] = [
  define<[string]>('quantity', [stringType], quantityType, (text) => {
    const quantity = tryParseQuantity(text)
    if (quantity) return make(quantity)
    throw new CelRuntimeError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  }),
  define<[string]>(
    'isQuantity',
    [stringType],
    boolType,
    (text) => tryParseQuantity(text) !== undefined,
  ),
  define<[Amount]>('string', [quantityType], stringType, ({ content }) => formatQuantity(content)),
  method<[Amount]>(quantityType, 'isInteger', [], boolType, ({ content }) => isWhole(content)),
  method<[Amount]>(quantityType, 'asInteger', [], intType, ({ content }) => {
    if (isWhole(content)) return content.nano / unitNanos
    throw new CelRuntimeError('cannot convert value to integer')
  }),
  method<[Amount]>(
    quantityType,
    'asApproximateFloat',
    [],
    doubleType,
    ({ content }) => Number(content.nano) / 1e9,
  ),
  define<[Amount]>('sign', [quantityType], intType, ({ content: { nano } }) =>
    nano > 0n ? 1n : nano < 0n ? -1n : 0n,
  ),
  method<[Amount, Amount]>(quantityType, 'add', [quantityType], quantityType, (left, right) =>
    added(left.content, right.content.nano),
  ),
  method<[Amount, bigint]>(quantityType, 'add', [intType], quantityType, (left, right) =>
    added(left.content, right * unitNanos),
  ),
  method<[Amount, Amount]>(quantityType, 'sub', [quantityType], quantityType, (left, right) =>
    added(left.content, -right.content.nano),
  ),
  method<[Amount, bigint]>(quantityType, 'sub', [intType], quantityType, (left, right) =>
    added(left.content, -right * unitNanos),
  ),
  compared('isLessThan', (order) => order < 0),
  compared('isGreaterThan', (order) => order > 0),
  method<[Amount, Amount]>(quantityType, 'compareTo', [quantityType], intType, (left, right) =>
    BigInt(compareQuantities(left.content, right.content)),
  ),
]

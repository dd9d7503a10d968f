import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '../quantity.ts'

/** Amounts of resources by name: a ResourceList that can be reckoned with. */
export type Amounts = ReadonlyMap<string, Quantity>

export type ResourceList = Readonly<Record<string, string>> | undefined

export const one: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' }
export const zero: Quantity = { nano: 0n, format: 'DecimalSI' }

export function amountsOf(list: ResourceList): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]))
}

/** As a ResourceList, by name. */
export function listOf(amounts: Amounts): Record<string, string> {
  const names = [...amounts.keys()].sort()
  return Object.fromEntries(names.map((name) => [name, formatQuantity(amounts.get(name) ?? zero)]))
}

export function addAmounts(left: Amounts, right: Amounts): Amounts {
  const sum = new Map(left)
  for (const [name, amount] of right) sum.set(name, addQuantities(sum.get(name) ?? zero, amount))
  return sum
}

/** The larger one of each. */
export function maxAmounts(left: Amounts, right: Amounts): Amounts {
  const most = new Map(left)
  for (const [name, amount] of right) {
    const other = most.get(name)
    if (!other || compareQuantities(other, amount) < 0) most.set(name, amount)
  }
  return most
}

/** What of `left` goes beyond `right`: nothing is ever less than nothing. */
export function beyond(left: Amounts, right: Amounts): Amounts {
  const more = new Map<string, Quantity>()
  for (const [name, { nano, format }] of left) {
    const rest = nano - (right.get(name)?.nano ?? 0n)
    if (rest > 0n) more.set(name, { nano: rest, format })
  }
  return more
}

export function only(amounts: Amounts, names: { has(name: string): boolean }): Amounts {
  return new Map([...amounts].filter(([name]) => names.has(name)))
}

/** As refusals print them: `cpu=1,pods=2`. */
export function printAmounts(amounts: Amounts): string {
  return Object.entries(listOf(amounts))
    .map(([name, text]) => `${name}=${text}`)
    .join(',')
}

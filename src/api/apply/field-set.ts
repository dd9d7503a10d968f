import { isRecord } from '../patch/json-value.ts'

/**
 * A set of fields of an object, as a tree. An element of a path is `f:<field or key>`,
 * `k:<keys of a list element as JSON>` or `v:<element of a set as JSON>`: the form of FieldsV1
 * (structured-merge-diff fieldpath). Immutable by convention: operations return new sets.
 */
export class FieldSet {
  /** True when the path to here is itself in the set, whatever is below it. */
  readonly member: boolean
  readonly children: ReadonlyMap<string, FieldSet>

  constructor(member: boolean, children: ReadonlyMap<string, FieldSet> = new Map()) {
    this.member = member
    this.children = children
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  union(other: FieldSet): FieldSet {
    const children = new Map(this.children)
    for (const [element, child] of other.children)
      children.set(element, children.get(element)?.union(child) ?? child)
    return new FieldSet(this.member || other.member, children)
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combined(other, (own, others) => own && others, 'drop')
  }

  difference(other: FieldSet): FieldSet {
    return this.#combined(other, (own, others) => own && !others, 'keep')
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty
  }

  /** Every path below this one, as Kubernetes prints them: `.spec.containers[name="a"].image`. */
  paths(prefix = ''): string[] {
    // The fields of a level come before what is below them (structured-merge-diff fieldpath Set.Iterate).
    const sorted = [...this.children].sort(([left], [right]) => (left < right ? -1 : 1))
    const here = sorted.filter(([, child]) => child.member)
    const below = sorted.filter(([, child]) => child.children.size > 0)
    const path = (element: string) => prefix + printElement(element)
    return [
      ...here.map(([element]) => path(element)),
      ...below.flatMap(([element, child]) => child.paths(path(element))),
    ]
  }

  /** The value of a managedFields entry's `fieldsV1`. */
  encode(): Record<string, unknown> {
    const encoded: Record<string, unknown> = Object.create(null)
    if (this.member && this.children.size > 0) encoded['.'] = {}
    const sorted = [...this.children].sort(([left], [right]) => (left < right ? -1 : 1))
    for (const [element, child] of sorted) encoded[element] = child.encode()
    return encoded
  }

  #combined(
    other: FieldSet,
    member: (own: boolean, others: boolean) => boolean,
    unmatched: 'keep' | 'drop',
  ): FieldSet {
    const children = new Map<string, FieldSet>()
    for (const [element, child] of this.children) {
      const match = other.children.get(element)
      const combined = match
        ? child.#combined(match, member, unmatched)
        : unmatched === 'keep'
          ? child
          : emptySet
      if (!combined.isEmpty) children.set(element, combined)
    }
    return new FieldSet(member(this.member, other.member), children)
  }
}

export const emptySet = new FieldSet(false)
/** One field, whole. */
export const wholeField = new FieldSet(true)

/** Reads `fieldsV1`; what is malformed in it counts as nothing. */
export function decodeFieldSet(value: unknown): FieldSet {
  if (!isRecord(value)) return emptySet
  const entries = Object.entries(value)
  if (entries.length === 0) return wholeField
  const children = new Map(
    entries
      .filter(([element]) => /^[fkvi]:/.test(element))
      .map(([element, child]): [string, FieldSet] => [element, decodeFieldSet(child)]),
  )
  return new FieldSet(Object.hasOwn(value, '.'), children)
}

/** The set of the root of an object: the root itself is never a member. */
export function decodeRoot(value: unknown): FieldSet {
  return new FieldSet(false, decodeFieldSet(value).children)
}

/** An element of a path, as Kubernetes prints it. */
export function printElement(element: string): string {
  const text = element.slice(2)
  if (element.startsWith('f:')) return `.${text}`
  if (element.startsWith('v:')) return `[=${text}]`
  if (element.startsWith('i:')) return `[${text}]`
  return `[${keysOf(text)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`
}

/** Clients may write managedFields: keys that are no JSON of an object are no keys. */
function keysOf(text: string): [string, unknown][] {
  try {
    return Object.entries((JSON.parse(text) ?? {}) as object)
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

import { same } from '../validation/field-error.ts'
import {
  isObject,
  member,
  type SchemaProps,
  schemaOfItems,
  schemaOfMember,
} from './schema-props.ts'
import { elementBefore } from './validate-value.ts'

/**
 * A value and the one that was there before it, as far as the schema lets the two be told to be the same
 * thing (apiserver pkg/cel/common/equality.go). What did not change may stay, whatever it breaks.
 */
export class Correlation {
  readonly #schema: SchemaProps
  readonly #value: unknown
  readonly #old: unknown
  readonly #members = new Map<string | number, Correlation | undefined>()
  #isSame: boolean | undefined

  constructor(schema: SchemaProps, value: unknown, old: unknown) {
    this.#schema = schema
    this.#value = value
    this.#old = old
  }

  /** Of a member; undefined for a new one, or one that the schema does not know. */
  member(name: string): Correlation | undefined {
    if (this.#members.has(name)) return this.#members.get(name)
    const [value, old] = [this.#value, this.#old]
    const schema = schemaOfMember(this.#schema, name)
    const isKnown =
      schema &&
      isObject(value) &&
      isObject(old) &&
      Object.hasOwn(value, name) &&
      Object.hasOwn(old, name)
    const found = isKnown
      ? new Correlation(schema, member(value, name), member(old, name))
      : undefined
    this.#members.set(name, found)
    return found
  }

  /** Of an element of a list with keys; others have no elements that could be known again. */
  element(index: number): Correlation | undefined {
    if (this.#members.has(index)) return this.#members.get(index)
    const items = schemaOfItems(this.#schema)
    const value = Array.isArray(this.#value) ? this.#value[index] : undefined
    const old = elementBefore(this.#schema, value, this.#old)
    const found =
      items && old !== undefined && old !== null ? new Correlation(items, value, old) : undefined
    this.#members.set(index, found)
    return found
  }

  get isSame(): boolean {
    this.#isSame ??= this.#compare()
    return this.#isSame
  }

  #compare(): boolean {
    const [value, old] = [this.#value, this.#old]
    if (Array.isArray(value)) return Array.isArray(old) && this.#sameLists(value, old)
    if (!isObject(value) || !isObject(old)) return value === old
    const names = Object.keys(value)
    if (names.length !== Object.keys(old).length) return false
    return names.every((name) => this.member(name)?.isSame === true)
  }

  #sameLists(value: readonly unknown[], old: readonly unknown[]): boolean {
    if (value.length !== old.length) return false
    if (this.#schema['x-kubernetes-list-type'] !== 'map') return same(value, old)
    return value.every((_item, index) => this.element(index)?.isSame === true)
  }
}

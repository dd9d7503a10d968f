/** A binary heap of distinct items, the least first, with deletion from the middle. */
export class Heap<T extends object> {
  readonly #items: T[] = []
  readonly #position = new Map<T, number>()
  readonly #compare: (one: T, other: T) => number

  constructor(compare: (one: T, other: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first) this.delete(first)
    return first
  }

  delete(item: T): void {
    const position = this.#position.get(item)
    if (position === undefined) return
    this.#position.delete(item)
    const last = this.#items.pop()
    if (!last || last === item) return
    this.#sink(last, position)
    this.#rise(last, this.#position.get(last) ?? position)
  }

  #rise(item: T, from: number): void {
    let position = from
    while (position > 0) {
      const above = (position - 1) >> 1
      const parent = this.#items[above]
      if (!parent || this.#compare(item, parent) >= 0) break
      this.#put(parent, position)
      position = above
    }
    this.#put(item, position)
  }

  #sink(item: T, from: number): void {
    let position = from
    for (;;) {
      const left = 2 * position + 1
      const one = this.#items[left]
      if (!one) break
      const other = this.#items[left + 1]
      const right = other !== undefined && this.#compare(other, one) < 0
      const child = right ? other : one
      if (this.#compare(child, item) >= 0) break
      this.#put(child, position)
      position = right ? left + 1 : left
    }
    this.#put(item, position)
  }

  #put(item: T, position: number): void {
    this.#items[position] = item
    this.#position.set(item, position)
  }
}

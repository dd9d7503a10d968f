import { assert } from '../../../base/assert.ts'
import type { Slices } from '../../slices.ts'
import {
  branchPage,
  type Child,
  elementBytes,
  type Item,
  leafPage,
  pageBytes,
  pageHeaderBytes,
  pagesOf,
} from './page.ts'

/** A bucket's content, sorted by key. A value is made when its page is; its size is known before. */
export interface SortedItems {
  readonly length: number
  key(at: number): Uint8Array
  value(at: number): Uint8Array
  valueBytes(at: number): number
}

/** The pages of one level of the tree. */
interface Level {
  /** By page: the first of what it holds, items in a leaf, pages of the level below in a branch. */
  readonly starts: readonly number[]
  /** By page: the first item at or under it. */
  readonly firstItems: readonly number[]
  readonly pages: readonly number[]
  /** How many there are to hold. */
  readonly held: number
  /** The page after the last one. */
  readonly end: number
}

/**
 * A bucket as a B+tree of pages, whose place in the file is decided before any of them is written: so the
 * file can be sent from its beginning, which says where everything is.
 */
export class Tree {
  readonly #items: SortedItems
  readonly #levels: readonly Level[]

  private constructor(items: SortedItems, levels: readonly Level[]) {
    this.#items = items
    this.#levels = levels
  }

  /** Lays the pages out from `firstPage` on: the leaves, then level after level above them. */
  static async lay(items: SortedItems, firstPage: number, slices: Slices): Promise<Tree> {
    const itemBytes = (at: number) => elementBytes + items.key(at).length + items.valueBytes(at)
    const leaves = await layLevel(items.length, itemBytes, firstPage, slices)
    const levels: Level[] = [{ ...leaves, firstItems: leaves.starts }]
    for (let below = levels[0] as Level; below.pages.length > 1; ) {
      const { firstItems, end } = below
      const childBytes = (at: number) => elementBytes + items.key(firstItems[at] as number).length
      const laid = await layLevel(firstItems.length, childBytes, end, slices)
      below = { ...laid, firstItems: laid.starts.map((start) => firstItems[start] as number) }
      levels.push(below)
    }
    return new Tree(items, levels)
  }

  get root(): number {
    return this.#top.pages[0] as number
  }

  /** The page after the last one. */
  get end(): number {
    return this.#top.end
  }

  /** The pages, in order. */
  *pages(): Generator<Buffer, void, void> {
    for (const [height, { starts, pages, held }] of this.#levels.entries()) {
      const below = this.#levels[height - 1]
      for (const [nth, page] of pages.entries()) {
        const start = starts[nth] as number
        const count = (starts[nth + 1] ?? held) - start
        yield below
          ? branchPage(page, this.#children(below, start, count))
          : leafPage(page, this.#itemsFrom(start, count))
      }
    }
  }

  get #top(): Level {
    return this.#levels.at(-1) as Level
  }

  #children({ firstItems, pages }: Level, start: number, count: number): Child[] {
    return Array.from({ length: count }, (_, nth) => ({
      key: this.#items.key(firstItems[start + nth] as number),
      page: pages[start + nth] as number,
    }))
  }

  #itemsFrom(start: number, count: number): Item[] {
    return Array.from({ length: count }, (_, nth) => {
      const at = start + nth
      const value = this.#items.value(at)
      assert(value.length === this.#items.valueBytes(at), 'a value is as long as was said')
      return { key: this.#items.key(at), value }
    })
  }
}

/** Fills page after page; what is larger than a page gets pages of its own. */
async function layLevel(
  held: number,
  bytesOf: (at: number) => number,
  firstPage: number,
  slices: Slices,
): Promise<Omit<Level, 'firstItems'>> {
  const starts = [0]
  const pages = [firstPage]
  let next = firstPage
  let used = pageHeaderBytes
  for (let at = 0; at < held; at += 1) {
    const bytes = bytesOf(at)
    if (used > pageHeaderBytes && used + bytes > pageBytes) {
      next += pagesOf(used)
      starts.push(at)
      pages.push(next)
      used = pageHeaderBytes
    }
    used += bytes
    if (slices.over) await slices.pause()
  }
  return { starts, pages, held, end: next + pagesOf(used) }
}

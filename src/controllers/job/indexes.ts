/**
 * Sets of completion indexes as a Job's status writes them: `1,3-5,7` (pkg/controller/job/
 * indexed_job_utils.go). Ranges keep a Job of a hundred thousand indexes as small as one of ten.
 */
export interface Range {
  readonly first: number
  readonly last: number
}

/** In order, apart from each other by at least one index. */
export type Indexes = readonly Range[]

/** Reads what a status holds; indexes from `completions` on are left out, what is no number too. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  const ranges: Range[] = []
  for (const part of (text ?? '').split(',')) {
    const [low = '', high = low] = part.split('-')
    const [first, last] = [indexOf(low), indexOf(high)]
    if (first === undefined || last === undefined) continue
    if (first >= completions) break
    ranges.push({ first, last: Math.min(last, completions - 1) })
  }
  return union(ranges, [])
}

function indexOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(({ first, last }) => {
      if (last === first) return String(first)
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`
    })
    .join(',')
}

export function toIndexes(numbers: Iterable<number>): Indexes {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  return union(
    sorted.map((index) => ({ first: index, last: index })),
    [],
  )
}

export function union(one: Indexes, other: Indexes): Indexes {
  const all = [...one, ...other].sort((a, b) => a.first - b.first)
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of all) {
    const before = merged.at(-1)
    if (!before || first > before.last + 1) merged.push({ first, last })
    else before.last = Math.max(before.last, last)
  }
  return merged
}

export function countOf(indexes: Indexes): number {
  return indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

export function holds(indexes: Indexes, index: number): boolean {
  let low = 0
  let high = indexes.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((indexes[middle]?.last ?? 0) >= index) high = middle
    else low = middle + 1
  }
  const range = indexes[low]
  return range !== undefined && range.first <= index
}

/** How many indexes are in both. */
export function overlap(one: Indexes, other: Indexes): number {
  let sum = 0
  let at = 0
  for (const { first, last } of one) {
    while (at < other.length && (other[at]?.last ?? 0) < first) at += 1
    for (let next = at; next < other.length; next += 1) {
      const range = other[next]
      if (!range || range.first > last) break
      sum += Math.min(last, range.last) - Math.max(first, range.first) + 1
    }
  }
  return sum
}

/** The lowest `count` indexes below `completions` that are not in `taken`. */
export function firstMissing(taken: Indexes, count: number, completions: number): number[] {
  const missing: number[] = []
  let next = 0
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; next < first && next < completions && missing.length < count; next += 1)
      missing.push(next)
    next = Math.max(next, last + 1)
  }
  return missing
}

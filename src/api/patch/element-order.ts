/** Names an element of a list: equal texts, same element. */
export type Identify<T> = (element: T) => string

/** True when `part` appears within `whole` in the same order, gaps allowed. */
export function isSubsequence<T>(
  part: readonly T[],
  whole: readonly T[],
  identify: Identify<T>,
): boolean {
  const names = whole.map(identify)
  let at = 0
  for (const item of part) {
    const found = names.indexOf(identify(item), at)
    if (found < 0) return false
    at = found + 1
  }
  return true
}

/** The first place of every element by its name. */
export function placesOf<T>(list: readonly T[], identify: Identify<T>): Map<string, number> {
  const places = new Map<string, number>()
  list.forEach((item, index) => {
    const name = identify(item)
    if (!places.has(name)) places.set(name, index)
  })
  return places
}

/**
 * Orders a merged list: the items that `wanted` names stand in its order; every other one stands
 * before the first wanted item that followed it in `live`. This is the order that strategic merge
 * promises: the patch decides about its own items, the server keeps the place of the others.
 */
export function inOrderOf<T>(
  merged: readonly T[],
  wanted: readonly T[],
  live: readonly T[],
  identify: Identify<T>,
): T[] {
  const wantedAt = placesOf(wanted, identify)
  const liveAt = placesOf(live, identify)
  const placed = merged.map((item) => {
    const name = identify(item)
    return { item, wanted: wantedAt.get(name), live: liveAt.get(name) ?? -1 }
  })
  const named = placed
    .filter((one) => one.wanted !== undefined)
    .sort((left, right) => (left.wanted ?? 0) - (right.wanted ?? 0))
  const others = placed
    .filter((one) => one.wanted === undefined)
    .sort((left, right) => left.live - right.live)
  const ordered: T[] = []
  let next = 0
  for (const one of named) {
    for (let other = others[next]; other !== undefined; other = others[next]) {
      if (other.live < 0 || one.live < 0 || other.live >= one.live) break
      ordered.push(other.item)
      next += 1
    }
    ordered.push(one.item)
  }
  return [...ordered, ...others.slice(next).map((one) => one.item)]
}

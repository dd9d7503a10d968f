/** What a watcher was told, in the order in which it came, across all its connections. */
export type Watched =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
      readonly name: string
      readonly revision: number
      readonly value: string
    }
  | { readonly type: 'BOOKMARK'; readonly revision: number }

export type WatchedEvent = Exclude<Watched, { type: 'BOOKMARK' }>

/** A list of the collection. */
export interface Listed {
  readonly revision: number
  readonly objects: ReadonlyMap<string, { readonly revision: number; readonly value: string }>
}

/**
 * What is wrong with what several watchers of one collection were told, each from the list `first` on,
 * resuming by the last revision seen: the watch properties that the simulator holds events against,
 * for histories that have no ledger. `last` is the list after everything came to rest.
 */
export function watchViolations(
  histories: readonly (readonly Watched[])[],
  first: Listed,
  last: Listed,
): string[] {
  const found: string[] = []
  const truth = new Map<number, WatchedEvent>()
  for (const [watcher, history] of histories.entries()) {
    let seen = first.revision
    for (const one of history) {
      const what = `watcher ${watcher}: ${describe(one)}`
      if (one.type === 'BOOKMARK') {
        if (one.revision < seen) found.push(`${what} goes back behind ${seen} (bookmarkable)`)
        seen = Math.max(seen, one.revision)
        continue
      }
      // Every write here is a transaction of its own: one event a revision.
      if (one.revision <= seen) found.push(`${what} came after ${seen} (ordered, unique)`)
      seen = Math.max(seen, one.revision)
      const known = truth.get(one.revision)
      if (known && !sameEvent(known, one))
        found.push(`${what}, another one was told ${describe(known)} (reliable)`)
      truth.set(one.revision, known ?? one)
    }
  }
  const order = [...truth.values()].toSorted((one, other) => one.revision - other.revision)
  return [
    ...found,
    ...missed(histories, order),
    ...wrongCreates(order, first),
    ...wrongEnds(order, first, last),
  ]
}

/** Nobody may lack what another one was told. */
function missed(
  histories: readonly (readonly Watched[])[],
  order: readonly WatchedEvent[],
): string[] {
  return histories.flatMap((history, watcher) => {
    const own = new Set(history.filter(isEvent).map(({ revision }) => revision))
    const lacking = order.filter(({ revision }) => !own.has(revision))
    return lacking.map((one) => `watcher ${watcher}: ${describe(one)} never came (reliable)`)
  })
}

/** What comes for the first time, or again after it was deleted, is ADDED; nothing else is. */
function wrongCreates(order: readonly WatchedEvent[], first: Listed): string[] {
  const exists = new Set(first.objects.keys())
  const found: string[] = []
  for (const one of order) {
    if ((one.type === 'ADDED') === exists.has(one.name))
      found.push(
        `${describe(one)}, but it ${exists.has(one.name) ? 'was' : 'was not'} there (is-create)`,
      )
    if (one.type === 'DELETED') exists.delete(one.name)
    else exists.add(one.name)
  }
  return found
}

function wrongEnds(order: readonly WatchedEvent[], first: Listed, last: Listed): string[] {
  const ends = new Map([...first.objects, ...order.map((one) => [one.name, one] as const)])
  const found: string[] = []
  for (const [name, { revision, value }] of last.objects) {
    const end = ends.get(name)
    if (end?.revision !== revision || end.value !== value)
      found.push(`${name} is at ${revision}, told was ${end?.revision ?? 'nothing'} (reliable)`)
  }
  return found
}

function isEvent(one: Watched): one is WatchedEvent {
  return one.type !== 'BOOKMARK'
}

function sameEvent(one: WatchedEvent, other: WatchedEvent): boolean {
  return one.type === other.type && one.name === other.name && one.value === other.value
}

function describe(one: Watched): string {
  return one.type === 'BOOKMARK'
    ? `bookmark ${one.revision}`
    : `${one.type} ${one.name} at ${one.revision}`
}

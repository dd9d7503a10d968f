/**
 * Is a history of operations on one register linearizable? The search of Wing and Gong with Lowe's
 * memory of (what was taken, state): a visited pair is never tried twice.
 */
export interface Operation {
  readonly invokedAt: number
  /** Infinity: nobody knows whether it ever took effect. */
  readonly returnedAt: number
  readonly action: RegisterAction
}

/** A value is unique to the write that made it; '' stands for no value. */
export type RegisterAction =
  | { readonly kind: 'write'; readonly value: string }
  | { readonly kind: 'read'; readonly value: string }
  /** Succeeded: it found `expected` and left `value`. */
  | { readonly kind: 'cas'; readonly expected: string; readonly value: string }
  /** Refused: it found `found`, which is not `expected`. */
  | { readonly kind: 'cas-refused'; readonly expected: string; readonly found: string }
  /** Nobody knows whether the compare held; it may have done nothing. */
  | { readonly kind: 'cas-unknown'; readonly expected: string; readonly value: string }

export type Verdict = 'linearizable' | 'not linearizable' | 'undecided'

/** The state after `action`, or undefined when it cannot have happened in `state`. */
export function stepRegister(state: string, action: RegisterAction): string | undefined {
  switch (action.kind) {
    case 'write':
      return action.value
    case 'read':
      return action.value === state ? state : undefined
    case 'cas':
      return action.expected === state ? action.value : undefined
    case 'cas-refused':
      return action.found === state && action.expected !== state ? state : undefined
    case 'cas-unknown':
      return action.expected === state ? action.value : state
  }
}

interface Node {
  readonly operation: Operation
  readonly id: number
  readonly isCall: boolean
  /** Of a call: where it returned. */
  match: Node | undefined
  previous: Node | undefined
  next: Node | undefined
}

/** Gives up, undecided, after `stepsMax`. */
export function checkRegister(
  history: readonly Operation[],
  initial = '',
  stepsMax = 1_000_000,
): Verdict {
  const operations = relevant(history)
  const head = eventList(operations)
  const taken = new Uint32Array((operations.length + 31) >> 5)
  const visited = new Set<string>()
  const stack: { node: Node; state: string }[] = []
  let open = operations.filter(({ returnedAt }) => returnedAt !== Number.POSITIVE_INFINITY).length
  let state = initial
  let at = head.next
  for (let steps = 0; open > 0; steps += 1) {
    if (steps > stepsMax) return 'undecided'
    if (at?.isCall) {
      const after = stepRegister(state, at.operation.action)
      if (after !== undefined && visit(visited, taken, at.id, after)) {
        stack.push({ node: at, state })
        if (at.operation.returnedAt !== Number.POSITIVE_INFINITY) open -= 1
        state = after
        lift(at)
        at = head.next
      } else at = at.next
      continue
    }
    // Something returned that could not be put in order, or nothing is left to try: go back.
    const last = stack.pop()
    if (!last) return 'not linearizable'
    unlift(last.node)
    clear(taken, last.node.id)
    if (last.node.operation.returnedAt !== Number.POSITIVE_INFINITY) open += 1
    state = last.state
    at = last.node.next
  }
  return 'linearizable'
}

/** An unknown write whose value nobody ever saw explains nothing: it may as well not have been. */
function relevant(history: readonly Operation[]): Operation[] {
  const seen = new Set<string>()
  for (const { action } of history) {
    if (action.kind === 'read') seen.add(action.value)
    else if (action.kind === 'cas-refused') seen.add(action.found)
    else if (action.kind === 'cas' || action.kind === 'cas-unknown') seen.add(action.expected)
  }
  return history.filter(({ returnedAt, action }) => {
    if (returnedAt !== Number.POSITIVE_INFINITY) return true
    if (action.kind === 'write' || action.kind === 'cas-unknown') return seen.has(action.value)
    return false
  })
}

function eventList(operations: readonly Operation[]): Node {
  const nodes: { at: number; rank: number; node: Node }[] = []
  for (const [id, operation] of operations.entries()) {
    const rest = { operation, id, previous: undefined, next: undefined }
    const back: Node = { ...rest, isCall: false, match: undefined }
    const call: Node = { ...rest, isCall: true, match: back }
    nodes.push({ at: operation.invokedAt, rank: 0, node: call })
    nodes.push({ at: operation.returnedAt, rank: 1, node: back })
  }
  // Of what happens at one instant, calls come first: that allows more orders, never fewer.
  nodes.sort((one, other) => (one.at === other.at ? one.rank - other.rank : one.at - other.at))
  const none: Operation = { invokedAt: 0, returnedAt: 0, action: { kind: 'write', value: '' } }
  const head: Node = {
    operation: none,
    id: -1,
    isCall: true,
    match: undefined,
    previous: undefined,
    next: undefined,
  }
  let last = head
  for (const { node } of nodes) {
    last.next = node
    node.previous = last
    last = node
  }
  return head
}

/** Marks `id` as taken unless that was tried with this state before. */
function visit(visited: Set<string>, taken: Uint32Array, id: number, state: string): boolean {
  const word = id >> 5
  taken[word] = (taken[word] as number) | (1 << (id & 31))
  const key = `${state}|${taken.join()}`
  if (visited.has(key)) {
    clear(taken, id)
    return false
  }
  visited.add(key)
  return true
}

function clear(taken: Uint32Array, id: number): void {
  const word = id >> 5
  taken[word] = (taken[word] as number) & ~(1 << (id & 31))
}

function lift(call: Node): void {
  unlink(call)
  if (call.match) unlink(call.match)
}

function unlift(call: Node): void {
  if (call.match) relink(call.match)
  relink(call)
}

function unlink(node: Node): void {
  if (node.previous) node.previous.next = node.next
  if (node.next) node.next.previous = node.previous
}

function relink(node: Node): void {
  if (node.previous) node.previous.next = node
  if (node.next) node.next.previous = node
}

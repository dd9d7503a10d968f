import type { AckedIndex, Majority } from '../../src/raft/core/quorum.ts'
import {
  ascending,
  jointCommittedIndex,
  jointIds,
  jointVoteResult,
  majorityCommittedIndex,
  majorityVoteResult,
} from '../../src/raft/core/quorum.ts'
import { type ScriptCase, wholeNumber } from './parse.ts'

const voteResults = { pending: 'VotePending', lost: 'VoteLost', won: 'VoteWon' } as const

interface QuorumArguments {
  readonly voters: number[]
  /** Undefined: a majority, not a joint quorum, is asked about. */
  outgoing: number[] | undefined
  /** In order of first mention of the voters; undefined for unknown. */
  readonly indexes: (number | undefined)[]
  readonly votes: (boolean | undefined)[]
}

/** `committed` and `vote`: the arithmetic of quorums, cross-checked by laws it must obey. */
export function runQuorumCase(one: ScriptCase): string {
  const { voters, outgoing, indexes, votes } = readArguments(one)
  const joint = { incoming: ascending(voters), outgoing: ascending(outgoing ?? []) }
  const order = [...new Set([...voters, ...(outgoing ?? [])])]
  const input = one.command === 'vote' ? votes : indexes
  if (order.length !== input.length)
    return `error: mismatched input (explicit or _) for voters ${order}: ${input}`
  const swapped = { incoming: joint.outgoing, outgoing: joint.incoming }
  if (one.command === 'vote') {
    const cast = new Map<number, boolean>()
    order.forEach((id, at) => {
      const vote = votes[at]
      if (vote !== undefined) cast.set(id, vote)
    })
    const result = jointVoteResult(joint, cast)
    const other =
      outgoing === undefined
        ? majorityVoteResult(joint.incoming, cast)
        : jointVoteResult(swapped, cast)
    const note = other === result ? '' : `${voteResults[other]} <-- via symmetry\n`
    return `${note}${voteResults[result]}\n`
  }
  if (one.command !== 'committed') throw new Error(`unknown command ${one.command}`)
  const known = new Map<number, number>()
  order.forEach((id, at) => {
    const index = indexes[at]
    if (index !== undefined) known.set(id, index)
  })
  const acked: AckedIndex = (id) => known.get(id)
  const result = jointCommittedIndex(joint, acked)
  const chart = describeAcks(jointIds(joint), acked)
  const notes =
    outgoing === undefined
      ? majorityLaws(joint.incoming, known, result)
      : broken('via symmetry', jointCommittedIndex(swapped, acked), result)
  return `${chart}${notes}${indexText(result)}\n`
}

function readArguments({ options }: ScriptCase): QuorumArguments {
  const read: QuorumArguments = { voters: [], outgoing: undefined, indexes: [], votes: [] }
  for (const { key, values } of options) {
    if (key === 'cfg') read.voters.push(...values.map(wholeNumber))
    else if (key === 'cfgj')
      read.outgoing = values.length === 1 && values[0] === 'zero' ? [] : values.map(wholeNumber)
    else if (key === 'idx')
      read.indexes.push(...values.map((text) => (text === '_' ? undefined : wholeNumber(text))))
    else if (key === 'votes') read.votes.push(...values.map(readVote))
    else throw new Error(`unknown option ${key}`)
  }
  return read
}

function readVote(text: string): boolean | undefined {
  if (text === '_') return undefined
  if (text === 'y' || text === 'n') return text === 'y'
  throw new Error(`unknown vote ${text}`)
}

/** Other ways to the same result; a line for each that differs. */
function majorityLaws(
  voters: Majority,
  known: ReadonlyMap<number, number>,
  result: number,
): string {
  const acked: AckedIndex = (id) => known.get(id)
  let notes = broken('via alternative computation', slowly(voters, acked), result)
  const empty = jointCommittedIndex({ incoming: voters, outgoing: [] }, acked)
  notes += broken('via zero-joint quorum', empty, result)
  const self = jointCommittedIndex({ incoming: voters, outgoing: voters }, acked)
  notes += broken('via self-joint quorum', self, result)
  // Who is behind the committed index may be further behind without changing it.
  for (const id of voters) {
    const own = acked(id) ?? 0
    if (own === 0 || own >= result) continue
    for (const lower of [own - 1, 0]) {
      const lowered = majorityCommittedIndex(voters, (one) => (one === id ? lower : acked(one)))
      notes += broken(`overlaying ${id}->${lower}`, lowered, result)
    }
  }
  return notes
}

function broken(law: string, value: number, expected: number): string {
  return value === expected ? '' : `${indexText(value)} <-- ${law}\n`
}

/** By definition: the highest index that more than half of the voters have reached. */
function slowly(voters: Majority, acked: AckedIndex): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  const reached = (index: number): number => voters.filter((id) => (acked(id) ?? 0) >= index).length
  const candidates = voters.map((id) => acked(id) ?? 0)
  return Math.max(0, ...candidates.filter((index) => reached(index) * 2 > voters.length))
}

function indexText(index: number): string {
  return Number.isFinite(index) ? String(index) : '∞'
}

/** One bar per voter, as long as the number of voters that it is ahead of. */
function describeAcks(voters: Majority, acked: AckedIndex): string {
  const width = voters.length
  if (width === 0) return '<empty majority quorum>'
  const indexes = voters.map((id) => acked(id) ?? 0)
  const rows = voters.map((id) => {
    const index = acked(id)
    const ahead = indexes.filter((other) => other < (index ?? 0)).length
    const bar =
      index === undefined
        ? `?${' '.repeat(width)}`
        : `${'x'.repeat(ahead)}>${' '.repeat(width - ahead)}`
    return `${bar} ${String(index ?? 0).padStart(5)}    (id=${id.toString(16)})\n`
  })
  return `${' '.repeat(width)}    idx\n${rows.join('')}`
}

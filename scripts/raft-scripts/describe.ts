import { decodeConfChange } from '../../src/raft/core/conf-change-codec.ts'
import {
  appendThreadId,
  applyThreadId,
  type ConfChangeSingle,
  type ConfChangeType,
  type ConfState,
  type Entry,
  type HardState,
  isEmptySnapshot,
  type Message,
  nobody,
  type Snapshot,
} from '../../src/raft/core/message.ts'
import type { Progress, ProgressState } from '../../src/raft/core/progress.ts'
import type { Majority } from '../../src/raft/core/quorum.ts'
import type { Ready, Role } from '../../src/raft/core/raw-node.ts'
import type { TrackerConfig } from '../../src/raft/core/tracker.ts'

/** The core's values in the notation of the scripts. */

const roles: Readonly<Record<Role, string>> = {
  follower: 'StateFollower',
  'pre-candidate': 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
}

const progressStates: Readonly<Record<ProgressState, string>> = {
  probe: 'StateProbe',
  replicate: 'StateReplicate',
  snapshot: 'StateSnapshot',
}

const changeLetters: Readonly<Record<ConfChangeType, string>> = {
  ConfChangeAddNode: 'v',
  ConfChangeAddLearnerNode: 'l',
  ConfChangeRemoveNode: 'r',
  ConfChangeUpdateNode: 'u',
}

export function describeRole(role: Role): string {
  return roles[role]
}

export function describeReady(ready: Ready): string {
  const parts: string[] = []
  const { softState, hardState, readStates, entries, snapshot, committedEntries } = ready
  if (softState !== undefined)
    parts.push(`Lead:${softState.leader} State:${describeRole(softState.role)}`)
  if (hardState !== undefined) parts.push(`HardState ${describeHardState(hardState)}`)
  if (readStates.length > 0) {
    const reads = readStates.map(({ index, context }) => `{${index} ${list([...context])}}`)
    parts.push(`ReadStates [${reads.join(' ')}]`)
  }
  if (entries.length > 0) parts.push('Entries:', ...entries.map(describeEntry))
  if (snapshot !== undefined) parts.push(`Snapshot ${describeSnapshot(snapshot)}`)
  if (committedEntries.length > 0)
    parts.push('CommittedEntries:', ...committedEntries.map(describeEntry))
  if (ready.messages.length > 0)
    parts.push('Messages:', ...ready.messages.map((message) => describeMessage(message)))
  if (parts.length === 0) return '<empty Ready>'
  return `Ready MustSync=${ready.mustSync}:\n${parts.join('\n')}\n`
}

function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === nobody ? '' : ` Vote:${vote}`} Commit:${commit}`
}

export function describeMessage(message: Message, indent = ''): string {
  const { from, to, type, term, logTerm, index, entries, snapshot, responses } = message
  const route = `${indent}${describeTarget(from)}->${describeTarget(to)}`
  let text = `${route} ${type} Term:${term} Log:${logTerm}/${index}`
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`
  if (message.commit !== 0) text += ` Commit:${message.commit}`
  if (message.vote !== nobody) text += ` Vote:${message.vote}`
  const [first] = entries
  if (first !== undefined && entries.length === 1) text += ` Entries:[${describeEntry(first)}]`
  else if (entries.length > 1) {
    const rows = entries.map((entry) => `\n${indent}  ${describeEntry(entry)}`)
    text += ` Entries:[${rows.join('')}\n${indent}]`
  }
  if (snapshot !== undefined && !isEmptySnapshot(snapshot))
    text += `\n${indent}  Snapshot: ${describeSnapshot(snapshot)}`
  if (responses.length > 0) {
    const rows = responses.map((response) => `\n${describeMessage(response, `${indent}  `)}`)
    text += ` Responses:[${rows.join('')}\n${indent}]`
  }
  return text
}

function describeTarget(id: number): string {
  if (id === nobody) return 'None'
  if (id === appendThreadId) return 'AppendThread'
  if (id === applyThreadId) return 'ApplyThread'
  return id.toString(16)
}

export function describeEntry(entry: Entry): string {
  const change = decodeConfChange(entry)
  const content = change === undefined ? quote(entry.data) : describeChanges(change.changes)
  return `${entry.term}/${entry.index} ${entry.type}${content === '' ? '' : ` ${content}`}`
}

function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${changeLetters[type]}${nodeId}`).join(' ')
}

/** `v1 l2 r3 u4`; throws on other words. */
export function parseChanges(text: string): readonly ConfChangeSingle[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  return words.map((word) => {
    const found = Object.entries(changeLetters).find(([, letter]) => letter === word[0])
    if (found === undefined || !/^\d+$/.test(word.slice(1)))
      throw new Error(`${word} is not a membership change`)
    return { type: found[0] as ConfChangeType, nodeId: Number(word.slice(1)) }
  })
}

function describeSnapshot({ metadata }: Snapshot): string {
  const { index, term, confState } = metadata
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`
}

function describeConfState(state: ConfState): string {
  return [
    `Voters:${list(state.voters)}`,
    `VotersOutgoing:${list(state.votersOutgoing)}`,
    `Learners:${list(state.learners)}`,
    `LearnersNext:${list(state.learnersNext)}`,
    `AutoLeave:${state.autoLeave}`,
  ].join(' ')
}

function list(numbers: readonly number[]): string {
  return `[${numbers.join(' ')}]`
}

export function describeConfig({
  voters,
  learners,
  learnersNext,
  autoLeave,
}: TrackerConfig): string {
  let text = `voters=${ids(voters.incoming)}`
  if (voters.outgoing.length > 0) text += `&&${ids(voters.outgoing)}`
  if (learners.length > 0) text += ` learners=${ids(learners)}`
  if (learnersNext.length > 0) text += ` learners_next=${ids(learnersNext)}`
  return autoLeave ? `${text} autoleave` : text
}

function ids(members: Majority): string {
  return `(${members.map((id) => id.toString(16)).join(' ')})`
}

export function describeProgressMap(map: ReadonlyMap<number, Progress>): string {
  return [...map]
    .sort(([a], [b]) => a - b)
    .map(([id, progress]) => `${id}: ${describeProgress(progress)}\n`)
    .join('')
}

function describeProgress(progress: Progress): string {
  let text = `${progressStates[progress.state]} match=${progress.match} next=${progress.next}`
  if (progress.isLearner) text += ' learner'
  if (progress.isPaused()) text += ' paused'
  if (progress.pendingSnapshot > 0) text += ` pendingSnap=${progress.pendingSnapshot}`
  if (!progress.recentActive) text += ' inactive'
  const { count } = progress.inflights
  if (count > 0) text += ` inflight=${count}${progress.inflights.full() ? '[full]' : ''}`
  return text
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
])

/** Bytes as a quoted string: printable text as it is, the rest escaped. */
function quote(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const codes = [...bytes].map((byte) =>
      byte < 0x80 ? escapeCharacter(String.fromCharCode(byte)) : hex('\\x', byte, 2),
    )
    return `"${codes.join('')}"`
  }
  return `"${[...text].map(escapeCharacter).join('')}"`
}

function escapeCharacter(character: string): string {
  const known = escapes.get(character)
  if (known !== undefined) return known
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) return character
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return hex('\\x', code, 2)
  return code < 0x1_0000 ? hex('\\u', code, 4) : hex('\\U', code, 8)
}

function hex(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).padStart(digits, '0')
}

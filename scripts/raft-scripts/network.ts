import { asV2, decodeConfChange } from '../../src/raft/core/conf-change-codec.ts'
import type {
  Entry,
  HardState,
  Message,
  MessageType,
  Snapshot,
} from '../../src/raft/core/message.ts'
import { isStorageThread } from '../../src/raft/core/message.ts'
import { type RaftConfig, RawNode } from '../../src/raft/core/raw-node.ts'
import { emptyConfState, MemoryStorage } from '../../src/raft/core/storage.ts'
import { describeMessage, describeReady } from './describe.ts'

const levels = ['debug', 'info', 'warn', 'error', 'fatal', 'none']

/** Collects what a command prints. Level `none` silences it; our core prints no log lines at all. */
export class Output {
  text = ''
  level = 'debug'

  get quiet(): boolean {
    return this.level === 'none'
  }

  clear(): void {
    this.text = ''
  }

  write(text: string): void {
    if (!this.quiet) this.text += text
  }

  /** The title, then what `work` prints, two columns to the right. */
  indented(title: string, work: () => void): void {
    this.write(title)
    const before = this.text
    this.text = ''
    work()
    const lines = this.text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    this.text = before + lines.map((line) => `  ${line}\n`).join('')
  }

  /** An error text when there is no such level. */
  setLevel(name: string): string | undefined {
    const level = name.toLowerCase()
    if (!levels.includes(level)) return `log levels must be either of [${levels.join(' ')}]`
    this.level = level
    return undefined
  }
}

/** Hands out the newest state as snapshot, whether or not the log was compacted there. */
class ScriptStorage extends MemoryStorage {
  readonly history: Snapshot[]

  constructor(start: Snapshot) {
    super(start)
    this.history = [start]
  }

  override snapshot(): Snapshot | undefined {
    return this.history.at(-1)
  }
}

export interface ScriptMember {
  readonly id: number
  readonly node: RawNode
  readonly storage: ScriptStorage
  readonly async: boolean
  readonly appendWork: Message[]
  readonly applyWork: Message[]
}

const stepErrors = {
  dropped: 'raft proposal dropped',
  local: 'raft: cannot step raft local message',
  'unknown-peer': 'raft: cannot step as peer not found',
} as const

/** Members, their storage threads and the messages between them: nothing moves unless told to. */
export class ScriptNetwork {
  readonly members: ScriptMember[] = []
  messages: Message[] = []
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  member(id: number): ScriptMember {
    const member = this.members[id - 1]
    if (member === undefined) throw new Error(`there is no member ${id}`)
    return member
  }

  /** A member that starts from the given state; an error text when that is impossible. */
  add(
    config: Omit<RaftConfig, 'id' | 'storage'>,
    start: { voters: number[]; learners: number[]; index: number; data: Uint8Array },
  ): string | undefined {
    const { voters, learners, index, data } = start
    const id = this.members.length + 1
    const isEmpty = voters.length + learners.length + index + data.byteLength === 0
    if (!isEmpty && index <= 1) return 'index must be specified as > 1 due to bootstrap'
    const confState = { ...emptyConfState, voters, learners }
    const storage = new ScriptStorage({
      metadata: { index, term: isEmpty ? 0 : 1, confState },
      data,
    })
    const node = new RawNode({ ...config, id, storage })
    const async = config.asyncStorageWrites === true
    this.members.push({ id, node, storage, async, appendWork: [], applyWork: [] })
    return undefined
  }

  processReady(member: ScriptMember): void {
    const ready = member.node.ready()
    this.#output.write(describeReady(ready))
    if (!member.async) {
      store(member, ready.hardState, ready.entries, ready.snapshot)
      apply(member, ready.committedEntries)
    }
    for (const message of ready.messages) {
      if (!isStorageThread(message.to)) this.messages.push(message)
      else if (message.type === 'MsgStorageAppend') member.appendWork.push(message)
      else member.applyWork.push(message)
    }
    if (!member.async) member.node.advance()
  }

  processAppend(member: ScriptMember): void {
    const message = member.appendWork.shift()
    if (message === undefined) {
      this.#output.write('no append work to perform')
      return
    }
    const { term, vote, commit } = message
    const isEmpty = term === 0 && vote === 0 && commit === 0
    this.#process(message, () =>
      store(
        member,
        isEmpty ? undefined : { term, vote, commit },
        message.entries,
        message.snapshot,
      ),
    )
  }

  processApply(member: ScriptMember): void {
    const message = member.applyWork.shift()
    if (message === undefined) this.#output.write('no apply work to perform')
    else this.#process(message, () => apply(member, message.entries))
  }

  #process(message: Message, work: () => void): void {
    this.#output.write(`Processing:\n${describeMessage({ ...message, responses: [] })}\n`)
    work()
    this.#output.write('Responses:\n')
    for (const response of message.responses) this.#output.write(`${describeMessage(response)}\n`)
    this.messages.push(...message.responses)
  }

  /** Delivers or drops what is under way to a member; returns how many messages that were. */
  deliver(id: number, type: MessageType | undefined, drop: boolean): number {
    const chosen = (message: Message): boolean =>
      message.to === id &&
      !(drop && isLocal(message)) &&
      (type === undefined || message.type === type)
    const taken = this.messages.filter(chosen)
    this.messages = this.messages.filter((message) => !chosen(message))
    for (const message of taken) {
      this.#output.write(`${drop ? 'dropped: ' : ''}${describeMessage(message)}\n`)
      if (drop) continue
      const result = this.member(id).node.step(message)
      if (result !== 'ok') this.#output.write(`${stepErrors[result]}\n`)
    }
    return taken.length
  }

  /** Rounds of all that can be done, until nothing is left: for all members, or for some. */
  stabilize(ids: readonly number[]): void {
    const members = ids.length === 0 ? [...this.members] : ids.map((id) => this.member(id))
    for (let done = false; !done; ) {
      done = true
      const round = (title: string, due: () => boolean, work: () => void): void => {
        if (!due()) return
        done = false
        this.#output.indented(title, work)
      }
      for (const member of members)
        round(
          `> ${member.id} handling Ready\n`,
          () => member.node.hasReady(),
          () => this.processReady(member),
        )
      for (const { id } of members)
        round(
          `> ${id} receiving messages\n`,
          () => this.messages.some(({ to }) => to === id),
          () => this.deliver(id, undefined, false),
        )
      for (const member of members)
        round(
          `> ${member.id} processing append thread\n`,
          () => member.appendWork.length > 0,
          () => {
            while (member.appendWork.length > 0) this.processAppend(member)
          },
        )
      for (const member of members)
        round(
          `> ${member.id} processing apply thread\n`,
          () => member.applyWork.length > 0,
          () => {
            while (member.applyWork.length > 0) this.processApply(member)
          },
        )
    }
  }
}

/** Messages that never leave the process cannot get lost. */
function isLocal({ from, to }: Message): boolean {
  return from === to || isStorageThread(from) || isStorageThread(to)
}

function store(
  { storage }: ScriptMember,
  hardState: HardState | undefined,
  entries: readonly Entry[],
  snapshot: Snapshot | undefined,
): void {
  if (hardState !== undefined) storage.setHardState(hardState)
  if (snapshot === undefined) storage.append(entries)
  else if (entries.length > 0) throw new Error('a snapshot and entries came at the same time')
  else storage.applySnapshot(snapshot)
}

/** The state machine of the scripts: all data, one after the other. */
function apply({ node, storage }: ScriptMember, entries: readonly Entry[]): void {
  for (const entry of entries) {
    const last = storage.history.at(-1)
    if (last === undefined) throw new Error('there is always a state')
    const change = decodeConfChange(entry)
    const confState =
      change === undefined ? last.metadata.confState : node.applyConfChange(asV2(change))
    const update = change === undefined ? entry.data : change.context
    const data = new Uint8Array(last.data.byteLength + update.byteLength)
    data.set(last.data)
    data.set(update, last.data.byteLength)
    const { index, term } = entry
    storage.history.push({ metadata: { index, term, confState }, data })
  }
}

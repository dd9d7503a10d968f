import { assert } from '../../../src/base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { asV2, decodeConfChange } from '../../../src/raft/core/conf-change-codec.ts'
import type {
  ConfState,
  Entry,
  HardState,
  Message,
  MessageType,
  Snapshot,
} from '../../../src/raft/core/message.ts'
import { isStorageThread } from '../../../src/raft/core/message.ts'
import {
  type RaftConfig,
  RawNode,
  type ReadState,
  type Role,
} from '../../../src/raft/core/raw-node.ts'
import { emptyConfState, MemoryStorage } from '../../../src/raft/core/storage.ts'

export type MemberOptions = Partial<Omit<RaftConfig, 'id' | 'storage' | 'applied'>>

export function voters(...ids: readonly MemberId[]): ConfState {
  return { ...emptyConfState, voters: ids }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data)
}

export function entry(index: LogIndex, term: Term, data = ''): Entry {
  return { index, term, type: 'EntryNormal', data: bytes(data) }
}

/** Election timeout 10 ticks, heartbeat 1, as the paper's "order of magnitude" asks for. */
export function makeNode(
  id: MemberId,
  storage: MemoryStorage,
  options: MemberOptions = {},
): RawNode {
  return new RawNode({
    id,
    storage,
    electionTicks: 10,
    heartbeatTicks: 1,
    inflightMessagesMax: 256,
    random: new SeededRandom(id),
    ...options,
  })
}

/** A storage that holds `log` (terms, from index 1 on) and `hardState`. */
export function storageWith(
  members: ConfState,
  terms: readonly Term[],
  hardState?: HardState,
): MemoryStorage {
  const storage = new MemoryStorage(members)
  storage.append(terms.map((term, at) => entry(at + 1, term)))
  if (hardState !== undefined) storage.setHardState(hardState)
  return storage
}

/** Everything that a node wants to send, its disk being infinitely fast. */
export function sent(node: RawNode): readonly Message[] {
  const { storage } = node.raft.settings
  assert(storage instanceof MemoryStorage, 'tests store in memory')
  const messages: Message[] = []
  while (node.hasReady()) {
    const ready = node.ready()
    if (ready.snapshot !== undefined) storage.applySnapshot(ready.snapshot)
    storage.append(ready.entries)
    if (ready.hardState !== undefined) storage.setHardState(ready.hardState)
    messages.push(...ready.messages)
    node.advance()
  }
  return messages
}

export function only(messages: readonly Message[], type: MessageType): readonly Message[] {
  return messages.filter((message) => message.type === type)
}

/** A member with a disk, a state machine and storage threads that work when told to. */
export class Member {
  readonly id: MemberId
  readonly storage: MemoryStorage
  readonly #options: MemberOptions
  node: RawNode
  /** Work in progress is lost in a crash. */
  work: Message[] = []
  readonly reads: ReadState[] = []
  /** What the state machine has seen, since the last restart or snapshot. */
  appliedIndex: LogIndex = 0
  state = ''
  confState: ConfState
  onApplied: (member: Member, entry: Entry) => void = () => undefined

  constructor(id: MemberId, storage: MemoryStorage, options: MemberOptions) {
    this.id = id
    this.storage = storage
    this.#options = options
    this.confState = storage.initialState().confState
    this.node = makeNode(id, storage, options)
    this.#load()
  }

  get async(): boolean {
    return this.#options.asyncStorageWrites === true
  }

  get role(): Role {
    return this.node.status().role
  }

  /** A new process on the same disk: everything not stored is gone. */
  restart(): void {
    this.work = []
    this.#load()
    const applied = this.appliedIndex
    const options = { ...this.#options, random: new SeededRandom(this.id * 100_003 + applied) }
    this.node = new RawNode({
      id: this.id,
      storage: this.storage,
      electionTicks: 10,
      heartbeatTicks: 1,
      inflightMessagesMax: 256,
      ...options,
      applied,
    })
  }

  #load(): void {
    const snapshot = this.storage.snapshot()
    assert(snapshot !== undefined, 'a memory storage has a snapshot')
    this.#take(snapshot)
  }

  #take({ metadata, data }: Snapshot): void {
    this.appliedIndex = metadata.index
    this.confState = metadata.confState
    this.state = text(data)
  }

  /** Does one Ready; returns what is to be sent. */
  turn(): readonly Message[] {
    const ready = this.node.ready()
    this.reads.push(...ready.readStates)
    if (this.async) {
      this.work.push(...ready.messages.filter(({ to }) => isStorageThread(to)))
      return ready.messages.filter(({ to }) => !isStorageThread(to))
    }
    this.#store(ready.hardState, ready.entries, ready.snapshot)
    this.#apply(ready.committedEntries)
    this.node.advance()
    return ready.messages
  }

  /** Does the oldest storage work; returns what is to be sent, our own answers included. */
  workOnce(): readonly Message[] {
    const message = this.work.shift()
    if (message === undefined) return []
    const { term, vote, commit, entries, snapshot } = message
    if (message.type === 'MsgStorageApply') this.#apply(entries)
    else {
      const hardState = term === 0 ? undefined : { term, vote, commit }
      this.#store(hardState, entries, snapshot)
    }
    return message.responses
  }

  #store(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
  ): void {
    if (snapshot !== undefined) {
      this.storage.applySnapshot(snapshot)
      this.#take(snapshot)
    }
    this.storage.append(entries)
    if (hardState !== undefined) this.storage.setHardState(hardState)
  }

  #apply(entries: readonly Entry[]): void {
    for (const one of entries) {
      assert(one.index === this.appliedIndex + 1, 'entries are applied in order, each once')
      const change = decodeConfChange(one)
      if (change !== undefined) this.confState = this.node.applyConfChange(asV2(change))
      this.appliedIndex = one.index
      this.state = digest(`${this.state}|${one.index}/${one.term}/${one.type}/${one.data}`)
      this.onApplied(this, one)
    }
  }

  /** A snapshot of the state machine; the log before it is dropped, but for `keep` entries. */
  compact(keep: number): void {
    if (this.appliedIndex <= (this.storage.snapshot()?.metadata.index ?? 0)) return
    // A received snapshot is about to replace what would be saved.
    if (this.node.raft.log.unstable.snapshot !== undefined) return
    this.storage.createSnapshot(this.appliedIndex, this.confState, bytes(this.state))
    this.storage.compact(Math.max(0, this.appliedIndex - keep))
  }
}

/** FNV-1a over the text: equal states have equal digests, which is all that tests need. */
function digest(value: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < value.length; at += 1)
    hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193) >>> 0
  return hash.toString(16)
}

/** Members and the messages between them; nothing is lost unless `cut` says so. */
export class Cluster {
  readonly members: readonly Member[]
  messages: Message[] = []
  /** True for a message that the network loses. */
  cut: (message: Message) => boolean = () => false

  constructor(storages: readonly MemoryStorage[], options: MemberOptions = {}) {
    this.members = storages.map((storage, at) => new Member(at + 1, storage, options))
  }

  static of(count: number, options: MemberOptions = {}): Cluster {
    const ids = Array.from({ length: count }, (_, at) => at + 1)
    return new Cluster(
      ids.map(() => new MemoryStorage(voters(...ids))),
      options,
    )
  }

  member(id: MemberId): Member {
    const member = this.members[id - 1]
    assert(member !== undefined, `there is a member ${id}`)
    return member
  }

  node(id: MemberId): RawNode {
    return this.member(id).node
  }

  /** Who leads the highest term; undefined when nobody does. */
  leader(): Member | undefined {
    return this.members
      .filter(({ role }) => role === 'leader')
      .sort((a, b) => b.node.status().term - a.node.status().term)[0]
  }

  /** Works and delivers until nothing moves any more. */
  settle(): void {
    for (let quiet = false; !quiet; ) {
      quiet = true
      for (const member of this.members) {
        while (member.node.hasReady() || member.work.length > 0) {
          quiet = false
          if (member.node.hasReady()) this.messages.push(...member.turn())
          this.messages.push(...member.workOnce())
        }
      }
      const batch = this.messages
      this.messages = []
      for (const message of batch) {
        quiet = false
        this.deliver(message)
      }
    }
  }

  deliver(message: Message): void {
    if (message.to !== message.from && this.cut(message)) return
    this.member(message.to).node.step(message)
  }

  isolate(...ids: readonly MemberId[]): void {
    this.cut = ({ from, to }) => ids.includes(from) || ids.includes(to)
  }

  heal(): void {
    this.cut = () => false
  }

  elect(id: MemberId): void {
    this.node(id).campaign()
    this.settle()
    assert(this.leader()?.id === id, `member ${id} wins its election`)
  }

  tick(id: MemberId, count = 1): void {
    for (let at = 0; at < count; at += 1) this.node(id).tick()
  }

  /** Everybody ticks, and everything settles, until `done`. */
  until(done: () => boolean, ticksMax = 200): void {
    for (let at = 0; !done(); at += 1) {
      assert(at < ticksMax, `it happens within ${ticksMax} ticks`)
      for (const { node } of this.members) node.tick()
      this.settle()
    }
  }
}

import { SeededRandom } from '../../src/base/random.ts'
import type { ConfChange, ConfChangeTransition, MessageType } from '../../src/raft/core/message.ts'
import { makeMessage, noBytes } from '../../src/raft/core/message.ts'
import type { RaftConfig } from '../../src/raft/core/raw-node.ts'
import {
  describeEntry,
  describeMessage,
  describeProgressMap,
  describeRole,
  parseChanges,
} from './describe.ts'
import { Output, type ScriptMember, ScriptNetwork } from './network.ts'
import { type ScriptCase, type ScriptOption, truth, wholeNumber } from './parse.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

const transitions: Readonly<Record<string, ConfChangeTransition>> = {
  auto: 'ConfChangeTransitionAuto',
  implicit: 'ConfChangeTransitionJointImplicit',
  explicit: 'ConfChangeTransitionJointExplicit',
}

const droppedText = 'raft proposal dropped'

/** A cluster that a script drives command by command; each answers with text. */
export class InteractionScript {
  readonly #output = new Output()
  readonly #network = new ScriptNetwork(this.#output)
  readonly #commands: Readonly<Record<string, (one: ScriptCase) => string | undefined>> = {
    'add-nodes': (one) => this.#addNodes(one),
    campaign: (one) => this.#tell(one, ({ node }) => node.campaign()),
    compact: (one) => this.#compact(one),
    'deliver-msgs': (one) => this.#deliver(one),
    'forget-leader': (one) => this.#tell(one, ({ node }) => node.forgetLeader()),
    'log-level': (one) => this.#setLevel(only(one)),
    'process-append-thread': (one) => this.#each(one, 'append'),
    'process-apply-thread': (one) => this.#each(one, 'apply'),
    'process-ready': (one) => this.#each(one, 'ready'),
    propose: (one) => this.#propose(one),
    'propose-conf-change': (one) => this.#proposeConfChange(one),
    'raft-log': (one) => this.#log(this.#member(only(one))),
    'raft-state': (one) => this.#states(one),
    'report-unreachable': (one) => this.#reportUnreachable(one),
    'send-snapshot': (one) => this.#sendSnapshot(one),
    'set-randomized-election-timeout': (one) => this.#setElectionTicks(one),
    stabilize: (one) => this.#stabilize(one),
    status: (one) => this.#status(one),
    'tick-election': (one) => this.#tick(one, electionTicks),
    'tick-heartbeat': (one) => this.#tick(one, heartbeatTicks),
    'transfer-leadership': (one) => this.#transfer(one),
  }

  run(one: ScriptCase): string {
    const handle = this.#commands[one.command]
    if (handle === undefined) throw new Error(`unknown command ${one.command}`)
    this.#output.clear()
    const error = handle(one)
    if (error !== undefined) {
      if (this.#output.quiet) return error
      this.#output.write(error)
    }
    return this.#output.text === '' ? 'ok' : this.#output.text
  }

  #member(id: string | undefined): ScriptMember {
    return this.#network.member(wholeNumber(id))
  }

  #tell(one: ScriptCase, what: (member: ScriptMember) => void): undefined {
    what(this.#member(only(one)))
  }

  #tick(one: ScriptCase, count: number): undefined {
    const { node } = this.#member(only(one))
    for (let at = 0; at < count; at += 1) node.tick()
  }

  #addNodes(one: ScriptCase): string | undefined {
    const [count, ...options] = one.options
    const config: Writable<Omit<RaftConfig, 'id' | 'storage'>> = {
      electionTicks,
      heartbeatTicks,
      inflightMessagesMax: Number.MAX_SAFE_INTEGER,
      random: new SeededRandom(one.line),
    }
    const start = { voters: [] as number[], learners: [] as number[], index: 0, data: noBytes }
    for (const { key, values } of options) {
      if (values.length === 0) throw new Error(`option ${key} has no value`)
      if (key === 'voters') start.voters.push(...values.map(wholeNumber))
      else if (key === 'learners') start.learners.push(...values.map(wholeNumber))
      else if (key === 'index') start.index = wholeNumber(values[0])
      else if (key === 'content') start.data = new TextEncoder().encode(values[0])
      else configure(config, key, values[0])
    }
    if (start.index > 0) config.applied = start.index
    for (let at = wholeNumber(count?.key); at > 0; at -= 1) {
      const error = this.#network.add(config, start)
      if (error !== undefined) return error
    }
    return undefined
  }

  #propose(one: ScriptCase): string | undefined {
    const [id, data, ...more] = words(one)
    if (data === undefined || more.length > 0) throw new Error('propose takes a member and a word')
    const result = this.#member(id).node.propose(new TextEncoder().encode(data))
    return result === 'dropped' ? droppedText : undefined
  }

  #proposeConfChange(one: ScriptCase): string | undefined {
    const [id, ...options] = one.options
    let isV1 = false
    let transition: ConfChangeTransition | undefined = 'ConfChangeTransitionAuto'
    for (const { key, values } of options) {
      if (key === 'v1') isV1 = truth(values[0])
      else if (key === 'transition') transition = transitions[values[0] ?? '']
      else throw new Error(`unknown option ${key}`)
    }
    if (transition === undefined) throw new Error('unknown transition')
    const changes = parseChanges(one.input)
    const [first] = changes
    let change: ConfChange = { transition, changes, context: noBytes }
    if (isV1) {
      if (first === undefined || changes.length > 1 || transition !== 'ConfChangeTransitionAuto')
        throw new Error('a v1 change has one operation and no transition')
      change = { ...first, context: noBytes }
    }
    const result = this.#member(id?.key).node.proposeConfChange(change)
    return result === 'dropped' ? droppedText : undefined
  }

  #each(one: ScriptCase, what: 'ready' | 'append' | 'apply'): undefined {
    const ids = words(one).map(wholeNumber)
    const titles = {
      ready: 'handling Ready',
      append: 'processing append thread',
      apply: 'processing apply thread',
    }
    for (const id of ids) {
      const member = this.#network.member(id)
      const work = (): void => {
        if (what === 'ready') this.#network.processReady(member)
        else if (what === 'append') this.#network.processAppend(member)
        else this.#network.processApply(member)
      }
      if (ids.length === 1) work()
      else this.#output.indented(`> ${id} ${titles[what]}\n`, work)
    }
  }

  #deliver(one: ScriptCase): undefined {
    let type: MessageType | undefined
    const recipients: { id: number; drop: boolean }[] = []
    for (const { key, values } of one.options) {
      if (values.length === 0) recipients.push({ id: wholeNumber(key), drop: false })
      else if (key === 'drop')
        recipients.push(...values.map((id) => ({ id: wholeNumber(id), drop: true })))
      else if (key === 'type') type = values[0] as MessageType
      else throw new Error(`unknown option ${key}`)
    }
    let count = 0
    for (const { id, drop } of recipients) count += this.#network.deliver(id, type, drop)
    if (count === 0) this.#output.write('no messages\n')
  }

  #stabilize(one: ScriptCase): string | undefined {
    const before = this.#output.level
    const ids: number[] = []
    for (const { key, values } of one.options) {
      if (values.length === 0) ids.push(wholeNumber(key))
      else if (key === 'log-level') {
        const error = this.#setLevel(values[0])
        if (error !== undefined) return error
      } else throw new Error(`unknown option ${key}`)
    }
    this.#network.stabilize(ids)
    this.#output.level = before
    return undefined
  }

  #setLevel(name: string | undefined): string | undefined {
    return this.#output.setLevel(name ?? '')
  }

  #log({ storage }: ScriptMember): undefined {
    const first = storage.firstIndex()
    const last = storage.lastIndex()
    if (last < first) this.#output.write(`log is empty: first index=${first}, last index=${last}`)
    for (const entry of storage.entries(first, last + 1, Number.POSITIVE_INFINITY) ?? [])
      this.#output.write(`${describeEntry(entry)}\n`)
  }

  #compact(one: ScriptCase): string | undefined {
    const [id, index] = words(one)
    const member = this.#member(id)
    if (wholeNumber(index) < member.storage.firstIndex())
      return 'requested index is unavailable due to compaction'
    member.storage.compact(wholeNumber(index))
    return this.#log(member)
  }

  #states(one: ScriptCase): undefined {
    if (one.options.length > 0) throw new Error('raft-state takes no option')
    for (const { node } of this.#network.members) {
      const { id, role, term, leader, config } = node.status()
      const isVoter = [...config.voters.incoming, ...config.voters.outgoing].includes(id)
      const kind = isVoter ? '(Voter)' : '(Non-Voter)'
      this.#output.write(`${id}: ${describeRole(role)} ${kind} Term:${term} Lead:${leader}\n`)
    }
  }

  #status(one: ScriptCase): undefined {
    const { raft } = this.#member(only(one)).node
    if (raft.role === 'leader') this.#output.write(describeProgressMap(raft.tracker.progress))
  }

  #reportUnreachable(one: ScriptCase): undefined {
    const [on, about] = pair(one)
    this.#member(on).node.reportUnreachable(wholeNumber(about))
  }

  #sendSnapshot(one: ScriptCase): undefined {
    const [from, to] = pair(one).map(wholeNumber) as [number, number]
    const { node, storage } = this.#network.member(from)
    const snapshot = storage.snapshot()
    const message = makeMessage('MsgSnap', to, { from, term: node.status().term, snapshot })
    this.#network.messages.push(message)
    this.#output.write(describeMessage(message))
  }

  #setElectionTicks(one: ScriptCase): undefined {
    const [id, timeout] = one.options
    if (timeout?.key !== 'timeout' || one.options.length !== 2)
      throw new Error('a member and timeout= are needed')
    const { raft } = this.#member(id?.key).node
    raft.randomizedElectionTicks = wholeNumber(timeout.values[0])
  }

  #transfer(one: ScriptCase): undefined {
    const values = new Map(one.options.map(({ key, values: [value] }) => [key, value]))
    if (values.size !== 2) throw new Error('from= and to= are needed')
    const to = wholeNumber(values.get('to'))
    this.#network.member(to)
    this.#member(values.get('from')).node.transferLeadership(to)
  }
}

const electionTicks = 3
const heartbeatTicks = 1

function configure(
  config: Writable<Omit<RaftConfig, 'id' | 'storage'>>,
  key: string,
  value: string | undefined,
): void {
  if (key === 'inflight') config.inflightMessagesMax = wholeNumber(value)
  else if (key === 'async-storage-writes') config.asyncStorageWrites = truth(value)
  else if (key === 'prevote') config.preVote = truth(value)
  else if (key === 'checkquorum') config.checkQuorum = truth(value)
  else if (key === 'max-committed-size-per-ready')
    config.committedBytesPerReadyMax = wholeNumber(value)
  else if (key === 'disable-conf-change-validation')
    config.disableConfChangeValidation = truth(value)
  else if (key === 'step-down-on-removal') config.stepDownOnRemoval = truth(value)
  else if (key === 'read-only' && (value === 'safe' || value === 'lease-based'))
    config.readOnlyOption = value
  else throw new Error(`unknown option ${key}=${value}`)
}

/** The keys of options without values; an option with one is unknown here. */
function words({ options }: ScriptCase): readonly string[] {
  return options.map(({ key, values }: ScriptOption) => {
    if (values.length > 0) throw new Error(`unknown option ${key}`)
    return key
  })
}

function only(one: ScriptCase): string {
  const [word, ...more] = words(one)
  if (word === undefined || more.length > 0) throw new Error(`${one.command} takes one word`)
  return word
}

function pair(one: ScriptCase): readonly [string, string] {
  const [first, second, ...more] = words(one)
  if (first === undefined || second === undefined || more.length > 0)
    throw new Error(`${one.command} takes two members`)
  return [first, second]
}

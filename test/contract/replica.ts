import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LogIndex, MemberId, Term } from '../../src/base/brand.ts'
import { isStatus } from '../../src/base/status.ts'
import type { CommittedEntry, LeadershipView, Replica } from '../../src/raft/replica.ts'

/** A replica with the simplest state machine on top: the list of all commands. */
export class Member {
  readonly replica: Replica
  readonly views: LeadershipView[] = []
  readonly failures: Error[] = []
  commands: string[] = []
  lastIndex = 0
  lastTerm = 0
  restores = 0
  isDead = false
  saved = 0
  readonly #cluster: ReplicaCluster
  #holdsApplied = false

  constructor(replica: Replica, cluster: ReplicaCluster) {
    this.replica = replica
    this.#cluster = cluster
    replica.listen({
      committed: (entries) => this.#committed(entries),
      restored: (index, term, blocks) => this.#restored(index, term, blocks),
      leadership: (view) => {
        this.views.push(view)
        cluster.changed()
      },
      snapshotWanted: () => this.#save(),
      failed: (error) => {
        this.failures.push(error)
        cluster.changed()
      },
    })
  }

  get id(): MemberId {
    return this.replica.memberId
  }

  get isLeader(): boolean {
    return this.replica.status().role === 'leader'
  }

  /** From now on it does not say what it applied, as if it did not get on. */
  holdApplied(): void {
    this.#holdsApplied = true
  }

  releaseApplied(): void {
    this.#holdsApplied = false
    this.replica.applied(this.lastIndex as LogIndex)
  }

  #committed(entries: readonly CommittedEntry[]): void {
    for (const { index, term, command } of entries) {
      assert.equal(index, this.lastIndex + 1, `member ${this.id}: no gap, nothing twice`)
      assert.ok(term >= this.lastTerm, 'terms only grow')
      this.lastIndex = index
      this.lastTerm = term
      if (command.length > 0) this.commands.push(Buffer.from(command).toString())
    }
    if (!this.#holdsApplied) this.replica.applied(this.lastIndex as LogIndex)
    this.#cluster.changed()
  }

  async #restored(index: LogIndex, term: Term, blocks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = []
    for await (const block of blocks) parts.push(block)
    this.commands = JSON.parse(Buffer.concat(parts).toString()) as string[]
    this.lastIndex = index
    this.lastTerm = term
    this.restores += 1
    this.#cluster.changed()
  }

  #save(): void {
    const state = Buffer.from(JSON.stringify(this.commands))
    const blocks = async function* () {
      for (let at = 0; at < state.length; at += 100) yield state.subarray(at, at + 100)
    }
    this.replica
      .saveSnapshot(this.lastIndex as LogIndex, this.lastTerm as Term, blocks())
      .then(() => {
        this.saved += 1
        this.#cluster.changed()
      })
      .catch((error: unknown) => this.#cluster.note(error))
  }
}

export interface ReplicaCluster {
  readonly ids: readonly MemberId[]
  /** Starts a member on the disk that it had. */
  start(id: MemberId): Promise<Member>
  /** As by SIGKILL: no goodbye. */
  kill(member: Member): Promise<void>
  /** Its disk is empty from here on. The member must not run. */
  wipe(id: MemberId): Promise<void>
  /** Something happened: whoever waits looks again. */
  changed(): void
  /** An error that nobody else hears of. */
  note(error: unknown): void
  until<T>(what: string, find: () => T | undefined | false): Promise<T>
}

/** The part of a cluster that waits. */
export class Watcher {
  readonly #waiting = new Set<() => void>()
  readonly errors: unknown[] = []

  changed(): void {
    for (const look of [...this.#waiting]) look()
  }

  note(error: unknown): void {
    this.errors.push(error)
  }

  until<T>(what: string, find: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look)
        reject(new Error(`waited too long for: ${what}`, { cause: this.errors[0] }))
      }, 20_000)
      const look = () => {
        const found = find()
        if (found === undefined || found === false) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export type MakeCluster = (t: TestContext) => Promise<ReplicaCluster>

async function startAll(cluster: ReplicaCluster): Promise<Member[]> {
  return Promise.all(cluster.ids.map((id) => cluster.start(id)))
}

function leaderOf(cluster: ReplicaCluster, members: readonly Member[]): Promise<Member> {
  return cluster.until('a leader', () => members.find((member) => member.isLeader))
}

/** Proposes until it is committed; a command whose fate is unknown may be committed twice. */
async function commit(cluster: ReplicaCluster, member: Member, command: string): Promise<void> {
  const isThere = () => member.commands.includes(command)
  for (let attempt = 0; attempt < 50 && !isThere(); attempt += 1) {
    const views = member.views.length
    try {
      await member.replica.propose(Buffer.from(command))
    } catch (error) {
      if (!isStatus(error, 'ServiceUnavailable')) throw error
    }
    await cluster.until(
      `${command} at member ${member.id}`,
      () => isThere() || member.views.length > views,
    )
  }
}

async function commitAll(
  cluster: ReplicaCluster,
  member: Member,
  prefix: string,
  count: number,
): Promise<void> {
  const commands = Array.from({ length: count }, (_, at) => `${prefix}${at}`)
  await Promise.all(commands.map((command) => commit(cluster, member, command)))
}

async function agree(cluster: ReplicaCluster, members: readonly Member[]): Promise<void> {
  await cluster.until('agreement', () => new Set(members.map((one) => one.lastIndex)).size === 1)
  for (const member of members) assert.deepEqual(member.commands, members[0]?.commands)
}

/** What every implementation of Replica does. `makeCluster` gives three members that do not run. */
export function replicaContract(name: string, makeCluster: MakeCluster): void {
  test(`${name}: elects one leader and commits everywhere, in one order`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    await Promise.all(members.map((one) => commitAll(cluster, one, `from ${one.id}: `, 20)))
    await agree(cluster, members)
    assert.ok(leader.commands.length >= 60)
    const status = leader.replica.status()
    assert.equal(status.commitIndex, leader.lastIndex)
    assert.deepEqual([...status.voters].sort(), [1, 2, 3])
    assert.equal(status.progress.length, 3)
  })

  test(`${name}: a read index covers what was acknowledged before`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    await commit(cluster, leader, 'before')
    const written = leader.lastIndex
    for (const member of members) {
      await cluster.until('a known leader', () => member.replica.status().leader !== 0)
      const [one, other] = await Promise.all([
        member.replica.readIndex(),
        member.replica.readIndex(),
      ])
      assert.ok(one >= written && other >= written)
    }
  })

  test(`${name}: survives the leader's death, and the dead one catches up`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    await commitAll(cluster, leader, 'a', 10)
    const startMs = performance.now()
    const killed = cluster.kill(leader)
    const survivors = members.filter((one) => one !== leader)
    const next = await leaderOf(cluster, survivors)
    await commit(cluster, next, 'after the death')
    t.diagnostic(`writes went on after ${Math.round(performance.now() - startMs)} ms`)
    assert.notEqual(next.id, leader.id)
    await killed
    await commitAll(cluster, next, 'b', 10)
    const again = await cluster.start(leader.id)
    await agree(cluster, [...survivors, again])
    assert.ok(again.commands.includes('after the death'))
  })

  test(`${name}: everything acknowledged is there after all members died`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    await commitAll(cluster, await leaderOf(cluster, members), 'kept', 30)
    for (const member of members) await cluster.kill(member)
    const again = await startAll(cluster)
    const leader = await leaderOf(cluster, again)
    await commit(cluster, leader, 'more')
    for (let at = 0; at < 30; at += 1) assert.ok(leader.commands.includes(`kept${at}`))
    await agree(cluster, again)
  })

  test(`${name}: a wiped follower comes back by a snapshot`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    const follower = members.find((one) => one !== leader)
    assert.ok(follower)
    await commitAll(cluster, leader, 'x', 150)
    await cluster.until('a snapshot', () => leader.saved > 0)
    await cluster.kill(follower)
    await cluster.wipe(follower.id)
    await commitAll(cluster, leader, 'y', 150)
    const again = await cluster.start(follower.id)
    await agree(cluster, [leader, again])
    assert.ok(again.restores > 0, 'it was restored from a snapshot')
    await commit(cluster, again, 'through the new one')
    await agree(cluster, [leader, again])
  })

  test(`${name}: hands leadership over on request and on stop`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    await commit(cluster, leader, 'one')
    await agree(cluster, members)
    const target = members.find((one) => one !== leader)
    assert.ok(target)
    await leader.replica.transferLeadership(target.id)
    await cluster.until('the target leads', () => target.isLeader)
    const { term } = target.replica.status()
    await target.replica.stop()
    const rest = members.filter((one) => one !== target)
    const next = await leaderOf(cluster, rest)
    assert.ok(next.replica.status().term > term)
    await commit(cluster, next, 'two')
    await assert.rejects(target.replica.propose(Buffer.from('late')), /stopped/)
  })

  test(`${name}: membership changes take effect, a harmful one is refused`, async (t) => {
    const cluster = await makeCluster(t)
    const members = await startAll(cluster)
    const leader = await leaderOf(cluster, members)
    await commit(cluster, leader, 'one')
    await agree(cluster, members)
    const [away, stays] = members.filter((one) => one !== leader)
    assert.ok(away && stays)
    await leader.replica.changeMembership({ kind: 'remove', memberId: away.id })
    assert.deepEqual([...leader.replica.status().voters].sort(), [leader.id, stays.id].sort())
    await commit(cluster, leader, 'two')
    await agree(cluster, [leader, stays])
  })
}

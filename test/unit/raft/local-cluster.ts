import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import type { MemberId } from '../../../src/base/brand.ts'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { flightSilence } from '../../../src/base/flight-record.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { createLocalReplica } from '../../../src/raft/driver.ts'
import { MemoryNetwork } from '../../contract/memory-network.ts'
import { Member, type ReplicaCluster, Watcher } from '../../contract/replica.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'

/** Replicas in this thread, on disks that forget, over links in memory. */
export class LocalCluster extends Watcher implements ReplicaCluster {
  readonly ids: readonly MemberId[]
  readonly network = new MemoryNetwork()
  readonly disks = new Map<MemberId, SimulatedDisk>()
  readonly #members: Member[] = []
  readonly #random: SeededRandom
  readonly #clock: Clock

  constructor(t: TestContext, seed: number, clock: Clock = systemClock, size = 3) {
    super()
    this.ids = Array.from({ length: size }, (_, at) => (at + 1) as MemberId)
    if (clock === systemClock) t.diagnostic(`seed ${seed}`)
    this.#clock = clock
    this.#random = new SeededRandom(seed)
    for (const id of this.ids) this.disks.set(id, new SimulatedDisk(this.#random))
    t.after(() => this.close())
  }

  async close(): Promise<void> {
    for (const member of this.#members.splice(0)) await this.kill(member)
  }

  disk(id: MemberId): SimulatedDisk {
    return present(this.disks.get(id), 'a disk')
  }

  member(id: MemberId): Member {
    return present(
      this.#members.find((one) => one.id === id && !one.isDead),
      `member ${id}`,
    )
  }

  async start(id: MemberId): Promise<Member> {
    const members = this.ids.map((one) => ({
      id: one,
      name: `m${one}`,
      raftAddress: `127.0.0.1:${9000 + one}`,
    }))
    const replica = createLocalReplica({
      clusterId: 'c',
      memberId: id,
      memberName: `m${id}`,
      members,
      dataDirectory: `/m${id}`,
      tls: { certificate: '', privateKey: '', ca: '' },
      tickMs: 10,
      heartbeatTicks: 2,
      electionTicks: 20,
      snapshotEntriesInterval: 100,
      snapshotTrailingEntries: 20,
      walSegmentBytes: 16 * 1024,
      clock: this.#clock,
      random: this.#random,
      disk: this.disk(id).session(),
      logger: silentLogger,
      emit: flightSilence,
      transport: this.network.transport(id),
      lock: async () => async () => {},
    })
    const member = new Member(replica, this)
    this.#members.push(member)
    await replica.start()
    return member
  }

  async kill(member: Member): Promise<void> {
    await this.crash(member)
  }

  /** Returns at once; what is left of the member comes to rest as the clock goes on. */
  crash(member: Member): Promise<void> {
    this.network.kill(member.id)
    this.disk(member.id).crash()
    member.isDead = true
    return member.replica.stop()
  }

  async wipe(id: MemberId): Promise<void> {
    this.disk(id).wipe()
  }
}

/** Joining is no event that a listener hears. */
export async function untilItVotes(member: Member): Promise<void> {
  for (let turn = 0; member.replica.status().withholdsVote; turn += 1) {
    assert.ok(turn < 500, `member ${member.id} still withholds its vote`)
    await new Promise<void>((resolve) => setTimeout(resolve, 10))
  }
}

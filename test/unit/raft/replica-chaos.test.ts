import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Member } from '../../contract/replica.ts'
import { LocalCluster } from './local-cluster.ts'

const runs = 15
const stepsPerRun = 120

/** One cluster under seeded faults; every delivered command must stay where it was delivered. */
class Chaos {
  readonly #cluster: LocalCluster
  readonly #clock = new ManualClock()
  readonly #random: SeededRandom
  readonly #alive = new Map<MemberId, Member>()
  readonly #starting = new Map<MemberId, Promise<void>>()
  readonly #rests: Promise<void>[] = []
  /** What any member delivered, in order: the truth that all others must repeat. */
  readonly history: string[] = []
  proposed = 0
  crashes = 0
  wiped = 0

  constructor(t: TestContext, seed: number) {
    this.#random = new SeededRandom(seed)
    this.#cluster = new LocalCluster(t, seed, this.#clock)
  }

  async run(): Promise<void> {
    for (const id of this.#cluster.ids) this.#start(id)
    for (let step = 0; step < stepsPerRun; step += 1) {
      this.#fault()
      this.#propose()
      await this.#advance(this.#random.integer(1, 8) * 10)
      this.#check()
    }
    await this.#settle()
  }

  async close(): Promise<void> {
    for (const id of [...this.#alive.keys()]) this.#crash(id)
    for (let at = 0; at < 50; at += 1) await this.#advance(20)
    await Promise.all(this.#rests)
    assert.equal(this.#clock.pendingTimers, 0, 'no timer is left behind')
  }

  #start(id: MemberId): void {
    const started = this.#cluster.start(id).then((member) => {
      this.#alive.set(id, member)
      this.#starting.delete(id)
    })
    this.#starting.set(id, started)
  }

  #fault(): void {
    const { ids, network } = this.#cluster
    const id = ids[this.#random.integer(0, ids.length)] as MemberId
    const other = ids[this.#random.integer(0, ids.length)] as MemberId
    switch (this.#random.integer(0, 24)) {
      case 0:
      case 1:
        if (this.#alive.has(id)) this.#crash(id)
        return
      case 2:
        if (id !== other) network.cut(id, other)
        return
      case 3:
        network.heal()
        return
      case 4:
        this.#wipe(id)
        return
      case 5:
        if (this.#alive.has(id)) this.#cluster.disk(id).dieAfterWrites(this.#random.integer(1, 9))
        return
      case 6: {
        const release = this.#cluster.disk(id).holdSyncs()
        this.#clock.after(this.#random.integer(5, 300), release)
        return
      }
      default:
        this.#revive(id)
    }
  }

  #revive(id: MemberId): void {
    const member = this.#alive.get(id)
    if (member && member.failures.length > 0) this.#crash(id)
    else if (!member && !this.#starting.has(id) && this.#random.integer(0, 3) === 0) this.#start(id)
  }

  /** Only a cluster that is whole survives the loss of a disk for sure. */
  #wipe(id: MemberId): void {
    const members = [...this.#alive.values()]
    const lengths = new Set(members.map(({ commands }) => commands.length))
    const isWhole = members.length === 3 && lengths.size === 1 && this.history.length > 0
    if (!isWhole || members.some((one) => one.failures.length > 0)) return
    this.#crash(id)
    void this.#cluster.wipe(id)
    this.wiped += 1
  }

  #crash(id: MemberId): void {
    const member = this.#alive.get(id)
    if (!member) return
    this.#alive.delete(id)
    this.crashes += 1
    this.#rests.push(this.#cluster.crash(member))
  }

  #propose(): void {
    for (const member of this.#alive.values())
      for (let count = this.#random.integer(0, 6); count > 0; count -= 1) {
        this.proposed += 1
        const size = this.#random.integer(0, 400)
        const command = Buffer.from(`${this.proposed}:${'c'.repeat(size)}`)
        member.replica.propose(command).catch(() => {})
      }
  }

  async #advance(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 10) {
      await this.#clock.advanceAsync(10)
      for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setImmediate(done))
    }
  }

  #check(): void {
    for (const { id, commands } of this.#alive.values()) {
      for (let at = this.history.length; at < commands.length; at += 1)
        this.history.push(commands[at] ?? '')
      const from = Math.max(0, commands.length - 50)
      assert.deepEqual(
        commands.slice(from),
        this.history.slice(from, commands.length),
        `member ${id} tells another history`,
      )
    }
  }

  /** Without faults, everybody ends up with everything. */
  async #settle(): Promise<void> {
    this.#cluster.network.heal()
    for (let round = 0; round < 60; round += 1) {
      for (const id of this.#cluster.ids) {
        const hasFailed = (this.#alive.get(id)?.failures.length ?? 0) > 0
        if (hasFailed || this.#cluster.disk(id).isDying) this.#crash(id)
        if (!this.#alive.has(id) && !this.#starting.has(id)) this.#start(id)
      }
      await this.#advance(100)
      this.#check()
      const lengths = [...this.#alive.values()].map(({ commands }) => commands.length)
      const isWhole = lengths.length === 3 && lengths.every((one) => one === this.history.length)
      if (isWhole && round > 5) return
    }
    assert.fail('the cluster did not come together again')
  }
}

test('under crashes, partitions, wiped and stuck disks no delivered command is lost or moved', async (t) => {
  let delivered = 0
  let crashes = 0
  let wiped = 0
  for (let run = 0; run < runs; run += 1) {
    const seed = 3_000 + run
    const chaos = new Chaos(t, seed)
    try {
      await chaos.run()
      await chaos.close()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    delivered += chaos.history.length
    crashes += chaos.crashes
    wiped += chaos.wiped
  }
  t.diagnostic(`${delivered} commands delivered through ${crashes} crashes, ${wiped} wiped disks`)
  assert.ok(delivered > 1_000 && crashes > 50)
})

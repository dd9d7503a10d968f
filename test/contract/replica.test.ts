import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { MemberId } from '../../src/base/brand.ts'
import { systemClock } from '../../src/base/clock.ts'
import { flightSilence } from '../../src/base/flight-record.ts'
import { silentLogger } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { systemDisk } from '../../src/base/system-disk.ts'
import { createLocalReplica } from '../../src/raft/driver.ts'
import type { Replica } from '../../src/raft/replica.ts'
import type { ReplicaSettings } from '../../src/raft/replica-options.ts'
import { createThreadReplica } from '../../src/raft/thread/thread-replica.ts'
import { createTlsTransport } from '../../src/raft/wire/tls-transport.ts'
import { testAuthority } from './raft-credentials.ts'
import { Member, type ReplicaCluster, replicaContract, Watcher } from './replica.ts'

interface Started {
  readonly replica: Replica
  readonly kill: () => Promise<void>
}

/** Three replicas on this machine's disk, over mutual TLS on loopback. */
class TlsCluster extends Watcher implements ReplicaCluster {
  readonly ids = [1, 2, 3] as MemberId[]
  readonly #directory = mkdtempSync(join(tmpdir(), 'kijabi-raft-'))
  readonly #settings: ReadonlyMap<MemberId, ReplicaSettings>
  readonly #make: (settings: ReplicaSettings) => Started
  readonly #started = new Map<Member, Started>()

  static async make(t: TestContext, make: (settings: ReplicaSettings) => Started) {
    const authority = await testAuthority()
    const ids = [1, 2, 3] as MemberId[]
    const ports = await freePorts(ids.length)
    const members = ids.map((id, at) => ({
      id,
      name: `m${id}`,
      raftAddress: `127.0.0.1:${ports[at]}`,
    }))
    const certificates = await Promise.all(ids.map((id) => authority.issue(`m${id}`)))
    const cluster = new TlsCluster(
      new Map(
        ids.map((id, at) => [
          id,
          {
            clusterId: 'c',
            memberId: id,
            memberName: `m${id}`,
            members,
            dataDirectory: '',
            tls: certificates[at] ?? { certificate: '', privateKey: '', ca: '' },
            tickMs: 20,
            heartbeatTicks: 2,
            electionTicks: 20,
            snapshotEntriesInterval: 100,
            snapshotTrailingEntries: 20,
            walSegmentBytes: 64 * 1024,
          },
        ]),
      ),
      make,
    )
    t.after(() => cluster.#close())
    return cluster
  }

  private constructor(
    settings: ReadonlyMap<MemberId, ReplicaSettings>,
    make: (settings: ReplicaSettings) => Started,
  ) {
    super()
    this.#settings = settings
    this.#make = make
  }

  async start(id: MemberId): Promise<Member> {
    const settings = this.#settings.get(id)
    if (!settings) throw new Error(`no member ${id}`)
    const started = this.#make({ ...settings, dataDirectory: this.#path(id) })
    const member = new Member(started.replica, this)
    this.#started.set(member, started)
    await started.replica.start()
    return member
  }

  async kill(member: Member): Promise<void> {
    await this.#started.get(member)?.kill()
    this.#started.delete(member)
  }

  async wipe(id: MemberId): Promise<void> {
    rmSync(this.#path(id), { recursive: true, force: true })
  }

  async #close(): Promise<void> {
    for (const { kill } of this.#started.values()) await kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #path(id: MemberId): string {
    return join(this.#directory, `m${id}`)
  }
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as { port: number }).port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports
}

replicaContract('local replica over TLS', (t) =>
  TlsCluster.make(t, (settings) => {
    const transport = createTlsTransport({
      ...settings,
      listenAddress: settings.members.find(({ id }) => id === settings.memberId)?.raftAddress ?? '',
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    })
    const replica = createLocalReplica({
      ...settings,
      clock: systemClock,
      random: systemRandom,
      disk: systemDisk,
      logger: silentLogger,
      emit: flightSilence,
      transport,
    })
    const kill = async () => {
      await transport.stop()
      await replica.stop()
    }
    return { replica, kill }
  }),
)

replicaContract('replica in a thread', (t) =>
  TlsCluster.make(t, (settings) => {
    const replica = createThreadReplica({ ...settings, logger: silentLogger, emit: flightSilence })
    return { replica, kill: () => replica.terminate() }
  }),
)

test('a thread that cannot start says why, by name', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-raft-'))
  const authority = await testAuthority()
  const [port] = await freePorts(1)
  const members = [{ id: 1 as MemberId, name: 'm1', raftAddress: `127.0.0.1:${port}` }]
  const make = (clusterId: string) =>
    new Member(
      createThreadReplica({
        clusterId,
        memberId: 1 as MemberId,
        memberName: 'm1',
        members,
        dataDirectory: directory,
        tls: credentials,
        tickMs: 20,
        heartbeatTicks: 2,
        electionTicks: 20,
        walSegmentBytes: 64 * 1024,
        logger: silentLogger,
        emit: flightSilence,
      }),
      watcher as Watcher & ReplicaCluster,
    )
  const credentials = await authority.issue('m1')
  const watcher = new Watcher()
  const alone = make('c')
  await alone.replica.start()
  await watcher.until('a leader', () => alone.isLeader)
  await alone.replica.propose(Buffer.from('a cluster of one'))
  await watcher.until('the command', () => alone.commands.length === 1)
  await assert.rejects(make('c').replica.start(), { name: 'DirectoryInUseError' })
  await alone.replica.stop()
  await assert.rejects(make('d').replica.start(), { name: 'WrongDirectoryError' })
  const segment = join(directory, 'wal', '000000000001.wal')
  const bytes = readFileSync(segment)
  bytes[60] = (bytes[60] ?? 0) ^ 1
  writeFileSync(segment, bytes)
  await assert.rejects(make('c').replica.start(), { name: 'LogCorruptError' })
  rmSync(directory, { recursive: true })
})

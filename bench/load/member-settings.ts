import { createServer } from 'node:net'
import { join } from 'node:path'
import type { MemberId } from '../../src/base/brand.ts'
import type { ReplicaSettings } from '../../src/raft/replica-options.ts'
import { testAuthority } from '../../test/contract/raft-credentials.ts'

/** Members of a cluster on this machine, timed as masters are. */
export async function memberSettings(
  directory: string,
  ids: readonly MemberId[],
): Promise<Map<MemberId, ReplicaSettings>> {
  const authority = await testAuthority()
  const ports = await freePorts(ids.length)
  const members = ids.map((id, at) => ({
    id,
    name: `m${id}`,
    raftAddress: `127.0.0.1:${ports[at]}`,
  }))
  const settings = new Map<MemberId, ReplicaSettings>()
  for (const id of ids)
    settings.set(id, {
      ...{ clusterId: 'bench', memberId: id, memberName: `m${id}`, members },
      dataDirectory: join(directory, `m${id}`),
      tls: await authority.issue(`m${id}`),
      ...{ tickMs: 25, heartbeatTicks: 2, electionTicks: 12 },
    })
  return settings
}

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

import { createEtcdListener } from '../../api/etcd/listener.ts'
import { etcdMemberOf } from '../../api/etcd/member.ts'
import type { Proposer } from '../../api/raft-store/proposer.ts'
import { present } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { systemRandom as random } from '../../base/random.ts'
import type { MemberFlags } from '../../cli/program.ts'
import { createHttpsTransport } from '../../client/https-transport.ts'
import type { Replica } from '../../raft/replica.ts'
import type { Machine } from '../../state/machine.ts'
import type { ResolvedCluster, ResolvedMaster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { splitAddress } from '../config/ports.ts'
import type { ServingMaster } from './master-api.ts'
import { identityOf, type MemberProcess, memberNamed } from './member.ts'
import { type Members, RaftOrders, sendOrder } from './raft-orders.ts'
import type { RaftOrder } from './raft-routes.ts'

/** The store of a master and what it is made of. */
export interface MasterStore {
  readonly replica: Replica
  readonly proposer: Proposer
  /** Missing when the store is an external etcd. */
  readonly machine?: Machine
}

/** To leave takes a master some seconds. */
const orderMs = 20_000

/** Opens the etcd listener of this master, if configuration or command line ask for one. */
export async function serveEtcd(
  member: MemberProcess,
  flags: MemberFlags,
  { replica, proposer, machine }: MasterStore,
  { obey }: Pick<ServingMaster, 'obey'>,
): Promise<void> {
  const { cluster, directory, logger, scope, authority } = member
  const self = memberNamed(cluster.masters, flags, 'master')
  const address = etcdAddressOf(self, flags)
  if (address === undefined) return
  if (!machine)
    throw new ConfigError(
      'the store of this cluster is an external etcd, which speaks its own API',
      'leave --etcd-port out, and `etcd` of the configuration',
    )
  const masters = cluster.masters.map((one) => ({
    ...one,
    etcdAddress: one.id === self.id ? address : (one.etcdAddress ?? one.apiAddress),
  }))
  const orders = new RaftOrders({
    ...{ replica, clock },
    give: async (memberId, order) => {
      if (memberId === self.id) {
        await obey(order)
        return replica.status()
      }
      return giveTo(member, self, masterOf(cluster, memberId), order)
    },
  })
  const listener = createEtcdListener({
    ...{ store: proposer, clock, random, logger },
    member: etcdMemberOf(replica, machine, masters, (change) => orders.change(change)),
    clusterId: BigInt(`0x${cluster.clusterId}`),
    memberId: BigInt(self.id),
    keySpace: cluster.etcdKeySpace ?? 'isolated',
    ...splitAddress(address),
    tls: { ...identityOf(directory, self.name), clientCa: authority },
  })
  const port = await listener.start()
  scope.onClose('etcd listener', () => listener.stop())
  logger.info({ address: `${splitAddress(address).host}:${port}` }, 'serving the etcd API')
}

/** As this master, whose certificate the others admit. */
async function giveTo(
  { directory, authority }: MemberProcess,
  self: ResolvedMaster,
  to: ResolvedMaster,
  order: RaftOrder,
): Promise<Members> {
  const transport = createHttpsTransport({
    addresses: [to.apiAddress],
    tls: { ca: authority, ...identityOf(directory, self.name) },
    ...{ clock, requestTimeoutMs: orderMs },
  })
  try {
    return await sendOrder(transport, order)
  } finally {
    transport.close()
  }
}

function masterOf({ masters }: ResolvedCluster, memberId: MemberId): ResolvedMaster {
  return present(
    masters.find(({ id }) => id === memberId),
    `the master with the id ${memberId}`,
  )
}

function etcdAddressOf(self: ResolvedMaster, { etcdPort }: MemberFlags): string | undefined {
  if (etcdPort === undefined) return self.etcdAddress
  return `${splitAddress(self.apiAddress).host}:${etcdPort}`
}

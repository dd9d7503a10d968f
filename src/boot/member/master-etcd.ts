import { createEtcdListener } from '../../api/etcd/listener.ts'
import { etcdMemberOf } from '../../api/etcd/member.ts'
import type { Proposer } from '../../api/proposer.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { systemRandom as random } from '../../base/random.ts'
import type { MemberFlags } from '../../cli/program.ts'
import type { Replica } from '../../raft/replica.ts'
import type { Machine } from '../../state/machine.ts'
import type { ResolvedMaster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { splitAddress } from '../config/ports.ts'
import { identityOf, type MemberProcess, memberNamed } from './member.ts'

/** The store of a master and what it is made of. */
export interface MasterStore {
  readonly replica: Replica
  readonly proposer: Proposer
  /** Missing when the store is an external etcd. */
  readonly machine?: Machine
}

/** Opens the etcd listener of this master, if configuration or command line ask for one. */
export async function serveEtcd(
  member: MemberProcess,
  flags: MemberFlags,
  { replica, proposer, machine }: MasterStore,
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
  const listener = createEtcdListener({
    ...{ store: proposer, clock, random, logger },
    member: etcdMemberOf(replica, machine, masters),
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

function etcdAddressOf(self: ResolvedMaster, { etcdPort }: MemberFlags): string | undefined {
  if (etcdPort === undefined) return self.etcdAddress
  return `${splitAddress(self.apiAddress).host}:${etcdPort}`
}

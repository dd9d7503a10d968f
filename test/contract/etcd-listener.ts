import { createEtcdListener } from '../../src/api/etcd/listener.ts'
import { etcdMemberOf } from '../../src/api/etcd/member.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { silentLogger as logger } from '../../src/base/log.ts'
import { systemRandom as random } from '../../src/base/random.ts'
import type { MachineOptions } from '../../src/state/machine.ts'
import { type MemoryStore, openMemoryStore } from './memory-store.ts'

export interface EtcdListenerUnderTest extends MemoryStore {
  /** host:port, without TLS. */
  readonly address: string
  openWatches(): number
  stop(): Promise<void>
}

/** The listener over a cluster store of one member in memory, whose revision begins at 1 as etcd's. */
export async function openEtcdListener(
  options: MachineOptions & { keySpace?: 'isolated' | 'all'; clock?: Clock } = {},
): Promise<EtcdListenerUnderTest> {
  const memory = await openMemoryStore(options)
  const { store, replica, machine } = memory
  const { clock = systemClock } = options
  const address = '127.0.0.1:0'
  const masters = [{ id: 1, name: 'm1', raftAddress: '127.0.0.1:2380', etcdAddress: address }]
  const listener = createEtcdListener({
    ...{ store, clock, random, logger, host: '127.0.0.1', port: 0 },
    member: etcdMemberOf(replica, machine, masters, async () => {
      await replica.changeMembership()
      return replica.status()
    }),
    ...{ clusterId: 0xc1n, memberId: 1n, keySpace: options.keySpace ?? 'isolated' },
  })
  const port = await listener.start()
  return {
    ...memory,
    address: `127.0.0.1:${port}`,
    openWatches: () => listener.openWatches,
    stop: async () => {
      await listener.stop()
      await store.stop()
    },
  }
}

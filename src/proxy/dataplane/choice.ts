import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import { type Frontend, isLoopback } from '../rules.ts'
import {
  bridgedFramesAreTracked,
  type Dataplane,
  KernelDataplane,
  kernelIsWritable,
} from './kernel.ts'
import { tableName } from './nftables.ts'
import type { RunProgram } from './program.ts'
import { UserspaceDataplane } from './userspace.ts'

export type ProxyMode = 'auto' | 'nftables' | 'userspace'

export interface DataplaneOptions {
  readonly clusterId: string
  readonly mode: ProxyMode
  readonly nodePortAddress?: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const loopback = '127.0.0.1'
const everyAddress = '0.0.0.0'

export interface Carriers {
  readonly dataplanes: readonly Dataplane[]
  /** Where node ports answer: every address of the host, or the one that user space listens on. */
  readonly nodeAddress: string
}

/**
 * What carries the Services here. Kernel rules leave loopback addresses out, as Kubernetes' do: cluster IPs
 * in 127.0.0.0/8 and node ports on 127.0.0.1 are always listeners of this process.
 * Rejects with ServiceUnavailable when `nftables` is asked for and cannot be written.
 */
export async function selectDataplanes(
  options: DataplaneOptions,
  run: RunProgram,
): Promise<Carriers> {
  const { mode, clusterId, logger } = options
  const table = tableName(clusterId)
  const kernel = mode !== 'userspace' && (await kernelIsWritable(run, table))
  if (mode === 'nftables' && !kernel)
    throw statusError(
      'ServiceUnavailable',
      'nft does not run here: install nftables and run as root',
    )
  const nodePortAddress = kernel ? loopback : (options.nodePortAddress ?? loopback)
  const userspace = new UserspaceDataplane({
    ...options,
    addressesOf: ({ kind, ip }: Frontend) => {
      if (kind === 'node-port') return [nodePortAddress]
      return isLoopback(ip) ? [ip] : []
    },
  })
  if (!kernel) return { dataplanes: [userspace], nodeAddress: nodePortAddress }
  const masqueradeAll = !(await bridgedFramesAreTracked())
  const inKernel = new KernelDataplane({ table, logger, run, masqueradeAll })
  return { dataplanes: [inKernel, userspace], nodeAddress: everyAddress }
}

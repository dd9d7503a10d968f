import type { ConfigMap } from '../../kinds/types.ts'
import type { ResolvedCluster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'

/**
 * What a worker of another host has to know of the cluster, as a ConfigMap that whoever holds a bootstrap
 * token may read (kubeadm has kubeadm-config for it). Nothing in it is secret. Of `apiAddress`, where `up`
 * has its balancer, a worker uses the port alone: all workers of a host offer the API to pods at one.
 */
export const workerSettingsName = 'kijabi-workers'
const namespace = 'kube-system'
const key = 'cluster.json'
export const workerSettingsPath = `/api/v1/namespaces/${namespace}/configmaps/${workerSettingsName}`

export type WorkerSettings = Pick<
  ResolvedCluster,
  'clusterId' | 'name' | 'runtime' | 'apiAddress' | 'masters' | 'serviceCidr' | 'nodePortRange'
> &
  Pick<ResolvedCluster, 'raft' | 'nodes' | 'eventTtlSeconds' | 'logLevel'>

export function workerSettings(cluster: ResolvedCluster): ConfigMap {
  const { clusterId, name, runtime, apiAddress, serviceCidr, nodePortRange } = cluster
  const { raft, nodes, eventTtlSeconds, logLevel } = cluster
  const settings: WorkerSettings = {
    ...{ clusterId, name, runtime, apiAddress, serviceCidr, nodePortRange },
    ...{ raft, nodes, eventTtlSeconds, logLevel },
    masters: cluster.masters.map(({ id, name, apiAddress, raftAddress }) => ({
      ...{ id, name, apiAddress, raftAddress },
    })),
  }
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: workerSettingsName, namespace },
    data: { [key]: JSON.stringify(settings) },
  }
}

/** Throws ConfigError when the cluster is of a version that tells other things. */
export function readWorkerSettings({ data }: ConfigMap): WorkerSettings {
  try {
    const settings = JSON.parse(data?.[key] ?? '') as WorkerSettings
    if (typeof settings.clusterId === 'string' && Array.isArray(settings.masters)) return settings
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new ConfigError(
    `the ConfigMap ${namespace}/${workerSettingsName} does not say what a worker needs`,
    'run the same version of kijabi here as on the masters',
  )
}

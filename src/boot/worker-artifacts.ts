import { killNodeContainers, removeClusterArtifacts } from '../kubelet/runtime/cluster-artifacts.ts'
import { removeKernelArtifacts } from '../proxy/agent.ts'
import type { ResolvedCluster } from './config/cluster-directory.ts'
import { engineAnswers } from './docker-engine.ts'

/** Containers, networks and kernel rules that workers of this cluster left on this host. */
export async function removeWorkerArtifacts(cluster: ResolvedCluster): Promise<void> {
  const { clusterId, dockerSocket: socketPath } = cluster
  if (socketPath && (await engineAnswers(socketPath)))
    await removeClusterArtifacts({ socketPath, clusterId })
  await removeKernelArtifacts({ clusterId })
}

/** Ends the containers of one node as the death of its host would. */
export async function killWorkerContainers(
  cluster: ResolvedCluster,
  nodeName: string,
): Promise<void> {
  const { clusterId, dockerSocket: socketPath } = cluster
  if (socketPath) await killNodeContainers({ socketPath, clusterId, nodeName })
}

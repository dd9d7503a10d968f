import { systemClock } from '../base/clock.ts'
import { killNodeContainers, removeClusterArtifacts } from '../kubelet/runtime/cluster-artifacts.ts'
import { memoryMountsOfProcess } from '../kubelet/volumes/memory-mounts.ts'
import { removeKernelArtifacts } from '../proxy/agent.ts'
import type { ClusterDirectory, ResolvedCluster } from './config/cluster-directory.ts'
import { engineAnswers, revivePrivateEngine } from './docker-engine.ts'

/**
 * Containers, networks, kernel rules and volumes in memory that workers of this cluster left on this host.
 * A private engine that was killed is started once more for it.
 */
export async function removeWorkerArtifacts(
  cluster: ResolvedCluster,
  directory: ClusterDirectory,
  say: (line: string) => void,
): Promise<void> {
  const { clusterId, dockerSocket: socketPath } = cluster
  await revivePrivateEngine({ directory, clusterId, mayInstall: false, clock: systemClock, say })
  if (socketPath && (await engineAnswers(socketPath)))
    await removeClusterArtifacts({ socketPath, clusterId })
  await removeKernelArtifacts({ clusterId })
  await memoryMountsOfProcess()?.unmountUnder(directory.path('workers'))
}

/** Ends the containers of one node as the death of its host would. */
export async function killWorkerContainers(
  cluster: ResolvedCluster,
  nodeName: string,
): Promise<void> {
  const { clusterId, dockerSocket: socketPath } = cluster
  if (socketPath) await killNodeContainers({ socketPath, clusterId, nodeName })
}

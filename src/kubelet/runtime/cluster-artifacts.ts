import Docker from 'dockerode'
import { engineCall, unlessGone } from './docker/error.ts'
import { runtimeLabels } from './runtime.ts'

export interface ClusterOnEngine {
  readonly socketPath: string
  readonly clusterId: string
}

/** Removes all containers and networks of a cluster from an engine: what `down` must not leave. */
export async function removeClusterArtifacts(cluster: ClusterOnEngine): Promise<void> {
  const docker = new Docker({ socketPath: cluster.socketPath })
  const label = [`${runtimeLabels.cluster}=${cluster.clusterId}`]
  await removeContainers(docker, label)
  const networks = await engineCall(docker.listNetworks({ filters: { label } }), 'Unavailable')
  for (const network of networks) await unlessGone(docker.getNetwork(network.Id).remove(), [404])
}

/**
 * Kills and removes all containers of one node at once. With the kubelet killed too, this is what the
 * cluster sees when the host dies.
 */
export async function killNodeContainers(
  node: ClusterOnEngine & { readonly nodeName: string },
): Promise<void> {
  const docker = new Docker({ socketPath: node.socketPath })
  await removeContainers(docker, [
    `${runtimeLabels.cluster}=${node.clusterId}`,
    `${runtimeLabels.node}=${node.nodeName}`,
  ])
}

const passesMax = 20

/** Removal of a container that is being removed answers 409 at once: look again until none is left. */
async function removeContainers(docker: Docker, label: readonly string[]): Promise<void> {
  for (let pass = 0; pass < passesMax; pass += 1) {
    const found = await engineCall(
      docker.listContainers({ all: true, filters: { label: [...label] } }),
      'Unavailable',
    )
    if (found.length === 0) return
    await Promise.all(
      found.map((one) => unlessGone(docker.getContainer(one.Id).remove({ force: true, v: true }))),
    )
  }
}

import { createHash } from 'node:crypto'
import type Docker from 'dockerode'
import { runtimeLabels } from '../runtime.ts'
import { networkName } from './config.ts'
import { engineCall } from './error.ts'

/** The name of the bridge device, within Linux's 15 characters. */
export function bridgeName(clusterId: string): string {
  return `kj-${createHash('sha256').update(clusterId).digest('hex').slice(0, 10)}`
}

/**
 * Makes the cluster's bridge network unless it is there. Two kubelets may try at once: the device's name
 * can be had only once, so the second one fails and finds the first one's.
 */
export async function ensureNetwork(docker: Docker, clusterId: string): Promise<void> {
  if (await networkExists(docker, clusterId)) return
  try {
    await docker.createNetwork({
      Name: networkName(clusterId),
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: { [runtimeLabels.cluster]: clusterId },
      Options: { 'com.docker.network.bridge.name': bridgeName(clusterId) },
    })
  } catch (error) {
    if (await networkExists(docker, clusterId)) return
    await engineCall(Promise.reject(error), 'Unavailable')
  }
}

/** The host's own address on the cluster's bridge. */
export async function gatewayOf(docker: Docker, clusterId: string): Promise<string | undefined> {
  const network = docker.getNetwork(networkName(clusterId))
  const { IPAM } = (await engineCall(network.inspect(), 'Unavailable')) as Docker.NetworkInspectInfo
  return IPAM?.Config?.map((one) => one['Gateway']).find((gateway) => gateway)
}

async function networkExists(docker: Docker, clusterId: string): Promise<boolean> {
  const label = [`${runtimeLabels.cluster}=${clusterId}`]
  const found = await engineCall(docker.listNetworks({ filters: { label } }), 'Unavailable')
  return found.some((network) => network.Name === networkName(clusterId))
}

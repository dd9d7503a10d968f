import { createHash } from 'node:crypto'
import { systemClock as clock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import { systemRandom as random } from '../../base/random.ts'
import type { MemberFlags } from '../../cli/program.ts'
import { createInformerFactory, type InformerFactory } from '../../client/reflector.ts'
import { paths } from '../../client/resources.ts'
import type { Service } from '../../kinds/types.ts'
import { createKubelet } from '../../kubelet/agent.ts'
import { createDockerRuntime } from '../../kubelet/runtime/docker.ts'
import type { Runtime } from '../../kubelet/runtime/runtime.ts'
import { createSimRuntime } from '../../kubelet/runtime/sim.ts'
import { kubernetesServiceEnv, type ServiceSource } from '../../kubelet/service-env.ts'
import { createProxy } from '../../proxy/agent.ts'
import { serveClusterNames } from '../../proxy/dns/agent.ts'
import type { ResolvedWorker } from '../config/cluster-directory.ts'
import { firstAddress, splitAddress } from '../config/ports.ts'
import { apiForPodsAnnotation, offerApiToPods } from './api-for-pods.ts'
import { openFlightFile } from './flight-file.ts'
import { type NodeCertificates, openNodeCertificates } from './identity/node-certificates.ts'
import { type MemberProcess, memberNamed, startMember } from './member.ts'

/** Every name of the cluster ends in it. */
const clusterZone = 'cluster.local'

/** `kijabi worker`: kubelet and proxy of one node, clients of the API like any other. */
export async function runWorker(flags: MemberFlags): Promise<number> {
  const member = startMember(flags)
  const self = memberNamed(member.cluster.workers, flags, 'worker')
  const emit = openFlightFile(member.directory, member.name, member.scope)
  const certificates = await openNodeCertificates(member, self)
  const { logger, scope } = member
  const informers = createInformerFactory(certificates.client, { clock, random, logger })
  startProxy(member, self, certificates, { emit, informers })
  const services = informers.informer<Service>(paths.services, {
    indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ''] },
  })
  services.start(scope)
  const source: ServiceSource = {
    synced: services.synced,
    inNamespace: (namespace) => services.indexed('namespace', namespace),
  }
  await startKubelet(member, self, certificates, { emit, services: source })
  member.logger.info({ runtime: member.cluster.runtime }, 'running')
  return new Promise<number>(() => {})
}

async function startKubelet(
  member: MemberProcess,
  self: ResolvedWorker,
  certificates: NodeCertificates,
  { emit, services }: { readonly emit: FlightEmit; readonly services: ServiceSource },
): Promise<void> {
  const { cluster, directory, logger, scope, authority: ca } = member
  const { host, port } = splitAddress(self.kubeletAddress)
  const runtime = await runtimeOf(member, self)
  scope.onClose('runtime', () => runtime.close())
  const hostAddress = await runtime.hostAddress()
  const apiForPods = offerApiToPods(hostAddress, {
    ...{ cluster, authority: ca, clock, logger, scope },
  })
  const { client } = certificates
  if (hostAddress !== undefined)
    serveClusterNames(
      { host: hostAddress, zone: clusterZone, client, clock, random, logger },
      scope,
    )
  const kubelet = createKubelet({
    ...{ nodeName: self.name, nodeIp: host, runtime },
    labels: new Map(Object.entries(self.labels)),
    annotations: new Map(apiForPods ? [[apiForPodsAnnotation, apiForPods]] : []),
    services,
    serviceEnv: kubernetesServiceEnv(firstAddress(cluster.serviceCidr)),
    ...(hostAddress === undefined
      ? {}
      : { clusterDns: { nameservers: [hostAddress], domain: clusterZone } }),
    ...{ client, clock, random, logger, emit },
    server: { host, port, tls: { ...certificates.serving(), ca } },
    dataDirectory: directory.path('workers', self.name),
    leaseRenewSeconds: cluster.nodes.leaseRenewSeconds,
  })
  await kubelet.start()
  scope.onClose('kubelet', () => kubelet.stop())
  certificates.keepFresh((pair) => kubelet.serveWith(pair))
}

async function runtimeOf(member: MemberProcess, self: ResolvedWorker): Promise<Runtime> {
  const { cluster, logger } = member
  const { clusterId, dockerSocket: socketPath } = cluster
  const nodeName = self.name
  if (cluster.runtime === 'docker' && socketPath)
    return createDockerRuntime({ socketPath, clusterId, nodeName, clock, logger })
  // Of the workers that `up` made, their place; those that joined have none, and their name tells them apart.
  const isOfUp = member.directory.readPair(nodeName) !== undefined
  const nodeIndex = isOfUp ? cluster.workers.indexOf(self) : joinedIndex(nodeName)
  return createSimRuntime({ clusterId, nodeName, nodeIndex, clock, random, logger })
}

/** From the upper half of what a simulated network has for nodes. */
function joinedIndex(name: string): number {
  return 128 + ((createHash('sha256').update(name).digest()[0] ?? 0) % 128)
}

/** It asks as its node, which may read what the rules are made from (see the default policy). */
function startProxy(
  member: MemberProcess,
  self: ResolvedWorker,
  { client }: NodeCertificates,
  { emit, informers }: { readonly emit: FlightEmit; readonly informers: InformerFactory },
): void {
  const { cluster, logger, scope } = member
  const proxy = createProxy({
    ...{ nodeName: self.name, clusterId: cluster.clusterId },
    ...{ client, informers, clock, random, logger, emit },
    mode: cluster.runtime === 'docker' ? 'auto' : 'userspace',
  })
  proxy.start()
  scope.onClose('proxy', () => proxy.stop())
}

import type { Aggregation } from '../../api/aggregation/aggregation.ts'
import { keepBootstrapObjects } from '../../api/bootstrap-objects.ts'
import type { Proposer } from '../../api/raft-store/proposer.ts'
import type { Term } from '../../base/brand.ts'
import { systemClock as clock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import { systemRandom as random } from '../../base/random.ts'
import { createClient } from '../../client/client.ts'
import { createInProcessTransport } from '../../client/in-process-transport.ts'
import type { InformerHandler } from '../../client/informer.ts'
import { createRecorder } from '../../client/recorder.ts'
import { createInformerFactory, type InformerFactory } from '../../client/reflector.ts'
import { paths } from '../../client/resources.ts'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'
import { joinedHosts } from '../../controllers/certificates/joined-hosts.ts'
import type { ControllersConfig } from '../../controllers/controller.ts'
import { createControllers } from '../../controllers/controllers.ts'
import type { Node } from '../../kinds/types.ts'
import { createScheduler } from '../../scheduler/run.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { kubeletHosts, masterHosts } from '../config/cluster-directory.ts'
import { workerSettings } from '../join/worker-settings.ts'
import { clusterAuthentication } from './aggregation.ts'
import { apiForPodsAnnotation, offeredEndpoints, reachableMasters } from './api-for-pods.ts'
import { compactionPart } from './compaction.ts'
import { resealingPart } from './identity/resealing.ts'
import { followLeadership, type LeaderPart } from './leadership.ts'
import { leaseExpiryPart } from './lease-expiry.ts'
import type { MemberProcess } from './member.ts'

export interface LeaderParts {
  readonly proposer: Proposer
  readonly emit: FlightEmit
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>
  readonly aggregation: Pick<Aggregation, 'availability'>
  /** As the API sees it. */
  readonly store: ClusterStore
}

/** The API is in this process: asking it again costs little, and waiting would delay a takeover. */
const informerBackoffMsMax = 500

/**
 * Scheduler and controllers: warm on every master, at work on the leader, fenced by its term. Returns
 * their informers.
 */
export function leadMaster(member: MemberProcess, parts: LeaderParts): InformerFactory {
  const { cluster, logger, scope, authority, name: host } = member
  const { proposer, emit } = parts
  // The last term this member led. Once it is over, the store refuses what still carries it.
  let term: Term | undefined
  const transport = createInProcessTransport(parts.handle)
  const userAgent = `kijabi-master/${host}`
  const client = createClient(transport, { fence: () => term, userAgent })
  const deps = { clock, random, logger }
  const informers = createInformerFactory(client, { ...deps, backoffMaxMs: informerBackoffMsMax })
  const shared = { informers, ...deps, emit }
  const recorder = createRecorder(client, { component: 'default-scheduler', host, ...deps })
  scope.onClose('event recorder', () => recorder.stop())
  const scheduler = createScheduler({ ...shared, client, recorder })
  const nodeInformer = informers.informer<Node>(paths.nodes)
  const reserved = cluster.masters.flatMap((master) => masterHosts(cluster, master))
  const controllers = createControllers({
    ...shared,
    clientOf: (own) => createClient(transport, { fence: own, userAgent }),
    recorderOf: (fenced, component) => createRecorder(fenced, { component, host, ...deps }),
    config: {
      ...{ ...cluster.nodes, caCertificate: authority, ...signingOf(member) },
      servingHosts: (node) => {
        const worker = cluster.workers.find(({ name }) => name === node)
        return worker ? kubeletHosts(worker) : joinedHosts(node, nodeInformer.list(), reserved)
      },
      probeApiService: (service) => parts.aggregation.availability(service),
    },
  })
  const apiEndpoints = () => {
    const reachable = reachableMasters(cluster)
    return reachable.length > 0 ? reachable : offeredEndpoints(nodeInformer.list())
  }
  controllers.warm(scope)
  scheduler.warm(scope)
  const published = [clusterAuthentication(member), workerSettings(cluster)]
  const remember: LeaderPart = {
    name: 'fence',
    startLeading: (own) => {
      term = own
    },
  }
  const bootstrap: LeaderPart = {
    name: 'first objects',
    startLeading: (_term, reign) =>
      keepBootstrapObjects(client, apiEndpoints, {
        ...{ clock, logger, scope: reign, published, serviceCidr: cluster.serviceCidr },
        changes: (look) => nodeInformer.subscribe(lookAtOffers(look)),
      }),
  }
  followLeadership({
    source: proposer,
    parts: [
      remember,
      { name: 'controllers', startLeading: (own, reign) => controllers.startLeading(own, reign) },
      { name: 'scheduler', startLeading: (own, reign) => scheduler.startLeading(own, reign) },
      bootstrap,
      compactionPart(proposer, clock, logger),
      leaseExpiryPart(proposer, clock, logger),
      ...(cluster.encryption
        ? [resealingPart(parts.store, cluster.encryption.resources, clock, logger)]
        : []),
    ],
    ...{ scope, clock, logger, emit },
  })
  return informers
}

/** What signs with the cluster's authority, on masters that have its key. */
function signingOf({ directory, logger }: MemberProcess): Partial<ControllersConfig> {
  const pair = directory.readPair('ca')
  if (!pair) {
    const where = directory.path('pki', 'ca.key')
    logger.warn(
      { where },
      'without this key, CertificateSigningRequests are approved and not signed',
    )
    return {}
  }
  return {
    signCertificate: async (order) => {
      // Loaded when it is needed: most members never sign.
      const { signRequest } = await import('../config/sign-request.ts')
      return await signRequest(pair, order)
    },
  }
}

/** Calls back when a node offers the API to pods, or no longer. */
function lookAtOffers(look: () => void): InformerHandler<Node> {
  const offers = (node: Node) => node.metadata.annotations?.[apiForPodsAnnotation]
  return {
    added: (node) => {
      if (offers(node) !== undefined) look()
    },
    updated: (node, previous) => {
      if (offers(node) !== offers(previous)) look()
    },
    deleted: look,
  }
}

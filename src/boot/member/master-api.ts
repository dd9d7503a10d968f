import type { Aggregation } from '../../api/aggregation/aggregation.ts'
import { createApi } from '../../api/api.ts'
import { createAuthenticator } from '../../api/auth/authenticate.ts'
import { storedBootstrapTokens } from '../../api/auth/bootstrap-tokens.ts'
import { createAuthorizer } from '../../api/auth/standard-authorizer.ts'
import type { ApiOptions, User } from '../../api/context.ts'
import type { Proposer } from '../../api/raft-store/proposer.ts'
import { errorResponse, jsonResponse } from '../../api/responses.ts'
import { createApiServer } from '../../api/server.ts'
import { StreamCount } from '../../api/subresources/stream-count.ts'
import { createUpgradeHandler } from '../../api/subresources/upgrade.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { createMetricsRegistry } from '../../base/metrics.ts'
import { systemRandom as random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import { type ApiRequest, type ApiResponse, notMemberHeader } from '../../client/transport.ts'
import type { Replica } from '../../raft/replica.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import type { KeyPair } from '../config/certificates.ts'
import type { ResolvedMaster } from '../config/cluster-directory.ts'
import { splitAddress } from '../config/ports.ts'
import { aggregationOf } from './aggregation.ts'
import { openAuditFile } from './audit-file.ts'
import { GracefulStop } from './health/graceful-stop.ts'
import { masterHealth } from './health/master-health.ts'
import { Membership } from './health/membership.ts'
import { openOidc } from './identity/oidc.ts'
import { openStore } from './identity/sealed-store.ts'
import { serviceAccountTokens } from './identity/service-account-tokens.ts'
import { masterReport, reportPath } from './master-report.ts'
import { identityOf, type MemberProcess } from './member.ts'
import { obeyOrder, type RaftOrder, raftRoutes } from './raft-routes.ts'
import { testHookRoutes } from './test-hooks.ts'

/** Who scheduler and controllers of this process are to the API. */
const masterUser: User = {
  name: 'system:kijabi-master',
  uid: '',
  groups: ['kijabi:masters', 'system:authenticated'],
}

export interface ServingMaster {
  readonly address: string
  /** The API's own pipeline, for clients in this process. */
  handle(request: ApiRequest): Promise<ApiResponse>
  readonly aggregation: Aggregation
  /** As the API sees it: what is sealed on disk is open here. */
  readonly store: ClusterStore
  /** Ready only once they have their first lists. */
  readonly informers: { unsynced: (() => readonly string[]) | undefined }
  /** Sends clients elsewhere, before anything else of this master ends. */
  leave(): Promise<void>
  /** Carries out an order about Raft, as if it had come over the API. */
  obey(order: RaftOrder): Promise<void>
}

function notMember(name: string): ApiResponse {
  const error = statusError('ServiceUnavailable', `master ${name} is no member of the cluster`, {
    retryAfterSeconds: 1,
  })
  const answer = errorResponse(error)
  return { ...answer, headers: new Map([...answer.headers, [notMemberHeader, name]]) }
}

/** The audit log of this master, when the configuration has rules for one. */
function auditOf(
  { cluster, directory, logger, scope }: MemberProcess,
  name: string,
): Pick<ApiOptions, 'audit'> {
  if (!cluster.audit) return {}
  const { rules, fileMiBMax, filesMax } = cluster.audit
  const file = directory.path('logs', `audit-${name}.log`)
  const options = { file, bytesMax: fileMiBMax * 1024 * 1024, filesMax, logger }
  return { audit: { rules, write: openAuditFile(options, scope) } }
}

/** Opens the HTTPS API of this master. */
export async function serveMaster(
  member: MemberProcess,
  self: ResolvedMaster,
  parts: { readonly replica: Replica; readonly proposer: Proposer },
): Promise<ServingMaster> {
  const { cluster, directory, logger, scope, authority: ca } = member
  const { replica, proposer } = parts
  const metrics = createMetricsRegistry({ member: self.name })
  const keys = identityOf(directory, 'service-accounts')
  const store = openStore(member, proposer)
  const { signer, tokens } = serviceAccountTokens(keys, store.view)
  const bootstrapTokens = storedBootstrapTokens(store.view)
  const authenticator = createAuthenticator({
    ...{ clock, tokens, bootstrapTokens, oidc: await openOidc(member) },
  })
  const aggregation = aggregationOf(member, proposer)
  const options: ApiOptions = {
    aggregation,
    authorizer: createAuthorizer(store),
    ...{ store, clock, random, logger, metrics, memberName: self.name },
    ...{ serviceCidr: cluster.serviceCidr, nodePortRange: cluster.nodePortRange },
    tolerationSeconds: cluster.nodes.evictAfterSeconds,
    eventTtlSeconds: cluster.eventTtlSeconds,
    kubeletTls: { ...identityOf(directory, 'kubelet-client'), ca },
    ...auditOf(member, self.name),
    tokenSigner: signer,
    tokenIssuer: tokens,
    tokenReviewer: authenticator,
  }
  const api = createApi(options)
  const upgrades = createUpgradeHandler(options, new StreamCount(), (...asked) =>
    api.admitStream(...asked),
  )
  const membership = new Membership(replica, clock)
  const ending = new GracefulStop({ replica, clock, logger, drain: () => server.drain() })
  const informers: ServingMaster['informers'] = { unsynced: undefined }
  const server = createApiServer({
    api: {
      authorizer: api.authorizer,
      handle: async (request, user) =>
        membership.belongs() ? api.handle(request, user) : notMember(self.name),
    },
    authenticator,
    tls: { ...shown(identityOf(directory, self.name), ca), clientCa: ca },
    ...splitAddress(self.apiAddress),
    ...{ clock, logger },
    metrics,
    upgrade: (...taken) => upgrades.handleUpgrade(...taken),
    health: masterHealth({
      ...{ store: proposer, clock, unsynced: () => informers.unsynced?.() },
      membership: () => membership.checkStays(),
      shutdown: () => ending.check(),
    }),
    sendsAway: () => ending.hasBegun || !membership.stays(),
    routes: [
      ...raftRoutes(replica, (signal) => membership.leave(() => server.drain(signal))),
      ...testHookRoutes(process.env),
      {
        ...{ method: 'GET', path: reportPath },
        handle: async () =>
          jsonResponse(200, masterReport(self.name, replica.status(), proposer.view)),
      },
    ],
  })
  await server.start()
  scope.onClose('API', () => server.stop())
  scope.onClose('streams of pods', () => upgrades.close())
  return {
    address: self.apiAddress,
    handle: (request) => api.handle(request, masterUser),
    ...{ informers, aggregation, store },
    leave: () => ending.run(),
    obey: (order) => obeyOrder(replica, order, () => membership.leave(() => server.drain())),
  }
}

/** With its authority, by whose key a host that joins knows the cluster (see ../join/authority-pin.ts). */
function shown(pair: KeyPair, authority: string): KeyPair {
  return { ...pair, certificate: `${pair.certificate.trim()}\n${authority.trim()}\n` }
}

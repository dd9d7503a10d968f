import type { KeyObject } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics.ts'
import type { Random } from '../base/random.ts'
import type { ApiRequest, ApiResponse } from '../client/transport.ts'
import type { AnyObject, Kind } from '../kinds/kind.ts'
import type { ClusterStore } from '../state/cluster-store.ts'
import type { Aggregator } from './aggregation/aggregator.ts'
import type { AuditAnnotation, AuditOptions } from './audit/audit-log.ts'
import type { Authenticator } from './auth/authenticate.ts'
import type { Authorizer } from './auth/authorizer.ts'
import type { ServiceAccountTokens } from './auth/service-account-token.ts'
import type { User } from './auth/user.ts'
import type { KindCatalog } from './extension/served-kinds.ts'
import type { RequestInfo } from './request-info.ts'
import type { RequestDeadline } from './serving/request-deadline.ts'

export type { RequestInfo, User }

/** PEM texts with which a master speaks to kubelets. */
export interface KubeletTls {
  readonly certificate: string
  readonly privateKey: string
  readonly ca: string
}

/** With what tokens of service accounts are signed; the authenticator checks them. */
export interface TokenSigner {
  readonly issuer: string
  /** For whom a token is meant when its asker does not say: the API itself. */
  readonly audiences: readonly string[]
  /** P-256 or RSA. */
  readonly privateKey: KeyObject
}

/** What the API needs from its boot; the same for every request. */
export interface ApiOptions {
  readonly store: ClusterStore
  /** Who may do what: `createAuthorizer(store)`. */
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** CIDR of ClusterIPs, as `10.96.0.0/16`. */
  readonly serviceCidr: string
  /** Inclusive, as `30000-32767`. */
  readonly nodePortRange: string
  readonly memberName: string
  readonly kubeletTls: KubeletTls
  /**
   * How long new pods tolerate a node that is gone or not ready, unless they say otherwise; 300 when
   * left out (kube-apiserver --default-not-ready-toleration-seconds).
   */
  readonly tolerationSeconds?: number
  /** How long events are kept; an hour when left out (kube-apiserver --event-ttl). */
  readonly eventTtlSeconds?: number
  /** Whom others may believe about tokens: the issuer's name and its public keys. */
  readonly tokenIssuer?: Pick<ServiceAccountTokens, 'issuer' | 'publicKeys'>
  /** Answers TokenReviews; without it no token is good. */
  readonly tokenReviewer?: Pick<Authenticator, 'reviewToken'>
  /** Without it no tokens of service accounts are issued. */
  readonly tokenSigner?: TokenSigner
  /** Who did what is written down; nothing when left out. */
  readonly audit?: AuditOptions
  /** Groups and versions that API servers behind Services serve; none when left out. */
  readonly aggregation?: Aggregator
  /** Where requests are counted; nowhere when left out. */
  readonly metrics?: Registry
}

/** One request on its way through a handler. */
export interface HandlerContext {
  readonly options: ApiOptions
  readonly info: RequestInfo
  readonly user: User
  readonly request: ApiRequest
  readonly kinds: KindCatalog
  /** Watches, logs and streams have none. */
  readonly deadline?: RequestDeadline
  /** Asks webhooks and policies about what is answered and never stored. Throws refusals. */
  readonly admit?: (kind: Kind, object: AnyObject) => Promise<AnyObject>
  /** Texts of Warning headers: handlers append. */
  readonly warnings: string[]
  /** What the audit log is told besides: written by `annotate`. */
  readonly auditAnnotations: Map<string, AuditAnnotation>
}

/** Annotates the request's line in the audit log; what is there already stays. */
export function annotate(
  { auditAnnotations }: HandlerContext,
  key: string,
  value: string,
  level: AuditAnnotation['level'] = 'Metadata',
): void {
  if (!auditAnnotations.has(key)) auditAnnotations.set(key, { value, level })
}

/** Answers a request; refuses by throwing a StatusError. */
export type Handler = (context: HandlerContext) => Promise<ApiResponse>

/** Answers a path that is no resource, or returns undefined when it is not its path. */
export type PathHandler = (context: HandlerContext) => Promise<ApiResponse> | undefined

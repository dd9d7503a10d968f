import { restrictNode } from '../auth/node-restriction.ts'
import type { ApiOptions } from '../context.ts'
import {
  type Admission,
  type Claims,
  noClaims,
  type ResourceContext,
} from '../handlers/resource-context.ts'
import { ServiceAddresses } from '../service-addresses.ts'
import {
  certificateApproval,
  certificateRequestor,
  certificateSigning,
  certificateSubjectRestriction,
} from './certificate-signers.ts'
import { claimResize } from './claim-resize.ts'
import { defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { taintNodesByCondition } from './node-taints.ts'
import { type AdmissionPlugin, pluginResource } from './plugin.ts'
import { podSecurity } from './pod-security.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { hasQuotas, resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { Turns } from './turns.ts'

const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  judge({ user, info }, object, old) {
    const refused = restrictNode(user, info, object, old)
    if (refused) throw refused
  },
}

/** ClusterIPs and node ports: claimed like quotas, though no plugin in Kubernetes. */
function serviceAddresses(options: ApiOptions): AdmissionPlugin {
  const { random, serviceCidr, nodePortRange, store } = options
  const addresses = new ServiceAddresses({ view: store.view, random, serviceCidr, nodePortRange })
  return {
    name: 'ServiceAddresses',
    resources: ['services'],
    claims: (_context, object, old) => addresses.claims(object, old),
  }
}

/** In the order of kube-apiserver (pkg/kubeapiserver/options/plugins.go). */
function standardPlugins(options: ApiOptions): readonly AdmissionPlugin[] {
  return [
    certificateRequestor,
    rbacEscalation,
    limitRanger,
    serviceAccount,
    nodeRestriction,
    taintNodesByCondition,
    podSecurity,
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    claimResize,
    runtimeClass,
    certificateApproval,
    certificateSigning,
    certificateSubjectRestriction,
    defaultIngressClass,
    serviceAddresses(options),
    resourceQuota,
  ]
}

/** The admission plugins that every cluster has. */
export function createAdmission(options: ApiOptions): Admission {
  const chain = new Chain(standardPlugins(options))
  const turns = new Turns()
  return {
    create(context, object) {
      for (const plugin of chain.of(context)) plugin.complete?.(context, object)
    },
    update(context, object, old) {
      for (const plugin of chain.of(context)) plugin.completeUpdate?.(context, object, old)
    },
    judge(context, object, old) {
      for (const plugin of chain.of(context)) plugin.judge?.(context, object, old)
    },
    claims(context, object, old): Claims {
      const claims = chain
        .of(context)
        .map((plugin) => plugin.claims?.(context, object, old) ?? noClaims)
        .filter((one) => one !== noClaims)
      if (claims.length === 0) return noClaims
      return {
        compares: claims.flatMap(({ compares }) => compares),
        operations: claims.flatMap(({ operations }) => operations),
      }
    },
    inTurn(context, write) {
      const { namespace } = context.info
      const competes = namespace !== '' && hasQuotas(context.options.store.view, namespace)
      return competes ? turns.take(namespace, write) : write()
    },
  }
}

/** The plugins of each resource, found once. */
class Chain {
  readonly #plugins: readonly AdmissionPlugin[]
  readonly #ofResource = new Map<string, readonly AdmissionPlugin[]>()

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
  }

  of({ kind }: ResourceContext): readonly AdmissionPlugin[] {
    const resource = pluginResource(kind)
    const known = this.#ofResource.get(resource)
    if (known) return known
    const chosen = this.#plugins.filter(
      ({ resources }) => resources === undefined || resources.includes(resource),
    )
    this.#ofResource.set(resource, chosen)
    return chosen
  }
}

/** What somebody may do, in the form of an RBAC rule. `*` stands for everything. */
export interface PolicyRule {
  readonly groups: readonly string[]
  /** `pods`, or `pods/log` for a subresource. */
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** True when a name in the path must be the asking node's own. */
  readonly ownNodeOnly?: boolean
  /** Set when the rule holds in this namespace alone. */
  readonly namespace?: string
}

/** Paths that are no resources; a `*` at the end stands for any rest. */
export interface PathRule {
  readonly paths: readonly string[]
  readonly verbs: readonly string[]
}

const read = ['get', 'list', 'watch']
const change = ['update', 'patch']

/** Kubernetes' system:public-info-viewer: for everybody, known or not. */
export const publicPaths: PathRule = {
  paths: ['/healthz', '/livez', '/livez/*', '/readyz', '/readyz/*', '/version', '/version/'],
  verbs: ['get', 'head'],
}

/** Kubernetes' system:discovery: for everybody who is known. */
export const discoveryPaths: PathRule = {
  paths: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'],
  verbs: ['get', 'head'],
}

/** Kubernetes' system:basic-user: everybody may ask about themselves. */
export const basicUserRules: readonly PolicyRule[] = [
  {
    groups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  { groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
]

/** Groups for which no question is asked: administrators, and the masters themselves. */
export const unlimitedGroups: ReadonlySet<string> = new Set(['system:masters', 'kijabi:masters'])

/** A kubelet, after Kubernetes' node authorizer. What its writes hold is node-restriction.ts's part. */
export const nodeRules: readonly PolicyRule[] = [
  { groups: [''], resources: ['nodes'], verbs: ['create', ...read] },
  { groups: [''], resources: ['nodes', 'nodes/status'], verbs: change, ownNodeOnly: true },
  { groups: [''], resources: ['pods'], verbs: ['create', 'delete', ...read] },
  { groups: [''], resources: ['pods/status'], verbs: ['get', ...change] },
  { groups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  // One by one, as pods name them: no node may collect what others' pods hold.
  { groups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'] },
  { groups: [''], resources: ['services'], verbs: read },
  { groups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
  { groups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
  { groups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', ...change] },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  {
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'delete', ...change],
    ownNodeOnly: true,
    namespace: 'kube-node-lease',
  },
]

export const proxyRules: readonly PolicyRule[] = [
  { groups: [''], resources: ['nodes', 'services'], verbs: read },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { groups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', ...change] },
]

import type {
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
} from '../../kinds/types.ts'

/**
 * The priority levels and flow schemas that every cluster begins with, as Kubernetes 1.36 has them
 * (apiserver pkg/apis/flowcontrol/bootstrap/default.go).
 */
export interface FlowConfiguration {
  readonly levels: readonly PriorityLevelConfiguration[]
  readonly schemas: readonly FlowSchema[]
}

type Level = readonly [name: string, shares: number, lendable: number, queues: number, hand: number]

/** Levels that queue; `catch-all` and `exempt` stand apart. */
const queuing: readonly Level[] = [
  ['system', 30, 33, 64, 6],
  ['node-high', 40, 25, 64, 6],
  ['leader-election', 10, 0, 16, 4],
  ['workload-high', 40, 50, 128, 6],
  ['workload-low', 100, 90, 128, 6],
  ['global-default', 20, 50, 128, 6],
]
const queueLengthLimit = 50
const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' }

const group = (name: string) => ({ kind: 'Group', group: { name } })
const user = (name: string) => ({ kind: 'User', user: { name } })
const account = (name: string) => ({
  kind: 'ServiceAccount',
  serviceAccount: { namespace: 'kube-system', name },
})
const everything: Pick<PolicyRulesWithSubjects, 'resourceRules' | 'nonResourceRules'> = {
  resourceRules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
  ],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}
const anybody = [group('system:authenticated'), group('system:unauthenticated')]
const leases = (namespaces: string[]): PolicyRulesWithSubjects['resourceRules'] => [
  {
    verbs: ['get', 'create', 'update'],
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    namespaces,
  },
]
const ofNodes: PolicyRulesWithSubjects['resourceRules'] = [
  { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true },
  { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
]
const managers = [user('system:kube-controller-manager'), user('system:kube-scheduler')]
const managerAccounts = [account('kube-controller-manager'), account('kube-scheduler')]

export const defaultFlows: FlowConfiguration = {
  levels: [
    level('exempt', {
      type: 'Exempt',
      exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 },
    }),
    ...queuing.map(([name, nominalConcurrencyShares, lendablePercent, queues, handSize]) =>
      level(name, {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares,
          lendablePercent,
          limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit } },
        },
      }),
    ),
    level('catch-all', {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 5,
        lendablePercent: 0,
        limitResponse: { type: 'Reject' },
      },
    }),
  ],
  schemas: [
    schema('exempt', 'exempt', 1, undefined, [
      { subjects: [group('system:masters')], ...everything },
    ]),
    schema('probes', 'exempt', 2, undefined, [
      {
        subjects: anybody,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
      },
    ]),
    schema('system-leader-election', 'leader-election', 100, 'ByUser', [
      { subjects: [...managers, ...managerAccounts], resourceRules: leases(['kube-system']) ?? [] },
    ]),
    schema('endpoint-controller', 'workload-high', 150, 'ByUser', [
      {
        subjects: [user('system:kube-controller-manager'), account('endpoint-controller')],
        resourceRules: [
          {
            verbs: ['get', 'create', 'update'],
            apiGroups: ['', 'discovery.k8s.io'],
            resources: ['endpoints', 'endpointslices'],
            namespaces: ['*'],
          },
        ],
      },
    ]),
    schema('workload-leader-election', 'leader-election', 200, 'ByUser', [
      { subjects: [group('system:serviceaccounts')], resourceRules: leases(['*']) ?? [] },
    ]),
    schema('system-node-high', 'node-high', 400, 'ByUser', [
      { subjects: [group('system:nodes')], resourceRules: ofNodes },
    ]),
    schema('system-nodes', 'system', 500, 'ByUser', [
      { subjects: [group('system:nodes')], ...everything },
    ]),
    ...['kube-controller-manager', 'kube-scheduler'].map((name) =>
      schema(name, 'workload-high', 800, 'ByNamespace', [
        { subjects: [user(`system:${name}`), account(name)], ...everything },
      ]),
    ),
    schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', [
      { subjects: [account('*')], ...everything },
    ]),
    schema('service-accounts', 'workload-low', 9_000, 'ByUser', [
      { subjects: [group('system:serviceaccounts')], ...everything },
    ]),
    schema('global-default', 'global-default', 9_900, 'ByUser', [
      { subjects: anybody, ...everything },
    ]),
    schema('catch-all', 'catch-all', 10_000, 'ByUser', [{ subjects: anybody, ...everything }]),
  ],
}

function level(
  name: string,
  spec: NonNullable<PriorityLevelConfiguration['spec']>,
): PriorityLevelConfiguration {
  const metadata = { name, annotations }
  return { apiVersion, kind: 'PriorityLevelConfiguration', metadata, spec }
}

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rules: PolicyRulesWithSubjects[],
): FlowSchema {
  return {
    ...{ apiVersion, kind: 'FlowSchema', metadata: { name, annotations } },
    spec: {
      priorityLevelConfiguration: { name: levelName },
      matchingPrecedence,
      ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
      rules,
    },
  }
}

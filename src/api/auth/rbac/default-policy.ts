import { assert } from '../../../base/assert.ts'
import { clusterRolesTable } from './cluster-roles-table.ts'
import { controllerRolesTable } from './controller-roles-table.ts'
import type { PolicyRule } from './policy-rule.ts'
import {
  type Binding,
  type ClusterRole,
  type Role,
  rbacGroup,
  type Subject,
} from './rbac-objects.ts'

/** What a cluster's policy begins with, and what is put back into it at every start. */
export interface DefaultPolicy {
  readonly clusterRoles: readonly ClusterRole[]
  readonly clusterRoleBindings: readonly Binding[]
  readonly roles: readonly Role[]
  readonly roleBindings: readonly Binding[]
}

export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate'
const controllerPrefix = 'system:controller:'
const verbsOfWord: ReadonlyMap<string, readonly string[]> = new Map([
  ['read', ['get', 'list', 'watch']],
  ['write', ['create', 'delete', 'deletecollection', 'patch', 'update']],
])
const eventRule: PolicyRule = {
  apiGroups: ['', 'events.k8s.io'],
  resources: ['events'],
  verbs: ['create', 'patch', 'update'],
}

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name })
const account = (name: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  namespace: 'kube-system',
})
const authenticated = group('system:authenticated')
const anybody = [authenticated, group('system:unauthenticated')]
const csrRole = 'system:certificates.k8s.io:certificatesigningrequests'

/** Which ClusterRole is given to whom; the binding has the role's name unless another one is given. */
const clusterBindings: readonly (readonly [role: string, to: Subject[], binding?: string])[] = [
  ['cluster-admin', [group('system:masters')]],
  ['system:monitoring', [group('system:monitoring')]],
  ['system:discovery', [authenticated]],
  ['system:basic-user', [authenticated]],
  ['system:public-info-viewer', anybody],
  ['system:node-proxier', [user('system:kube-proxy')]],
  ['system:kube-controller-manager', [user('system:kube-controller-manager')]],
  ['system:kube-dns', [account('kube-dns')]],
  ['system:kube-scheduler', [user('system:kube-scheduler')]],
  ['system:volume-scheduler', [user('system:kube-scheduler')]],
  // Nodes have their rights from the node authorizer; the binding is there to be filled by hand.
  ['system:node', []],
  ['system:service-account-issuer-discovery', [group('system:serviceaccounts')]],
  // What kubeadm binds, so that nodes can join with a bootstrap token and renew their certificates.
  ['system:node-bootstrapper', [group('system:bootstrappers')], 'kubelet-bootstrap'],
  [`${csrRole}:nodeclient`, [group('system:bootstrappers')], 'node-autoapprove-bootstrap'],
  [`${csrRole}:selfnodeclient`, [group('system:nodes')], 'node-autoapprove-certificate-rotation'],
  // Of kijabi: a worker is one process, whose proxy asks as its node.
  ['kijabi:node-proxier', [group('system:nodes')]],
]

const systemNamespaceRoles = `
role extension-apiserver-authentication-reader
  read | core | configmaps | extension-apiserver-authentication
role system:controller:bootstrap-signer
  read | core | secrets
role system:controller:cloud-provider
  create read | core | configmaps
role system:controller:token-cleaner
  delete read | core | secrets
  events
role system::leader-locking-kube-controller-manager
  create read update | coordination.k8s.io | leases
  create read update | coordination.k8s.io | leasecandidates
role system::leader-locking-kube-scheduler
  create read update | coordination.k8s.io | leases
  create read update | coordination.k8s.io | leasecandidates
role kijabi:workers
  get | core | configmaps | kijabi-workers
`
const publicNamespaceRoles = `
role system:controller:bootstrap-signer
  read | core | configmaps
  update | core | configmaps | cluster-info
  events
`

const manager = [user('system:kube-controller-manager')]
const systemNamespaceBindings: readonly (readonly [role: string, to: Subject[], name?: string])[] =
  [
    [
      'extension-apiserver-authentication-reader',
      [...manager, user('system:kube-scheduler')],
      'system::extension-apiserver-authentication-reader',
    ],
    [
      'system::leader-locking-kube-controller-manager',
      [...manager, account('kube-controller-manager')],
    ],
    [
      'system::leader-locking-kube-scheduler',
      [user('system:kube-scheduler'), account('kube-scheduler')],
    ],
    ['system:controller:bootstrap-signer', [account('bootstrap-signer')]],
    ['system:controller:cloud-provider', [account('cloud-provider')]],
    ['system:controller:token-cleaner', [account('token-cleaner')]],
    ['kijabi:workers', [group('system:bootstrappers'), group('system:nodes')]],
  ]

let known: DefaultPolicy | undefined

/** Read once from the tables. */
export function defaultPolicy(): DefaultPolicy {
  known ??= readDefaults()
  return known
}

function readDefaults(): DefaultPolicy {
  const controllers = parseRoles(controllerRolesTable, controllerPrefix)
  const controllerBindings = controllers.map(({ metadata: { name = '' } }) =>
    binding('ClusterRoleBinding', 'ClusterRole', name, [
      account(name.slice(controllerPrefix.length)),
    ]),
  )
  return {
    clusterRoles: [...parseRoles(clusterRolesTable), ...controllers],
    clusterRoleBindings: [
      ...clusterBindings.map(([role, to, name]) =>
        binding('ClusterRoleBinding', 'ClusterRole', role, to, name),
      ),
      ...controllerBindings,
    ],
    roles: [
      ...placed('kube-system', parseRoles(systemNamespaceRoles)),
      ...placed('kube-public', parseRoles(publicNamespaceRoles)),
    ],
    roleBindings: [
      ...placed(
        'kube-system',
        systemNamespaceBindings.map(([role, to, name]) =>
          binding('RoleBinding', 'Role', role, to, name),
        ),
      ),
      ...placed('kube-public', [
        binding('RoleBinding', 'Role', 'system:controller:bootstrap-signer', [
          account('bootstrap-signer'),
        ]),
      ]),
    ],
  }
}

function placed<T extends Role | Binding>(namespace: string, objects: readonly T[]): T[] {
  return objects.map((object) => ({
    ...object,
    kind: object.kind?.replace(/^Cluster/, ''),
    metadata: { ...object.metadata, namespace },
  }))
}

function binding(
  kind: string,
  roleKind: string,
  role: string,
  subjects: readonly Subject[],
  name = role,
): Binding {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind,
    metadata: bootstrapMeta(name),
    roleRef: { apiGroup: rbacGroup, kind: roleKind, name: role },
    subjects,
  }
}

function bootstrapMeta(name: string, labels: Readonly<Record<string, string>> = {}) {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [autoUpdateAnnotation]: 'true' },
  }
}

/** Reads a table; its form is explained in cluster-roles-table.ts. */
function parseRoles(table: string, prefix = ''): ClusterRole[] {
  const roles: ClusterRole[] = []
  for (const line of table.split('\n')) {
    const [word = '', ...more] = line.trim().split(/ +/)
    const role = roles.at(-1)
    if (word === '') continue
    if (word === 'role') roles.push(emptyRole(prefix, more))
    else if (word === 'aggregate' && role) aggregateInto(role, more[0] ?? '')
    else if (role) role.rules = [...(role.rules ?? []), parseRule(line)]
    else assert(false, `the table of roles begins with a role, not with: ${line}`)
  }
  return roles
}

const aggregateLabel = (name: string) => `${rbacGroup}/${name}`

function emptyRole(prefix: string, [name = '', ...labels]: readonly string[]): ClusterRole {
  const named = Object.fromEntries(labels.map((label) => [aggregateLabel(label), 'true']))
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: 'ClusterRole',
    metadata: bootstrapMeta(prefix + name, named),
  }
}

function aggregateInto(role: ClusterRole, label: string): void {
  role.aggregationRule = {
    clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(label)]: 'true' } }],
  }
}

function parseRule(line: string): PolicyRule {
  const parts = line.split('|').map((part) => part.trim().split(/ +/))
  const [words = [], groups = [], resources, names] = parts
  if (words[0] === 'events') return eventRule
  const verbs = words.flatMap((word) => verbsOfWord.get(word) ?? [word]).sort()
  if (!resources) return { verbs, nonResourceURLs: groups }
  return {
    verbs,
    apiGroups: groups.map((name) => (name === 'core' ? '' : name)),
    resources,
    ...(names ? { resourceNames: names } : {}),
  }
}

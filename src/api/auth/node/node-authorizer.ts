import type { Attributes } from '../../request-info.ts'
import type { Authorizer, Decision } from '../authorizer.ts'
import { nodeNameOf } from '../node-restriction.ts'
import { defaultPolicy } from '../rbac/default-policy.ts'
import { type PolicyRule, ruleAllows } from '../rbac/policy-rule.ts'
import type { User } from '../user.ts'
import type { NodeGraph, Referenced } from './node-graph.ts'

const no = (reason: string): Decision => ({ allowed: false, reason })
const yes: Decision = { allowed: true, reason: 'node' }

/** What a node may touch only if one of its pods leads to it. */
const referenced: ReadonlyMap<string, Referenced> = new Map([
  ['/secrets', 'secret'],
  ['/configmaps', 'configmap'],
  ['/persistentvolumeclaims', 'persistentvolumeclaim'],
  ['/persistentvolumes', 'persistentvolume'],
])

/**
 * Kubelets: the rules of the role system:node, but secrets, configmaps and volumes only as far as the
 * node's own pods name them, and of nodes, their pods, leases and CSINodes only its own
 * (plugin/pkg/auth/authorizer/node/node_authorizer.go).
 */
export function nodeAuthorizer(graph: () => NodeGraph): Authorizer {
  const rules = nodeRules()
  return {
    authorize(user, asked) {
      const node = nodeNameOf(user)
      if (node === undefined || !asked.isResource) return no('')
      return decide(graph, node, asked, rules)
    },
    rulesOf(user: User) {
      const isNode = nodeNameOf(user) !== undefined
      return {
        rules: [],
        incomplete: isNode,
        errors: isNode ? ['node authorizer does not support user rule resolution'] : [],
      }
    },
  }
}

function nodeRules(): readonly PolicyRule[] {
  const role = defaultPolicy().clusterRoles.find(({ metadata }) => metadata.name === 'system:node')
  return role?.rules ?? []
}

function decide(
  graph: () => NodeGraph,
  node: string,
  asked: Attributes,
  rules: readonly PolicyRule[],
): Decision {
  const place = `${asked.group}/${asked.resource}`
  const kind = referenced.get(place)
  if (kind === 'persistentvolumeclaim' && asked.subresource === 'status')
    return statusOf(graph, node, asked)
  if (kind) return read(graph, node, asked, kind)
  switch (place) {
    case '/serviceaccounts':
      return tokens(graph, node, asked)
    case '/nodes':
      return ownNode(node, asked, rules)
    case '/pods':
      return ownPods(node, asked, rules)
    case 'coordination.k8s.io/leases':
      return ownLease(node, asked)
    case 'storage.k8s.io/csinodes':
      return ownCsiNode(node, asked)
    default:
      return byRules(asked, rules)
  }
}

function byRules(asked: Attributes, rules: readonly PolicyRule[]): Decision {
  return rules.some((rule) => ruleAllows(rule, asked)) ? yes : no('')
}

/** One object at a time, by its name: no node may collect what others' pods hold. */
function read(graph: () => NodeGraph, node: string, asked: Attributes, kind: Referenced): Decision {
  const single = kind === 'secret' || kind === 'configmap' ? readVerbs : getOnly
  if (!single.has(asked.verb) || asked.subresource !== '')
    return no('can only read resources of this type')
  return reaches(graph, node, asked, kind)
}

const getOnly: ReadonlySet<string> = new Set(['get'])
const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
const statusVerbs: ReadonlySet<string> = new Set(['get', 'update', 'patch'])

function reaches(
  graph: () => NodeGraph,
  node: string,
  { namespace, name }: Attributes,
  kind: Referenced,
): Decision {
  if (name === '') return no('No Object name found')
  if (graph().reaches(node, kind, namespace, name)) return yes
  return no(`no relationship found between node '${node}' and this object`)
}

function statusOf(graph: () => NodeGraph, node: string, asked: Attributes): Decision {
  if (!statusVerbs.has(asked.verb)) return no('can only get/update/patch this type')
  return reaches(graph, node, asked, 'persistentvolumeclaim')
}

/** Tokens for the accounts of its pods; that they are bound to such a pod is admission's part. */
function tokens(graph: () => NodeGraph, node: string, asked: Attributes): Decision {
  if (asked.subresource !== 'token' || asked.verb !== 'create')
    return no('only create on subresource token is allowed')
  return reaches(graph, node, asked, 'serviceaccount')
}

function ownNode(node: string, asked: Attributes, rules: readonly PolicyRule[]): Decision {
  const { verb, name, subresource } = asked
  if (subresource === '' || subresource === 'status') {
    // A create names its object in the body alone: NodeRestriction reads it there.
    if (verb === 'create') return byRules(asked, rules)
    if (readVerbs.has(verb)) return readsOwnNode(node, name)
    if ((verb === 'update' || verb === 'patch') && name === node) return yes
  }
  return no(`node '${node}' cannot ${verb} ${name === node ? 'that of' : 'other'} nodes`)
}

/** Its own Node alone; a list or watch is limited to it by its field selector. */
function readsOwnNode(node: string, name: string): Decision {
  if (name === node) return yes
  const what = name === '' ? 'all nodes' : `'${name}'`
  return no(`node '${node}' cannot read ${what}, only its own Node object`)
}

/** Lists and watches are of the pods that are bound to it (authorizePod). */
function ownPods(node: string, asked: Attributes, rules: readonly PolicyRule[]): Decision {
  const { verb, subresource, pinned } = asked
  if (subresource === 'status' && verb === 'get') return yes
  const isMany = subresource === '' && (verb === 'list' || verb === 'watch')
  if (!isMany || pinned?.get('spec.nodeName') === node) return byRules(asked, rules)
  return no('can only list/watch pods with spec.nodeName field selector')
}

const leaseVerbs: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete'])

function ownLease(node: string, { verb, subresource, namespace, name }: Attributes): Decision {
  if (!leaseVerbs.has(verb) || subresource !== '')
    return no('can only get, create, update, patch, or delete a node lease')
  if (namespace !== 'kube-node-lease')
    return no('can only access leases in the "kube-node-lease" system namespace')
  if (verb !== 'create' && name !== node)
    return no('can only access node lease with the same name as the requesting node')
  return yes
}

function ownCsiNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (!leaseVerbs.has(verb) || subresource !== '')
    return no('can only get, create, update, patch, or delete a CSINode')
  if (verb !== 'create' && name !== node)
    return no('can only access CSINode with the same name as the requesting node')
  return yes
}

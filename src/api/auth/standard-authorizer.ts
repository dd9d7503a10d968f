import type { ClusterStore } from '../../state/cluster-store.ts'
import { type Authorizer, authorizeByAnyOf } from './authorizer.ts'
import { nodeAuthorizer } from './node/node-authorizer.ts'
import { storedNodeGraph } from './node/node-graph.ts'
import { rbacAuthorizer } from './rbac/rbac-authorizer.ts'
import { StoredPolicy } from './rbac/stored-policy.ts'

/** As kube-apiserver with --authorization-mode=Node,RBAC, deciding from the local replica. */
export function createAuthorizer(store: ClusterStore): Authorizer {
  return authorizeByAnyOf([
    nodeAuthorizer(storedNodeGraph(store)),
    rbacAuthorizer(new StoredPolicy(store)),
  ])
}

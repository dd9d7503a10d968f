import { clusterRoles, paths } from '../client/resources.ts'
import { aggregatedRules } from '../kinds/rbac/aggregation.ts'
import type { ClusterRole } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'

/**
 * Fills ClusterRoles that are made from others with the rules of those
 * (pkg/controller/clusterroleaggregation).
 */
export function clusterRoleAggregationController(context: ControllerContext): Controller {
  const { client, informers } = context
  const roles = informers.informer<ClusterRole>(paths.clusterRoles)
  return {
    name: 'cluster-role-aggregation',
    workers: 1,
    subscribe: (queue) => {
      const all = () => {
        for (const { metadata, aggregationRule } of roles.list())
          if (aggregationRule) queue.add(metadata.name ?? '')
      }
      return [roles.subscribe({ added: all, updated: all, deleted: all })]
    },
    async reconcile(name) {
      const role = roles.get(name)
      const rules = role && aggregatedRules(role, roles.list())
      if (!rules || JSON.stringify(rules) === JSON.stringify(role.rules ?? [])) return undefined
      await clusterRoles(client).update({ ...role, rules: [...rules] })
      return undefined
    },
  }
}

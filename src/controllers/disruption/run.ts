import { objectKey } from '../../client/informer.ts'
import { paths, podDisruptionBudgets } from '../../client/resources.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type {
  Deployment,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
} from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { decideBudget } from './decide.ts'

const byNamespace = ({ metadata }: PodDisruptionBudget) => [metadata.namespace ?? '']
const podsByNamespace = ({ metadata }: Pod) => [metadata.namespace ?? '']

/** Keeps the status of PodDisruptionBudgets, from which evictions are taken. */
export function disruptionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context
  const budgets = informers.informer<PodDisruptionBudget>(paths.podDisruptionBudgets, {
    indexes: { byNamespace },
  })
  const pods = informers.informer<Pod>(paths.pods, { indexes: { podsByNamespace } })
  const replicaSets = informers.informer<ReplicaSet>(paths.replicaSets)
  const deployments = informers.informer<Deployment>(paths.deployments)
  const statefulSets = informers.informer<StatefulSet>(paths.statefulSets)

  /** How many pods the owner of `pod` asks for; undefined when it is no kind that has a scale. */
  const scaleOf = ({ metadata }: Pod): { owner: string; replicas: number } | undefined => {
    const { namespace = '', ownerReferences = [] } = metadata
    const owner = ownerReferences.find(({ controller }) => controller)
    if (owner?.kind === 'StatefulSet') {
      const set = statefulSets.get(`${namespace}/${owner.name}`)
      return set && { owner: owner.uid, replicas: set.spec?.replicas ?? 1 }
    }
    if (owner?.kind !== 'ReplicaSet') return undefined
    const set = replicaSets.get(`${namespace}/${owner.name}`)
    const above = set?.metadata.ownerReferences?.find(({ controller }) => controller)
    const deployment =
      above?.kind === 'Deployment' ? deployments.get(`${namespace}/${above.name}`) : undefined
    if (deployment)
      return { owner: deployment.metadata.uid ?? '', replicas: deployment.spec?.replicas ?? 1 }
    return set && { owner: set.metadata.uid ?? '', replicas: set.spec?.replicas ?? 1 }
  }
  /** Pods of no such owner are asked for as long as they are there. */
  const expectedScale = (covered: readonly Pod[]): number => {
    const owners = new Map<string, number>()
    let others = 0
    for (const pod of covered) {
      const scale = scaleOf(pod)
      if (scale) owners.set(scale.owner, scale.replicas)
      else others += 1
    }
    return others + [...owners.values()].reduce((sum, replicas) => sum + replicas, 0)
  }
  return {
    name: 'disruption',
    workers: 1,
    subscribe: (queue) => {
      const ofNamespace = (namespace: string) => {
        for (const budget of budgets.indexed('byNamespace', namespace)) queue.add(objectKey(budget))
      }
      const changed = ({ metadata }: { metadata: { namespace?: string | undefined } }) =>
        ofNamespace(metadata.namespace ?? '')
      const handler = { added: changed, updated: changed, deleted: changed }
      return [
        budgets.subscribe({
          added: (budget) => queue.add(objectKey(budget)),
          updated: (budget) => queue.add(objectKey(budget)),
        }),
        pods.subscribe(handler),
        replicaSets.subscribe(handler),
        deployments.subscribe(handler),
        statefulSets.subscribe(handler),
      ]
    },
    async reconcile(key) {
      const budget = budgets.get(key)
      if (!budget) return undefined
      const selector = selectorOf(budget.spec?.selector)
      const covered = pods
        .indexed('podsByNamespace', budget.metadata.namespace ?? '')
        .filter(({ metadata }) => selector.matches(metadata.labels))
      const scale = expectedScale(covered)
      const { status, againInMs } = decideBudget(budget, covered, scale, clock.wallMs())
      if (JSON.stringify(sorted(status)) !== JSON.stringify(sorted(budget.status ?? {})))
        await podDisruptionBudgets(client).updateStatus({ ...budget, status })
      return againInMs === undefined ? undefined : { requeueAfterMs: againInMs }
    },
  }
}

function sorted(status: object): [string, unknown][] {
  return Object.entries(status)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

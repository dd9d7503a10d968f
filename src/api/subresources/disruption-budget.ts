import { present } from '../../base/assert.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import { type AnyObject, typed } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Pod, PodDisruptionBudget } from '../../kinds/types.ts'
import { forbidden, withoutReason } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { changeObject } from '../handlers/update.ts'
import { timestamp } from '../handlers/write-object.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'

const budgetKind = () =>
  present(kindOfResource('policy', 'v1', 'poddisruptionbudgets'), 'kind PodDisruptionBudget')
/** Evictions that the disruption controller has not seen yet. */
const disruptedPodsMax = 2_000
const retryAfterSeconds = 10

/**
 * Takes an eviction of `pod` from the budget that covers it, if there is one
 * (registry/core/pod/storage/eviction.go). Throws TooManyRequests when it has none left.
 */
export async function takeDisruption(
  context: ResourceContext,
  pod: Pod,
  dryRun: boolean,
): Promise<void> {
  if (!needsBudget(pod)) return
  const [budget, another] = budgetsOf(context, pod)
  if (!budget) return
  if (another)
    throw withoutReason(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  if (!isReady(pod) && sparesUnready(budget)) return
  const name = budget.metadata.name ?? ''
  const { namespace = '' } = pod.metadata
  const kind = budgetKind()
  const info = { ...context.info, resource: kind.resource, group: kind.group, subresource: '' }
  await changeObject(
    { ...context, kind, info: { ...info, namespace, name } },
    {
      part: 'raw',
      dryRun,
      next: (current) =>
        withEviction(typed<PodDisruptionBudget>(current), pod, context.options.clock.wallMs()),
    },
  )
}

/** A pod that does not run, or goes anyway, is missed by nobody. */
function needsBudget({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && status?.phase !== 'Pending'
}

function budgetsOf({ options, shared }: ResourceContext, pod: Pod): PodDisruptionBudget[] {
  const prefix = resourcePrefix(budgetKind(), pod.metadata.namespace ?? '')
  return options.store.view
    .range(prefix, prefixEnd(prefix))
    .items.map((record) => typed<PodDisruptionBudget>(shared.parsed.get(record)))
    .filter(({ spec }) => spec?.selector && selectorOf(spec.selector).matches(pod.metadata.labels))
}

function isReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')
}

/** Whether an unready pod may go although the budget has nothing left. */
function sparesUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

function withEviction(budget: PodDisruptionBudget, pod: Pod, nowMs: number): AnyObject {
  const { metadata, status } = budget
  const {
    disruptionsAllowed = 0,
    disruptedPods = {},
    desiredHealthy = 0,
    currentHealthy = 0,
  } = status ?? {}
  const name = metadata.name ?? ''
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw refused(
      `The disruption budget ${name} is still being processed by the server.`,
      retryAfterSeconds,
    )
  if (disruptionsAllowed < 0)
    throw forbidden(budgetKind(), name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > disruptedPodsMax)
    throw forbidden(
      budgetKind(),
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    )
  if (disruptionsAllowed === 0) {
    const failed = status?.conditions?.find(
      ({ type, status: is, reason }) =>
        type === 'DisruptionAllowed' && is === 'False' && reason === 'SyncFailed',
    )
    throw refused(
      failed
        ? `The disruption budget ${name} does not allow evicting pods currently because it failed ` +
            `sync: ${failed.message}`
        : `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ` +
            `${currentHealthy} currently`,
    )
  }
  const disrupted = { ...disruptedPods, [pod.metadata.name ?? '']: timestamp(nowMs) }
  const next = { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: disrupted }
  return { ...budget, status: next } as unknown as AnyObject
}

/** One who is not told when may try again at any time. */
function refused(message: string, seconds?: number): StatusError {
  return statusError(
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
      causes: [{ reason: 'DisruptionBudget', message }],
    },
  )
}

import type {
  ContainerStatus,
  Pod,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicy,
} from '../../kinds/types.ts'
import { countOf, type Indexes, overlap, parseIndexes } from './indexes.ts'

/** What a rule makes of a failed pod (pkg/controller/job/pod_failure_policy.go). */
export interface FailureVerdict {
  readonly action: string | undefined
  /** False for a failure that no limit counts. */
  readonly isCounted: boolean
  /** Why the whole Job fails, when a rule says that it does. */
  readonly failsJob: string | undefined
}

const counted: FailureVerdict = { action: undefined, isCounted: true, failsJob: undefined }

/** The first rule that matches decides; a failure that none matches is counted. */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const { action } = rule
    const what = matchOf(rule, pod)
    if (what === undefined) continue
    const failsJob =
      action === 'FailJob' ? `${what} matching ${action} rule at index ${index}` : undefined
    return { action, isCounted: action !== 'Ignore', failsJob }
  }
  return counted
}

/** What of a pod a rule matches, in words. */
function matchOf(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const { namespace = '', name = '' } = pod.metadata
  const { status = {} } = pod
  if (rule.onExitCodes) {
    const { onExitCodes } = rule
    const container =
      (status.containerStatuses ?? []).find((one) => exitMatches(one, onExitCodes)) ??
      (status.initContainerStatuses ?? []).find((one) => exitMatches(one, onExitCodes))
    if (!container) return undefined
    const code = container.state?.terminated?.exitCode ?? 0
    return `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code}`
  }
  const patterns = rule.onPodConditions ?? []
  const condition = (status.conditions ?? []).find((one) =>
    patterns.some(
      ({ type, status: wanted = 'True' }) => one.type === type && one.status === wanted,
    ),
  )
  return condition && `Pod ${namespace}/${name} has condition ${condition.type}`
}

function exitMatches(
  { name, state }: ContainerStatus,
  { containerName = name, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): boolean {
  const code = state?.terminated?.exitCode
  if (code === undefined || code === 0 || containerName !== name) return false
  return operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code)
}

/** The message of the first rule that the indexes meet (pkg/controller/job/success_policy.go). */
export function judgeSuccess(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: Indexes,
): string | undefined {
  if (succeeded.length === 0) return undefined
  const met = (policy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && countOf(succeeded) >= succeededCount
    const wanted = parseIndexes(succeededIndexes, completions)
    if (wanted.length === 0) return false
    const has = overlap(wanted, succeeded)
    return has === countOf(wanted) || (succeededCount !== undefined && has >= succeededCount)
  })
  return met < 0 ? undefined : `Matched rules at index ${met}`
}

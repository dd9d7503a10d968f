import type {
  DaemonSetUpdateStrategy,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  Job,
  PersistentVolumeClaim,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from '../types.ts'
import type { DefaultRules } from './default-rule.ts'

/** pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go, pkg/apis/autoscaling/v2/defaults.go */
export const workloadRules: DefaultRules = [
  ['DaemonSetUpdateStrategy', defaultDaemonStrategy],
  ['StatefulSetUpdateStrategy', defaultStatefulStrategy],
  ['StatefulSetSpec', defaultClaimTemplates],
  ['Job', defaultJob],
  ['HorizontalPodAutoscalerSpec', defaultAutoscaler],
]

function defaultDaemonStrategy(strategy: DaemonSetUpdateStrategy): void {
  if (strategy.type === 'RollingUpdate') strategy.rollingUpdate ??= {}
}

function defaultStatefulStrategy(strategy: StatefulSetUpdateStrategy): void {
  if (strategy.type !== 'RollingUpdate') return
  strategy.rollingUpdate ??= {}
  strategy.rollingUpdate.partition ??= 0
}

/** The templates of claims are whole claims, which Kubernetes shows as such. */
function defaultClaimTemplates({ volumeClaimTemplates }: StatefulSetSpec): void {
  for (const claim of volumeClaimTemplates ?? []) {
    claim.apiVersion ??= 'v1'
    claim.kind ??= 'PersistentVolumeClaim'
    claim.status ??= {} satisfies PersistentVolumeClaim['status']
    claim.status.phase ??= 'Pending'
  }
}

const int32Max = 2 ** 31 - 1
const backoffLimitDefault = 6

function defaultJob({ metadata, spec }: Job): void {
  if (!spec) return
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? backoffLimitDefault : int32Max
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  const labels = spec.template?.metadata?.labels
  if (labels && Object.keys(labels).length > 0) metadata.labels ??= { ...labels }
}

const utilizationDefault = 80
const upWindowSeconds = 0
const periodSeconds = 15
const podsPerPeriod = 4
const percentPerPeriod = 100

function defaultAutoscaler(spec: HorizontalPodAutoscalerSpec): void {
  if ((spec.metrics ?? []).length === 0)
    spec.metrics = [
      {
        type: 'Resource',
        resource: {
          name: 'cpu',
          target: { type: 'Utilization', averageUtilization: utilizationDefault },
        },
      },
    ]
  const { behavior } = spec
  if (!behavior) return
  const percent = { type: 'Percent', value: percentPerPeriod, periodSeconds }
  const pods = { type: 'Pods', value: podsPerPeriod, periodSeconds }
  behavior.scaleUp = scaling(behavior.scaleUp, [pods, percent], upWindowSeconds)
  behavior.scaleDown = scaling(behavior.scaleDown, [percent], undefined)
}

function scaling(
  rules: HPAScalingRules | undefined,
  policies: NonNullable<HPAScalingRules['policies']>,
  windowSeconds: number | undefined,
): HPAScalingRules {
  const result: HPAScalingRules = { ...rules }
  result.selectPolicy ??= 'Max'
  if (windowSeconds !== undefined) result.stabilizationWindowSeconds ??= windowSeconds
  result.policies ??= policies
  return result
}
